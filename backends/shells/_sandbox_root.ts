/**
 * The root directory of a sandboxed command: what is mounted where, as arguments of bubblewrap.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { comparePaths, isWithin, joinPaths, parentPath, relativeTo } from "../paths.ts";
import { VARIABLES } from "./_sandbox_command.ts";
import { type ShellLimits, SYSTEM_DIRECTORIES } from "./shell.ts";

/** A directory of the host that stands at a prefix of the tree. */
export interface SandboxMount {
  /** Canonical, with a slash at both ends: `/project/`. */
  readonly prefix: string;
  /** An absolute path of the host. */
  readonly directory: string;
  /** What commands may do there. */
  readonly access: "read" | "read-write";
  /** Absolute host paths inside `directory` that are never changed. */
  readonly protected?: readonly string[] | undefined;
}

/** Something of the host that stands at a path of the sandbox. */
export interface Bind {
  /** A canonical path of the tree. */
  readonly path: string;
  /** An absolute path of the host; without it an empty directory stands there. */
  readonly source?: string | undefined;
  readonly access: "read" | "read-write";
}

/** Where the directory of the sandbox keeps what it needs itself. */
export interface SandboxPlaces {
  /** The files of memory: the root of every command. */
  readonly tree: string;
  /** An empty directory that nobody may read. */
  readonly directory: string;
  /** An empty file that nobody may read. */
  readonly file: string;
  /** The program that is the first process of each command. */
  readonly init: string;
  /** What stands at `/etc`. */
  readonly etc: string;
  /** The input of a command, while there is one that has any. */
  readonly input: string;
  /** A script that is too long for an argument, while there is one. */
  readonly script: string;
  /** Touched to learn the time of the file system. */
  readonly clock: string;
}

/** @returns The places in the sandbox's directory. */
export function sandboxPlaces(stage: string): SandboxPlaces {
  return {
    tree: `${stage}/tree`,
    directory: `${stage}/closed`,
    file: `${stage}/closed.txt`,
    init: `${stage}/init`,
    etc: `${stage}/etc`,
    input: `${stage}/input`,
    script: `${stage}/script`,
    clock: `${stage}/clock`,
  };
}

/** What is copied of the system's `/etc`, where it is there: nothing that is secret. */
export const ETC_NAMES: readonly string[] =
  ("ca-certificates.conf ld.so.cache ld.so.conf ld.so.conf.d locale.alias localtime magic " +
    "magic.mime mime.types os-release perl protocols python3 services ssl/openssl.cnf terminfo " +
    "timezone").split(" ");

/** Directories of `/etc` that would take long to copy. */
export const ETC_DIRECTORIES: readonly string[] =
  "alternatives fonts java-11-openjdk java-17-openjdk java-21-openjdk ssl/certs".split(" ")
    .map((name) => `/etc/${name}`);

/** Files of `/etc` that are the sandbox's own. */
export const ETC_FILES: Readonly<Record<string, string>> = {
  passwd: "user:x:1000:1000::/run/home:/bin/sh\n",
  group: "user:x:1000:\n",
  hosts: "127.0.0.1 localhost\n::1 localhost\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
};

/** Bytes of `/run`, with the home directory in it, and of shared memory. */
const RUN_BYTES = 256 * 1024 * 1024;
const SHARED_BYTES = 64 * 1024 * 1024;

/** The system's own directories that are links or programs' places: bound where they exist. */
export const PROGRAM_DIRECTORIES: readonly string[] = SYSTEM_DIRECTORIES.filter((path) =>
  !["/etc", "/proc", "/sys", "/dev", "/run"].includes(path)
);

/** Options of {@linkcode bubblewrapArguments}. */
export interface RootOptions {
  readonly places: SandboxPlaces;
  /** What there is of the system, by its absolute paths. */
  readonly system: ReadonlySet<string>;
  /** What stands in the tree beside the files of memory. */
  readonly binds: readonly Bind[];
  readonly limits: ShellLimits;
}

/**
 * The arguments that set a command's root up, without the command.
 *
 * @param options What there is.
 */
export function bubblewrapArguments(options: RootOptions): readonly string[] {
  const { places, system, binds, limits } = options;
  // What the system lacks is closed all the same: nothing is ever left there.
  const sourceOf = (path: string) => system.has(path) ? path : places.directory;
  return [
    ..."--unshare-user --uid 1000 --gid 1000 --unshare-pid --unshare-ipc --unshare-net".split(" "),
    ..."--unshare-uts --hostname sandbox --unshare-cgroup-try --disable-userns".split(" "),
    ..."--cap-drop ALL --die-with-parent --new-session --as-pid-1 --clearenv".split(" "),
    ...Object.entries(VARIABLES).flatMap((variable) => ["--setenv", ...variable]),
    ...["--bind", places.tree, "/"],
    ...PROGRAM_DIRECTORIES.flatMap((path) => ["--ro-bind", sourceOf(path), path]),
    ...["--ro-bind", places.directory, "/sys"],
    ...["--ro-bind", places.etc, "/etc"],
    ...ETC_DIRECTORIES.filter((path) => system.has(path))
      .flatMap((path) => ["--ro-bind", path, path]),
    ..."--proc /proc --ro-bind /proc/sys /proc/sys".split(" "),
    ...["--dev", "/dev", "--size", `${Math.min(limits.memoryBytes, SHARED_BYTES)}`],
    ..."--tmpfs /dev/shm --remount-ro /dev".split(" "),
    ...["--size", `${Math.min(limits.memoryBytes, RUN_BYTES)}`, "--tmpfs", "/run"],
    ...["--dir", "/run/home", "--ro-bind", places.init, "/run/init"],
    ...binds.toSorted((a, b) => comparePaths(a.path, b.path)).flatMap(mountWords),
    // By now everything stands in them that shall.
    ...binds.flatMap(({ path, source }) => source === undefined ? ["--remount-ro", path] : []),
  ];
}

function mountWords({ path, source, access }: Bind): readonly string[] {
  if (source === undefined) return ["--tmpfs", path];
  return [access === "read" ? "--ro-bind" : "--bind", source, path];
}

/** Canonical paths of mounts by the host's directory, the deepest first. */
export class MountPoints {
  readonly #mounts: readonly (SandboxMount & { readonly path: string })[];
  readonly #places: SandboxPlaces;
  /** Paths that are never changed. */
  readonly #protected: readonly string[];
  /** Where each mount's directory really was at first. */
  readonly #real = new Map<string, string | undefined>();

  /**
   * @param mounts The mounts.
   * @param places Where what is in no mount is kept.
   */
  constructor(mounts: readonly SandboxMount[], places: SandboxPlaces) {
    this.#places = places;
    this.#mounts = mounts.map((mount) => ({ ...mount, path: mount.prefix.slice(0, -1) }))
      .sort((a, b) => comparePaths(b.path, a.path));
    this.#protected = this.#mounts.flatMap(({ path, directory, protected: hosts = [] }) =>
      hosts.map((host) => joinPaths(path, relativeTo(host, directory)))
    );
  }

  /** The mounts with their paths, what is inside another one before it. */
  get all(): readonly (SandboxMount & { readonly path: string })[] {
    return this.#mounts;
  }

  /** The mount that a canonical path is in. */
  mountOf(path: string): (SandboxMount & { readonly path: string }) | undefined {
    return this.#mounts.find((mount) => isWithin(path, mount.path));
  }

  /** What may be done at a path without any rule. */
  accessOf(path: string): "read" | "read-write" {
    const mount = this.mountOf(path);
    if (mount === undefined) return "read-write";
    return this.#protected.some((each) => isWithin(path, each)) ? "read" : mount.access;
  }

  /** Where the host keeps what is at a canonical path. */
  source(path: string): string {
    const mount = this.mountOf(path);
    const below = mount === undefined ? path : relativeTo(path, mount.path);
    return joinPaths(mount?.directory ?? this.#places.tree, below);
  }

  /**
   * Every mount and what is protected, and the directories above each, bound onto themselves: a
   * directory that something is mounted on cannot be renamed or removed.
   */
  binds(): readonly Bind[] {
    const binds = new Map<string, Bind>();
    for (const { path, directory, access } of this.#mounts) {
      binds.set(path, { path, source: directory, access });
    }
    for (const path of this.#protected) {
      // On a link nothing can be mounted.
      if (typeAt(this.source(path)) !== "entry") continue;
      binds.set(path, { path, source: this.source(path), access: "read" });
    }
    for (const path of [...binds.keys()]) {
      for (const pin of this.pins(path)) if (!binds.has(pin.path)) binds.set(pin.path, pin);
    }
    return [...binds.values()];
  }

  /** What is protected and not there: nothing can be mounted on it. */
  missing(): readonly string[] {
    return this.#protected.filter((path) =>
      this.mountOf(path)?.access === "read-write" && typeAt(this.source(path)) === undefined
    );
  }

  /** The directories above a path, the nearest first, up to the mount that it is in. */
  pins(path: string): readonly Bind[] {
    const pins: Bind[] = [];
    for (let at = parentPath(path); at !== "/"; at = parentPath(at)) {
      if (this.mountOf(at)?.path === at) break;
      pins.push({ path: at, source: this.source(at), access: this.accessOf(at) });
    }
    return pins;
  }

  /**
   * Makes the directories of memory that mounts stand on, and makes sure of those on disk.
   *
   * @throws {BackendError} `io` if a directory is not there.
   */
  prepare(): void {
    Deno.chmodSync(this.#places.tree, 0o755);
    for (const path of [...SYSTEM_DIRECTORIES, ...this.#mounts.map(({ path }) => path)]) {
      for (const at of chainTo(path)) {
        const mount = at === path ? undefined : this.mountOf(at);
        const outer = mount ?? this.mountOf(parentPath(at));
        const source = outer === undefined
          ? joinPaths(this.#places.tree, at)
          : joinPaths(outer.directory, relativeTo(at, outer.path));
        if (outer === undefined) makeDirectory(source);
        else if (at !== outer.path) checkDirectory(source, at);
      }
    }
    for (const { path, directory } of this.#mounts) {
      checkDirectory(directory, path);
      const real = realPathOf(directory);
      if (!this.#real.has(path)) this.#real.set(path, real);
      // A command that may change what is above it can lead there by a link to elsewhere.
      if (this.#real.get(path) !== real) throw missing(path);
    }
  }
}

function realPathOf(directory: string): string | undefined {
  try {
    return Deno.realPathSync(directory);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** A path and the directories above it, the root not among them, from the top. */
function chainTo(path: string): readonly string[] {
  const chain: string[] = [];
  for (let at = path; at !== "/"; at = parentPath(at)) chain.unshift(at);
  return chain;
}

function typeAt(host: string): "entry" | "link" | undefined {
  try {
    return Deno.lstatSync(host).isSymlink ? "link" : "entry";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

function makeDirectory(path: string): void {
  try {
    // A command may have closed what is its own.
    if (((Deno.lstatSync(path).mode ?? 0) & 0o700) !== 0o700) Deno.chmodSync(path, 0o755);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.mkdirSync(path);
  }
}

function checkDirectory(source: string, path: string): void {
  try {
    if (Deno.lstatSync(source).isDirectory) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
  throw missing(path);
}

function missing(path: string): BackendError {
  const why = "the host has no directory for it, create it first";
  return new BackendError("io", path, `Cannot mount anything at '${path}': ${why}`);
}
