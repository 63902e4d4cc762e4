#!/bin/sh
# Questions to the name server of the user-mode network go to the host agent's, which knows `hostResolver.hosts`.
set -eu
udp=$LIMA_CIDATA_UDP_DNS_LOCAL_PORT
tcp=$LIMA_CIDATA_TCP_DNS_LOCAL_PORT
[ "$udp" -gt 0 ] || [ "$tcp" -gt 0 ] || exit 0
command -v iptables-restore >/dev/null || exit 0

# /run is new at each boot, as the chain is; 35-setup-packages comes here again with iptables just installed.
done=/run/lima-dns-redirect
! [ -e "$done" ] || exit 0

rule() { # protocol port
	[ "$2" -gt 0 ] || return 0
	echo "-A LIMADNS -d $LIMA_CIDATA_SLIRP_DNS -p $1 --dport 53 -j DNAT --to-destination $LIMA_CIDATA_SLIRP_GATEWAY:$2"
}
# One process for all of it.
iptables-restore --noflush <<EOF
*nat
:LIMADNS - [0:0]
$(rule udp "$udp")
$(rule tcp "$tcp")
-I PREROUTING 1 -j LIMADNS
-I OUTPUT 1 -j LIMADNS
COMMIT
EOF
: >"$done"
