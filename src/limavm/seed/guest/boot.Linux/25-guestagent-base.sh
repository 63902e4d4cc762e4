#!/bin/sh
# Mount points of reverse-sshfs belong to the user, who mounts there.
set -eu
[ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ] || exit 0
index=0
while [ $index -lt "$LIMA_CIDATA_MOUNTS" ]; do
	eval "point=\$LIMA_CIDATA_MOUNTS_${index}_MOUNTPOINT"
	# shellcheck disable=SC2154 # assigned by eval
	if ! [ -d "$point" ]; then
		mkdir -p "$point"
		chown "$LIMA_CIDATA_USER" "$point"
	fi
	index=$((index + 1))
done
