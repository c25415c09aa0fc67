/**
 * What a Docker sandbox is made of, as plain data: options of {@linkcode DockerSandbox}, parts of a
 * plan, and what a runtime is.
 *
 * @module
 */

import type { ShellLimits } from "../shells/shell.ts";

/** Who installs the packages of a runtime. */
export type PackageManager = "apk" | "apt" | "cargo" | "deno" | "go" | "npm" | "pip";

/** A named environment for programs: what its image is built from. */
export interface Runtime {
  /** The image that it begins with: `python:3.12-slim`. */
  readonly base: string;
  /**
   * Who installs `packages`.
   *
   * @default {none: there may be no packages then}
   */
  readonly manager?: PackageManager | undefined;
  /**
   * What is installed, in the words of the package manager.
   *
   * @default {[]}
   */
  readonly packages?: readonly string[] | undefined;
  /**
   * Commands for `sh` that run as root after the packages are installed, while the image is built.
   *
   * @default {[]}
   */
  readonly setup?: readonly string[] | undefined;
  /**
   * Variables of all commands.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * The directory for the files of the work; it belongs to the user.
   *
   * @default {"/workspace"}
   */
  readonly workdir?: string | undefined;
}

/** Where images come from and how they are built, at a site that is not like others. */
export interface ImageSources {
  /**
   * A registry that stands in for Docker Hub: `registry.example.org/hub`.
   *
   * @default {Docker Hub}
   */
  readonly registry?: string | undefined;
  /**
   * Replaces the base image of the runtime.
   *
   * @default {that of the runtime}
   */
  readonly base?: string | undefined;
  /**
   * The network that builds have, in the engine's words.
   *
   * @default {the engine's default}
   */
  readonly network?: string | undefined;
}

/** An engine: Docker 20.10 or newer, or Podman 4 or newer. */
export type EngineAddress =
  | {
    readonly type: "unix";
    /** The absolute path of its socket. */
    readonly path: string;
  }
  | {
    readonly type: "tcp";
    readonly host: string;
    readonly port: number;
    /** PEM texts, where the connection is encrypted. */
    readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
  };

/** A directory of the machine that stands in the container at a prefix. */
export interface BoxMount {
  /** `/local/`. Nobody but root may be able to change what leads to it in the container. */
  readonly prefix: string;
  /**
   * An absolute path of the machine that the engine runs on, without links. It may not be in the directory
   * of another mount that commands may change: they could put something else in its place.
   */
  readonly directory: string;
  /**
   * Whether commands may change what is in it. Where they may not, other disks that are mounted in it seem
   * empty; an engine that shows them all the same is refused.
   */
  readonly access: "read" | "read-write";
}

/** What a container is made of, and what it may take. */
export interface BoxOptions {
  /** An image to use as it is. Exactly one of `image` and `runtime` is given. */
  readonly image?: string | undefined;
  /** A runtime, by name or as data. */
  readonly runtime?: string | Runtime | undefined;
  /**
   * Packages that are installed besides those of the runtime.
   *
   * @default {[]}
   */
  readonly packages?: readonly string[] | undefined;
  /**
   * Commands that run after those of the runtime while the image is built.
   *
   * @default {[]}
   */
  readonly setup?: readonly string[] | undefined;
  /** Where images come from. */
  readonly sources?: ImageSources | undefined;
  /** The platform of the image: `linux/amd64`. */
  readonly platform?: string | undefined;
  /**
   * The network that commands have.
   *
   * @default {"none"}
   */
  readonly network?: "none" | "bridge" | undefined;
  /**
   * Bytes of memory of everything in the container.
   *
   * @default {2 GiB}
   */
  readonly memoryBytes?: number | undefined;
  /**
   * How many processors it may keep busy.
   *
   * @default {all}
   */
  readonly cpus?: number | undefined;
  /**
   * Processes and threads at a time.
   *
   * @default {256}
   */
  readonly processes?: number | undefined;
  /**
   * The user of commands and the owner of their files: numbers, `1000:1000`.
   *
   * @default {"1000:1000"}
   */
  readonly user?: string | undefined;
  /**
   * The directory that belongs to the user.
   *
   * @default {that of the runtime, "/workspace" for an image}
   */
  readonly workdir?: string | undefined;
  /**
   * Variables of all commands.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * Volumes of the engine that stay when the container goes, by the prefix they stand at:
   * `{ "/cache/": "pip-cache" }`.
   *
   * @default {{}}
   */
  readonly volumes?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether nothing can be changed but `workdir`, `/tmp`, volumes, mounts and what is staged, which is
   * not the root then.
   *
   * @default {false}
   */
  readonly readOnly?: boolean | undefined;
  /**
   * Keeps the container, and so its files, under this name when it is done with.
   *
   * @default {it is removed}
   */
  readonly name?: string | undefined;
  /**
   * Milliseconds after which a container that nobody uses is stopped. Its files stay, and the next
   * use starts it again.
   *
   * @default {never}
   */
  readonly idleMilliseconds?: number | undefined;
  /**
   * Milliseconds after its start at which the container is ended whatever it does.
   *
   * @default {never}
   */
  readonly hardMilliseconds?: number | undefined;
  /**
   * Directories of the machine that commands see. File tools see them by a route to a `LocalBackend` of
   * the same directory, with the same access. Where commands may write, let `user` be who owns it.
   *
   * @default {[]}
   */
  readonly mounts?: readonly BoxMount[] | undefined;
  /**
   * Prefixes whose files a `StagingShell` brings and fetches, since they are kept elsewhere.
   *
   * @default {[]}
   */
  readonly staged?: readonly string[] | undefined;
  /**
   * Prefixes whose files are the container's own, where the root is not: it has to be in `staged` then.
   *
   * @default {["/"]}
   */
  readonly native?: readonly string[] | undefined;
  /**
   * What each command may take; memory and processes are those of the container.
   *
   * @default {SHELL_LIMITS}
   */
  readonly limits?: Partial<ShellLimits> | undefined;
}
