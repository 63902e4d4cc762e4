#!/bin/sh
# compare_version.sh A OP B: exit status 0 when version A is -eq, -ne, -ge, -gt, -le or -lt version B.
set -eu
usage() {
	echo "usage: compare_version.sh A -eq|-ne|-ge|-gt|-le|-lt B" >&2
	exit 2
}
[ $# -eq 3 ] || usage
if [ "$1" = "$3" ]; then
	order=0
elif [ "$(printf '%s\n%s\n' "$1" "$3" | sort -V | head -n 1)" = "$1" ]; then
	order=-1
else
	order=1
fi
case $2 in
-eq) [ $order -eq 0 ] ;;
-ne) [ $order -ne 0 ] ;;
-ge) [ $order -ge 0 ] ;;
-gt) [ $order -gt 0 ] ;;
-le) [ $order -le 0 ] ;;
-lt) [ $order -lt 0 ] ;;
*) usage ;;
esac
