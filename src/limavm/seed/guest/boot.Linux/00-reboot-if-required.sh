#!/bin/sh
# After an upgrade on a dnf system: start again with the new kernel and libraries. (cloud-init itself
# sees to it on systems that keep /var/run/reboot-required.)
set -eu
[ "$LIMA_CIDATA_UPGRADE_PACKAGES" = 1 ] || exit 0
command -v dnf >/dev/null || exit 0
# Exit status 1 means: required. Without the plug-in it is 1 as well, so ask for its help first.
dnf -q needs-restarting --help >/dev/null 2>&1 || exit 0
if ! dnf -q needs-restarting -r; then
	: >"$LIMA_REBOOT_REQUIRED"
	systemctl reboot
fi
