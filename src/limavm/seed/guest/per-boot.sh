#!/bin/sh
# Mounts the seed and hands over to it. Runs at each boot, started by cloud-init.
set -eu
export LIMA_CIDATA_MNT=/mnt/lima-cidata
if ! [ -e "$LIMA_CIDATA_MNT/boot.sh" ]; then
    device=/dev/disk/by-label/cidata
    # Where nothing made the link (mdev on Alpine), look for the label.
    [ -e "$device" ] || device=$(findfs LABEL=cidata)
    (umask 077 && mkdir -p "$LIMA_CIDATA_MNT")
    mount -t iso9660 -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 "$device" "$LIMA_CIDATA_MNT"
fi
exec "$LIMA_CIDATA_MNT/boot.sh"
