#!/bin/sh
# Sourced: sets `python` to one that the guest agent runs on, 3.10 or newer, or to nothing. Starting Python to ask
# costs a fifth of a second in an emulated guest, so the names of the programs are looked at first.
python=
for candidate in /usr/bin/python3.[1-9][0-9]; do
	[ -x "$candidate" ] || continue
	python=$candidate
	# The plain name survives the next release of the distribution.
	# shellcheck disable=SC3013 # dash, bash and busybox have -ef
	if [ /usr/bin/python3 -ef "$candidate" ]; then
		python=/usr/bin/python3
		break
	fi
done
if [ -z "$python" ] && candidate=$(command -v python3) &&
	"$candidate" -IS -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
	python=$candidate
fi
