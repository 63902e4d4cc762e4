#!/bin/sh
# `limactl shell` sends COLORTERM; sshd has to accept it.
set -eu
config=/etc/ssh/sshd_config.d/50-lima-colorterm.conf
if [ -e "$config" ] || ! [ -d /etc/ssh/sshd_config.d ]; then
	exit 0
fi
echo 'AcceptEnv COLORTERM' >"$config"
# A running sshd reads it again on SIGHUP; connections stay. Its service is named ssh on Debian.
if [ -d /run/systemd/system ]; then
	systemctl --no-block try-reload-or-restart ssh.service sshd.service 2>/dev/null || :
elif [ -x /etc/init.d/sshd ]; then
	rc-service sshd reload || :
fi
