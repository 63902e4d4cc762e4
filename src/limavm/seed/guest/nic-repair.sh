# Arguments: MAC and interface name, repeated. Some images ignore `set-name` of network-config, or apply
# it too late; the names are needed before the network is used. Nothing is forked when all is well.
renamed=
mac_of() {
    read -r address <"$1/address" 2>/dev/null || address=
}
rename_nic() {
    for path in /sys/class/net/*; do
        mac_of "$path"
        [ "$address" = "$1" ] || continue
        old=${path##*/}
        ip link set dev "$old" down &&
            ip link set dev "$old" name "$2" &&
            ip link set dev "$2" up && return 0
    done
    return 1
}
while [ $# -ge 2 ]; do
    for attempt in 1 2 3; do
        [ -e "/sys/class/net/$2" ] && break
        if rename_nic "$1" "$2"; then
            renamed="$renamed $2"
            break
        fi
        echo "lima: interface $2 ($1) is missing, attempt $attempt of 3" >&2
        sleep 1
    done
    shift 2
done
case "$renamed " in
*" eth0 "*)
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        case "$(ip -4 -o addr show dev eth0 2>/dev/null)" in
        *" inet "*) break ;;
        esac
        sleep 1
    done
    ;;
esac
