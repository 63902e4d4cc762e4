# Argument: which instance this is. A disk that was another instance's at its last boot, as that of a clone was, or
# had another name, gets new host keys: cloud-init makes those that are missing, next. Else nothing is forked.
file=/var/lib/lima/instance
before=
[ ! -e "$file" ] || read -r before <"$file" || :
if [ "$before" != "$1" ]; then
    [ -z "$before" ] || rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
    mkdir -p /var/lib/lima
    echo "$1" >"$file"
fi
