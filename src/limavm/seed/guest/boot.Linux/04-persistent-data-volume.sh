#!/bin/sh
# Alpine started from its ISO keeps its root in memory. What shall stay lives on the machine's disk, in a file
# system labelled data-volume, and is bound over the directories in memory. (Not tried with a real ISO yet.)
set -eu
[ -e /etc/alpine-release ] || exit 0
directories="/etc /home /root /tmp /usr/local /var/lib"
volume=/mnt/data
label=data-volume

root=
while read -r _ point type _; do
	[ "$point" != / ] || root=$type
done </proc/mounts
if [ "$root" != tmpfs ] || [ -d "$volume/etc" ]; then
	exit 0
fi

# The first disk that holds nothing at all: no partition, no signature of a file system.
unused_disk() {
	for path in /sys/block/vd* /sys/block/sd* /sys/block/nvme*n*; do
		device=/dev/${path##*/}
		[ -b "$device" ] || continue
		read -r read_only <"$path/ro"
		read -r sectors <"$path/size"
		if [ "$read_only" = 1 ] || [ "$sectors" = 0 ] || [ -n "$(ls -d "$path/${path##*/}"* 2>/dev/null)" ]; then
			continue
		fi
		[ -z "$(blkid "$device")" ] || continue
		echo "$device"
		return 0
	done
	return 1
}

partition_of() { # disk
	case $1 in
	*[0-9]) echo "${1}p1" ;;
	*) echo "${1}1" ;;
	esac
}

if partition=$(findfs "LABEL=$label" 2>/dev/null); then
	# The host may have made the disk larger.
	disk=${partition%1}
	case $disk in
	*[0-9]p) disk=${disk%p} ;;
	esac
	echo ', +' | sfdisk --quiet --no-reread --force -N 1 "$disk" || :
	partx --update "$disk" || :
	e2fsck -f -p "$partition" || [ $? -le 2 ]
	resize2fs "$partition"
else
	if ! disk=$(unused_disk); then
		echo "there is no empty disk; changes will be lost with the machine" >&2
		exit 0
	fi
	echo 'type=linux' | sfdisk --quiet --label gpt "$disk"
	partition=$(partition_of "$disk")
	mdev -s 2>/dev/null || :
	mkfs.ext4 -q -L "$label" "$partition"
fi

mkdir -p "$volume"
mount -t ext4 "$partition" "$volume"
for directory in $directories; do
	if ! [ -d "$volume$directory" ]; then
		# Under its final name only when it is complete: the copy may be cut off by a power failure.
		rm -rf "$volume$directory.new"
		mkdir -p "$volume$directory.new"
		cp -a "$directory/." "$volume$directory.new/"
		mv "$volume$directory.new" "$volume$directory"
	fi
done

# Mounts below these directories would be hidden: they move along.
while read -r _ point _; do
	for directory in $directories; do
		case $point in
		"$directory"/*)
			point=$(printf '%b' "$(echo "$point" | sed 's/\\\([0-7]\{3\}\)/\\0\1/g')")
			mkdir -p "$volume$point"
			mount --move "$point" "$volume$point" || mount --bind "$point" "$volume$point"
			;;
		esac
	done
done <<EOF
$(cat /proc/mounts)
EOF
for directory in $directories; do
	mount --rbind "$volume$directory" "$directory"
done

# Programs are in memory, too: those that were added come back from the cache.
if ! [ -e /etc/apk/cache ]; then
	mkdir -p /var/lib/lima/apk-cache
	ln -s /var/lib/lima/apk-cache /etc/apk/cache
fi
apk add --quiet --no-network || apk add --quiet
