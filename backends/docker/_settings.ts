/**
 * What an engine is told of a container: what it may do and take, and what stands in it.
 *
 * @module
 */

import { isWithin } from "../paths.ts";
import { SHELL_LIMITS } from "../shells/shell.ts";
import type { ContainerSettings } from "./engine.ts";
import { initScript } from "./_init.ts";
import { LABELS } from "./labels.ts";
import type { BoxMount, BoxOptions } from "./options.ts";

/** Bytes of what is the sandbox's own, in memory: the home of a command, its input, its script. */
const RUN_BYTES = 256 * 1024 * 1024;

/** Seconds in which the owner of a kept container has to take hold of it. */
const OWNER_SECONDS = 60;

/** The user of commands, unless said otherwise. */
export const USER = "1000:1000";
/** The directory of the work, unless said otherwise. */
export const WORKDIR = "/workspace";

type HostSettings = NonNullable<ContainerSettings["HostConfig"]>;
type MountSettings = NonNullable<HostSettings["Mounts"]>[number];

/** What a container is told to be. */
export interface SettingsOptions {
  readonly box: BoxOptions;
  /** The image, by a name that the engine has. */
  readonly image: string;
  readonly workdir: string;
  /** What the box is for, for people. */
  readonly purpose?: string | undefined;
  /** The namespace of its users, where it is not that of the machine. */
  readonly users?: string | undefined;
}

/**
 * @param options The box.
 * @returns What the engine is told; a name comes later.
 */
export function containerSettings(
  { box, image, workdir, purpose, users }: SettingsOptions,
): ContainerSettings {
  const memory = box.memoryBytes ?? SHELL_LIMITS.memoryBytes;
  const volumes = Object.keys(box.volumes ?? {}).map(withoutSlash);
  const mounts = [
    ...Object.entries(box.volumes ?? {}).map(([prefix, name]) =>
      volumeOf(name, withoutSlash(prefix))
    ),
    ...(box.mounts ?? []).map(bindOf),
  ];
  const uid = (box.user ?? USER).replace(/:.*$/, "");
  const inner = mounts.map(({ Target }) => Target);
  const ownerSeconds = box.name === undefined ? undefined : OWNER_SECONDS;
  const readOnly = box.readOnly ?? false;
  const places = readOnly ? changeable(box, workdir, inner) : [];
  return {
    Image: image,
    Entrypoint: ["/bin/sh"],
    Cmd: [
      "-c",
      initScript({ workdir, tree: [...inner, ...places], volumes, places, uid, ownerSeconds }),
    ],
    User: "0:0",
    WorkingDir: "/",
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    Healthcheck: { Test: ["NONE"] },
    ...(box.platform === undefined ? {} : { platform: box.platform }),
    Labels: {
      [LABELS.sandbox]: "1",
      ...(box.name === undefined ? {} : { [LABELS.keep]: box.name }),
      ...(purpose === undefined ? {} : { [LABELS.purpose]: purpose }),
    },
    HostConfig: {
      ...(users === undefined ? {} : { UsernsMode: users }),
      NetworkMode: box.network ?? "none",
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Memory: memory,
      MemorySwap: memory,
      ...(box.cpus === undefined ? {} : { NanoCpus: Math.round(box.cpus * 1e9) }),
      PidsLimit: box.processes ?? SHELL_LIMITS.processes,
      ReadonlyRootfs: readOnly,
      Tmpfs: {
        "/run": `rw,exec,nosuid,nodev,mode=1777,size=${RUN_BYTES}`,
      },
      // What nobody names goes with the container, and outlives a stop of it.
      Mounts: [...places.map((path) => volumeOf("", path)), ...mounts],
      IpcMode: "private",
      LogConfig: { Type: "none", Config: {} },
    },
  };
}

/** What can be changed in a container that is read-only otherwise, and is no mount of its own yet. */
function changeable(
  { staged = [] }: BoxOptions,
  workdir: string,
  mounts: readonly string[],
): readonly string[] {
  const found: string[] = [];
  const wanted = ["/tmp", workdir, ...staged.map(withoutSlash)];
  for (const path of wanted.toSorted((a, b) => a.length - b.length)) {
    if (![...mounts, ...found].some((other) => isWithin(path, other))) found.push(path);
  }
  return found;
}

function volumeOf(name: string, path: string): MountSettings {
  return { Type: "volume", Source: name, Target: path };
}

/**
 * A directory of the machine. What may only be read comes without the disks that are mounted in it: most
 * engines would leave those as they are, to be written to.
 */
function bindOf({ prefix, directory, access }: BoxMount): MountSettings {
  const isRead = access === "read";
  return {
    Type: "bind",
    Source: directory,
    Target: withoutSlash(prefix),
    ReadOnly: isRead,
    BindOptions: { Propagation: "rprivate", ...(isRead ? { NonRecursive: true } : {}) },
  };
}

/** A prefix as a path. */
export function withoutSlash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}

/**
 * What two containers have in common that may stand for one another.
 *
 * @param settings What the engine is told.
 * @returns A word.
 */
export async function settingsHash(settings: ContainerSettings): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(settings));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.slice(0, 8).toHex();
}
