#!/usr/bin/env bash
# down.sh DIR: ends the engines that up.sh started there, with all that they have.
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: down.sh DIR"
here=$(dirname "$0")
status=0
"$here/docker-down.sh" "$1/docker" || status=$?
"$here/podman-down.sh" "$1/podman" || status=$?
exit "$status"
