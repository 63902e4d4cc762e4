#!/bin/sh
# Without a clock of its own the guest wakes up in the past, where no certificate is valid yet.
set -eu
if [ -e /dev/rtc0 ] || ! [ -d /run/systemd/system ]; then
	exit 0
fi
seed_time=$(stat -c %Y "$LIMA_CIDATA_MNT/lima.env")
if [ "$(date +%s)" -lt "$seed_time" ]; then
	date -s "@$seed_time"
fi
command -v timedatectl >/dev/null || exit 0
timedatectl set-ntp true || exit 0
count=0
until [ "$(timedatectl show --property=NTPSynchronized --value)" = yes ]; do
	count=$((count + 1))
	if [ $count -gt 60 ]; then
		echo "the clock is not synchronised after a minute; going on" >&2
		exit 0
	fi
	sleep 1
done
