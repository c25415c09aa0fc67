#!/usr/bin/env bash
# busybox-image.sh ADDRESS: makes the image of busybox alone in an engine, without a registry, and
# prints its name.
source "$(dirname "$0")/_common.sh"
[ $# = 1 ] || fail "usage: busybox-image.sh ADDRESS"
address=$1
need_packages curl=curl busybox=busybox-static
if ! has_image "$address" "$BUSYBOX_IMAGE"; then
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  mkdir -p "$root"/{bin,dev,etc,home/user,proc,root,sys,tmp,usr/bin,var/tmp}
  chmod 755 "$root"
  chmod 1777 "$root/tmp" "$root/var/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  "$root/bin/busybox" --list | grep -vx busybox | while read -r name; do
    ln -s busybox "$root/bin/$name"
  done
  ln -s ../../bin/busybox "$root/usr/bin/env"
  printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000::/home/user:/bin/sh >"$root/etc/passwd"
  printf '%s\n' root:x:0: user:x:1000: >"$root/etc/group"
  tar -C "$root" --numeric-owner --owner 0 --group 0 -c . |
    import_image "$address" "$BUSYBOX_IMAGE" "ENV PATH=/bin:/usr/bin" 'CMD ["/bin/sh"]'
fi
echo "$BUSYBOX_IMAGE"
