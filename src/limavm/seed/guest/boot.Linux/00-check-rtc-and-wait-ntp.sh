#!/bin/sh
# Without a clock of its own the guest wakes up in the past, where no certificate is valid yet.
set -eu
if [ -e /dev/rtc0 ] || ! [ -d /run/systemd/system ]; then
	exit 0
fi
# The seed bears the time at which the host started the machine. A clock that is ahead of it was set by
# somebody who knows better (a driver of the real-time clock that is not loaded any more, an NTP client).
seed_time=$(stat -c %Y "$LIMA_CIDATA_MNT/lima.env")
[ "$(date +%s)" -lt "$seed_time" ] || exit 0
date -s "@$seed_time"

# After a reboot from inside the guest the seed may be days old.
command -v timedatectl >/dev/null && timedatectl set-ntp true || exit 0
count=0
until [ "$(timedatectl show --property=NTPSynchronized --value)" = yes ]; do
	count=$((count + 1))
	if [ $count -gt 60 ]; then
		echo "the clock is not synchronised after a minute; going on" >&2
		exit 0
	fi
	sleep 1
done
