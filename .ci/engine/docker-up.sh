#!/usr/bin/env bash
# docker-up.sh DIR: starts a Docker engine that keeps all it has in DIR, and prints its address.
# It has no bridge and changes no firewall. What runs already is left as it is.
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: docker-up.sh DIR"
directory=$1
address=unix://$directory/docker.sock
private_directory "$directory"
need_packages curl=curl dockerd=docker.io runc=runc umount=mount
if ! answers "$address"; then
  rm -f "$directory/docker.sock" "$directory/docker.pid"
  # A namespace of its own, in case it meets a containerd of the machine.
  setsid dockerd --host "$address" --data-root "$directory/data" --exec-root "$directory/exec" \
    --pidfile "$directory/docker.pid" --containerd-namespace "routebook-$$" \
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
    --userland-proxy=false --exec-opt native.cgroupdriver=cgroupfs --log-level=warn \
    --shutdown-timeout=2 </dev/null >"$directory/docker.log" 2>&1 &
  await_engine "$address" "$directory/docker.log"
fi
echo "$address"
