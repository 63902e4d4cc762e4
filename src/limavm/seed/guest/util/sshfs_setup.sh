#!/bin/sh
# Prepares a guest for sshfs whose boot scripts had no reason to: a mount is added while it runs. The host agent asks.
set -eu
LIMA_CIDATA_MNT=${0%/util/*}
export LIMA_CIDATA_MNT

prepared() {
	command -v sshfs >/dev/null || return 1
	for config in /etc/fuse.conf /etc/fuse3.conf; do
		[ -e "$config" ] || continue
		while IFS= read -r line || [ -n "$line" ]; do
			[ "$line" != user_allow_other ] || return 0
		done <"$config"
	done
	return 1
}
! prepared || exit 0

while IFS= read -r line || [ -n "$line" ]; do
	[ -z "$line" ] || export "${line?}"
done <"$LIMA_CIDATA_MNT/lima.env"
LIMA_SSHFS_WANTED=1
PATH=$LIMA_CIDATA_MNT/util:${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export LIMA_SSHFS_WANTED PATH
/bin/sh "$LIMA_CIDATA_MNT/boot.Linux/30-install-packages.sh"
/bin/sh "$LIMA_CIDATA_MNT/boot.Linux/35-setup-packages.sh"
prepared
