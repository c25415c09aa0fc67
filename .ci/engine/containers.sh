#!/usr/bin/env bash
# containers.sh ADDRESS: prints the ids of all containers of an engine, those that have ended included.
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: containers.sh ADDRESS"
container_ids "$1"
