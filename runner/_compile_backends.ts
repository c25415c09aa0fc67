/**
 * The backends of a workflow, with the real paths of local roots.
 *
 * @module
 */

import { dirname, resolve } from "@std/path";
import type { Environment } from "./_compile_env.ts";
import type { Access, PlanBackend } from "./plan.ts";
import { flagProblem, realPlace } from "./_host_paths.ts";
import type { Reporter } from "./_reporter.ts";
import { NAME, type WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** The backend that is there without being declared, for a workflow that names no default. */
export const MEMORY = "memory";

/** The backends of a file. */
export interface CompiledBackends {
  /** Every name that is declared, be its declaration faulty or not. */
  readonly names: readonly string[];
  /** Those whose declaration is sound. */
  readonly sound: ReadonlyMap<string, PlanBackend>;
}

/** What {@linkcode compileBackends} needs to know. */
export interface BackendOptions {
  /** The workflow file's absolute path. */
  readonly path: string;
  /** Absolute directories that replace the roots of backends. */
  readonly roots: Readonly<Record<string, string>>;
  /** The `runtimes` section, without its faults. */
  readonly runtimes: Parts<WorkflowFile>["runtimes"];
  /** The environment of whoever runs it. */
  readonly env: Environment;
}

/**
 * @param parts The `backends` section, without its faults.
 * @param options Where the file is.
 * @param reporter Told of what is wrong.
 * @returns The backends.
 */
export async function compileBackends(
  parts: Parts<WorkflowFile>["backends"],
  options: BackendOptions,
  reporter: Reporter,
): Promise<CompiledBackends> {
  const names = [...new Set(reporter.yaml.keysOf(["backends"]))];
  const sound = new Map<string, PlanBackend>();
  for (const name of names) {
    const path = ["backends", name];
    if (!NAME.test(name)) {
      reporter.error("invalid-name", `"${name}" cannot be a backend's name`, path, {
        hint: "Use letters, digits, _ and -, and begin with a letter",
        part: "key",
      });
      continue;
    }
    const part = parts?.[name];
    if (part?.type === "state") sound.set(name, { name, type: "state" });
    if (part?.type === "docker") {
      // Loaded where there is one: most files have none.
      const { checkKeptName, compileBox } = await import("./_compile_boxes.ts");
      const box = await compileBox(part, path, options, reporter);
      if (box !== undefined) {
        checkKeptName(name, box, sound, reporter);
        sound.set(name, { name, type: "docker", box });
      }
    }
    if (part?.type !== "local" || part.root === undefined) continue;
    const access: Access = part.access ?? "read-write";
    const replaced = Object.hasOwn(options.roots, name) ? options.roots[name] : undefined;
    const root = await realRoot(
      replaced ?? part.root,
      access,
      [...path, "root"],
      options,
      reporter,
    );
    if (root !== undefined) sound.set(name, { name, type: "local", root, access });
  }
  checkRuntimes(parts, reporter);
  if (!reporter.yaml.has(["default"]) && !names.includes(MEMORY)) {
    names.push(MEMORY);
    sound.set(MEMORY, { name: MEMORY, type: "state" });
  }
  return { names, sound };
}

/** Runtimes are looked at where a backend names them: others change nothing. */
function checkRuntimes(parts: Parts<WorkflowFile>["backends"], reporter: Reporter): void {
  const used = Object.values(parts ?? {})
    .flatMap((part) => part?.type === "docker" ? part.runtime ?? [] : []);
  for (const name of reporter.yaml.keysOf(["runtimes"])) {
    const path = ["runtimes", name];
    if (!NAME.test(name)) {
      reporter.error("invalid-name", `"${name}" cannot be a runtime's name`, path, {
        hint: "Use letters, digits, _ and -, and begin with a letter",
        part: "key",
      });
    } else if (!used.includes(name)) {
      reporter.warning("unused-key", `Runtime "${name}" is not used by any backend`, path, {
        hint: `Write runtime: ${name} at a backend of type: docker, or leave it out`,
        part: "key",
      });
    }
  }
}

async function realRoot(
  written: string,
  access: Access,
  path: DataPath,
  options: BackendOptions,
  reporter: Reporter,
): Promise<string | undefined> {
  if (/^~(?:\/|$)/.test(written)) {
    reporter.error(
      "invalid-value",
      `Root "${written}" begins with "~", which only a shell knows`,
      path,
      {
        hint: "Write the directory's whole path",
      },
    );
    return undefined;
  }
  const wanted = resolve(dirname(options.path), written);
  // Before and after links are followed: what they lead to ends up in a flag.
  let granted = wanted;
  let problem = flagProblem(granted);
  const place = problem === undefined ? await realPlace(wanted) : undefined;
  if (place !== undefined && place.type !== "bad") {
    granted = place.path;
    problem = flagProblem(granted);
  }
  if (place === undefined || problem !== undefined) {
    reporter.error("unsafe-path", `Root "${granted}" cannot be granted: ${problem}`, path, {
      hint: "Use a directory with an ordinary name",
    });
    return undefined;
  }
  if (place.type === "bad") {
    reporter.error("invalid-root", `Root "${written}" cannot be used: ${place.problem}`, path, {
      hint: "Name a directory that may be read",
    });
    return undefined;
  }
  if (place.type === "missing" && access === "read") {
    reporter.error("missing-root", `Root "${written}" does not exist`, path, {
      hint: `There is no "${place.path}"; only a read-write root is created`,
    });
    return undefined;
  }
  return place.path;
}
