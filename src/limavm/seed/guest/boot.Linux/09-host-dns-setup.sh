#!/bin/sh
# Questions to the name server of the user-mode network go to the host agent's, which knows `hostResolver.hosts`.
# Programs of the guest come through OUTPUT, containers with a network of their own through PREROUTING.
set -eu
udp=$LIMA_CIDATA_UDP_DNS_LOCAL_PORT
tcp=$LIMA_CIDATA_TCP_DNS_LOCAL_PORT
[ "$udp" -gt 0 ] || [ "$tcp" -gt 0 ] || exit 0

# /run is new at each boot, as the rules are; 35-setup-packages comes here again with iptables just installed.
done=/run/lima-dns-redirect
! [ -e "$done" ] || exit 0

iptables_rule() { # protocol port
	[ "$2" -gt 0 ] || return 0
	echo "-A LIMADNS -d $LIMA_CIDATA_SLIRP_DNS -p $1 --dport 53 -j DNAT --to-destination $LIMA_CIDATA_SLIRP_GATEWAY:$2"
}
# One process for all of it.
by_iptables() {
	iptables-restore --noflush <<EOF
*nat
:LIMADNS - [0:0]
$(iptables_rule udp "$udp")
$(iptables_rule tcp "$tcp")
-I PREROUTING 1 -j LIMADNS
-I OUTPUT 1 -j LIMADNS
COMMIT
EOF
}

nft_rule() { # protocol port
	[ "$2" -gt 0 ] || return 0
	echo "ip daddr $LIMA_CIDATA_SLIRP_DNS $1 dport 53 dnat to $LIMA_CIDATA_SLIRP_GATEWAY:$2"
}
# A table of its own; a number below -100 comes before the rules of others.
by_nft() {
	nft -f - <<EOF
table ip lima_dns
delete table ip lima_dns
table ip lima_dns {
	chain lima {
		$(nft_rule udp "$udp")
		$(nft_rule tcp "$tcp")
	}
	chain prerouting {
		type nat hook prerouting priority -110; policy accept;
		jump lima
	}
	chain output {
		type nat hook output priority -110; policy accept;
		jump lima
	}
}
EOF
}

# A redirect makes the kernel remember every connection, closed ones for two minutes, and drop what comes when its table
# is full. It has room for 8,192 in a guest of 1 GiB: which is seventy visits a second. Entries cost when used.
connections=65536
make_room() {
	! room=$(sysctl -n net.netfilter.nf_conntrack_max 2>/dev/null) || [ "$room" -ge $connections ] ||
		sysctl -q -w net.netfilter.nf_conntrack_max=$connections || :
}

failed=
for way in iptables-restore nft; do
	command -v $way >/dev/null || continue
	# iptables of the other backend than the kernel's fails.
	if by_${way%-restore}; then
		: >"$done"
		make_room
		exit 0
	fi
	failed=1
done
# Without either the network's own server answers: it asks the host's first server, and knows no static names.
[ -z "$failed" ]
