#!/bin/sh
# systemd takes a user below 1000 for a system account and keeps the journal from it.
set -eu
[ "$LIMA_CIDATA_UID" -lt 1000 ] && [ -d /run/systemd/system ] || exit 0
stamp=/var/lib/lima/journal-group
if ! [ -e "$stamp" ]; then
	usermod -a -G systemd-journal "$LIMA_CIDATA_USER"
	mkdir -p /var/lib/lima
	: >"$stamp"
fi
