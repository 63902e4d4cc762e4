#!/bin/sh
# The host is known as host.lima.internal. Nothing is forked when the line is there already.
set -eu
wanted="$LIMA_CIDATA_SLIRP_GATEWAY	host.lima.internal"
text=
found=
while IFS= read -r line || [ -n "$line" ]; do
	case $line in
	"$wanted") found=1 ;;
	*[[:blank:]]host.lima.internal) continue ;;
	esac
	text="$text$line
"
done </etc/hosts
[ -n "$found" ] || printf '%s%s\n' "$text" "$wanted" >/etc/hosts
