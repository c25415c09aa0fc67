/**
 * Runs the example of a code in a temporary directory of its own, as the compiler, the review of
 * plans or the command line do.
 *
 * @module
 */

import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import type { CodeExample } from "../../runner/codes/entry.ts";
import { type CompileResult, compileWorkflow } from "../../runner/compile.ts";
import { type Diagnostic, formatDiagnostics } from "../../runner/diagnostics.ts";
import { comparePlans } from "../../runner/plan_check.ts";
import { environmentOf, requiresSandbox, reviewOf } from "../../runner/plan_review.ts";
import { ENGINE, UNCONFINED } from "./_compiled.ts";

const PROJECT = fromFileUrl(new URL("../../", import.meta.url));

/** What came of an example. */
export interface Exampled {
  readonly diagnostics: readonly Diagnostic[];
  /** The diagnostics as they are printed, or what the command printed. */
  readonly text: string;
}

/**
 * @param example The text of a workflow, or more.
 * @returns What is wrong with it.
 */
export async function runExample(example: string | CodeExample): Promise<Exampled> {
  const given: CodeExample = typeof example === "string" ? { workflow: example } : example;
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-example-" }));
  try {
    for (const [name, text] of Object.entries({ "flow.yaml": given.workflow, ...given.files })) {
      const path = join(dir, name);
      await Deno.mkdir(name.endsWith("/") ? path : join(path, ".."), { recursive: true });
      if (!name.endsWith("/")) await Deno.writeFile(path, encode(text, given.latin1 ?? false));
    }
    for (const [name, target] of Object.entries(given.links ?? {})) {
      await Deno.symlink(target, join(dir, name));
    }
    if (given.command !== undefined) return await ran(given.command, dir, given.full ?? false);
    const now = await compile(given, dir);
    if (given.stored === undefined) return printed(now.diagnostics, now);
    await Deno.writeTextFile(join(dir, "flow.yaml"), given.stored);
    const stored = await compile(given, dir);
    const review = { ...reviewed(now, dir), permissions: given.granted ?? [] };
    const wider = comparePlans(reviewed(stored, dir), review, documentOf(now));
    return printed(wider, now);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function encode(text: string, isLatin1: boolean): Uint8Array {
  return isLatin1
    ? Uint8Array.from(text, (character) => character.charCodeAt(0))
    : new TextEncoder().encode(text);
}

async function compile(
  { file = "flow.yaml", options = {} }: CodeExample,
  cwd: string,
): Promise<CompileResult> {
  const { bubblewrap, engine, env = {}, ...rest } = options;
  const machine = bubblewrap === true ? { type: "bubblewrap" as const } : UNCONFINED;
  return await compileWorkflow(file, {
    cwd,
    key: true,
    ...rest,
    env: new Map(Object.entries(env)),
    probe: () => Promise.resolve(machine),
    findEngine: () =>
      Promise.resolve(
        engine === true ? { engine: ENGINE } : { tried: ["/run/engine.sock: it is not there"] },
      ),
  });
}

function documentOf({ document }: CompileResult) {
  assert(document !== undefined);
  return document;
}

function reviewed(result: CompileResult, directory: string) {
  const { plan } = result;
  assert(plan !== undefined, printed(result.diagnostics, result).text);
  const document = documentOf(result);
  return reviewOf(plan, {
    directory,
    required: requiresSandbox(document),
    environment: environmentOf(document),
  });
}

function printed(diagnostics: readonly Diagnostic[], { sources }: CompileResult): Exampled {
  return { diagnostics, text: formatDiagnostics(diagnostics, sources) };
}

async function ran(
  command: readonly string[],
  cwd: string,
  isFull: boolean,
): Promise<Exampled> {
  const words = [Deno.execPath(), "run", "-A", "--no-check", join(PROJECT, "runner/main.ts")];
  const script = isFull ? 'exec "$@" >/dev/full' : 'exec "$@"';
  const { stderr } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", ...words, ...command],
    cwd,
    env: { NO_COLOR: "1", OPENAI_API_KEY: "" },
    stdin: "null",
    stdout: "null",
  }).output();
  return { diagnostics: [], text: new TextDecoder().decode(stderr) };
}
