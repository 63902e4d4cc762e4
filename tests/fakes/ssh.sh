#!/bin/sh
# As much of ssh as the host agent uses: a master that lasts, and a "guest" that is this host with another /run.
while [ $# -gt 0 ]; do
    case $1 in
    -V) echo 'OpenSSH_9.2p1 fake' >&2; exit 0 ;;
    -O) exit 0 ;;
    -N) echo connected; exec sleep 600 ;;
    --) shift; break ;;
    esac
    shift
done
sed -u "s#/run/lima-#$FAKE_GUEST/lima-#g" | "$@"
