#!/usr/bin/env bash
# up.sh DIR: starts both engines with the images of the tests, all of it in DIR, and prints the
# variables that tell the tests:
#
#   eval "$(bash .ci/engine/up.sh /tmp/engines)" && deno task test
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: up.sh DIR"
here=$(dirname "$0")
docker=$("$here/docker-up.sh" "$1/docker")
podman=$("$here/podman-up.sh" "$1/podman")
for engine in "$docker" "$podman"; do "$here/busybox-image.sh" "$engine" >/dev/null; done
datascience=$("$here/datascience-image.sh" "$docker" "$podman")
echo "export ROUTEBOOK_TEST_DOCKER=$docker"
echo "export ROUTEBOOK_TEST_PODMAN=$podman"
echo "export ROUTEBOOK_RUNTIME_PYTHON_DATASCIENCE=$datascience"
