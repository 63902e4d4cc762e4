#!/bin/sh
# Keeps our block in /etc/environment, and tells the host that sessions opened from now on see it.
set -eu
file=/etc/environment
[ -e "$file" ] || : >"$file"

old=
rest=
inside=
while IFS= read -r line || [ -n "$line" ]; do
	old="$old$line
"
	[ "$line" != "#LIMA-START" ] || inside=1
	[ -n "$inside" ] || rest="$rest$line
"
	[ "$line" != "#LIMA-END" ] || inside=
done <"$file"

block=
variables=
while IFS= read -r line || [ -n "$line" ]; do
	block="$block$line
"
	case $line in
	"#LIMA-"*) ;;
	*) variables=1 ;;
	esac
done <"$LIMA_CIDATA_MNT/etc_environment"

# No variables and no block before: leave the file as the distribution made it.
new=$rest
[ -z "$variables" ] || new=$rest$block
if [ "$new" != "$old" ]; then
	printf %s "$new" >"$file"
	# Sessions that are open now, such as the first one of the host, have the old environment.
	if [ -e "/run/systemd/users/$LIMA_CIDATA_UID" ]; then
		loginctl terminate-user "$LIMA_CIDATA_USER" || :
	elif ! [ -d /run/systemd/system ] && command -v pkill >/dev/null; then
		pkill -u "$LIMA_CIDATA_UID" || :
	fi
fi
echo "$LIMA_CIDATA_IID" >/run/lima-ssh-ready
