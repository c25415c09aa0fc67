/**
 * What the file server in a container knows: functions for a POSIX `sh`, which need `stat`, `find`,
 * `cat`, `head`, `tail`, `base64`, `mv`, `rm`, `mkdir`, `readlink` and no more.
 *
 * A function returns 0 or one of {@linkcode FAILURES}. What is printed after 9 is what a program said.
 *
 * @module
 */

import { parentPath, TEMPORARY_NAME } from "../paths.ts";
import { literalPattern, quote } from "./_quote.ts";

/** Where the container keeps what is the sandbox's own: a directory in memory. */
export const OWN_DIRECTORY = "/run/box";

/** What the functions return where they fail. */
export const FAILURES = {
  missing: 2,
  notDirectory: 3,
  directory: 4,
  exists: 5,
  foreign: 6,
  notRegular: 7,
  forbidden: 8,
  said: 9,
  endless: 10,
} as const;

/** Added to what is wrong with the target of a move. */
export const AT_TARGET = 20;
/** What else may be wrong with it. */
export const MOVE_FAILURES = { intoItself: 31, overDirectory: 32, directoryOverFile: 33 } as const;

/** The fields of a record, as `stat` prints them; the times are two words and a zone each. */
export const FIELDS = "%f %s %i %Y %y %z";

/** What of a container is whose. */
export interface Territory {
  /** Canonical paths that are not of the box's tree, with everything below them. */
  readonly own: readonly string[];
  /** The same for files that are brought there. */
  readonly unstaged: readonly string[];
}

/**
 * The functions.
 *
 * @param territory What of a container is whose.
 * @returns A script that defines them.
 */
export function prelude({ own, unstaged }: Territory): string {
  const patterns = own.map((path) => `${quote(path)}/*`).join("|");
  return `${FUNCTIONS}
own() { case $1/ in ${patterns}) return 0 ;; esac; return 1; }
pruned() { find "$2" -mindepth 1 ${prune(own)} -exec stat -c "$1 $F %n" {} +; }
scan() {
  find "$2" -mindepth 1 ${
    prune(unstaged)
  } -type d ! -perm -700 -exec chmod u+rwx {} \\; 2> /dev/null
  find "$2" -mindepth 1 ${prune(unstaged)} -exec stat -c "$1 $F %n" {} + 2> /dev/null
  return 0
}
clear() {
  find "$1" -mindepth 1 ${
    prune(unstaged)
  } -type d ! -perm -700 -exec chmod u+rwx {} \\; 2> /dev/null
  find "$1" -mindepth 1 ${prune(unstaged)} \\( ${
    anyOf(leading(unstaged))
  } \\) -o -prune -exec rm -rf {} + 2> /dev/null
  return 0
}
changed() {
  cn=$(( ($(date +%s) - $3) / 60 + 2 ))
  find "$2" -mindepth 1 ${prune(own)} -type f $M -$cn -exec stat -c "$1 $F %n" {} + 2> /dev/null
  return 0
}
`;
}

/** Links that lead to one another, as the kernel counts them. */
const LINKS = 40;

/** Words of `find` that pass over some paths; an expression follows. */
export function prune(paths: readonly string[]): string {
  return `\\( ${anyOf(paths)} \\) -prune -o`;
}

function anyOf(paths: readonly string[]): string {
  return paths.map((path) => `-path ${quote(literalPattern(path))}`).join(" -o ");
}

/** The directories that lead to paths. */
function leading(paths: readonly string[]): readonly string[] {
  const found = new Set(["/"]);
  for (const path of paths) {
    for (let at = parentPath(path); !found.has(at); at = parentPath(at)) found.add(at);
  }
  return [...found];
}

/** What fails is done once more for what it says: to listen to every program takes longer than most do. */
const FUNCTIONS = `
cd /; umask 022; set -f; unset CDPATH ENV IFS
LC_ALL=C TZ=UTC0; export LC_ALL TZ
F='${FIELDS}'
find / -maxdepth 0 -cmin -1 > /dev/null 2>&1 && M=-cmin || M=-mmin
linked() {
  lr=\${1#/} lc=
  while :; do
    lc=$lc/\${lr%%/*}
    [ -L "$lc" ] && return 0
    case $lr in */*) lr=\${lr#*/} ;; *) return 1 ;; esac
  done
}
place() {
  R=$1
  if linked "$1"; then
    pp=$1 pr= pn=0
    # What leads to nothing is gone after here: programs do not agree where that is.
    while [ ! -e "$pp" ]; do
      if [ -L "$pp" ]; then
        pn=$((pn + 1))
        [ $pn -le ${LINKS} ] || return 10
        pt=$(readlink "$pp" && echo .)
        pt=\${pt%??}
        case $pt in /*) pp=$pt ;; *) pp=\${pp%/*}/$pt ;; esac
      else
        pc=\${pp##*/} pp=\${pp%/*}
        case $pc in '' | .) ;; ..) return 2 ;; *) pr=/$pc$pr ;; esac
        [ -n "$pp" ] || { pp=/; break; }
      fi
    done
    R=$(readlink -f "$pp" && echo .) || return 10
    R=\${R%??}
    [ "$R" = / ] && R=
    R=$R$pr
    [ -n "$R" ] || R=/
  fi
  own "$R" && return 6
  return 0
}
missing() {
  mp=\${1%/*}
  while [ ! -e "\${mp:-/}" ]; do
    [ -L "$mp" ] && return 2
    mp=\${mp%/*}
  done
  [ -d "\${mp:-/}" ] || return 3
  [ -x "\${mp:-/}" ] || return 8
  return 2
}
lookup() {
  place "$1" || return
  [ -e "$R" ] || { missing "$R"; return; }
}
spot() {
  R=/
  [ "$1" = / ] && return
  place "\${1%/*}" || return
  [ "$R" = / ] && R=
  R=$R/\${1##*/}
  own "$R" && return 6
  return 0
}
try() { "$@" 2> /dev/null || sm=$("$@" 2>&1); }
say() {
  printf '%s\\n' "$sm"
  return 9
}
parents() {
  [ -d "\${1:-/}" ] && return 0
  [ -e "$1" ] && return 3
  missing "$1"
  case $? in 2) ;; 3) return 3 ;; *) return 8 ;; esac
  try mkdir -p "$1" || say
}
look() {
  lookup "$1" || return
  stat -c "$F" "$R" 2> /dev/null || return 2
}
list() {
  lookup "$2" || return
  [ -d "$R" ] || return 3
  [ -r "$R" ] && [ -x "$R" ] || return 8
  find "$R" -mindepth 1 -maxdepth 1 -exec stat -c "$1 $F %n" {} + 2> /dev/null
  return 0
}
tree() {
  lookup "$2" || return
  [ -d "$R" ] || return 3
  printf '%s @ %s\\n' "$1" "$R"
  { sm=$(pruned "$1" "$R" 2>&1 >&3); } 3>&1
  [ -z "$sm" ] && return
  printf '%s\\n' "$sm" | while IFS= read -r tl; do printf '%s ! %s\\n' "$1" "$tl"; done
  return 0
}
follow() {
  ft=$1 fn=0
  shift
  for fp; do
    printf '%s %s ' "$ft" $fn
    fn=$((fn + 1))
    if place "$fp" && [ -e "$R" ]; then stat -c "$F" "$R" 2> /dev/null || echo; else echo; fi
  done
  return 0
}
readable() {
  lookup "$1" || return
  [ -d "$R" ] && return 4
  [ -f "$R" ] || return 7
  [ -r "$R" ] || return 8
}
slurp() {
  readable "$1" || return
  stat -c "$F" "$R" 2> /dev/null || return 2
  if [ "$2" = 0 ] && [ "$3" = all ]; then cat "$R"
  elif [ "$2" = 0 ]; then head -c "$3" "$R"
  else tail -c "+$(($2 + 1))" "$R" | head -c "$3"; fi
}
each() {
  et=$1
  shift
  for ep; do
    readable "$ep"
    er=$?
    [ $er = 0 ] && cat "$R"
    printf '\\n%s %s\\n' "$et" $er
  done
  return 0
}
target() {
  place "$1" || return
  V=$2
  [ -d "$R" ] && return 4
  if [ -e "$R" ]; then
    [ "$V" = 1 ] || return 5
    [ -f "$R" ] || return 7
  fi
  D=\${R%/*}
  parents "$D" || return
  W=$D/$3 P=$4
  # The file server may have been lost in the middle of the same.
  [ ! -e "$W" ] || rm -f "$W"
}
print() {
  { printf "$1" >> "$W"; } 2> /dev/null && return
  sm=$({ printf "$1" | cat > "$W"; } 2>&1) && [ -z "$sm" ] || { say; rm -f "$W"; return 9; }
}
fill() { sm=$(base64 -d 2>&1 >> "$W") && [ -z "$sm" ] || { say; rm -f "$W"; return 9; }; }
pour() { sm=$({ base64 -d | cat >> "$W"; } 2>&1) && [ -z "$sm" ] || { say; rm -f "$W"; return 9; }; }
settle() {
  [ -d "$R" ] && { rm -f "$W"; return 4; }
  if [ -e "$R" ]; then
    [ "$P" = - ] && P=$(stat -c %a "$R" 2> /dev/null)
    # What makes a program somebody else's is not kept.
    [ \${#P} -gt 3 ] && P=\${P#\${P%???}}
    case $P in '' | 644) ;; *) chmod "$P" "$W" ;; esac
  fi
  if [ "$V" = 1 ]; then try mv -f "$W" "$R" || { say; rm -f "$W"; return 9; }
  else
    try ln "$W" "$R"
    er=$?
    rm -f "$W"
    if [ $er != 0 ]; then
      [ -e "$R" ] && return 5
      say
      return
    fi
  fi
  stat -c "$F" "$R"
}
discard() {
  spot "$1" || return
  [ -e "$R" ] || [ -L "$R" ] || { missing "$R"; return; }
  if [ ! -d "$R" ] || [ -L "$R" ]; then try rm -f "$R" || say
  elif [ "$2" = 1 ]; then try rm -rf "$R" || say
  elif [ -n "$(find "$R" -mindepth 1 -maxdepth 1 ! -name '${TEMPORARY_NAME}*' 2> /dev/null | head -c 1)" ]; then return 4
  else try rm -rf "$R" || say; fi
}
rename() {
  spot "$1" || return
  S=$R dir=0
  [ -e "$S" ] || [ -L "$S" ] || { missing "$S"; return; }
  [ -d "$S" ] && [ ! -L "$S" ] && dir=1
  if [ $dir = 1 ] && [ "$1" != "$2" ]; then case $2/ in "$1"/*) return 31 ;; esac; fi
  spot "$2" || return $(($? + 20))
  if [ "$R" != "$S" ]; then
    if [ $dir = 1 ]; then case $R/ in "$S"/*) return 31 ;; esac; fi
    if [ -d "$R" ] && [ ! -L "$R" ]; then return 32; fi
    if [ -e "$R" ] || [ -L "$R" ]; then
      [ $dir = 0 ] || return 33
      [ "$3" = 1 ] || return 25
      [ -f "$R" ] || [ -L "$R" ] || return 27
      [ -L "$R" ] && rm -f "$R"
    fi
    parents "\${R%/*}" || return $(($? + 20))
    try mv -f "$S" "$R" || { say; return 29; }
  fi
  stat -c "$F" "$R"
}
shown() {
  set +f
  for sp; do
    [ -d "$sp" ] || continue
    [ "$sp" -nt "$k/hidden" ] && { printf '%s\\n' "$sp"; continue; }
    for se in "$sp"/* "$sp"/.[!.]* "$sp"/..?*; do
      { [ -e "$se" ] || [ -L "$se" ]; } || continue
      own "$se" || { printf '%s\\n' "$sp"; break; }
    done
  done
  set -f
}
quell() {
  kill -9 -1 2> /dev/null
  set +f
  for qd in /run /run/home ${OWN_DIRECTORY} /dev/shm; do
    for qe in $qd/* $qd/.[!.]* $qd/..?*; do
      [ -O "$qe" ] || [ -L "$qe" ] || continue
      rm -rf "$qe" 2> /dev/null && continue
      [ -d "$qe" ] && find "$qe" -type d ! -perm -700 -exec chmod u+rwx {} \\; 2> /dev/null
      rm -rf "$qe" 2> /dev/null
    done
  done
  set -f
  killed
}
before() {
  : > ${OWN_DIRECTORY}/mark
  stat -c "$F" ${OWN_DIRECTORY}/mark
  killed
}
killed() {
  for kf in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r $kf ] || continue
    while read -r kn kv; do [ "$kn" = oom_kill ] && echo "$kv"; done < $kf
    return 0
  done
}
bring() { W=${OWN_DIRECTORY}/$1; }
stow() {
  [ -d "$1" ] && [ ! -L "$1" ] && { try rm -rf "$1" || say || return; }
  W=$1
  try rm -f "$W" || say
}
dirs() {
  for dp; do
    [ -d "$dp" ] && [ ! -L "$dp" ] && continue
    rm -f "$dp" 2> /dev/null
    try mkdir -p "$dp" || { say; return; }
  done
}
tell() {
  tt=$1
  shift
  stat -c "$tt $F %n" "$@" 2> /dev/null
  return 0
}
purge() {
  for dp; do
    [ -d "$dp" ] && [ ! -L "$dp" ] && find "$dp" -type d ! -perm -700 -exec chmod u+rwx {} \\; 2> /dev/null
    try rm -rf "$dp" || { say; return; }
  done
}
fetch() {
  et=$1
  shift
  for ep; do
    er=7
    if [ -f "$ep" ] && [ ! -L "$ep" ]; then
      [ -r "$ep" ] || chmod u+r "$ep" 2> /dev/null
      cat "$ep" 2> /dev/null && er=0
    fi
    printf '\\n%s %s\\n' "$et" $er
  done
  return 0
}
`;
