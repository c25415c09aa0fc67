#!/usr/bin/env bash
# datascience-image.sh ADDRESS...: makes an image like the runtime python-datascience in engines, from
# packages of the machine's Debian release, without a registry, and prints its name.
source "$(dirname "$0")/_common.sh"
[ $# -gt 0 ] || fail "usage: datascience-image.sh ADDRESS..."

packages=(python3 python3-matplotlib python3-numpy python3-pandas python3-scipy python3-sklearn jq)
# What these depend on and do not need to run.
stand_ins=(fonts-lyx libjs-jquery libjs-jquery-ui python3-pil.imagetk python3-pythran python3-sympy
  unicode-data)

# make_stand_ins PACKAGE: an empty Debian package that says it is all of them.
make_stand_ins() {
  local provides
  provides=$(printf '%s (= 99), ' "${stand_ins[@]}")
  mkdir -p "$work/stand-ins/DEBIAN"
  cat >"$work/stand-ins/DEBIAN/control" <<CONTROL
Package: stand-ins
Version: 1
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: empty packages for those that a test does not need
Provides: ${provides%, }
CONTROL
  dpkg-deb --build "$work/stand-ins" "$1" >/dev/null
}

# root_directory: writes it to the output as a tar archive.
root_directory() {
  local release
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # shellcheck disable=SC2016 # The hooks are for mmdebstrap's shell.
  timeout --foreground 1500 mmdebstrap --quiet --mode=root --variant=essential --format=tar \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --essential-hook="copy-in $work/stand-ins.deb /tmp" \
    --essential-hook='chroot "$1" dpkg --install /tmp/stand-ins.deb >/dev/null' \
    --include="$(IFS=,; echo "${packages[*]}")" \
    --customize-hook='rm "$1/tmp/stand-ins.deb"' \
    --customize-hook='echo user:x:1000:1000::/home/user:/bin/sh >>"$1/etc/passwd"' \
    --customize-hook='echo user:x:1000: >>"$1/etc/group"' \
    --customize-hook='install -d -o 1000 -g 1000 "$1/home/user"' \
    "$release" - </dev/null
}

need_packages curl=curl mmdebstrap=mmdebstrap
missing=()
for address in "$@"; do has_image "$address" "$DATASCIENCE_IMAGE" || missing+=("$address"); done
if [ "${#missing[@]}" -gt 0 ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  make_stand_ins "$work/stand-ins.deb"
  root_directory >"$work/root.tar"
  for address in "${missing[@]}"; do
    # No variables of its own: the shell contract is held to what a command has.
    import_image "$address" "$DATASCIENCE_IMAGE" \
      "ENV PATH=/usr/local/bin:/usr/bin:/bin" 'CMD ["/bin/bash"]' <"$work/root.tar"
  done
fi
echo "$DATASCIENCE_IMAGE"
