# shellcheck shell=bash disable=SC2034
# What the scripts of this folder share. It is sourced.
set -euo pipefail

# The tests look for images of these names: see tests/support/engine.ts.
BUSYBOX_IMAGE=routebook-test-busybox:1
DATASCIENCE_IMAGE=routebook-test-datascience:1

# fail MESSAGE...: ends the script.
fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# need_packages COMMAND=PACKAGE...: installs the Debian packages of commands that are missing.
need_packages() {
  local pair missing=()
  PATH=$PATH:/usr/sbin:/sbin
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || fail "'${missing[*]}' is missing, and only root can install it"
  echo "${0##*/}: apt-get install ${missing[*]}" >&2
  # A session of its own: whoever ends the script leaves no package half installed.
  local install=(setsid --wait timeout 300 env DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "${missing[@]}")
  "${install[@]}" </dev/null >/dev/null 2>&1 || {
    timeout 120 apt-get -o DPkg::Lock::Timeout=120 update -qq </dev/null >&2
    "${install[@]}" </dev/null >/dev/null
  }
}

# private_directory DIR: makes it; the sockets in it have short names, since a socket's path is short.
private_directory() {
  [ "$(id -u)" = 0 ] || fail "an engine of its own needs root"
  case $1 in /*) ;; *) fail "'$1' is not an absolute path" ;; esac
  [ "${#1}" -le 60 ] || fail "'$1' is too long a path for the sockets of an engine"
  mkdir -p "$1"
  chmod 700 "$1"
}

# api ADDRESS METHOD PATH [CURL OPTION...]: one request of an engine, whose address is "unix://PATH".
api() {
  local socket=${1#unix://} method=$2 path=$3
  shift 3
  curl -sS --fail --unix-socket "$socket" -X "$method" "$@" "http://engine$path"
}

# answers ADDRESS: whether an engine is there.
answers() {
  api "$1" GET /_ping --max-time 2 >/dev/null 2>&1
}

# await_engine ADDRESS LOG: waits two minutes at most.
await_engine() {
  local tries
  for ((tries = 0; tries < 1200; tries++)); do
    if answers "$1"; then return; fi
    sleep 0.1
  done
  tail -n 20 "$2" >&2
  fail "the engine at '$1' did not start"
}

# has_image ADDRESS IMAGE
has_image() {
  api "$1" GET "/images/$2/json" --max-time 10 >/dev/null 2>&1
}

# import_image ADDRESS IMAGE INSTRUCTION... <TAR: makes an image of a root directory.
import_image() {
  local address=$1 image=$2 changes=()
  shift 2
  for instruction in "$@"; do changes+=(--url-query "changes=$instruction"); done
  local answer
  answer=$(api "$address" POST /images/create --max-time 300 -H "Content-Type: application/x-tar" \
    --url-query "fromSrc=-" --url-query "repo=$image" "${changes[@]}" -T -)
  has_image "$address" "$image" || fail "'$image' was not made: $answer"
}

# container_ids ADDRESS: those that run and those that do not, sorted.
container_ids() {
  api "$1" GET "/containers/json?all=true" --max-time 20 |
    { grep -oE '"Id":"[0-9a-f]{64}"' || true; } | cut -d '"' -f 4 | sort
}

# remove_containers ADDRESS
remove_containers() {
  local id
  for id in $(container_ids "$1" || true); do
    api "$1" DELETE "/containers/$id?force=true&v=true" --max-time 30 >/dev/null || true
  done
}

# end_process PIDFILE NAME: ends the process of that file if it is that program, within 10 seconds.
end_process() {
  local pid tries
  pid=$(cat "$1" 2>/dev/null) || return 0
  is_program "$pid" "$2" || return 0
  kill "$pid" || return 0
  for ((tries = 0; tries < 100; tries++)); do
    is_program "$pid" "$2" || return 0
    sleep 0.1
  done
  kill -9 "$pid" || true
}

# is_program PID NAME
is_program() {
  [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]
}

# end_monitors DIR: ends the monitors of a Podman whose files are there, and no others.
end_monitors() {
  local process
  for process in /proc/[0-9]*; do
    is_program "${process#/proc/}" conmon || continue
    if tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -qF -- "$1/"; then
      kill -9 "${process#/proc/}" 2>/dev/null || true
    fi
  done
}

# remove_directory DIR: with what is mounted below it.
remove_directory() {
  local mount
  awk -v below="$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
    while read -r mount; do umount -l "$mount" || true; done
  rm -rf --one-file-system "$1"
}
