#!/bin/sh
# Additional disks: partitioned and formatted at their first use, mounted on /mnt/lima-NAME, grown when the
# host made them larger. A disk that carries anything at all is never formatted.
set -eu
[ "$LIMA_CIDATA_DISKS" -gt 0 ] || exit 0

is_blank() {
	[ -z "$(lsblk -nro NAME "$1" | sed 1d)" ] && ! blkid -p "$1" >/dev/null 2>&1
}

prepare() { # device label type arguments
	# The partition carries the whole label too: file systems have room for 11 (vfat) to 16 (ext4) bytes.
	echo "type=linux, name=\"$2\"" | sfdisk --label gpt "$1"
	udevadm settle 2>/dev/null || sleep 1
	# shellcheck disable=SC2086 # several arguments in one variable
	case $3 in
	swap) mkswap $4 -L "$(short "$2" 15)" "${1}1" ;;
	vfat | fat) "mkfs.$3" $4 -n "$(short "$2" 11)" "${1}1" ;;
	f2fs) "mkfs.$3" $4 -l "$2" "${1}1" ;;
	xfs) "mkfs.$3" $4 -L "$(short "$2" 12)" "${1}1" ;;
	ext[234]) "mkfs.$3" $4 -L "$(short "$2" 16)" "${1}1" ;;
	*) "mkfs.$3" $4 -L "$2" "${1}1" ;;
	esac
	udevadm settle 2>/dev/null || :
}

short() { # text length
	printf "%.$2s" "$1"
}

find_partition() { # label
	blkid -L "$1" || blkid -t "PARTLABEL=$1" -l -o device
}

attach() { # partition mount-point type
	if [ "$3" = swap ]; then
		case "$(cat /proc/swaps)" in
		*"$1 "*) ;;
		*) swapon "$1" ;;
		esac
		return
	fi
	mkdir -p "$2"
	mountpoint -q "$2" || mount -t "$3" "$1" "$2"
}

grow() { # device partition mount-point type
	command -v growpart >/dev/null || return 0
	# Exit status 1 says that there is nothing to grow.
	growpart "$1" 1 >/dev/null 2>&1 || return 0
	case $4 in
	ext2 | ext3 | ext4) resize2fs "$2" ;;
	xfs) xfs_growfs "$3" ;;
	esac
}

set_up() { # index
	eval "name=\$LIMA_CIDATA_DISK_${1}_NAME device=/dev/\$LIMA_CIDATA_DISK_${1}_DEVICE"
	format='' type='' args=''
	eval "format=\$LIMA_CIDATA_DISK_${1}_FORMAT type=\$LIMA_CIDATA_DISK_${1}_FSTYPE args=\$LIMA_CIDATA_DISK_${1}_FSARGS"
	# shellcheck disable=SC2154 # assigned by eval
	label=lima-$name
	[ "$format" = true ] || return 0
	# shellcheck disable=SC2154
	if ! find_partition "$label" >/dev/null 2>&1; then
		if ! is_blank "$device"; then
			echo "the disk $name ($device) holds data without the label $label; it is left alone" >&2
			return 0
		fi
		# shellcheck disable=SC2154
		prepare "$device" "$label" "${type:-ext4}" "$args"
	fi
	partition=$(find_partition "$label")
	type=$(blkid -o value -s TYPE "$partition")
	attach "$partition" "/mnt/lima-$name" "$type"
	grow "$device" "$partition" "/mnt/lima-$name" "$type"
}

index=0
while [ $index -lt "$LIMA_CIDATA_DISKS" ]; do
	set_up $index
	index=$((index + 1))
done
