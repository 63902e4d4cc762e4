#!/bin/sh
# containerd and nerdctl: from the archive that the host gives on a medium of its own while this guest lacks it, or where
# there is none, with what 30-install-packages has found. Set up once; a later boot compares two lines, and no more than
# asks the user's services to run.
set -eu
[ -n "$LIMA_CIDATA_CONTAINERD_USER$LIMA_CIDATA_CONTAINERD_SYSTEM" ] || exit 0
if ! [ -d /run/systemd/system ]; then
	echo "containerd is for guests with systemd" >&2
	exit 1
fi

prefix=$LIMA_CIDATA_GUEST_INSTALL_PREFIX
version=$LIMA_CIDATA_CONTAINERD_VERSION
state=/var/lib/lima
config=$LIMA_CIDATA_HOME/.config
user_unit=$config/systemd/user/containerd.service
launcher=$prefix/libexec/lima/containerd-rootless
services="containerd buildkit stargz-snapshotter"

# Which archive is unpacked (the host reads it, too), and what was set up with it for whom.
unpacked=
[ ! -e $state/containerd ] || read -r unpacked <$state/containerd || :
wanted="1 ${version:-packages} $prefix user=$LIMA_CIDATA_CONTAINERD_USER system=$LIMA_CIDATA_CONTAINERD_SYSTEM"
wanted="$wanted $LIMA_CIDATA_UID $LIMA_CIDATA_HOME"
current=
[ ! -e $state/containerd-setup ] || read -r current <$state/containerd-setup || :
PATH=$prefix/bin:$PATH:/usr/sbin:/sbin

as_user() { # command [arguments]
	sudo -n -u "$LIMA_CIDATA_USER" env "HOME=$LIMA_CIDATA_HOME" "PATH=$PATH" \
		"XDG_RUNTIME_DIR=/run/user/$LIMA_CIDATA_UID" \
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$LIMA_CIDATA_UID/bus" "$@"
}

# What the user's manager starts by itself, and what has failed in an earlier attempt, runs hereafter. The manager comes
# later than this script, and nothing waits for it: the host asks at the end of the boot whether they run.
start_users_services() {
	wants=${user_unit%/*}/default.target.wants
	set --
	for name in containerd default-buildkit buildkit stargz-snapshotter containerd-fuse-overlayfs; do
		[ ! -L "$wants/$name.service" ] || set -- "$@" "$name.service"
	done
	[ $# -gt 0 ] || return 0
	# shellcheck disable=SC2016 # the inner shell has the names
	{
		wait_for_user_manager
		as_user sh -c 'systemctl --user --quiet reset-failed "$@"; exec systemctl --user --no-block start "$@"' sh "$@"
	} &
}

if [ "$unpacked" = "$version" ] && [ "$current" = "$wanted" ]; then
	[ "$LIMA_CIDATA_CONTAINERD_USER" != 1 ] || start_users_services
	exit 0
fi

find_medium() { # sets `device`
	for model in /sys/block/*/device/model; do
		[ -e "$model" ] || continue
		read -r name <"$model" || :
		if [ "$name" = lima-containerd ]; then
			device=${model#/sys/block/}
			device=/dev/${device%%/*}
			return 0
		fi
	done
	return 1
}

wait_for_medium() {
	count=0
	until find_medium && [ -e "$device" ]; do
		# Nobody may have loaded it, since the disk that the guest boots from is none of SCSI.
		[ $count -gt 0 ] || modprobe -q sd_mod || :
		count=$((count + 1))
		[ $count -le 50 ] || return 1
		sleep 0.2
	done
}

# What runs another version, or was set up with the packages of the distribution.
retire() {
	if [ -e "$user_unit" ]; then
		wait_for_user_manager
		if [ -e "$launcher" ]; then
			as_user systemctl --user disable --now containerd.service || :
			rm -f "$user_unit" "$launcher" "$prefix/bin/ctr-rootless"
		else
			for tool in stargz fuse-overlayfs buildkit-containerd ''; do
				as_user CONTAINERD_NAMESPACE=default containerd-rootless-setuptool.sh "uninstall${tool:+-$tool}" || :
			done
		fi
	fi
	for service in $services; do
		systemctl --quiet disable --now "$service.service" 2>/dev/null || :
	done
	rm -f $state/containerd $state/containerd-setup
}

unpack() {
	if ! [ "$LIMA_CIDATA_CONTAINERD_ARCHIVE_SIZE" -gt 0 ] || ! wait_for_medium; then
		echo "the archive with containerd is not there; the next start of the instance brings it" >&2
		exit 1
	fi
	[ -z "$unpacked$current" ] || retire
	log "Unpacking containerd and nerdctl into $prefix"
	mkdir -p "$prefix" $state
	head -c "$LIMA_CIDATA_CONTAINERD_ARCHIVE_SIZE" "$device" | tar -C "$prefix" -xzof -
	completion=/etc/bash_completion.d
	mkdir -p $completion
	nerdctl completion bash >$completion/nerdctl || rm -f $completion/nerdctl
	echo "$version" >$state/containerd
}
[ "$unpacked" = "$version" ] || [ -z "$version" ] || unpack

has() { # program
	command -v "$1" >/dev/null
}

containerd_config() { # directory of the sockets of snapshotters
	echo 'version = 2'
	[ "$1" != /run ] || echo 'imports = ["/etc/containerd/conf.d/*.toml"]'
	cat <<-'EOF'

		[plugins."io.containerd.grpc.v1.cri"]
		  enable_cdi = true
	EOF
	if [ "$1" != /run ] && has containerd-fuse-overlayfs-grpc; then
		proxy_plugin fuse-overlayfs "$1/containerd-fuse-overlayfs.sock"
	fi
	! has containerd-stargz-grpc ||
		proxy_plugin stargz "$1/containerd-stargz-grpc/containerd-stargz-grpc.sock"
}

proxy_plugin() { # name socket
	printf '\n[proxy_plugins."%s"]\n  type = "snapshot"\n  address = "%s"\n' "$1" "$2"
}

set_up_system() {
	if ! [ -e /etc/containerd/config.toml ]; then
		mkdir -p /etc/containerd/conf.d
		containerd_config /run >/etc/containerd/config.toml
	fi
	if has buildkitd && ! [ -e /etc/buildkit/buildkitd.toml ]; then
		mkdir -p /etc/buildkit
		cat >/etc/buildkit/buildkitd.toml <<-'EOF'
			[worker.oci]
			  enabled = false

			[worker.containerd]
			  enabled = true
			  namespace = "default"
			  snapshotter = "overlayfs"
		EOF
	fi
	enabled=
	for service in $services; do
		# The archive's units know one prefix only.
		unit=$prefix/lib/systemd/system/$service.service
		if [ "$prefix" != /usr/local ] && [ -e "$unit" ]; then
			mkdir -p /etc/systemd/system
			sed "s|/usr/local/|$prefix/|g" "$unit" >"/etc/systemd/system/$service.service"
		fi
		for unit in /etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
			[ -e "$unit/$service.service" ] || continue
			enabled="$enabled $service.service"
			break
		done
	done
	systemctl daemon-reload
	# shellcheck disable=SC2086 # names of units are words
	systemctl --quiet enable --now $enabled
}

# Ubuntu keeps user namespaces from programs without a profile.
allow_namespaces() { # path of rootlesskit
	restricted=0
	[ ! -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ] ||
		read -r restricted </proc/sys/kernel/apparmor_restrict_unprivileged_userns
	[ "$restricted" = 1 ] && [ -d /etc/apparmor.d ] || return 0
	profile=/etc/apparmor.d/lima-rootlesskit
	cat >$profile <<-EOF
		abi <abi/4.0>,
		include <tunables/global>

		profile lima-rootlesskit "$1" flags=(unconfined) {
		  userns,
		}
	EOF
	apparmor_parser -r $profile
}

users_directory() { # path below the home directory
	sudo -n -u "$LIMA_CIDATA_USER" mkdir -p "$1"
}

set_up_user() {
	if ! [ -e "$config/containerd/config.toml" ]; then
		users_directory "$config/containerd"
		containerd_config "/run/user/$LIMA_CIDATA_UID" >"$config/containerd/config.toml"
		chown "$LIMA_CIDATA_USER" "$config/containerd/config.toml"
	fi
	! has rootlesskit || allow_namespaces "$(command -v rootlesskit)"
	if has containerd-rootless-setuptool.sh; then
		by_its_tool
	elif [ -e "$user_unit" ]; then
		start_users_services
	elif has rootlesskit && has slirp4netns; then
		by_launcher
	else
		echo "this distribution has nothing for containerd without root; \`containerd.system\` would work" >&2
		return 1
	fi
}

by_its_tool() {
	wait_for_user_manager
	# Its rules would have to know of the new services first.
	enforcing=
	if has getenforce && [ "$(getenforce)" = Enforcing ]; then
		enforcing=1
		setenforce 0
	fi
	status=0
	rootless_tools || status=$?
	[ -z "$enforcing" ] || setenforce 1
	return $status
}

# Called in a condition, so that `set -e` does not count here.
rootless_tools() {
	as_user systemctl --user --quiet enable --now dbus.socket || :
	install_unit containerd containerd || return 1
	install_unit buildkitd default-buildkit -buildkit-containerd || return 1
	read -r kernel </proc/sys/kernel/osrelease
	if compare_version.sh "${kernel%%-*}" -ge 5.13; then
		install_unit containerd-stargz-grpc stargz-snapshotter -stargz || return 1
	else
		install_unit containerd-fuse-overlayfs-grpc containerd-fuse-overlayfs -fuse-overlayfs || return 1
	fi
}

# One that an earlier boot has made stays, whether it could be started then or not. The namespace is for BuildKit: what
# it builds is where nerdctl looks for it.
install_unit() { # program unit [suffix of the tool's command]
	! has "$1" || [ -e "${user_unit%/*}/$2.service" ] ||
		as_user CONTAINERD_NAMESPACE=default containerd-rootless-setuptool.sh "install${3-}"
}

# With programs of the distribution that bring no tool. The state is where nerdctl would look for it.
by_launcher() {
	mkdir -p "${launcher%/*}" "$prefix/bin"
	cat >"$launcher" <<-'EOF'
		#!/bin/sh
		# containerd in namespaces of an ordinary user. Written by the boot scripts of Lima.
		set -eu
		: "${XDG_DATA_HOME:=$HOME/.local/share}" "${XDG_CONFIG_HOME:=$HOME/.config}"
		if [ "${1-}" != inside ]; then
			# The processor is for the rest of the boot.
			count=0
			until [ -e /run/lima-boot-done ] || [ $count -ge 120 ]; do
				count=$((count + 1))
				sleep 1
			done
			exec rootlesskit --state-dir="$XDG_RUNTIME_DIR/containerd-rootless" --net=slirp4netns --mtu=65520 \
				--disable-host-loopback --port-driver=builtin --copy-up=/etc --copy-up=/run --copy-up=/var/lib \
				--propagation=rslave "$0" inside
		fi
		# These are links to the system's own here, in directories that are ours.
		bind() { # ours, where containerd looks for it
			mkdir -p "$1"
			rm -f "$2"
			mkdir -p "$2"
			mount --bind "$1" "$2"
		}
		rm -f /run/xtables.lock
		bind "$XDG_RUNTIME_DIR/containerd" /run/containerd
		bind "$XDG_DATA_HOME/containerd" /var/lib/containerd
		bind "$XDG_DATA_HOME/cni" /var/lib/cni
		bind "$XDG_CONFIG_HOME/containerd" /etc/containerd
		exec containerd
	EOF
	cat >"$prefix/bin/ctr-rootless" <<-'EOF'
		#!/bin/sh
		# ctr with the containerd of the user who runs it. Written by the boot scripts of Lima.
		state=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/containerd-rootless
		pid=
		[ ! -e "$state/child_pid" ] || read -r pid <"$state/child_pid" || :
		if [ -z "$pid" ]; then
			echo "containerd is not running: systemctl --user start containerd" >&2
			exit 1
		fi
		# A container's control group is where the user may make one, unless --cgroup says otherwise.
		uid=$(id -u)
		if [ "${1-}" = run ]; then
			shift
			set -- run --cgroup "/user.slice/user-$uid.slice/user@$uid.service/app.slice/ctr-$$" "$@"
		fi
		exec nsenter --user --preserve-credentials --mount --net --target "$pid" --wd="$PWD" ctr "$@"
	EOF
	chmod 0755 "$launcher" "$prefix/bin/ctr-rootless"
	users_directory "${user_unit%/*}/default.target.wants"
	cat >"$user_unit" <<-EOF
		[Unit]
		Description=containerd without root

		[Service]
		ExecStart=$launcher
		ExecReload=/bin/kill -s HUP \$MAINPID
		Restart=on-failure
		RestartSec=2
		TimeoutStartSec=0
		LimitNOFILE=infinity
		LimitNPROC=infinity
		Delegate=yes
		KillMode=mixed

		[Install]
		WantedBy=default.target
	EOF
	ln -sf ../containerd.service "${user_unit%/*}/default.target.wants/"
	chown -h "$LIMA_CIDATA_USER" "$user_unit" "${user_unit%/*}/default.target.wants/containerd.service"
	# The user's manager may have been there before the unit.
	{ wait_for_user_manager && as_user systemctl --user daemon-reload && start_users_services && wait; } &
}

if [ "$LIMA_CIDATA_CONTAINERD_SYSTEM" = 1 ]; then
	set_up_system
elif [ -z "$version" ] && [ -e /etc/systemd/system/multi-user.target.wants/containerd.service ]; then
	# apt starts what it installs.
	systemctl --quiet disable --now containerd.service
fi
[ "$LIMA_CIDATA_CONTAINERD_USER" != 1 ] || set_up_user
mkdir -p $state
echo "$wanted" >$state/containerd-setup
