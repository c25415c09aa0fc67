/**
 * Docker backends: what their containers are made of and may take, with all that can be wrong about
 * it. Loaded where a file has such a backend.
 *
 * @module
 */

import { canonicalPath } from "../backends/paths.ts";
import { compileImage } from "./_compile_box_image.ts";
import { type BoxPart, compileVariables, compileWorkdir } from "./_compile_box_values.ts";
import { systemDirectory } from "./_compile_command.ts";
import type { Environment } from "./_compile_env.ts";
import { compileMemory } from "./_compile_shell.ts";
import { compileDuration } from "./_durations.ts";
import type { PlanBackend, PlanBox } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What {@linkcode compileBox} needs to know. */
export interface BoxOptions {
  /** The `runtimes` section, without its faults. */
  readonly runtimes: Parts<WorkflowFile>["runtimes"];
  /** The environment of whoever runs it, which may replace images. */
  readonly env: Environment;
}

/** How long a container may live at the most. */
const TIMES = {
  idle_timeout: { example: "30m", most: "168h" },
  hard_timeout: { example: "8h", most: "168h" },
};

/** What engines let a container or a volume be called. */
const ENGINE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** The largest number of a user that engines take. */
const MOST_USER = 2_147_483_647;

/**
 * @param part The backend, without its faults.
 * @param path Where it is in the file.
 * @param options What it may refer to.
 * @param reporter Told of what is wrong.
 * @returns What its container is made of, but for what the tree has to do with it; if it is sound.
 */
export async function compileBox(
  part: BoxPart,
  path: DataPath,
  options: BoxOptions,
  reporter: Reporter,
): Promise<PlanBox | undefined> {
  const image = await compileImage(part, path, options, reporter);
  const memoryBytes = part.memory === undefined
    ? undefined
    : compileMemory(part.memory, [...path, "memory"], reporter);
  const user = compileUser(part.user, [...path, "user"], reporter);
  const workdir = compileWorkdir(part.workdir, [...path, "workdir"], reporter);
  const env = compileVariables(part.env, [...path, "env"], reporter);
  const volumes = compileVolumes(part.volumes, [...path, "volumes"], reporter);
  const name = compileName(part.name, [...path, "name"], reporter);
  const idle = compileTime("idle_timeout", part, path, reporter);
  const hard = compileTime("hard_timeout", part, path, reporter);
  const platform = compilePlatform(part.platform, [...path, "platform"], reporter);
  if (image === undefined) return undefined;
  const { network, cpus, processes, read_only: readOnly } = part;
  return {
    ...image,
    ...(platform === undefined ? {} : { platform }),
    network: network ?? "none",
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(processes === undefined ? {} : { processes }),
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { workdir }),
    ...(env === undefined ? {} : { env: { ...image.env, ...env } }),
    ...(volumes === undefined ? {} : { volumes }),
    ...(readOnly === true ? { readOnly } : {}),
    ...(name === undefined ? {} : { name }),
    ...(idle === undefined ? {} : { idleMilliseconds: idle }),
    ...(hard === undefined ? {} : { hardMilliseconds: hard }),
  };
}

/**
 * Under one name the engine keeps one container.
 *
 * @param name The backend.
 * @param box Its container.
 * @param others The backends before it.
 * @param reporter Told if one of them has that name.
 */
export function checkKeptName(
  name: string,
  box: PlanBox,
  others: ReadonlyMap<string, PlanBackend>,
  reporter: Reporter,
): void {
  if (box.name === undefined) return;
  for (const other of others.values()) {
    if (other.type !== "docker" || other.box.name !== box.name) continue;
    const message = `Container "${box.name}" is that of "${other.name}" already`;
    reporter.error("invalid-value", message, ["backends", name, "name"], {
      hint: "Give each container a name of its own",
    });
  }
}

function compileTime(
  key: keyof typeof TIMES,
  part: BoxPart,
  path: DataPath,
  reporter: Reporter,
): number | undefined {
  const written = part[key];
  return written === undefined
    ? undefined
    : compileDuration(written, [...path, key], TIMES[key], reporter);
}

/** A user in numbers, and a group in numbers: that of the same number where none is written. */
function compileUser(
  written: BoxPart["user"],
  at: DataPath,
  reporter: Reporter,
): string | undefined {
  if (written === undefined) return undefined;
  const [, user, group = user] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(String(written)) ?? [];
  const hint = 'Write numbers of an ordinary user: "1000:1000"';
  const refuse = (message: string) => {
    reporter.error("invalid-value", message, at, { hint });
    return undefined;
  };
  if (user === undefined || Math.max(Number(user), Number(group)) > MOST_USER) {
    return refuse(`Expected a user in numbers for "user", found ${JSON.stringify(written)}`);
  }
  if (Number(user) === 0 || Number(group) === 0) {
    return refuse("Commands run as an ordinary user, and 0 is the number of root");
  }
  return `${Number(user)}:${Number(group)}`;
}

function compileVolumes(
  written: BoxPart["volumes"],
  path: DataPath,
  reporter: Reporter,
): Readonly<Record<string, string>> | undefined {
  if (written === undefined) return undefined;
  const volumes: [string, string][] = [];
  for (const [prefix, name] of Object.entries(written)) {
    const at = [...path, prefix];
    const problem = volumePrefixProblem(prefix);
    if (problem !== undefined) {
      const { message, hint } = problem;
      reporter.error("invalid-path", `Volume "${prefix}" ${message}`, at, { hint, part: "key" });
    }
    const outer = volumes.find(([other]) => prefix.startsWith(other) || other.startsWith(prefix));
    if (outer !== undefined && problem === undefined) {
      const message = `Volumes "${outer[0]}" and "${prefix}" stand in one another`;
      const hint = "Give each a place of its own";
      reporter.error("invalid-path", message, at, { hint, part: "key" });
    }
    if (name === undefined) continue;
    if (ENGINE_NAME.test(name)) volumes.push([prefix, name]);
    else if (/^[/.~]|\//.test(name)) {
      reporter.error("invalid-value", `"${name}" is a path, and a volume has a name`, at, {
        hint: "A directory of the host is a backend: { type: local, root: ... }, with a route",
      });
    } else invalidName(name, "volume", at, reporter);
  }
  return Object.fromEntries(volumes);
}

function volumePrefixProblem(
  prefix: string,
): { readonly message: string; readonly hint: string } | undefined {
  let canonical: string;
  try {
    canonical = canonicalPath(prefix.startsWith("/") ? prefix : `/${prefix}`);
  } catch {
    return { message: "has no path that there can be", hint: "Write a path such as /cache/" };
  }
  if (canonical === "/") {
    return { message: "would be the whole container", hint: "Write a path such as /cache/" };
  }
  if (prefix !== `${canonical}/`) {
    const message = "must begin and end with a slash, in its shortest form";
    return { message, hint: `Write "${canonical}/"` };
  }
  const system = systemDirectory(canonical);
  if (system === undefined) return undefined;
  return {
    message: `is in "${system}", the container's own directory`,
    hint: "Write another path, such as /cache/",
  };
}

function compileName(
  written: string | undefined,
  at: DataPath,
  reporter: Reporter,
): string | undefined {
  if (written === undefined || ENGINE_NAME.test(written)) return written;
  invalidName(written, "container", at, reporter);
  return undefined;
}

function invalidName(name: string, what: string, at: DataPath, reporter: Reporter): void {
  reporter.error("invalid-name", `"${name}" cannot be a ${what}'s name`, at, {
    hint: "Use letters, digits, _, . and -, and begin with a letter or digit; 63 at the most",
  });
}

function compilePlatform(
  written: string | undefined,
  at: DataPath,
  reporter: Reporter,
): string | undefined {
  if (written === undefined || /^[a-z0-9]+\/[a-z0-9_]+(?:\/v\d+)?$/.test(written)) return written;
  reporter.error("invalid-value", `"${written}" is not a platform`, at, {
    hint: "Write it like linux/amd64 or linux/arm64",
  });
  return undefined;
}
