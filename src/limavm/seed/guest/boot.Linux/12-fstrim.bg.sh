#!/bin/sh
# What the guest deletes becomes free on the host when its file systems tell the disks: once a week, as many
# distributions do it. To mount with `discard` would tell it at each deletion, and cost something with each.
set -eu
PATH=$PATH:/usr/sbin:/sbin
state=/var/lib/lima
marker=$state/fstrim
units=/etc/systemd/system

# The service goes by fstab, where additional disks do not stand.
include_additional_disks() {
	settings=$units/fstrim.service.d/lima-disks.conf
	if [ "$LIMA_CIDATA_DISKS" -gt 0 ] && ! [ -e "$settings" ] && program=$(command -v fstrim); then
		mkdir -p "${settings%/*}"
		printf '[Service]\nExecStart=\nExecStart=-%s --all\n' "$program" >"$settings"
	fi
}

# Once: whoever disables it afterwards wants it so.
enable_timer() {
	[ ! -e "$marker" ] || return 0
	for directory in $units /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
		[ ! -e "$directory/timers.target.wants/fstrim.timer" ] || break
		[ -e "$directory/fstrim.timer" ] || continue
		# A masked one is no file.
		[ -f "$directory/fstrim.timer" ] || break
		# Where /etc cannot be written to, the image's own settings hold.
		! systemctl --quiet --no-reload enable fstrim.timer || systemctl --no-block start fstrim.timer
		break
	done
	: >"$marker"
}

# Without timers: at a boot that comes a week or more after the last time.
trim_at_boot() {
	if ! [ -e "$marker" ]; then
		: >"$marker"
	elif [ -n "$(find "$marker" -mtime +6)" ] && command -v fstrim >/dev/null; then
		touch "$marker"
		# Nothing waits for it, the scripts of others neither.
		trim_all </dev/null >/dev/null 2>&1 &
	fi
}

# One by one, since the fstrim of busybox takes nothing but a mount point.
trim_all() {
	seen=
	while read -r device point _ options _; do
		case $device in
		/dev/*) ;;
		*) continue ;;
		esac
		case "$seen :,$options," in
		*" $device "* | *,ro,*) continue ;;
		esac
		seen="$seen $device "
		# The kernel writes blanks and backslashes as octal numbers.
		fstrim "$(printf %b "$point")" || :
	done </proc/mounts
}

[ -d "$state" ] || mkdir -p "$state"
if [ -d /run/systemd/system ]; then
	include_additional_disks
	enable_timer
else
	trim_at_boot
fi
