#!/bin/sh
# The small things that Alpine leaves to its owner: repositories, sudo, an account that ssh lets in.
set -eu
[ -e /etc/alpine-release ] || exit 0

if ! [ -s /etc/apk/repositories ] || ! grep -q '^[^#].*/community' /etc/apk/repositories; then
	read -r release </etc/alpine-release
	case $release in
	*_alpha* | *_git*) branch=edge ;;
	*) branch=v${release%.*} ;;
	esac
	for repository in main community; do
		line=https://dl-cdn.alpinelinux.org/alpine/$branch/$repository
		grep -qxF "$line" /etc/apk/repositories 2>/dev/null || echo "$line" >>/etc/apk/repositories
	done
fi

command -v sudo >/dev/null || apk add --no-cache sudo
# `!` locks an account for ssh keys too; `*` only means that no password fits.
case "$(grep "^$LIMA_CIDATA_USER:" /etc/shadow)" in
"$LIMA_CIDATA_USER:!"*) sed -i "s/^$LIMA_CIDATA_USER:![^:]*:/$LIMA_CIDATA_USER:*:/" /etc/shadow ;;
esac

config=/etc/ssh/sshd_config
if ! grep -qx 'AllowTcpForwarding yes' "$config"; then
	sed -i -e '/^#\{0,1\}AllowTcpForwarding/d' -e '/^#\{0,1\}UsePAM/d' "$config"
	# sshd takes the first value it meets; before any Match block.
	text=$(cat "$config")
	pam='UsePAM yes'
	[ -e /usr/sbin/sshd.pam ] || pam='# UsePAM needs the package openssh-server-pam'
	printf '%s\n' 'AllowTcpForwarding yes' "$pam" "$text" >"$config"
	rc-service --ifstarted sshd reload
fi

# The power button of the machine.
if [ -x /etc/init.d/acpid ]; then
	rc-update -q add acpid default 2>/dev/null || :
	rc-service --ifstopped -q acpid start || :
fi
