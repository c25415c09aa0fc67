/**
 * The namespace that the host process lives in, as arguments of bubblewrap: the operating system's
 * own directories, read-only, and nothing else of the machine. Each path is an argument of its own,
 * and no shell ever looks at one.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { SHELL_LIMITS } from "../backends/shells/shell.ts";

/** What else stands in the namespace. */
export const NAMESPACE = {
  /** Deno. */
  deno: "/run/routebook/deno",
  /** Deno's cache, as far as the host's code needs it. */
  cache: "/run/routebook/cache",
  /** Where Deno logs the permissions that it used, if it does. */
  audit: "/run/routebook/audit",
  /** Granted directories that have no prefix of their own to stand at. */
  roots: "/run/routebook/roots",
  /** The files of a sandbox shell that are in memory: a file system of a limited size. */
  stage: "/run/routebook/stage",
  /** The processes of the namespace, by a name under which Deno lets a program read them. */
  proc: "/run/routebook/proc",
  /** Where a procfs is mounted that nothing in the namespace can reach; see {@linkcode entrance}. */
  kernel: "/run/routebook/kernel",
} as const;

/** Where Debian puts bubblewrap. */
export const BUBBLEWRAP = "/usr/bin/bwrap";

/** Where it is looked for: a search path could lead to somebody else's. */
const PROGRAMS = [BUBBLEWRAP, "/bin/bwrap", "/usr/local/bin/bwrap"];

/** Directories of programs and libraries; on some systems they are links into `/usr`. */
const SYSTEM = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** What Deno reads in `/etc`, where it is there. */
const ETC = ["ld.so.cache", "localtime"];

/** What programs of a sandbox shell read there too: nothing that tells of users or is secret. */
const ETC_OF_PROGRAMS = [
  ..."alternatives ca-certificates.conf fonts ld.so.conf ld.so.conf.d locale.alias".split(" "),
  ..."java-11-openjdk java-17-openjdk java-21-openjdk magic magic.mime mime.types".split(" "),
  ..."os-release perl protocols python3 services ssl/certs ssl/openssl.cnf".split(" "),
  ..."terminfo timezone".split(" "),
];

/** What else of `/proc` is there to be written, on one machine or another. */
const SETTINGS = ["acpi", "fs", "mtrr", "pressure", "scsi", "sysrq-trigger"];

/** Numbers of processes that the kernel gives only once, to the first of a namespace. */
const RESERVED_NUMBERS = 300;
/** Threads of the host, and the processes that set a command up and look after it. */
const OWN_PROCESSES = 128;

/**
 * What the first process of a namespace does in which namespaces are to be made.
 *
 * The kernel lets nobody mount a procfs in a namespace of users unless a whole one is in sight, and
 * bubblewrap covers parts of its own where the superuser runs it. So another is mounted, in a
 * directory that cannot be entered without the capability which is dropped right after.
 *
 * From Linux 6.14 on, a namespace of processes has a highest number of its own. That bounds what a
 * command starts faster than anybody can look, also where the superuser runs it, whom no other limit
 * of the kernel's binds. Before, the setting is that of the whole machine and left alone.
 */
function entrance(processes: number): string {
  const settings = `${NAMESPACE.kernel}/proc/sys/kernel`;
  return `PATH=/usr/bin:/bin:/usr/sbin:/sbin; mount -t proc proc ${NAMESPACE.kernel}/proc || exit; ` +
    `IFS=. read -r a b c <${settings}/osrelease; ` +
    `if [ "$a" -gt 6 ] || { [ "$a" -eq 6 ] && [ "$b" -ge 14 ]; }; then ` +
    `echo ${RESERVED_NUMBERS + processes + OWN_PROCESSES} >${settings}/pid_max; fi; ` +
    "exec unshare --user --map-user=1000 --map-group=1000 --keep-caps " +
    "setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all -- " + '"$@"';
}

/**
 * @returns The directory of this project, by the name under which its modules are loaded; none if
 * they were not loaded from a disk.
 */
export function projectDirectory(): string | undefined {
  const url = import.meta.resolve("../");
  return url.startsWith("file:") ? fromFileUrl(url).replace(/(?<=.)\/$/, "") : undefined;
}

/** @returns Where bubblewrap is, if it is installed. */
export function findBubblewrap(): string | undefined {
  return PROGRAMS.find((path) => infoOf(path)?.isFile);
}

/**
 * @param nested Whether namespaces are made in it.
 * @returns The arguments that make it, but for what is mounted beside the system's directories.
 */
export function openNamespace(nested: boolean): readonly string[] {
  return [
    ..."--unshare-all --unshare-user --die-with-parent --new-session --clearenv".split(" "),
    ..."--hostname routebook --cap-drop ALL".split(" "),
    ...(nested
      ? "--uid 0 --gid 0 --cap-add CAP_SYS_ADMIN --cap-add CAP_SETFCAP --cap-add CAP_DAC_READ_SEARCH"
      : "--uid 1000 --gid 1000 --disable-userns").split(" "),
    ...bindReadOnly("/usr"),
    ...SYSTEM.flatMap(systemDirectory),
    ...[...ETC, ...(nested ? ETC_OF_PROGRAMS : [])].flatMap((name) => {
      return ["--ro-bind-try", `/etc/${name}`, `/etc/${name}`];
    }),
    ..."--proc /proc --dev /dev --dir /tmp".split(" "),
    ...(nested ? nestedProc() : ["--remount-ro", "/proc"]),
  ];
}

/**
 * Settings of the kernel belong to whoever the superuser is outside, whatever is dropped here, and
 * are closed one by one: whoever makes a namespace of users has to write what its own processes are.
 */
function nestedProc(): readonly string[] {
  return [
    ...bindReadOnly("/proc/sys"),
    // Each namespace of users has its own here.
    ...["--bind", "/proc/sys/user", "/proc/sys/user"],
    ...SETTINGS.flatMap((name) => ["--ro-bind-try", `/proc/${name}`, `/proc/${name}`]),
    // A second name for processes: Deno keeps its programs out of /proc.
    ...["--proc", NAMESPACE.proc, "--remount-ro", NAMESPACE.proc],
    ...["--dir", `${NAMESPACE.kernel}/proc`],
  ];
}

/**
 * @param nested Whether namespaces are made in it.
 * @param processes How many processes and threads a command may have.
 * @returns The arguments that come last: from there on nothing else can be made in it.
 */
export function closeNamespace(
  nested: boolean,
  processes: number = SHELL_LIMITS.processes,
): readonly string[] {
  return [
    ...(nested ? ["--chmod", "0000", NAMESPACE.kernel] : []),
    ..."--remount-ro /dev --remount-ro / --chdir / --".split(" "),
    ...(nested ? ["/bin/sh", "-c", entrance(processes), "sh"] : []),
  ];
}

/**
 * @param path A path of the machine.
 * @returns The arguments that show it at the same path.
 */
export function bindReadOnly(path: string): readonly string[] {
  return ["--ro-bind", path, path];
}

/**
 * @param path A path of the machine.
 * @returns What is there; `undefined` if nothing is.
 */
export function infoOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function systemDirectory(path: string): readonly string[] {
  try {
    const info = Deno.lstatSync(path);
    if (info.isSymlink) return ["--symlink", Deno.readLinkSync(path), path];
    return info.isDirectory ? bindReadOnly(path) : [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
