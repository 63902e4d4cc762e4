#!/bin/sh
# Sockets of the host (the ssh agent) appear here.
set -eu
install -d -m 0700 -o "$LIMA_CIDATA_USER" /run/host-services
