#!/bin/sh
# /home/USER.guest and /home/USER.linux (the name in older releases) are one directory under two names.
set -eu
guest=/home/$LIMA_CIDATA_USER.guest
linux=/home/$LIMA_CIDATA_USER.linux
if [ -d "$guest" ] && ! [ -e "$linux" ]; then
	ln -sfn "$guest" "$linux"
elif [ -d "$linux" ] && ! [ -e "$guest" ]; then
	ln -sfn "$linux" "$guest"
fi
