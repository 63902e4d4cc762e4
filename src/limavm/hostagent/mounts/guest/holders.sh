# shellcheck shell=sh disable=SC2154 # assigned before it
# Prints which programs hold on to a file system: by their directory, root, open files and mappings.
locate
printf 'at %s\n' "$place"
sudo -n /bin/sh -c '
ls -ld /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe
ls -l /proc/[0-9]*/fd
grep -lF -e "$1/" /proc/[0-9]*/maps
grep -H . /proc/[0-9]*/comm' sh "$place" </dev/null 2>/dev/null | grep -aF -e "-> $place" -e /proc/ | head -c 500000
