#!/bin/sh
# The author's dependency scripts, then what the features in use lack. Nothing is forked when nothing is missing.
set -eu

if [ -z "${LIMA_SSHFS_WANTED-}" ]; then # else sshfs_setup.sh has come here, long after
	for script in "$LIMA_CIDATA_MNT"/provision.dependency/*; do
		[ -f "$script" ] || continue
		log "Executing $script"
		author "$script" "$script" || : "is told, and stops nothing"
	done
fi
[ "$LIMA_CIDATA_SKIP_DEFAULT_DEPENDENCY_RESOLUTION" != 1 ] || exit 0

missing=
wished=
need() { # program
	command -v "$1" >/dev/null || missing="$missing $1"
}
# Also in place of shares that this kernel could not mount.
if [ -n "${LIMA_SSHFS_WANTED-}" ] || [ -s /run/lima-shares-failed ] ||
	{ [ "$LIMA_CIDATA_MOUNTTYPE" = reverse-sshfs ] && [ "$LIMA_CIDATA_MOUNTS" -gt 0 ]; }; then
	need sshfs
fi
if [ -n "$LIMA_CIDATA_CONTAINERD_USER$LIMA_CIDATA_CONTAINERD_SYSTEM" ]; then
	need iptables
	# Without an archive, and once: what of the others there is goes with it.
	if [ -z "$LIMA_CIDATA_CONTAINERD_VERSION" ] && ! command -v containerd >/dev/null; then
		missing="$missing containerd"
		wished="cni rootlesskit slirp4netns fuse-overlayfs nerdctl"
	fi
elif [ "$LIMA_CIDATA_UDP_DNS_LOCAL_PORT" -gt 0 ] || [ "$LIMA_CIDATA_TCP_DNS_LOCAL_PORT" -gt 0 ]; then
	# nft does as well, if it is there and works.
	[ -e /run/lima-dns-redirect ] || need iptables
fi
if [ "$LIMA_CIDATA_CONTAINERD_USER" = 1 ]; then
	need newuidmap
	need fusermount3
	[ -e /usr/lib/systemd/user/dbus.socket ] || missing="$missing dbus"
fi
need rsync
need tar
if [ -n "$LIMA_CIDATA_GUESTAGENT_DIGEST$LIMA_CIDATA_YQ_DIGEST" ]; then
	# shellcheck disable=SC1091
	. "$LIMA_CIDATA_MNT/util/find_python.sh"
	[ -n "$python" ] || missing="$missing python"
fi
[ -n "$missing" ] || exit 0

# Some systems (ALT) have a script of that name in front of another kind of package.
is_elf() {
	path=$(command -v "$1") && [ "$(head -c 4 "$path" | tr -dc ELF)" = ELF ]
}

if is_elf apt-get; then
	manager=apt-get
else
	for manager in dnf yum pacman zypper apk none; do
		! command -v $manager >/dev/null || break
	done
fi

# The system's own Python may be older than the guest agent's 3.10: for EL 8 and 9, and Leap 15, there are others beside
# it. Where there is none (Debian 11), so that there can be no guest agent, nothing is installed.
python_package() {
	ID=
	VERSION_ID=
	# shellcheck disable=SC1091
	[ ! -e /etc/os-release ] || . /etc/os-release
	case $manager:$ID:${VERSION_ID%%.*} in
	pacman:*) echo python ;;
	dnf:fedora:* | yum:fedora:*) echo python3 ;;
	dnf:amzn:* | yum:amzn:*) echo python3.11 ;;
	dnf:*:[89] | yum:*:[89]) echo python3.12 ;;
	zypper:*:15) echo python311 ;;
	*) command -v python3 >/dev/null || echo python3 ;;
	esac
}

package() { # program: the name of its package here
	case $1:$manager in
	python:*) python_package ;;
	sshfs:dnf | sshfs:yum) echo fuse-sshfs ;;
	fusermount3:*) echo fuse3 ;;
	dbus:apt-get) echo dbus-user-session ;;
	newuidmap:apt-get) echo uidmap ;;
	newuidmap:apk) echo shadow-uidmap ;;
	newuidmap:dnf | newuidmap:yum) echo shadow-utils ;;
	newuidmap:*) echo shadow ;;
	cni:pacman | cni:zypper | cni:apk) echo cni-plugins ;;
	cni:*) echo containernetworking-plugins ;;
	*) echo "$1" ;;
	esac
}
packages=
for program in $missing; do
	packages="$packages $(package "$program")"
done
case $packages in
*[!\ ]*) echo "installing$packages" ;;
*)
	echo "the guest agent needs Python 3.10 or newer, which this release does not have" >&2
	exit 0
	;;
esac

enable_epel() {
	case $packages in
	*fuse-sshfs*) ;;
	*) return 0 ;;
	esac
	# shellcheck disable=SC1091
	. /etc/os-release
	case $ID in
	fedora) ;;
	ol) "$manager" install -y "oracle-epel-release-el${VERSION_ID%%.*}" ;;
	*) "$manager" install -y epel-release ;;
	esac
}

install_packages() { # packages
	case $manager in
	apt-get) apt-get install -y --no-upgrade --no-install-recommends -q "$@" ;;
	dnf | yum) "$manager" install -y "$@" ;;
	pacman) pacman -S --noconfirm --needed "$@" ;;
	zypper) zypper --non-interactive install -y --no-recommends "$@" ;;
	apk) apk add "$@" ;;
	esac
}

case $manager in
apt-get)
	export DEBIAN_FRONTEND=noninteractive
	apt-get update
	;;
dnf | yum) enable_epel ;;
pacman) pacman -Sy ;;
zypper | apk) ;;
*)
	echo "no known package manager; install$packages by hand" >&2
	exit 1
	;;
esac
# shellcheck disable=SC2086 # package names are words
install_packages $packages
for program in $wished; do
	command -v "$program" >/dev/null || install_packages "$(package "$program")" ||
		echo "this distribution has no $program"
done
