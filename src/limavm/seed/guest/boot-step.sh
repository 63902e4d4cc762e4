# Arguments: number of a script of `mode: boot`, its text, its interpreter. Before any user can log in there is nobody to
# see it fail: what it said is kept for the host, which asks when the guest is reachable. Root's alone until then.
name=provision.boot/$1
kept=/run/lima-boot-step/$1
text=$2
shift 2
(umask 077 && mkdir -p "${kept%/*}" && printf '%s' "$text" >"$kept")
status=0
"$@" "$kept" >"$kept.output" 2>&1 || status=$?
[ ! -s "$kept.output" ] || cat "$kept.output"
if [ $status -ne 0 ]; then
    echo "lima: $name has failed with exit status $status"
    read -r boot_id </proc/sys/kernel/random/boot_id
    (
        umask 077
        {
            echo "$name: exit status $status"
            tail -c 2000 "$kept.output" | tail -n 10 | while IFS= read -r line || [ -n "$line" ]; do
                printf '\t%s\n' "$line"
            done
        } >>"/run/lima-boot-failures.$boot_id"
    )
fi
exit $status
