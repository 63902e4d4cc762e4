"""Shell scripts that mount and unmount in the guest. Pure: text in, text out.

A shell that we start there may be anybody's login shell, so what it gets is one line without anything that
fish and csh would read otherwise, and the rest comes on standard input.
"""

import shlex

from limavm.model.mount import NINEP, REVERSE_SSHFS, VIRTIOFS

#: Reads one line, in which a line break is `\\n` and a backslash doubled, and runs it as a script. `read` takes not one
#: byte more than that from its input, so what follows is for whoever the script becomes.
LOADER = 'exec /bin/sh -c \'IFS= read -r s; eval "$(printf %b "$s")"\''

_PLACE = r"""
# The mount point without symbolic links, as the kernel knows it, and as mountinfo writes it. It may be dead or missing.
locate() {
	place=$point
	[ ! -L "$place" ] || place=$(readlink -f "$place")
	parent=$(cd -P "${place%/*}/" 2>/dev/null && pwd -P) && place=${parent%/}/${place##*/}
	rest=$place
	escaped=
	while [ -n "$rest" ]; do
		tail=${rest#?}
		char=${rest%"$tail"}
		rest=$tail
		case $char in
		" ") char='\040' ;;
		"	") char='\011' ;;
		\\) char='\134' ;;
		esac
		escaped=$escaped$char
	done
}
# How many of its type are mounted there: a dead one counts, and one below another too.
count() {
	mounts=0
	while read -r _ _ _ _ at rest; do
		[ "$at" != "$escaped" ] || case $rest in *" - $type "*) mounts=$((mounts + 1)) ;; esac
	done </proc/self/mountinfo
}
"""

_MOUNT = r"""
say() { printf '%s %s\n' "$mark" "$*" >&2; }
fail() {
	say "failed $*"
	exit 1
}
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
"""

_UNMOUNT = r"""
locate
count
[ $mounts -gt 0 ] || exit 0
if [ "$type" = fuse.sshfs ]; then
	fusermount3 -u $lazily "$place" 2>/dev/null </dev/null && exit
	fusermount -u $lazily "$place" 2>/dev/null </dev/null && exit
fi
[ -z "$lazily" ] || lazily=-l
exec sudo -n umount $lazily "$place" </dev/null
"""

#: Where programs hold on to a file system: their directory, their root, their open files and their mappings.
_HOLDERS = r"""
locate
printf 'at %s\n' "$place"
sudo -n /bin/sh -c '
ls -ld /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe
ls -l /proc/[0-9]*/fd
grep -lF -e "$1/" /proc/[0-9]*/maps
grep -H . /proc/[0-9]*/comm' sh "$place" </dev/null 2>/dev/null | grep -aF -e "-> $place" -e /proc/ | head -c 500000
"""

_SHARE = r"""
mounted() {
	while read -r _ _ _ _ _ rest; do
		case $rest in *" - $type $tag "*) return 0 ;; esac
	done </proc/self/mountinfo
	return 1
}
known() {
	while read -r first second; do
		[ "${second:-$first}" != "$type" ] || return 0
	done </proc/filesystems
	return 1
}
if [ -n "$token" ]; then
	tries=0
	until { read -r value </run/lima-ssh-ready; } 2>/dev/null && [ "$value" = "$token" ]; do
		tries=$((tries + 1))
		[ $tries -lt 3000 ] || { echo "the boot scripts do not come to an end" >&2; exit 1; }
		sleep 0.2
	done
fi
[ -z "$anew" ] || sudo -n umount -l "$point" 2>/dev/null </dev/null || :
mounted && exit 0
if ! known; then
	# shellcheck disable=SC2086 # modules are words
	sudo -n modprobe -a $modules >&2 </dev/null || :
	known || { [ -s /run/lima-shares-failed ] && exit 4 || exit 3; }
fi
[ -d "$point" ] || sudo -n mkdir -p "$point" </dev/null || exit 1
exec sudo -n mount -t "$type" -o "$options" "$tag" "$point" </dev/null
"""
_MODULES = {NINEP: "9p 9pnet_virtio", VIRTIOFS: "virtiofs"}
#: The guest's kernel does not know the type, and the boot scripts have not noticed that, or have.
UNKNOWN, UNKNOWN_AND_PREPARED = 3, 4

#: Where the seed's script is that prepares a guest for sshfs when its boot scripts had no reason to.
SETUP = "/mnt/lima-cidata/util/sshfs_setup.sh"


def sshfs_options(*, writable: bool, cache: bool, follow_symlinks: bool, nonempty: bool = False) -> str:
    """What `sshfs -o` gets (spec/runtime.md 9.2)."""
    options = ["slave", *([] if writable else ["ro"]), "allow_other"]
    options += [] if cache else ["cache=no"]
    options += ["follow_symlinks"] if follow_symlinks else []
    options += ["nonempty"] if nonempty else []
    return ",".join(options)


def mount_script(location: str, point: str, options: str, *, mark: str, token: str = "", setup: str = "") -> str:
    """Becomes an sshfs that speaks on its standard input and output; says how far it is on standard error.

    Its lines begin with `mark`: `ready` when all is done that may take long, `mounted`, or `failed` and why. It waits
    until the boot scripts have written `token`, or runs the script `setup`. What an sshfs before it left is replaced.
    """
    names = {"location": location, "point": point, "options": options, "mark": mark, "token": token, "setup": setup}
    return _assigned(names | {"type": "fuse.sshfs"}) + _PLACE + _MOUNT


def unmount_script(point: str, kind: str, *, lazily: bool = False) -> str:
    """Unmounts a mount of a type of ours; exit status 0 also when there is none."""
    values = {"point": point, "type": fs_type(kind), "lazily": "-z" if lazily else ""}
    return _assigned(values) + _PLACE + _UNMOUNT


def holders_script(point: str) -> str:
    """Prints what `holders.holders` reads: which processes use what is mounted there."""
    return _assigned({"point": point}) + _PLACE + _HOLDERS


def share_script(kind: str, tag: str, point: str, options: str, *, token: str, anew: bool = False) -> str:
    """Mounts what the hypervisor offers under `tag`, if that is not mounted; `anew` also if it is.

    Waits until the boot scripts have written `token`. Exit status `UNKNOWN` or `UNKNOWN_AND_PREPARED`: see there.
    """
    values = {"type": kind, "tag": tag, "point": point, "options": options, "token": token}
    return _assigned(values | {"modules": _MODULES[kind], "anew": "1" if anew else ""}) + _SHARE


def fs_type(kind: str) -> str:
    """What the kernel of the guest calls a type of mount."""
    return "fuse.sshfs" if kind == REVERSE_SSHFS else kind


def loaded(script: str) -> bytes:
    """The line that makes `LOADER` run a script."""
    return script.replace("\\", "\\\\").replace("\n", "\\n").encode(errors="surrogateescape") + b"\n"


def _assigned(values: dict[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
