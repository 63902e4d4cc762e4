#!/bin/sh
# After the packages: FUSE for other users than the one who mounts, the DNS redirect if iptables is new, and the guest
# agent if Python is.
set -eu

allow_other() {
	config=/etc/fuse.conf
	[ -e "$config" ] || config=/etc/fuse3.conf
	[ -e "$config" ] || config=/etc/fuse.conf
	if [ -e "$config" ]; then
		while IFS= read -r line || [ -n "$line" ]; do
			[ "$line" != user_allow_other ] || return 0
		done <"$config"
	fi
	echo user_allow_other >>"$config"
}

# Ubuntu confines fusermount3 to a few directories; mount points may be anywhere.
relax_fusermount() {
	profile=/etc/apparmor.d/fusermount3
	rule=/etc/apparmor.d/local/fusermount3
	[ -e "$profile" ] || return 0
	if [ -e "$rule" ]; then
		while IFS= read -r line; do
			[ "$line" != "# Lima" ] || return 0
		done <"$rule"
	fi
	mkdir -p "${rule%/*}"
	cat >>"$rule" <<'EOF'
# Lima
capability dac_override,
mount fstype=fuse.* options=(nosuid,nodev) * -> /**/,
mount fstype=fuse.* options=(nosuid,nodev,ro) * -> /**/,
umount /**/,
EOF
	apparmor_parser -r "$profile"
}

if [ -n "${LIMA_SSHFS_WANTED-}" ] || [ -s /run/lima-shares-failed ] ||
	{ [ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ] && [ "$LIMA_CIDATA_MOUNTS" -gt 0 ]; }; then
	allow_other
	relax_fusermount
	echo "$LIMA_CIDATA_IID" >/run/lima-fuse-ready
fi

# In shells of their own, because they end with `exit`; whatever becomes of the agent, names are to be found. A condition
# would take the effect of `set -e` away, waiting for a shell does not.
status=0
if ! [ -e /run/lima-guestagent-setup ]; then
	# shellcheck disable=SC1091
	(. "$LIMA_CIDATA_MNT/boot.Linux/00-guestagent.bg.sh") &
	wait $! || status=$?
fi
if ! [ -e /run/lima-dns-redirect ]; then
	# shellcheck disable=SC1091
	(. "$LIMA_CIDATA_MNT/boot.Linux/09-host-dns-setup.sh") &
	wait $! || status=$?
fi
exit $status
