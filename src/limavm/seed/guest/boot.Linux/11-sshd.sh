#!/bin/sh
# What sshd has to know: `limactl shell` sends COLORTERM, and the socket of a forward into the guest is taken over
# from a connection of the host that is no more. One file each, so that nothing is forked where they are there.
set -eu
directory=/etc/ssh/sshd_config.d
[ -d $directory ] || exit 0

changed=
option() {
	[ -e "$directory/$1" ] || {
		echo "$2" >"$directory/$1"
		changed=1
	}
}
option 50-lima-colorterm.conf 'AcceptEnv COLORTERM'
option 50-lima-sockets.conf 'StreamLocalBindUnlink yes'
[ -n "$changed" ] || exit 0

# A running sshd reads it again on SIGHUP; connections stay, but new ones are refused meanwhile. Its service is named
# ssh on Debian. Where sshd is another name for it, both would have it do that twice, the second time as late as READY.
if [ -d /run/systemd/system ]; then
	sshd=sshd.service
	[ ! -L /etc/systemd/system/sshd.service ] || sshd=
	# shellcheck disable=SC2086 # one word or none
	systemctl --no-block try-reload-or-restart ssh.service $sshd 2>/dev/null || :
elif [ -x /etc/init.d/sshd ]; then
	rc-service sshd reload || :
fi
