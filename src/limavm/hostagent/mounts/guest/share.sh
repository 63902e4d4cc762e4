# shellcheck shell=sh disable=SC2154 # assigned before it
# Mounts what the hypervisor offers, if the guest has not done that when it booted.
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
