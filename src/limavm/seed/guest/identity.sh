# Argument: which instance this is. A disk that was another instance's at its last boot, as that of a clone was, or
# had another name, gets new host keys (cloud-init makes those that are missing, next) and a machine ID of its own. Else
# nothing is forked.
file=/var/lib/lima/instance

renew_machine_id() {
    read -r uuid </proc/sys/kernel/random/uuid
    new=
    while [ -n "$uuid" ]; do
        new=$new${uuid%%-*}
        rest=${uuid#*-}
        [ "$rest" != "$uuid" ] || rest=
        uuid=$rest
    done
    echo "$new" >/etc/machine-id || return 0
    # On Debian a link to the other one; where it is a file, the same in it.
    ! [ -f /var/lib/dbus/machine-id ] || [ -L /var/lib/dbus/machine-id ] || echo "$new" >/var/lib/dbus/machine-id
    # By this name journalctl knows what is about this machine, and its earlier boots are.
    for logs in /var/log/journal /run/log/journal; do
        ! [ -d "$logs/$1" ] || mv "$logs/$1" "$logs/$new"
    done
    ! [ -d /run/systemd/system ] || systemctl try-restart systemd-journald.service
}

before=
[ ! -e "$file" ] || read -r before <"$file" || :
if [ "$before" != "$1" ]; then
    if [ -n "$before" ]; then
        rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
        id=
        [ ! -e /etc/machine-id ] || read -r id </etc/machine-id || :
        case $id in
        "" | *[!0-9a-f]*) ;; # the next boot makes one
        *) renew_machine_id "$id" ;;
        esac
    fi
    mkdir -p /var/lib/lima
    echo "$1" >"$file"
fi
