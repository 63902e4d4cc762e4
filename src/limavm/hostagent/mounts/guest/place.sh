# shellcheck shell=sh disable=SC2154 # assigned before it
# Where the mount point is, and what is mounted there. Begins the other scripts.
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
