#!/bin/sh
# Directories of the host by 9p and virtiofs. fstab has them (cloud-init writes it, but only when they change, and it
# neither escapes blanks nor takes away the last one): here it is made true, and what is not mounted yet is. A
# kernel that does not know the type is told to the scripts that come later, and to the host.
set -eu
fstab=/etc/fstab
failed=/run/lima-shares-failed
nl='
'
tab='	'

case $LIMA_CIDATA_MOUNTTYPE in
9p | virtiofs) type=$LIMA_CIDATA_MOUNTTYPE order=${LIMA_CIDATA_MOUNTS_ORDER-} ;;
*) type=none order= ;;
esac
context=
if [ -n "$order" ] && [ -e /sys/fs/selinux/enforce ]; then
	# Programs that SELinux confines may use what other machines serve, and this is no different.
	context=',context="system_u:object_r:nfs_t:s0"'
fi
rm -f "$failed"

tag='' point='' options=''
facts() { # index: sets the three
	eval "tag=\$LIMA_CIDATA_MOUNTS_${1}_TAG point=\$LIMA_CIDATA_MOUNTS_${1}_MOUNTPOINT"
	eval "options=\$LIMA_CIDATA_MOUNTS_${1}_OPTIONS\$context"
}

escaped() { # text: sets result
	case $1 in
	*[\\\ $tab]*) result=$(printf '%s' "$1" | sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e "s/$tab/\\\\011/g") ;;
	*) result=$1 ;;
	esac
}

wanted=
for index in $order; do
	facts "$index"
	escaped "$point"
	wanted=$wanted$tag$tab$result$tab$type$tab$options,comment=cloudconfig${tab}0${tab}0$nl
done

# Lines of ours begin with a tag: `lima-` and 16 digits. Those of others stay, in their order.
hex4='[0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
others='' present=
if [ -e "$fstab" ]; then
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		lima-${hex4}${hex4}${hex4}${hex4}[[:blank:]]*) present=$present$line$nl ;;
		*) others=$others$line$nl ;;
		esac
	done <"$fstab"
fi
if [ "$present" != "$wanted" ]; then
	printf '%s' "$others$wanted" >"$fstab.lima"
	mv "$fstab.lima" "$fstab"
	[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
fi
[ -n "$order" ] || exit 0

known() { # type
	while read -r first second; do
		[ "$first" != "$1" ] && [ "$second" != "$1" ] || return 0
	done </proc/filesystems
	return 1
}

mounted() { # tag: sets line
	while IFS= read -r line; do
		case $line in
		*" - $type $1 "*) return 0 ;;
		esac
	done </proc/self/mountinfo
	return 1
}

loaded=
load() {
	[ -z "$loaded" ] || return 0
	loaded=1
	command -v modprobe >/dev/null || return 0
	case $type in
	9p) modprobe -abq 9p 9pnet_virtio || : ;;
	*) known "$type" || modprobe -bq "$type" || : ;;
	esac
}

status=0
for index in $order; do
	facts "$index"
	if mounted "$tag"; then
		case $context:$line in
		:* | *[\ ,]context=*) continue ;;
		esac
		umount "$point" || continue
	fi
	load
	mkdir -p "$point"
	mount -t "$type" -o "${options%,nofail*}$context" "$tag" "$point" && continue
	if known "$type"; then
		echo "$point cannot be mounted by $type" >&2
		status=1
	else
		echo "the kernel does not know $type, so $point is not mounted by it" >&2
		echo "$index $type" >>"$failed"
	fi
done
exit $status
