#!/usr/bin/env bash
# podman-down.sh DIR: ends the engine that podman-up.sh started there, with all that it has.
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: podman-down.sh DIR"
directory=$1
address=unix://$directory/podman.sock
[ -d "$directory" ] || exit 0
if answers "$address"; then remove_containers "$address"; fi
end_process "$directory/podman.pid" podman
# Podman leaves the monitors of programs that were stopped when their container went.
end_monitors "$directory"
remove_directory "$directory"
