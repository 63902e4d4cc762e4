#!/bin/sh
# What programs without root's powers (rootless containers above all) expect of the system and of the user.
# Everything here stays, so it is done once per user; the stamp says for whom.
set -eu
[ -d /run/systemd/system ] || exit 0
stamp=/var/lib/lima/rootless-base
wanted="1 $LIMA_CIDATA_USER $LIMA_CIDATA_UID $LIMA_CIDATA_HOME"
current=
if [ -e "$stamp" ]; then
	read -r current <"$stamp" || :
fi
[ "$current" != "$wanted" ] || exit 0

# cloud-init leaves the home directory to root when something was written into it before the user existed.
if [ "$(stat -c %u "$LIMA_CIDATA_HOME")" != "$LIMA_CIDATA_UID" ]; then
	chown -R "$LIMA_CIDATA_USER" "$LIMA_CIDATA_HOME"
fi

read -r kernel </proc/sys/kernel/osrelease
snapshotter=
if ! compare_version.sh "${kernel%%-*}" -ge 5.13; then
	# Older kernels cannot mount overlayfs in a user namespace.
	snapshotter='
CONTAINERD_SNAPSHOTTER=fuse-overlayfs
export CONTAINERD_SNAPSHOTTER'
fi
for name in .profile .bashrc .zshrc; do
	rc=$LIMA_CIDATA_HOME/$name
	if ! [ -e "$rc" ]; then
		[ "$name" = .profile ] || continue
		: >"$rc"
		chown "$LIMA_CIDATA_USER" "$rc"
	fi
	grep -qxF '# Lima BEGIN' "$rc" 2>/dev/null && continue
	# First in the file: the rest of a .bashrc often runs in interactive shells only.
	text=$(cat "$rc")
	cat >"$rc" <<EOF
# Lima BEGIN
# Programs of the system are at hand for sudo, and for rootless containers.
PATH="\$PATH:/usr/sbin:/sbin"
export PATH$snapshotter
# Lima END
$text
EOF
done

unit=/etc/systemd/system/user@.service.d/lima.conf
if ! [ -e "$unit" ]; then
	mkdir -p "${unit%/*}"
	printf '[Service]\nDelegate=yes\n' >"$unit"
	systemctl daemon-reload
fi

sysctl_file=/etc/sysctl.d/99-lima.conf
mkdir -p "${sysctl_file%/*}"
set_sysctl() { # key value; only what this kernel knows
	path=/proc/sys/$(echo "$1" | tr . /)
	[ -e "$path" ] || return 0
	echo "$1 = $2" >>"$sysctl_file"
	echo "$2" >"$path" || :
}
: >"$sysctl_file"
set_sysctl net.ipv4.ping_group_range "0 2147483647"
set_sysctl net.ipv4.ip_unprivileged_port_start 0
set_sysctl kernel.unprivileged_userns_clone 1
set_sysctl user.max_user_namespaces 28633

first=524288
[ "$LIMA_CIDATA_UID" -lt "$first" ] || first=$((LIMA_CIDATA_UID + 1))
for file in /etc/subuid /etc/subgid; do
	[ -e "$file" ] || : >"$file"
	# useradd's own range of 65536 is too small for nested containers.
	rest=$(grep -v "^$LIMA_CIDATA_USER:" "$file" || :)
	printf '%s\n' ${rest:+"$rest"} "$LIMA_CIDATA_USER:$first:1073741824" >"$file"
done

# The user's services go on without a session. Starting their manager takes seconds in an emulated guest, and
# nothing here waits for it.
loginctl enable-linger "$LIMA_CIDATA_USER" &

mkdir -p /var/lib/lima
echo "$wanted" >"$stamp"
