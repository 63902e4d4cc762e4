#!/bin/sh
# Multicast DNS lets machines of a shared network find each other. The user-mode network (eth0) carries no
# multicast, so there must be another interface.
set -eu
[ -d /run/systemd/resolve ] || exit 0
links=
for path in /sys/class/net/*; do
	case ${path##*/} in
	lo | eth0) ;;
	*) [ ! -e "$path/device" ] || links="$links ${path##*/}" ;;
	esac
done
[ -n "$links" ] || exit 0
config=/etc/systemd/resolved.conf.d/00-lima-mdns.conf
if ! [ -e "$config" ]; then
	mkdir -p "${config%/*}"
	printf '[Resolve]\nMulticastDNS=yes\n' >"$config"
	systemctl try-restart systemd-resolved.service
fi
for link in $links; do
	resolvectl mdns "$link" yes
done
