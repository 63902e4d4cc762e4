#!/bin/sh
# What container engines need and cannot load themselves from inside a user namespace. Whatever a kernel
# lacks is passed over. Loading takes a second in an emulated guest, so it happens beside the rest.
command -v modprobe >/dev/null || exit 0
modprobe -abq fuse tun tap bridge veth overlay br_netfilter \
	ip_tables ip6_tables iptable_nat ip6table_nat iptable_filter ip6table_filter \
	nf_tables nf_nat nf_conntrack nft_chain_nat nft_compat \
	x_tables xt_MASQUERADE xt_addrtype xt_comment xt_conntrack xt_mark xt_multiport xt_nat xt_tcpudp ||
	: "some of them are built in or missing"
