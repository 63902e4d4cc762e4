# shellcheck shell=sh disable=SC2154 # assigned before it
# Mounts a directory of the host: waits until the guest is ready, and becomes the sshfs.
say() { printf '%s %s\n' "$mark" "$*" >&2; }
fail() {
	say "failed $*"
	exit 1
}
say here
if [ -n "$token" ]; then
	tries=0
	until { read -r value </run/lima-fuse-ready; } 2>/dev/null && [ "$value" = "$token" ]; do
		tries=$((tries + 1))
		[ $tries -lt 3000 ] || fail "the boot scripts have not prepared the guest for sshfs"
		sleep 0.2
	done
elif [ -n "$setup" ]; then
	sudo -n /bin/sh "$setup" >&2 </dev/null || fail "the guest cannot be prepared for sshfs"
fi
locate
count
while [ $mounts -gt 0 ]; do
	before=$mounts
	{
		fusermount3 -u -z "$place" || fusermount -u -z "$place" || sudo -n umount -l "$place"
	} >/dev/null 2>&1 </dev/null
	count
	[ $mounts -lt $before ] || break
done
hidden=$mounts
if ! [ -d "$point" ]; then
	# What the user cannot look into may be there all the same.
	mkdir -p "$point" 2>/dev/null || sudo -n /bin/sh -c '
		[ -d "$1" ] || { mkdir -p "$1" && chown "$2" "$1"; }
	' sh "$point" "$(id -u):$(id -g)" </dev/null || fail "the mount point cannot be made"
	locate
fi
# FUSE lets nobody but root mount on a directory of somebody else.
sudo=
(cd "$point" && [ -w . ]) 2>/dev/null || sudo='sudo -n'
[ -z "$sudo" ] || options=$options,nosuid,nodev
# Since CVE-2026-47187 sshfs hides absolute links and those with `..`, because the server may be anybody. Ours is the
# user's own host, and a tree without such links (node_modules/.bin, /nix/store) is another tree.
# To look into the program is several times as fast as to ask it, which may be needed where it is a script around it.
knows() {
	grep -qs "$1" "$(command -v sshfs)" || sshfs --help 2>&1 </dev/null | grep -q "$1"
}
! knows no_contain_symlinks || options=$options,no_contain_symlinks
# Where nothing can be written, nothing that is done to a file makes sshfs forget the list that it is in.
[ -z "$forgetful" ] || ! knows dcache_ || options=$options,dcache_dir_timeout=1
say ready
(
	tries=0
	while [ $tries -lt 600 ] && [ -e /proc/$$ ]; do
		count
		if [ $mounts -gt $hidden ]; then
			say mounted
			exit
		fi
		tries=$((tries + 1))
		sleep 0.05
	done
) </dev/null >/dev/null &
exec $sudo sshfs ":$location" "$point" -o "$options"
