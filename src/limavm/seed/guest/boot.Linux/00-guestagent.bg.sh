#!/bin/sh
# Puts the guest agent on the disk and makes it a service, when it is not there yet or is another one. Compiling it takes
# seconds in an emulated guest: where the start waits for the agent it is done beside the rest, and first; else last,
# when boot.sh comes here again, because the seconds are felt even beside the rest. At later boots nothing is forked here:
# the service has started by itself. 35-setup-packages comes here again when Python had to be installed.
set -eu
[ -n "$LIMA_CIDATA_GUESTAGENT_DIGEST" ] || exit 0

# shellcheck disable=SC1091
. "$LIMA_CIDATA_MNT/util/find_python.sh"
[ -n "$python" ] || exit 0
# /run is new at each boot. Who comes here first does the work.
mkdir /run/lima-guestagent-setup 2>/dev/null || exit 0

# What keeps everybody but the host agent out, users of the guest and, where there is vsock, of the host.
token_file=
restart=
if [ -n "$LIMA_CIDATA_AGENT_TOKEN" ]; then
	token_file=/var/lib/lima/guestagent-token
	token=
	[ ! -e $token_file ] || read -r token <$token_file || :
	if [ "$token" != "$LIMA_CIDATA_AGENT_TOKEN" ]; then
		mkdir -p "${token_file%/*}"
		(umask 077 && echo "$LIMA_CIDATA_AGENT_TOKEN" >$token_file.tmp)
		mv $token_file.tmp $token_file
		restart=1
	fi
fi

if [ "$LIMA_CIDATA_VSOCK_PORT" -ne 0 ]; then
	set -- "--vsock-port=$LIMA_CIDATA_VSOCK_PORT"
elif [ -n "$LIMA_CIDATA_VIRTIO_PORT" ]; then
	set -- "--virtio-port=$LIMA_CIDATA_VIRTIO_PORT"
else
	set -- "--socket-owner=$LIMA_CIDATA_UID"
fi
[ -z "$token_file" ] || set -- "$@" "--token-file=$token_file"
[ "$LIMA_CIDATA_DEBUG" != true ] || set -- "$@" --debug

prefix=$LIMA_CIDATA_GUEST_INSTALL_PREFIX
stamp="$LIMA_CIDATA_GUESTAGENT_DIGEST $*"
installed=
first=
[ ! -e "$prefix/lib/lima-guestagent/installed" ] || read -r installed <"$prefix/lib/lima-guestagent/installed" || :
[ ! -e "$prefix/bin/lima-guestagent" ] || read -r first <"$prefix/bin/lima-guestagent" || :
# Another program of that name is Lima's own.
if [ "$installed" = "$stamp" ] && [ "$first" = "#!$python -IS" ]; then
	[ -n "$restart" ] || exit 0
	# It has begun with the token of the boot before.
	if [ -d /run/systemd/system ]; then
		systemctl --no-block try-restart lima-guestagent.service
	else
		rc-service --ifstarted lima-guestagent restart
	fi
	exit 0
fi

if [ -n "$LIMA_CIDATA_GUESTAGENT_LATE" ]; then
	rmdir /run/lima-guestagent-setup
	exit 0
fi

# Old releases of Lima had it among the services of the user.
legacy=$LIMA_CIDATA_HOME/.config/systemd/user/lima-guestagent.service
[ ! -e "$legacy" ] || rm -f "$legacy" "${legacy%/*}/default.target.wants/${legacy##*/}"
"$python" -IS "$LIMA_CIDATA_MNT/lima-guestagent" install "$prefix" "$stamp" "$@"
