/**
 * What the file server is told, besides what it knows, to pack files and to unpack them.
 *
 * @module
 */

import type { KeptType } from "./_archive.ts";
import { batches } from "./_batches.ts";
import { failure } from "./_failures.ts";
import type { Subject } from "./_files.ts";
import type { Ask } from "./_helper.ts";
import { quoteName } from "./_quote.ts";

/** Functions, as in the prelude. */
export const SNAPSHOT_FUNCTIONS = `
heard() {
  ht=$1
  shift
  { sm=$("$@" 2>&1 >&3); hs=$?; } 3>&1
  [ $hs = 0 ] && return
  [ $hs -lt 126 ] && [ -n "$sm" ] || { say; return; }
  printf '%s\\n' "$sm" | while IFS= read -r hl; do printf '%s ! %s\\n' "$ht" "$hl"; done
  return 0
}
contents() {
  { sm=$(cat "$@" 2>&1 >&3); cs=$?; } 3>&1
  [ $cs = 0 ] || say
}
same() {
  while [ $# != 0 ]; do
    if [ "$1" -ef "$2" ]; then printf 1; else printf 0; fi
    shift 2
  done
}
targets() {
  lt=$1
  shift
  for lp in "$@"; do
    printf '%s ' $lt
    readlink "$lp" || return 9
  done
}
unread() {
  for up in "$@"; do
    [ -r "$up" ] && { [ ! -d "$up" ] || [ -x "$up" ]; } && continue
    printf '%s' "$up"
    return 8
  done
}
mine() {
  mw=$1 mv=$2
  shift 2
  for mp in "$@"; do
    shift
    [ -O "$mp" ] && set -- "$@" "$mp"
  done
  [ $# != 0 ] || return 0
  case $mw in
    mode) try chmod "$mv" "$@" || say ;;
    time) touch -c -d "@$mv" "$@" 2> /dev/null; return 0 ;;
  esac
}
room() {
  for dp in "$@"; do
    shift
    if [ -d "$dp" ] && [ ! -L "$dp" ]; then
      [ -r "$dp" ] && [ -w "$dp" ] && [ -x "$dp" ] || chmod u+rwx "$dp" 2> /dev/null
      continue
    fi
    if [ -e "$dp" ] || [ -L "$dp" ]; then try rm -f "$dp" || { say; return; }; fi
    set -- "$@" "$dp"
  done
  [ $# = 0 ] || sm=$(mkdir "$@" 2>&1) || say
}
vacate() {
  W=$1
  [ -e "$W" ] || [ -L "$W" ] || return 0
  purge "$W" > /dev/null && return
  # In a directory of somebody else's a file may be written, and not replaced.
  [ -f "$W" ] && [ ! -L "$W" ] || { say; return; }
  [ -w "$W" ] || chmod u+w "$W" 2> /dev/null
  sm=$({ : > "$W"; } 2>&1) || say
}
`;

/** Does a script that has to succeed. */
export async function checked(
  ask: Ask,
  script: string,
  { verb, path }: Subject,
): Promise<Uint8Array> {
  const { status, bytes } = await ask(script);
  if (status === 0) return bytes;
  throw failure(status, new TextDecoder().decode(bytes.subarray(-2_000)), verb, path);
}

/** Something that has a mode. */
export interface Moded {
  readonly type: KeptType["type"];
  readonly path: string;
  readonly mode: number;
}

const OWNER_PASSES = 0o100;

/**
 * Gives modes to those of some files and directories that are the user's.
 *
 * @param ask Does a script.
 * @param entries Which, a directory before what is in it.
 * @param subject What it is for.
 */
export async function setModes(
  ask: Ask,
  entries: readonly Moded[],
  subject: Subject,
): Promise<void> {
  const set = async (mode: number, some: readonly Moded[]) => {
    // With fewer digits a directory would keep bits that it has of the one that it is in.
    const digits = mode.toString(8).padStart(5, "0");
    for (const part of batches(some)) {
      await checked(ask, `mine mode ${digits} ${wordsOf(part)}`, subject);
    }
  };
  const closes = ({ type, mode }: Moded) => type === "directory" && (mode & OWNER_PASSES) === 0;
  const open = entries.filter((entry) => !closes(entry));
  for (const [mode, some] of Map.groupBy(open, ({ mode }) => mode)) await set(mode, some);
  // Nothing in them can be reached afterwards.
  for (const entry of entries.filter(closes).toReversed()) await set(entry.mode, [entry]);
}

/** Paths as words. */
export function wordsOf(entries: readonly { readonly path: string }[]): string {
  return entries.map(({ path }) => quoteName(path)).join(" ");
}
