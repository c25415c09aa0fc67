/**
 * What an engine is told of a container: what it may do and take, and what stands in it.
 *
 * @module
 */

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
  const mounts = [
    ...Object.entries(box.volumes ?? {}).map(([prefix, name]): MountSettings => ({
      Type: "volume",
      Source: name,
      Target: withoutSlash(prefix),
    })),
    ...(box.mounts ?? []).flatMap(bindsOf),
  ];
  const uid = (box.user ?? USER).replace(/:.*$/, "");
  const inner = mounts.map(({ Target }) => Target);
  const ownerSeconds = box.name === undefined ? undefined : OWNER_SECONDS;
  const readOnly = box.readOnly ?? false;
  // What nobody names is the image's; where nothing else can be changed, the work has its own place.
  const work: MountSettings[] = readOnly && !inner.includes(workdir)
    ? [{ Type: "volume", Source: "", Target: workdir }]
    : [];
  const volumes = [...work, ...mounts].filter(({ Type }) => Type === "volume")
    .map(({ Target }) => Target);
  return {
    Image: image,
    Entrypoint: ["/bin/sh"],
    Cmd: ["-c", initScript({ workdir, tree: inner, volumes, uid, ownerSeconds })],
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
        ...(readOnly ? { "/tmp": `rw,nosuid,nodev,mode=1777,size=${Math.floor(memory / 2)}` } : {}),
      },
      Mounts: [...work, ...mounts],
      IpcMode: "private",
      LogConfig: { Type: "none", Config: {} },
    },
  };
}

/** A directory, and over it what may not be changed in it. */
function bindsOf({ prefix, directory, access, protected: kept = [] }: BoxMount): MountSettings[] {
  const bind = (source: string, target: string, readOnly: boolean): MountSettings => ({
    Type: "bind",
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    BindOptions: { Propagation: "rprivate" },
  });
  const target = withoutSlash(prefix);
  return [
    bind(directory, target, access === "read"),
    ...kept.filter((path) => access !== "read" && path.startsWith(`${directory}/`))
      .map((path) => bind(path, target + path.slice(directory.length), true)),
  ];
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
