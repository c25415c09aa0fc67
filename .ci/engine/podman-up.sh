#!/usr/bin/env bash
# podman-up.sh DIR: starts Podman's engine, which keeps all it has in DIR, and prints its address.
# What runs already is left as it is.
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: podman-up.sh DIR"
directory=$1
address=unix://$directory/podman.sock
private_directory "$directory"
need_packages curl=curl podman=podman crun=crun catatonit=catatonit
if ! answers "$address"; then
  rm -f "$directory/podman.sock" "$directory/podman.pid"
  mkdir -p "$directory/root" "$directory/run" "$directory/tmp"
  # Limits may not be above those of the machine.
  files=$(ulimit -Hn)
  cat >"$directory/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=20000:20000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
tmp_dir = "$directory/tmp"
CONF
  cat >"$directory/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$directory/root"
runroot = "$directory/run"
CONF
  # Mounts of its own: crun wants cgroups of one version, and the locks in shared memory are not
  # those of another Podman.
  # shellcheck disable=SC2016 # It is for the inner shell.
  CONTAINERS_CONF=$directory/containers.conf CONTAINERS_STORAGE_CONF=$directory/storage.conf \
    setsid unshare --mount --propagation private bash -c '
      cd "$1"
      ! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
      mount -t tmpfs tmpfs /dev/shm
      echo $$ >"$1/podman.pid"
      exec podman system service --time=0 "$2"
    ' podman-up "$directory" "$address" </dev/null >"$directory/podman.log" 2>&1 &
  await_engine "$address" "$directory/podman.log"
fi
echo "$address"
