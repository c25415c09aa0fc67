/**
 * `deno task sandboxes`: the containers of Routebook in the engine of this machine, and their end.
 *
 * @module
 */

import { type Engine, openEngine } from "../backends/docker/engine.ts";
import { findEngine, NoEngineError } from "../backends/docker/find_engine.ts";
import {
  type ListedSandbox,
  listSandboxes,
  removeSandbox,
  type SandboxState,
} from "../backends/docker/reaper.ts";
import { durationText } from "./_durations.ts";
import { formatDiagnostics } from "./diagnostics.ts";
import { hintFor } from "./diagnostic_codes.ts";
import type { Terminal } from "./_cli_run.ts";
import { styleFor } from "./_style.ts";
import { tableLines } from "./_table.ts";

/** The exit code where something cannot be done. */
const FAILED = 1;
/** The exit code where nothing is of a name that is given. */
const INVALID = 2;

/** The fewest characters of an id that name a container. */
const ID_CHARACTERS = 4;
/** Characters of an id that are shown. */
const SHOWN_CHARACTERS = 12;

/** What is to be done. */
export interface SandboxesRequest {
  /** Whether containers are removed. */
  readonly remove: boolean;
  /** Whether all of them are. */
  readonly all: boolean;
  /** The names or ids of those that are, or the beginnings of ids. */
  readonly names: readonly string[];
  /** One container a line, as data. */
  readonly json: boolean;
  /** Reads a variable of the environment. */
  readonly env: (name: string) => string | undefined;
}

/**
 * Lists or removes containers.
 *
 * @param request What is to be done.
 * @param terminal Where it is printed.
 * @returns The exit code.
 */
export async function sandboxesCommand(
  request: SandboxesRequest,
  terminal: Terminal,
): Promise<number> {
  const fail = (message: string, exitCode: number, hint?: string) => {
    const code = "sandboxes";
    const diagnostic = { severity: "error", code, message, hint: hintFor(code, hint) } as const;
    terminal.err(formatDiagnostics([diagnostic], new Map(), { color: terminal.errColor }));
    return exitCode;
  };
  try {
    const engine = await openEngine(await findEngine({ env: request.env, uid: ownUser() }));
    const all = await listSandboxes(engine);
    if (!request.remove) {
      print(all, request, terminal);
      return 0;
    }
    const { chosen, problem } = choose(all, request);
    if (problem !== undefined) return fail(problem, INVALID);
    await removeAll(engine, chosen, request, terminal);
    return 0;
  } catch (error) {
    if (error instanceof NoEngineError) {
      const tried = error.tried.map(({ place, problem }) => `${place}: ${problem}`).join("; ");
      return fail(`No engine for containers was found. Tried ${tried}`, FAILED, error.hint);
    }
    if (error instanceof Error && error.name === "BackendError") {
      return fail(error.message, FAILED, "See whether the engine is well");
    }
    throw error;
  }
}

/** The user who runs this; nobody where Deno may not know. */
function ownUser(): number | undefined {
  try {
    return Deno.uid() ?? undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function choose(
  sandboxes: readonly ListedSandbox[],
  { all, names }: SandboxesRequest,
): { readonly chosen: readonly ListedSandbox[]; readonly problem?: string } {
  if (all) return { chosen: sandboxes };
  const chosen = new Set<ListedSandbox>();
  for (const wanted of names) {
    const named = sandboxes.filter(({ name, keptAs }) => name === wanted || keptAs === wanted);
    const found = named.length > 0
      ? named
      : sandboxes.filter(({ id }) => wanted.length >= ID_CHARACTERS && id.startsWith(wanted));
    const [only, another] = found;
    if (only === undefined) return { chosen: [], problem: `There is no sandbox '${wanted}'` };
    if (another !== undefined) {
      const both = found.map(({ id }) => id.slice(0, SHOWN_CHARACTERS)).join(", ");
      return { chosen: [], problem: `'${wanted}' names several sandboxes: ${both}` };
    }
    chosen.add(only);
  }
  return { chosen: [...chosen] };
}

async function removeAll(
  engine: Engine,
  chosen: readonly ListedSandbox[],
  { json }: SandboxesRequest,
  { out }: Terminal,
): Promise<void> {
  for (const sandbox of chosen) {
    await removeSandbox(engine, sandbox.id);
    out(json ? `${JSON.stringify(dataOf(sandbox))}\n` : `Removed ${nameOf(sandbox)}\n`);
  }
  if (chosen.length === 0 && !json) out("There is no sandbox to remove\n");
}

function print(
  sandboxes: readonly ListedSandbox[],
  { json }: SandboxesRequest,
  { out, outColor }: Terminal,
): void {
  if (json) {
    for (const sandbox of sandboxes) out(`${JSON.stringify(dataOf(sandbox))}\n`);
    return;
  }
  if (sandboxes.length === 0) return out("There are no sandboxes\n");
  const header = ["SANDBOX", "STATE", "IMAGE", "WORKFLOW", "AGE"];
  const rows = sandboxes.map((sandbox) => [
    nameOf(sandbox),
    stateText(sandbox),
    sandbox.image,
    sandbox.purpose ?? "",
    ageText(sandbox.created),
  ]);
  out(`${tableLines(rows, { header, paint: styleFor(outColor).dim }).join("\n")}\n`);
}

const STATES: Readonly<Record<SandboxState, string>> = {
  running: "running",
  stopped: "stopped",
  idle: "idle: its run starts it again",
  orphaned: "orphaned: a later run removes it",
};

function stateText({ state, keptAs }: ListedSandbox): string {
  return keptAs === undefined ? STATES[state] : `${STATES[state]}, kept`;
}

/** What somebody can name it by. */
function nameOf({ id, keptAs }: ListedSandbox): string {
  return keptAs ?? id.slice(0, SHOWN_CHARACTERS);
}

function ageText(created: Date): string {
  const seconds = Math.max(Math.floor((Date.now() - created.getTime()) / 1_000), 0);
  const unit = [86_400, 3_600, 60].find((unit) => seconds >= unit) ?? 1;
  return durationText(Math.floor(seconds / unit) * unit * 1_000);
}

function dataOf({ created, ...rest }: ListedSandbox) {
  return { ...rest, created: created.toISOString() };
}
