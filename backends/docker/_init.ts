/**
 * The first process of a container: it makes the root fit for the tree, and then waits for its
 * standard input to end, which it does when the owner is gone, however that came.
 *
 * @module
 */

import { isWithin, parentPath } from "../paths.ts";
import { SYSTEM_DIRECTORIES } from "../shells/shell.ts";
import { OWN_DIRECTORY } from "./_prelude.ts";
import { quote } from "./_quote.ts";

/** Where the first process says what the image brought: a directory of root's. */
const IMAGE_DIRECTORY = "/run/image";
/**
 * The shell of the image once more, as a program that may be run and not read. The kernel lets nobody
 * look into a process of such a program, nor at its files, so that commands, which are the same user's,
 * cannot put words into the mouth of the file server.
 */
const SERVER = `${IMAGE_DIRECTORY}/sh`;
/** The same where it outlives a stop. */
const KEPT_DIRECTORY = "/etc/routebook";

/** Directories of every Linux that are the tree's, but for what the image has in them. */
export const SHARED: readonly string[] = [
  "/home",
  "/media",
  "/mnt",
  "/opt",
  "/srv",
  "/tmp",
  "/var",
];

/** Those of them in which images have nothing but empty directories, mostly: those go. */
const EMPTIED = ["/home", "/media", "/mnt", "/opt", "/srv"];

/** Directories that are the image's with everything in them, unless the work is there. */
const PRIVATE = ["/boot", "/root"];

/** Is there once the owner of a kept container has taken hold of it. */
const HELD = `${IMAGE_DIRECTORY}/held`;

/**
 * Waits for the standard input to end. Meanwhile the shell gathers the processes that have ended and that
 * nobody waits for: each would count as one of those that a container may have.
 */
const WAIT = "exec 3<&0; cat <&3 > /dev/null & wait $!";

/**
 * The same where the owner takes hold of it after its start, and may be killed before: what it does not
 * take in time ends.
 */
const waitForOwner = (seconds: number) =>
  `exec 3<&0
{ read -r l && : > ${HELD} && cat > /dev/null; } <&3 & w=$!
{
  n=0
  while [ ! -e ${HELD} ] && [ $n -lt ${seconds} ]; do sleep 1; n=$((n + 1)); done
  [ -e ${HELD} ] || kill $w
} &
wait $w`;

/** What the first process has to know. */
export interface InitOptions {
  /** The directory of the work; it is made if the image has none. */
  readonly workdir: string;
  /** Other paths that are of the tree whatever the image has there: volumes and mounts. */
  readonly tree: readonly string[];
  /** Those of them that are volumes of the engine. */
  readonly volumes: readonly string[];
  /** Volumes that nobody else has: every user of the container may change what is in them. */
  readonly places?: readonly string[] | undefined;
  /** The user of commands: what the image has for it is of the tree. */
  readonly uid: string;
  /** Seconds in which the owner has to take hold of it, where it does so after its start. */
  readonly ownerSeconds?: number | undefined;
}

/**
 * The script of the first process. It runs as root without any capability.
 *
 * @param options What it has to know.
 */
export function initScript(
  { workdir, tree, volumes, places = [], uid, ownerSeconds }: InitOptions,
): string {
  const inner = [workdir, ...tree];
  const own = inner.map(quote).join(" ");
  return `umask 022; set +f; exec 2> /dev/null
chmod 1777 /
[ -d /tmp ] || mkdir -m 1777 /tmp
chmod 1777 ${["/tmp", ...places].map(quote).join(" ")}
for d in ${SYSTEM_DIRECTORIES.join(" ")}; do [ -e $d ] || [ -L $d ] || mkdir $d; done
mkdir -p ${IMAGE_DIRECTORY}
chmod 1777 /run
mkdir -m 0777 /run/home ${OWN_DIRECTORY}
chmod 0777 /run/home ${OWN_DIRECTORY}
[ -e ${quote(workdir)} ] || { mkdir -p ${quote(workdir)}; chmod 1777 ${quote(workdir)}; }
for d in ${volumes.map(quote).join(" ")}; do [ "$(ls -A "$d")" ] || chmod 1777 "$d"; done
of_mounts() { for t in ${own}; do case $t/ in "$1"/*) return 0 ;; esac; done; return 1; }
of_tree() {
  of_mounts "$1" || [ "$(stat -c %u "$1")" = ${quote(uid)} ]
}
k=${KEPT_DIRECTORY}
[ -d $k ] || mkdir $k || k=${IMAGE_DIRECTORY}
if [ ! -f $k/hidden ]; then
  for d in ${EMPTIED.join(" ")}; do
    for e in $d/* $d; do of_mounts "$e" || rmdir "$e"; done
  done
  set -- ${own}
  for d in ${leading(inner, tree).map(quote).join(" ")}; do
    m=/
    for e in "$d"/* "$d"/.[!.]* "$d"/..?*; do
      [ -e "$e" ] || [ -L "$e" ] || continue
      for t; do [ "$t" = "$e" ] && continue 2; done
      m=
    done
    [ $m ] && chmod 1777 "$d" && set -- "$@" "$d"
  done
  shift ${inner.length}
  for d in ${SHARED.join(" ")}; do
    [ -d $d ] && [ ! -L $d ] || continue
    chmod 1777 $d
    for e in $d/* $d/.[!.]* $d/..?*; do
      [ -e "$e" ] || [ -L "$e" ] || continue
      of_tree "$e" || printf '%s\\n' "$e"
    done
  done > $k/entries
  for e in ${PRIVATE.join(" ")} /* /.[!.]*; do
    if [ -d "$e" ]; then case " ${PRIVATE.join(" ")} " in *" $e "*) ;; *) continue ;; esac
    elif [ ! -e "$e" ] && [ ! -L "$e" ]; then continue; fi
    of_tree "$e" || printf '%s\\n' "$e"
  done >> $k/entries
  for e in /* /.[!.]*; do
    [ -d "$e" ] || continue
    m=
    for t; do [ "$t" = "$e" ] && m=/; done
    printf '%s\\n' "$e$m"
  done > $k/top
  mv $k/entries $k/hidden
fi
cat /bin/sh > ${SERVER} && chmod 0711 ${SERVER} || rm -f ${SERVER}
: > ${IMAGE_DIRECTORY}/ready
exec /bin/sh -c ${quote(ownerSeconds === undefined ? WAIT : waitForOwner(ownerSeconds))}`;
}

/**
 * Directories above some, the deepest first. Where nothing else is in one it was made for what is, and
 * files of the tree may be beside that.
 */
function leading(paths: readonly string[], mounts: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let at = parentPath(path); at !== "/"; at = parentPath(at)) found.add(at);
  }
  return [...found].filter((path) => !mounts.some((mount) => isWithin(path, mount)))
    .sort((a, b) => b.length - a.length);
}

/** Stands between two lists. */
const MARK = "--";

/** Waits for the first process, and becomes the file server. Later ones are started as `server`. */
export const BOOT = `n=0
while [ ! -e ${IMAGE_DIRECTORY}/ready ]; do
  n=$((n + 1))
  [ $n -lt 1500 ] || break
  sleep 0.02
done
[ -x ${SERVER} ] && exec ${SERVER}
exec /bin/sh`;

/** Prints what the image brought and what the server is, three lists with marks between. */
export const WELCOME = `k=${KEPT_DIRECTORY}
[ -f $k/hidden ] || k=${IMAGE_DIRECTORY}
cat $k/hidden && echo ${MARK} && cat $k/top && echo ${MARK} && echo "$0"`;

/** After {@linkcode WELCOME}: whether what it printed is found out anew at each start. */
export const IS_RECORD_PASSING = `[ "$k" = ${IMAGE_DIRECTORY} ]`;

/** What the image brought. */
export interface ImageEntries {
  /** Files and directories that are not of the tree. */
  readonly hidden: readonly string[];
  /** Directories at the root: of the tree, and shown once something is in them. */
  readonly top: readonly string[];
  /** Those of them that were made for what is mounted in them. */
  readonly made: readonly string[];
  /** The program of the file server. */
  readonly server: string;
}

/** Reads what {@linkcode WELCOME} printed. */
export function parseEntries(text: string): ImageEntries {
  const [hidden = "", top = "", server = ""] = text.split(`${MARK}\n`);
  const made = lines(top).filter((line) => line.endsWith("/")).map((line) => line.slice(0, -1));
  const names = lines(top).map((line) => line.replace(/\/$/, ""));
  return { hidden: lines(hidden), top: names, made, server: server.trim() };
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("/"));
}
