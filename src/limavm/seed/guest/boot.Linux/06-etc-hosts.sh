#!/bin/sh
# The host is known as host.lima.internal. Nothing is forked when the line is there already.
set -eu
wanted="$LIMA_CIDATA_SLIRP_GATEWAY	host.lima.internal"
text=
found=
stale=
while IFS= read -r line || [ -n "$line" ]; do
	case $line in
	# A template may have given the host a second name in this line.
	"$wanted" | "$wanted"[[:blank:]]*) found=1 ;;
	*[[:blank:]]host.lima.internal | *[[:blank:]]host.lima.internal[[:blank:]]*)
		stale=1
		continue
		;;
	esac
	text="$text$line
"
done </etc/hosts
[ -n "$found" ] || text="$text$wanted
"
[ -n "$found" ] && [ -z "$stale" ] || printf %s "$text" >/etc/hosts
