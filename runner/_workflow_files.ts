/**
 * Which workflow files are meant by what was named: files, folders and globs.
 *
 * @module
 */

import { dirname, join, relative, resolve } from "@std/path";
import { BackendError } from "../backends/errors.ts";
import { type PathPattern, pathPattern } from "../backends/path_pattern.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { hintFor } from "./diagnostic_codes.ts";
import { loadYaml } from "./load.ts";
import { workflowSchema } from "./schema.ts";
import { isMisspelt } from "./_suggest.ts";

/** The workflow files that are to be looked at. */
export interface WorkflowFiles {
  /** Their names relative to the working directory, each once. */
  readonly files: readonly string[];
  /** What was named and holds no workflow. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The most files and directories that are looked through for one name. */
const ENTRIES = 100_000;

/** The most skipped files that are named where nothing else was found. */
const NAMED = 5;

/** Keys of a rehearsal, which has "steps" too. */
const REHEARSAL_KEYS = new Set(["name", "steps", "judges"]);

/** Keys that, two of them together, few files but workflows have. */
const OWN_KEYS = ["model", "base_url", "rehearsal", "instructions", "backends", "routes", "steps"];

/**
 * Finds workflow files. A file that is named counts, whatever is in it. In folders, and among what
 * a glob matches, those count that are workflows: rehearsals and other YAML files are passed over,
 * and so are hidden folders and node_modules.
 *
 * @param names What was named, relative to the working directory.
 * @param cwd The working directory.
 * @returns The files, in the order of the names, and what holds none.
 */
export async function findWorkflows(names: readonly string[], cwd: string): Promise<WorkflowFiles> {
  const files = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  const rehearsals = new Set<string>();
  const refuse = (message: string, hint?: string) =>
    diagnostics.push({
      severity: "error",
      code: "no-workflow",
      message,
      hint: hintFor("no-workflow", hint),
    });
  for (const name of names) {
    const path = resolve(cwd, name);
    const isDirectory = name !== "" && await isFolder(path);
    if (!isDirectory && (!/[*?[{]/.test(name) || await exists(path))) {
      files.add(name === "" ? name : nameOf(path, cwd));
      continue;
    }
    const found = isDirectory
      ? await walk(path, () => true, () => true)
      : await match(name, cwd, refuse);
    if (found === undefined) continue;
    if (found.isCut) {
      refuse(`"${name}" holds more than ${ENTRIES} files`, "Name folders that hold fewer");
      continue;
    }
    const skipped: string[] = [];
    const workflows: string[] = [];
    for (const each of found.paths) {
      const kind = await kindOf(each);
      if (kind.rehearsal !== undefined) rehearsals.add(kind.rehearsal);
      (kind.isWorkflow ? workflows : skipped).push(each);
    }
    for (const each of workflows) files.add(nameOf(each, cwd));
    if (workflows.length > 0) continue;
    const kind = isDirectory ? "Folder" : "Pattern";
    const others = skipped.slice(0, NAMED).map((each) => nameOf(each, cwd)).join(", ");
    const more = skipped.length > NAMED ? `, and ${skipped.length - NAMED} more` : "";
    if (skipped.length > 0) refuse(`${kind} "${name}" has no workflow: skipped ${others}${more}`);
    else refuse(`${kind} "${name}" has no YAML file`);
  }
  // A rehearsal may have any name, and is checked with the workflow that declares it.
  return { files: [...files].filter((file) => !rehearsals.has(resolve(cwd, file))), diagnostics };
}

function nameOf(path: string, cwd: string): string {
  return relative(cwd, path) || ".";
}

interface Found {
  readonly paths: readonly string[];
  readonly isCut: boolean;
}

async function match(
  name: string,
  cwd: string,
  refuse: (message: string) => void,
): Promise<Found | undefined> {
  const parts = name.split("/");
  const first = parts.findIndex((part) => /[*?[{]/.test(part));
  const base = resolve(cwd, name.startsWith("/") ? "/" : ".", parts.slice(0, first).join("/"));
  let pattern: PathPattern;
  try {
    pattern = pathPattern(parts.slice(first).join("/"), base);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    refuse(error.message);
    return undefined;
  }
  return await walk(base, (path) => pattern.matches(path), (path) => pattern.mayContain(path));
}

/** The YAML files below a directory, in the order of their paths. */
async function walk(
  directory: string,
  isWanted: (path: string) => boolean,
  isEntered: (path: string) => boolean,
): Promise<Found> {
  const paths: string[] = [];
  let left = ENTRIES;
  const enter = async (folder: string): Promise<void> => {
    for (const { name, isDirectory, isFile } of await entriesOf(folder)) {
      if (left-- <= 0) return;
      const path = join(folder, name);
      if (isDirectory) {
        const isPassed = name.startsWith(".") || name === "node_modules";
        if (!isPassed && isEntered(path)) await enter(path);
      } else if (isFile && /\.ya?ml$/.test(name) && !name.startsWith(".") && isWanted(path)) {
        paths.push(path);
      }
    }
  };
  await enter(directory);
  return { paths, isCut: left < 0 };
}

async function entriesOf(folder: string): Promise<readonly Deno.DirEntry[]> {
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) entries.push(entry);
  } catch (error) {
    // What is gone meanwhile, or may not be read, holds no workflow that could be run.
    const isGone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.PermissionDenied;
    if (!isGone) throw error;
  }
  return entries.toSorted((a, b) => a.name < b.name ? -1 : 1);
}

/** Whether a YAML file is a workflow, and the rehearsal that it declares. */
async function kindOf(
  path: string,
): Promise<{ readonly isWorkflow: boolean; readonly rehearsal?: string }> {
  if (/\.rehearsal\.ya?ml$/.test(path)) return { isWorkflow: false };
  const { yaml, text = "" } = await loadYaml(path, path);
  // A workflow that is no YAML at the moment is one all the same.
  if (yaml === undefined) return { isWorkflow: /^["']?steps["']?\s*:/m.test(text) };
  const { data } = yaml;
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    return { isWorkflow: false };
  }
  const keys = Object.keys(data);
  const steps = Reflect.get(data, "steps");
  const rehearsal = Reflect.get(data, "rehearsal");
  const isWorkflow = isStepList(steps, keys) ||
    OWN_KEYS.filter((key) => keys.includes(key)).length >= 2 &&
      !keys.every((key) => REHEARSAL_KEYS.has(key)) ||
    isMisspelt("steps", keys, Object.keys(workflowSchema.shape)) && keys.includes("model");
  return {
    isWorkflow,
    ...(isWorkflow && typeof rehearsal === "string"
      ? { rehearsal: resolve(dirname(path), rehearsal) }
      : {}),
  };
}

/** Whether "steps" is a list as workflows have it, and not as other programs have it. */
function isStepList(steps: unknown, keys: readonly string[]): boolean {
  if (!Array.isArray(steps)) return false;
  return keys.includes("name") || steps.some((step) =>
    typeof step === "object" && step !== null &&
    ["id", "prompt"].some((key) => Object.hasOwn(step, key))
  );
}

async function isFolder(path: string): Promise<boolean> {
  return (await infoOf(path))?.isDirectory ?? false;
}

async function exists(path: string): Promise<boolean> {
  return await infoOf(path) !== undefined;
}

async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    // Whatever is wrong with it is told when it is read.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
