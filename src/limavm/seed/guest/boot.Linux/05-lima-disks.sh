#!/bin/sh
# Additional disks: partitioned and formatted at their first use, mounted on /mnt/lima-NAME, grown when the
# host made them larger. A disk that carries anything at all is never formatted: what is on it is mounted.
set -eu
[ "$LIMA_CIDATA_DISKS" -gt 0 ] || exit 0
# The programs for disks are there, which the path of a boot may leave out.
PATH=$PATH:/usr/sbin:/sbin

is_blank() { # device
	[ -z "$(lsblk -nro NAME "$1" | sed 1d)" ] && ! blkid -p "$1" >/dev/null 2>&1
}

# The partition carries the name too: file systems have room for 11 (vfat) to 16 (ext4) bytes of it, GPT for 36.
partition() { # device label
	echo "type=linux, name=\"$(short "$2" 36)\"" | sfdisk --quiet --label gpt "$1"
	udevadm settle 2>/dev/null || sleep 1
}

make_file_system() { # partition label type arguments
	# shellcheck disable=SC2086 # several arguments in one variable
	case $3 in
	swap) mkswap $4 -L "$(short "$2" 15)" "$1" ;;
	vfat | fat) "mkfs.$3" $4 -n "$(short "$2" 11)" "$1" ;;
	f2fs) "mkfs.$3" $4 -l "$2" "$1" ;;
	xfs) "mkfs.$3" $4 -L "$(short "$2" 12)" "$1" ;;
	ext[234]) "mkfs.$3" -q $4 -L "$(short "$2" 16)" "$1" ;;
	*) "mkfs.$3" $4 -L "$2" "$1" ;;
	esac
	udevadm settle 2>/dev/null || :
}

short() { # text length
	printf "%.$2s" "$1"
}

type_of() { # device
	blkid -p -o value -s TYPE "$1" 2>/dev/null || :
}

first_partition() { # device
	case $1 in
	*[0-9]) echo "${1}p1" ;;
	*) echo "${1}1" ;;
	esac
}

# The partition of that name; else the first one, or the disk as a whole, if there is a file system on it.
find_file_system() { # device label
	partition=$(blkid -t "PARTLABEL=$(short "$2" 36)" -l -o device 2>/dev/null) || partition=$(blkid -L "$2") || partition=
	case $partition in
	"$1"*)
		echo "$partition"
		return
		;;
	esac
	for place in "$(first_partition "$1")" "$1"; do
		if [ -b "$place" ] && [ -n "$(type_of "$place")" ]; then
			echo "$place"
			return
		fi
	done
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

# Only a lone partition can grow into what comes behind it; less than 4 MiB are not worth the work.
grow_partition() { # device partition
	disk=${1##*/} part=${2##*/}
	set -- "$1" "$2" "/sys/block/$disk/$disk"*
	[ $# -eq 3 ] && [ -e "$3/start" ] || return 0
	read -r start <"$3/start"
	read -r length <"/sys/block/$disk/$part/size"
	read -r size <"/sys/block/$disk/size"
	[ $((size - start - length)) -gt 8192 ] || return 0
	echo ', +' | sfdisk --quiet --no-reread --force -N 1 "$1"
	partx --update "$1"
}

grow_file_system() { # partition mount-point type
	case $3 in
	ext[234])
		# It says so itself when there is nothing to do.
		resize2fs "$1" 2>&1 | grep -v -e '^resize2fs ' -e 'Nothing to do' -e '^$' || :
		;;
	xfs) xfs_growfs "$2" >/dev/null ;;
	btrfs) btrfs filesystem resize max "$2" >/dev/null ;;
	esac
}

set_up() { # index
	eval "name=\$LIMA_CIDATA_DISK_${1}_NAME device=/dev/\$LIMA_CIDATA_DISK_${1}_DEVICE"
	format='' type='' args=''
	eval "format=\$LIMA_CIDATA_DISK_${1}_FORMAT type=\$LIMA_CIDATA_DISK_${1}_FSTYPE args=\$LIMA_CIDATA_DISK_${1}_FSARGS"
	# shellcheck disable=SC2154 # assigned by eval
	label=lima-$name
	# shellcheck disable=SC2154
	if [ "$format" = true ] && is_blank "$device"; then
		partition "$device" "$label"
	fi
	found=$(find_file_system "$device" "$label")
	if [ -z "$found" ]; then
		[ "$format" != true ] || echo "the disk $name ($device) holds something that is no file system; it is left alone" >&2
		return 0
	fi
	if [ -z "$(type_of "$found")" ]; then # new, or the boot that made it was cut off
		[ "$format" = true ] || return 0
		# shellcheck disable=SC2154
		make_file_system "$found" "$label" "${type:-ext4}" "$args"
	fi
	type=$(type_of "$found")
	[ "$found" = "$device" ] || [ "$type" = swap ] || grow_partition "$device" "$found"
	attach "$found" "/mnt/lima-$name" "$type"
	grow_file_system "$found" "/mnt/lima-$name" "$type"
}

failed=0
index=0
while [ $index -lt "$LIMA_CIDATA_DISKS" ]; do
	# One that cannot be had keeps no other one away. Not in a condition: there `set -e` would have no effect.
	set +e
	(
		set -e
		set_up $index
	)
	status=$?
	set -e
	[ $status -eq 0 ] || failed=1
	index=$((index + 1))
done
exit $failed
