#!/usr/bin/env bash
# docker-down.sh DIR: ends the engine that docker-up.sh started there, with all that it has.
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: docker-down.sh DIR"
directory=$1
address=unix://$directory/docker.sock
[ -d "$directory" ] || exit 0
if answers "$address"; then remove_containers "$address"; fi
end_process "$directory/docker.pid" dockerd
end_process "$directory/exec/containerd/containerd.pid" containerd
remove_directory "$directory"
