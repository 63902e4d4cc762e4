#!/bin/sh
# Runs all that one boot of the guest needs. cloud-init starts it through the per-boot script, an image may
# start it earlier: whoever comes first does the work, the other one leaves.
#
# A fork costs ten milliseconds in an emulated guest, so this shell reads files itself, and scripts that
# begin with `#!/bin/sh` run in a forked copy of it instead of a new one. Scripts that end in `.bg.sh` run
# beside the others.
# shellcheck disable=SC2317 # functions are called by way of `author` and `carefully`
set -u
umask 022

: "${LIMA_CIDATA_MNT:=/mnt/lima-cidata}"
RUN=/run
[ -d /run ] || RUN=/var/run
LIMA_REBOOT_REQUIRED=$RUN/lima-reboot-required
export LIMA_CIDATA_MNT LIMA_REBOOT_REQUIRED

read -r boot_id </proc/sys/kernel/random/boot_id
# /run may outlive a boot where it is no tmpfs, so the lock carries the ID of this boot.
lock=$RUN/lima-boot.$boot_id
mkdir "$lock" 2>/dev/null || exit 0
# What has failed and the ends of its output, for the host to tell. Scripts of `mode: boot` may have begun it.
failures=$RUN/lima-boot-failures.$boot_id
# The output of the authors' scripts in this boot: on the disk, because there is no telling how much it is.
outputs=/var/lib/lima/output

started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
code=0
beside=
tees=

log() {
	# One `date` a boot is enough: the uptime (seconds) orders the lines and tells the durations.
	read -r uptime _ </proc/uptime
	echo "LIMA $started $uptime| $*"
}

# Waits a second at most for copies of output.
settle() { # pids
	tries=0
	for pid in "$@"; do
		while kill -0 "$pid" 2>/dev/null && [ $tries -lt 10 ]; do
			tries=$((tries + 1))
			sleep 0.1
		done
	done
}

failed() { # name status [file with its output]
	log "WARNING: Failed to execute $1"
	code=1
	[ -e "$failures" ] || (umask 077 && : >"$failures")
	{
		echo "$1: exit status $2"
		[ ! -s "${3-}" ] || tail -c 2000 "$3" | tail -n 10 | indented
	} >>"$failures"
	chown "$LIMA_CIDATA_USER" "$failures" || :
}

indented() {
	while IFS= read -r line || [ -n "$line" ]; do
		printf '\t%s\n' "$line"
	done
}

# Runs a step whose errors are few, and says nothing else.
carefully() { # name command [arguments]
	name=$1
	shift
	"$@" 2>"$lock/${name##*/}" && return 0
	status=$?
	cat "$lock/${name##*/}" >&2
	failed "$name" $status "$lock/${name##*/}"
	return 1
}

# Runs an author's script: its output goes to the log as it comes, and is kept to tell its end. What the script leaves
# running holds on to the pipe, so the end of that is waited for only after a failure, and a second at most.
author() { # name command [arguments]
	name=$1
	shift
	kept=$outputs/${name##*/}
	[ -d $outputs ] || (umask 077 && mkdir -p $outputs)
	mkfifo -m 0600 "$kept.pipe"
	(umask 077 && exec tee "$kept") <"$kept.pipe" &
	tees="$tees $!"
	status=0
	"$@" >"$kept.pipe" 2>&1 || status=$?
	[ $status -ne 0 ] || return 0
	settle $!
	failed "$name" $status "$kept"
	return 1
}

export_lines() {
	while IFS= read -r line || [ -n "$line" ]; do
		[ -z "$line" ] || export "${line?}"
	done <"$1"
}

# As pam_env reads /etc/environment: `export ` is allowed, `#` ends a value, one pair of quotes goes.
export_environment() {
	while IFS= read -r line || [ -n "$line" ]; do
		line=${line#"${line%%[![:blank:]]*}"}
		line=${line#export }
		line=${line%%#*}
		line=${line%"${line##*[![:blank:]]}"}
		case $line in
		[A-Za-z_]*=*) ;;
		*) continue ;;
		esac
		value=${line#*=}
		case $value in
		\"*\") value=${value#?} && value=${value%?} ;;
		\'*\') value=${value#?} && value=${value%?} ;;
		esac
		case ${line%%=*} in
		*[!A-Za-z0-9_]*) ;;
		*) export "${line%%=*}=$value" ;;
		esac
	done <"$1"
}

run_script() {
	log "Executing $1"
	IFS= read -r shebang <"$1" || :
	errors=$lock/${1##*/}
	# Not in a condition: there `set -e` of the script would have no effect.
	if [ "$shebang" = "#!/bin/sh" ]; then
		# shellcheck disable=SC1090
		(. "$1") 2>"$errors"
	else
		"$1" 2>"$errors"
	fi
	status=$?
	[ ! -s "$errors" ] || cat "$errors" >&2
	[ $status -eq 0 ] || failed "$1" $status "$errors"
}

run_scripts() {
	for script in "$1"/*; do
		# What were begun now would be cut off; it is done after the reboot.
		[ ! -e "$LIMA_REBOOT_REQUIRED" ] || return 0
		case $script in
		*.bg.sh)
			(run_script "$script") &
			beside="$beside $!"
			;;
		*.sh) run_script "$script" ;;
		esac
	done
}

provision_data() {
	for file in "$LIMA_CIDATA_MNT"/provision.data/*; do
		[ -f "$file" ] || continue
		key=LIMA_CIDATA_DATAFILE_${file##*/}
		eval "path=\$${key}_PATH owner=\$${key}_OWNER mode=\$${key}_PERMISSIONS overwrite=\$${key}_OVERWRITE"
		# shellcheck disable=SC2154
		carefully "$file" write_data "$file" "$path" "$owner" "$mode" "$overwrite"
	done
}

write_data() { # content path owner permissions overwrite
	if [ "$5" = false ] && [ -e "$2" ]; then
		log "Keeping $2"
		return 0
	fi
	log "Writing $2"
	user_of "$3"
	make_parent "$2" || return 1
	# Unreadable for others until it has its owner and its permissions.
	(umask 077 && cp "$1" "$2") && chown "$3" "$2" && chmod "$4" "$2"
}

user_of() { # owner: sets `user` as sudo wants it
	user=${1%%:*}
	case $user in
	*[!0-9]*) ;;
	*) user="#$user" ;;
	esac
}

make_parent() { # path
	parent=${1%/*}
	[ -n "$parent" ] && ! [ -d "$parent" ] || return 0
	if [ "$user" = root ] || ! sudo -n -u "$user" mkdir -p "$parent" 2>/dev/null; then
		mkdir -p "$parent"
	fi
}

provision_yq() {
	[ -d "$LIMA_CIDATA_MNT/provision.yq" ] || return 0
	# shellcheck disable=SC1091
	. "$LIMA_CIDATA_MNT/util/find_python.sh"
	for file in "$LIMA_CIDATA_MNT"/provision.yq/*; do
		key=LIMA_CIDATA_YQ_PROVISION_${file##*/}
		eval "path=\$${key}_PATH owner=\$${key}_OWNER mode=\$${key}_PERMISSIONS format=\$${key}_FORMAT"
		# shellcheck disable=SC2154
		carefully "$file" edit_by_yq "$file" "$path" "$owner" "$mode" "$format"
	done
}

edit_by_yq() { # expression path owner permissions format
	log "Editing $2"
	if [ -z "$python" ]; then
		echo "mode yq needs Python 3.10 or newer in the guest" >&2
		return 1
	fi
	user_of "$3"
	if [ -e "$2" ] && [ "$user" != root ] && ! sudo -n -u "$user" test -w "$2"; then
		echo "the owner ${3%%:*} may not write to $2" >&2
		return 1
	fi
	make_parent "$2" &&
		"$python" -IS "$LIMA_CIDATA_MNT/lima-yq" "$LIMA_CIDATA_YQ_DIGEST" "$5" "$2" "$1" &&
		chown "$3" "$2" && chmod "$4" "$2"
}

provision_system() {
	for script in "$LIMA_CIDATA_MNT"/provision.system/*; do
		[ -f "$script" ] || continue
		log "Executing $script"
		author "$script" "$script"
	done
}

provision_user() {
	ready=
	for script in "$LIMA_CIDATA_MNT"/provision.user/*; do
		[ -f "$script" ] || continue
		[ -n "$ready" ] || wait_for_user_manager
		ready=1
		log "Executing $script as $LIMA_CIDATA_USER"
		author "$script" run_as_user "$script"
	done
}

wait_for_user_manager() {
	[ -d /run/systemd/system ] || return 0
	count=0
	until [ -e "/run/user/$LIMA_CIDATA_UID/systemd/private" ]; do
		count=$((count + 1))
		if [ $count -gt 1500 ]; then
			log "WARNING: no user manager of $LIMA_CIDATA_USER after 5 minutes"
			return 0
		fi
		sleep 0.2
	done
}

run_as_user() {
	copy=$LIMA_CIDATA_HOME/.lima-user-script
	rm -f "$copy" && cp "$1" "$copy" && chown "$LIMA_CIDATA_USER" "$copy" && chmod 0700 "$copy" || return 1
	XDG_RUNTIME_DIR=/run/user/$LIMA_CIDATA_UID
	export XDG_RUNTIME_DIR
	sudo -iu "$LIMA_CIDATA_USER" "--preserve-env=XDG_RUNTIME_DIR$param_names" "$copy"
	result=$?
	unset XDG_RUNTIME_DIR
	rm -f "$copy"
	return "$result"
}

# The password that sudo asks for, made once and left where its owner finds it.
set_password() {
	marker=$LIMA_CIDATA_HOME/.lima-password-set
	[ -z "$LIMA_CIDATA_PASSWORDLESS_SUDO" ] && ! [ -e "$marker" ] || return 0
	read -r uuid </proc/sys/kernel/random/uuid
	password=${uuid%%-*}${uuid#????????????????????????????}
	echo "$LIMA_CIDATA_USER:$password" | chpasswd || return 1
	note=$LIMA_CIDATA_HOME/password
	rm -f "$note"
	(umask 077 && echo "$password" >"$note" && : >"$marker") &&
		chown "$LIMA_CIDATA_USER" "$note" "$marker"
}

param_list() {
	param_names=
	while IFS='=' read -r key _; do
		[ -z "$key" ] || param_names="$param_names,$key"
	done <"$LIMA_CIDATA_MNT/param.env"
}

provision() {
	if [ -d "$LIMA_CIDATA_MNT/provision.system" ] || [ -d "$LIMA_CIDATA_MNT/provision.user" ]; then
		# Their authors may count on everything that runs beside.
		# shellcheck disable=SC2086
		[ -z "$beside" ] || wait $beside
	fi
	provision_data
	provision_yq
	provision_system
	provision_user
}

rm -f "$RUN/lima-boot-done" "$LIMA_REBOOT_REQUIRED"
[ ! -d $outputs ] || rm -rf $outputs
export_lines "$LIMA_CIDATA_MNT/lima.env"
export_lines "$LIMA_CIDATA_MNT/param.env"
export_environment "$LIMA_CIDATA_MNT/etc_environment"
param_list
PATH=$LIMA_CIDATA_MNT/util:${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export PATH

run_scripts "$LIMA_CIDATA_MNT/boot.essential.Linux"
if [ -z "$LIMA_CIDATA_PLAIN" ]; then
	run_scripts "$LIMA_CIDATA_MNT/boot.Linux"
fi
# Whatever the scripts of others start as somebody else than root is not to have it in its environment.
agent_token=$LIMA_CIDATA_AGENT_TOKEN
unset LIMA_CIDATA_AGENT_TOKEN
[ -e "$LIMA_REBOOT_REQUIRED" ] || provision
carefully "setting the password" set_password
# Told by others too: those that run in shells of their own, and those of `mode: boot`.
[ ! -e "$failures" ] || { code=1 && chown "$LIMA_CIDATA_USER" "$failures"; }

if [ -e "$LIMA_REBOOT_REQUIRED" ]; then
	log "A reboot is required"
else
	echo "$LIMA_CIDATA_IID" >"$RUN/lima-boot-done"
	# SIGRTMIN+20: systemd says on the console what it does, so that the host knows what a shutdown waits for.
	[ ! -d /run/systemd/system ] || kill -54 1
	if [ -n "$LIMA_CIDATA_GUESTAGENT_LATE" ] && [ -z "$LIMA_CIDATA_PLAIN" ]; then
		# It may still be at it to find out that it comes too early.
		# shellcheck disable=SC2086
		[ -z "$beside" ] || wait $beside
		LIMA_CIDATA_AGENT_TOKEN=$agent_token
		LIMA_CIDATA_GUESTAGENT_LATE=
		run_script "$LIMA_CIDATA_MNT/boot.Linux/00-guestagent.bg.sh"
	fi
fi
# shellcheck disable=SC2086
settle $tees
log "Exiting with code $code"
# Not for the pipes of what authors left running.
# shellcheck disable=SC2086
[ -z "$beside" ] || wait $beside
exit $code
