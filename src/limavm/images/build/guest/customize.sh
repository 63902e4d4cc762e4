#!/bin/sh
# Turns a freshly installed tree into a machine that boots fast and has no identity yet.
# Run by mmdebstrap as its customize hook, as (namespaced) root. Argument: the tree.
set -eu
umask 022
root=$1
here=$(dirname "$0")
unit_dir=$root/etc/systemd/system

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

cp -R "$here/overlay/." "$root/"
mkdir -p "$root/var/lib/cloud/seed/nocloud"

# Users, keys and host name come from the seed and need no network: sshd need not wait for an address. A seed
# that was applied at an earlier boot needs no cloud-init (usr/local/lib/limavm/seed-check).
for unit in "$root"/usr/lib/systemd/system/cloud-*.service; do
    sed -e '/^After=systemd-networkd-wait-online.service/d' -e '/^After=networking.service/d' \
        -e 's|^\[Unit\]$|&\nConditionPathExists=!/run/lima/seed-applied|' \
        -e 's|^ExecStart=/usr/bin/cloud-init |ExecStart=/usr/bin/python3 /usr/local/lib/limavm/cloud-init |' \
        "$unit" >"$unit_dir/$(basename "$unit")"
done

for verb in enable disable mask; do
    # shellcheck disable=SC2046 # one word a unit
    chroot "$root" systemctl -q "$verb" $(sed -n "s/^$verb //p" "$here/units.txt")
done
chroot "$root" systemctl add-wants multi-user.target cloud-init.target

mkdir -p "$root/etc/systemd/system-generators"
grep -v '^#' "$here/generators.txt" | while read -r name; do
    ln -s /dev/null "$root/etc/systemd/system-generators/$name"
done

# Programs that each login would run (cloud-init's test of locales costs `limactl shell` a tenth of a second), and
# a rule for Python bytecode as programs that each boot would set up.
rm -rf "$root/etc/update-motd.d"
rm -f "$root/etc/profile.d/Z99-cloud-locale-test.sh"
rm -f "$root/usr/lib/binfmt.d/"python3.*.conf

# Everything that systemd updates after a change of /usr is up to date: it need not look on the first boot.
chroot "$root" ldconfig
chroot "$root" journalctl --update-catalog 2>/dev/null || true
for file in "$root/etc/.updated" "$root/var/.updated"; do
    : >"$file"
    touch -r "$root/usr" "$file"
done
