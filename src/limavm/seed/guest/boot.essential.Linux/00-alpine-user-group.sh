#!/bin/sh
# The cloud images of Alpine bring a user `alpine` with UID 1000, which is very likely the one we want.
set -eu
[ -e /etc/alpine-release ] || exit 0
if [ -e /etc/sudoers ] && ! grep -q '^root ' /etc/sudoers; then
	echo 'root ALL=(ALL) NOPASSWD: ALL' >>/etc/sudoers
fi
[ "$LIMA_CIDATA_UID" = 1000 ] && [ "$LIMA_CIDATA_USER" != alpine ] || exit 0
[ "$(id -u alpine 2>/dev/null)" = 1000 ] || exit 0
# cloud-init could not create our user: make room, and let it try again after a reboot.
deluser --remove-home alpine
command -v cloud-init >/dev/null && cloud-init clean --logs
: >"$LIMA_REBOOT_REQUIRED"
reboot
