# shellcheck shell=sh disable=SC2154 # assigned before it
# Unmounts; with lazily=-z also what is used.
locate
count
[ $mounts -gt 0 ] || exit 0
if [ "$type" = fuse.sshfs ]; then
	fusermount3 -u $lazily "$place" 2>/dev/null </dev/null && exit
	fusermount -u $lazily "$place" 2>/dev/null </dev/null && exit
fi
[ -z "$lazily" ] || lazily=-l
exec sudo -n umount $lazily "$place" </dev/null
