/**
 * The ceiling: the most that a run may be granted, as `permissions` says it. It bounds the processes
 * that the model's words reach, the agent, the host and the shell; not the runner, which is this
 * program itself.
 *
 * @module
 */

import { dirname, relative, resolve } from "@std/path";
import type { EngineAddress } from "../backends/docker/options.ts";
import { engineName } from "./_compile_engine.ts";
import type { CompiledRoot } from "./_compile_roots.ts";
import { flagProblem, isInside, realPlace } from "./_host_paths.ts";
import type { LiveModel } from "./_compile_model.ts";
import type { PlanBackend, PlanShell } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What a ceiling can be set to. */
type Kind = "read" | "write" | "net" | "env" | "run";

/** Stands for every program, or every host. */
const ANY = "*";

/** Stands for the engine, wherever a machine has it. */
const ENGINE = "docker";

/** What a run is granted by its file. */
export interface CeilingOptions {
  /** The workflow file's absolute path. */
  readonly path: string;
  readonly roots: readonly CompiledRoot[];
  /** The model that is asked, or would be if the run were not rehearsed. */
  readonly model: Pick<LiveModel, "netHost"> | undefined;
  /** Where the model's host comes from; `undefined` where it is not the file. */
  readonly modelAt: DataPath | undefined;
  readonly shell: PlanShell | undefined;
  readonly backends: ReadonlyMap<string, PlanBackend>;
  /** Where containers are, if it is known: a check looks for no engine. */
  readonly engine: EngineAddress | undefined;
  /** The names of what it takes from the environment. */
  readonly taken: readonly { readonly name: string; readonly path: DataPath }[];
  /** The `artifacts` section, without its faults. */
  readonly artifacts: Parts<WorkflowFile>["artifacts"];
}

/** Something that is granted. */
interface Wish {
  readonly kind: Kind;
  /** As the ceiling would have to name it. */
  readonly value: string;
  /** Whether an entry of the ceiling allows it. */
  readonly isAllowed: (entry: string) => boolean;
  /** What grants it, as the beginning of a sentence. */
  readonly cause: string;
  readonly at: DataPath | undefined;
}

/**
 * @param parts The `permissions` section, without its faults.
 * @param options What is granted.
 * @param reporter Told of what exceeds the ceiling, at the place that grants it.
 */
export async function checkCeiling(
  parts: Parts<WorkflowFile>["permissions"],
  options: CeilingOptions,
  reporter: Reporter,
): Promise<void> {
  if (parts === undefined) return;
  const base = dirname(options.path);
  const allowed = {
    read: await compilePaths("read", parts.read, base, reporter),
    write: await compilePaths("write", parts.write, base, reporter),
    net: compileNames("net", parts.net, reporter),
    env: compileNames("env", parts.env, reporter),
    run: compileNames("run", parts.run, reporter),
  };
  for (const { kind, value, isAllowed, cause, at } of await wishesOf(options, base)) {
    const entries = allowed[kind];
    if (entries === undefined || entries.some(({ value }) => isAllowed(value))) continue;
    const written = entries.map(({ written }) => written).join(", ");
    const message = `${cause}, and permissions.${kind} allows ` +
      (written === "" ? "nothing" : `${written} alone`);
    const hint = `Add ${JSON.stringify(value)} there if it is meant`;
    if (at === undefined) reporter.outside("exceeds-permissions", message, hint);
    else reporter.error("exceeds-permissions", message, at, { hint });
  }
}

async function wishesOf(options: CeilingOptions, base: string): Promise<readonly Wish[]> {
  const { roots, model, modelAt, shell, taken, artifacts } = options;
  const wishes: Wish[] = [];
  for (const { directory, access, backend, at } of roots) {
    const isAllowed = (entry: string) => isInside(directory, entry);
    const value = nearName(directory, base);
    for (const kind of access === "read" ? ["read"] as const : ["read", "write"] as const) {
      const verb = kind === "read" ? "reads" : "writes";
      wishes.push({ kind, value, isAllowed, at, cause: `Backend "${backend}" ${verb} "${value}"` });
    }
  }
  if (model !== undefined) {
    const value = model.netHost;
    wishes.push({
      kind: "net",
      value,
      isAllowed: (entry) => isSameHost(value, entry),
      cause: `The model is reached at "${value}"`,
      at: modelAt,
    });
  }
  if (shell?.type === "sandbox" || shell?.type === "docker") {
    const where = shell.type === "docker" ? "its container" : "the system";
    wishes.push({
      kind: "run",
      value: ANY,
      isAllowed: (entry) => entry === ANY,
      cause: `Shell "${shell.type}" runs any program of ${where}`,
      at: ["shell"],
    });
  }
  wishes.push(...containerWishes(options));
  for (const { name, path: at } of taken) {
    wishes.push({
      kind: "env",
      value: name,
      isAllowed: (entry) => entry === name,
      cause: `The file takes "${name}" from the environment`,
      at,
    });
  }
  for (const [index, part] of (artifacts ?? []).entries()) {
    const place = part?.to === undefined ? undefined : await realPlace(resolve(base, part.to));
    // What is wrong with a destination is told where it is compiled.
    if (place === undefined || place.type === "bad") continue;
    const { path } = place;
    const value = nearName(path, base);
    wishes.push({
      kind: "write",
      value,
      isAllowed: (entry) => isInside(path, entry),
      cause: `An artifact is copied to "${value}"`,
      at: ["artifacts", index, "to"],
    });
  }
  return wishes;
}

/** What containers need: the engine, and what their network reaches. */
function containerWishes({ backends, engine }: CeilingOptions): readonly Wish[] {
  return [...backends.values()].flatMap((backend): readonly Wish[] => {
    if (backend.type !== "docker") return [];
    const { name, box } = backend;
    const at = ["backends", name];
    const address = engine && engineName(engine);
    const wish: Wish = {
      kind: "net",
      value: ENGINE,
      isAllowed: (entry) =>
        entry === ENGINE || entry === address ||
        // Where none is looked for, any socket may be the one.
        (address === undefined && entry.startsWith("unix:")),
      cause: `The container of "${name}" is an engine's`,
      at,
    };
    if (box.network !== "bridge") return [wish];
    return [wish, {
      kind: "net",
      value: ANY,
      isAllowed: (entry) => entry === ANY,
      cause: `Programs in "${name}" reach any host`,
      at: [...at, "network"],
    }];
  });
}

/** A path of the host as the ceiling would name it: relative to the file, where that is near. */
function nearName(path: string, base: string): string {
  const near = relative(base, path) || ".";
  return near.startsWith("../../../") ? path : near;
}

/** A host without a port stands for all its ports, as for Deno. */
function isSameHost(host: string, entry: string): boolean {
  const [wanted, given] = [host.toLowerCase(), entry.toLowerCase()];
  return given === ANY || wanted === given || wanted.replace(/:\d+$/, "") === given;
}

/** An entry of the ceiling, and how it is written. */
interface Entry {
  readonly value: string;
  readonly written: string;
}

async function compilePaths(
  kind: Kind,
  written: readonly (string | undefined)[] | undefined,
  base: string,
  reporter: Reporter,
): Promise<readonly Entry[] | undefined> {
  if (written === undefined) return undefined;
  const entries: Entry[] = [];
  for (const [index, path] of written.entries()) {
    if (path === undefined) return undefined;
    const place = await realPlace(resolve(base, path));
    const problem = flagProblem(path) ??
      (/^~(?:\/|$)/.test(path)
        ? 'it begins with "~", which only a shell knows'
        : place.type === "bad"
        ? place.problem
        : undefined);
    if (problem !== undefined) {
      reporter.error(
        "unsafe-path",
        `Directory "${path}" cannot be a ceiling: ${problem}`,
        ["permissions", kind, index],
        { hint: `Name a directory, relative to this file; leave "${kind}" out for any` },
      );
    } else if (place.type !== "bad") entries.push({ value: place.path, written: path });
  }
  // A ceiling that is faulty bounds nothing: what is wrong with it was told.
  return entries.length === written.length ? entries : undefined;
}

/** What an entry that is no path looks like, and how to write it. */
const NAMES = {
  net: {
    form: /^(?:\*|unix:\/\S+|(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?)$/i,
    what: "a host",
    like: "api.openai.com:443",
  },
  env: { form: /^[A-Za-z_]\w*$/, what: "the name of a variable", like: "LANG" },
  run: { form: /^(?:\*|[^\s*,]+)$/, what: "a program", like: "git, or * for any" },
} as const;

function compileNames(
  kind: keyof typeof NAMES,
  written: readonly (string | undefined)[] | undefined,
  reporter: Reporter,
): readonly Entry[] | undefined {
  if (written === undefined) return undefined;
  const { form, what, like } = NAMES[kind];
  const entries = written.flatMap((value, index) => {
    if (value === undefined) return [];
    if (form.test(value)) return [{ value, written: value }];
    const host = kind === "net" && URL.canParse(value) ? new URL(value).host : "";
    reporter.error(
      "invalid-value",
      `${JSON.stringify(value)} is not ${what}`,
      ["permissions", kind, index],
      { hint: `Write it like ${host === "" ? like : host}` },
    );
    return [];
  });
  return entries.length === written.length ? entries : undefined;
}
