#!/bin/sh
# Turns a freshly installed tree into a machine that boots fast and has no identity yet.
# Run by mmdebstrap as its customize hook, as (namespaced) root. Argument: the tree.
set -eu
umask 022
root=$1
here=$(dirname "$0")

cp -R "$here/overlay/." "$root/"

# Every machine gets its own: keys from cloud-init, the ID from systemd.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
echo localhost >"$root/etc/hostname"
chmod 644 "$root/etc/hostname"

# Settings of the build's apt, such as a proxy on the host, are not the guest's.
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"

# The hypervisor loads a kernel from outside: another one in here could never boot.
chroot "$root" apt-mark hold "linux-image-cloud-$(chroot "$root" dpkg --print-architecture)" >/dev/null

while read -r verb unit; do
    case $verb in
    enable | mask) chroot "$root" systemctl "$verb" "$unit" ;;
    esac
done <"$here/units.txt"
