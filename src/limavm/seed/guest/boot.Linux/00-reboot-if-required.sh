#!/bin/sh
# After an upgrade on a dnf system: start again with the new kernel and libraries. (cloud-init itself
# sees to it on systems that keep /var/run/reboot-required.)
set -eu
[ "$LIMA_CIDATA_UPGRADE_PACKAGES" = 1 ] || exit 0
command -v dnf >/dev/null || exit 0
# Exit status 1 means: required. Without the plug-in it is 1 as well, so ask for its help first.
dnf -q needs-restarting --help >/dev/null 2>&1 || exit 0
stamp=/var/lib/lima/upgrade-reboot
if dnf -q needs-restarting -r; then
	[ ! -e $stamp ] || rm $stamp
elif [ -e $stamp ]; then
	# A kernel that the host starts directly is the same after any number of reboots.
	rm $stamp
	echo "a reboot is still required after one; going on without" >&2
else
	mkdir -p "${stamp%/*}"
	: >$stamp
	: >"$LIMA_REBOOT_REQUIRED"
	systemctl reboot
fi
