/**
 * Runs of workflows that a test writes down, in real processes and in a directory of their own.
 *
 * @module
 */

import { dirname, join } from "@std/path";
import { type CompileOptions, compileWorkflow } from "../../runner/compile.ts";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import type { RunEvent } from "../../runner/events.ts";
import type { Plan } from "../../runner/plan.ts";
import { type RunOptions, runPlan, type RunResult } from "../../runner/supervise.ts";

/** A call of the rehearsed model: its tool and its arguments. */
export type PlayedCall = readonly [tool: string, arguments: Readonly<Record<string, unknown>>];

/** What is played. */
export interface Play {
  /** The workflow's keys; name, model and rehearsal are there already. */
  readonly flow: Readonly<Record<string, unknown>>;
  /**
   * For each prompt step the calls of each turn; one without calls ends an attempt, and a last one
   * follows by itself.
   */
  readonly turns?: Readonly<Record<string, readonly (readonly PlayedCall[])[]>>;
  /** What judges say of each step, in order. */
  readonly judges?: Readonly<
    Record<string, readonly { readonly pass: boolean; readonly reason: string }[]>
  >;
  /** Files of the directory, by relative path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Told of each event as it comes. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Changes the plan before it is carried out. */
  readonly onPlan?: (plan: Plan) => Plan;
  /** Interrupts the run. */
  readonly signal?: AbortSignal;
  /** Whatever else it is compiled with. */
  readonly compile?: Partial<CompileOptions>;
  /** Whatever else the run is given: how time passes, who is asked, what it goes on with. */
  readonly options?: Partial<RunOptions>;
}

/** What came of it. */
export interface Played {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
  /** The files of the directory afterwards, without the workflow's own. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Writes a workflow and its rehearsal.
 *
 * @param directory Where.
 * @param play What it does.
 */
export async function writePlay(directory: string, play: Play): Promise<void> {
  const { flow, turns, judges, files = {} } = play;
  const steps = Object.entries(turns ?? {}).map(([id, turns]) => [id, [
    ...turns.map((calls) =>
      calls.length === 0
        ? { text: "Done." }
        : { calls: calls.map(([tool, args]) => ({ [tool]: args })) }
    ),
    { text: "Done." },
  ]]);
  const model = turns === undefined ? {} : { model: "openai:m", rehearsal: "flow.rehearsal.yaml" };
  // JSON is YAML.
  const all = {
    ...files,
    "flow.yaml": JSON.stringify({ name: "played", ...model, ...flow }),
    "flow.rehearsal.yaml": JSON.stringify({
      name: flow.name ?? "played",
      steps: Object.fromEntries(steps),
      ...(judges === undefined ? {} : { judges }),
    }),
  };
  for (const [name, text] of Object.entries(all)) {
    await Deno.mkdir(dirname(join(directory, name)), { recursive: true });
    await Deno.writeTextFile(join(directory, name), text);
  }
}

/**
 * Runs a workflow to its end.
 *
 * @param play What it does.
 * @returns How it ended.
 */
export async function played(play: Play): Promise<Played> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-played-" }));
  try {
    await writePlay(directory, play);
    const compiled = await compileWorkflow("flow.yaml", {
      cwd: directory,
      mode: "auto",
      ...play.compile,
    });
    if (compiled.plan === undefined) {
      throw new Error(formatDiagnostics(compiled.diagnostics, compiled.sources, { color: false }));
    }
    const events: RunEvent[] = [];
    const result = await runPlan(play.onPlan?.(compiled.plan) ?? compiled.plan, {
      sinks: [(event) => (events.push(event), play.onEvent?.(event))],
      runId: "test",
      signal: play.signal,
      ...play.options,
    });
    return { result, events, files: await filesOf(directory) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The last words of a run's calls, in order: what the model was told. */
export function results(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => event.type === "tool.finished" ? [event.result] : []);
}

/**
 * A run in a few words: what each step did, in order.
 *
 * @param events The events of the run.
 * @returns `+a` for an attempt that began, `-a` for one that ended, with its outcome unless it is a
 * success, `~a` for a step that was skipped.
 */
export function story(events: readonly RunEvent[]): string {
  return events.flatMap((event) => {
    if (event.type === "step.started") return [`+${event.step}`];
    if (event.type === "step.skipped") return [`~${event.step}`];
    if (event.type !== "step.finished") return [];
    const { step, outcome, retry, continued } = event;
    const more = `${retry ? " again" : ""}${continued === true ? " continued" : ""}`;
    return [`-${step}${outcome === "success" ? "" : ` ${outcome}`}${more}`];
  }).join(", ");
}

async function filesOf(directory: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Deno.readDir(join(directory, below))) {
    const path = join(below, entry.name);
    if (/^(?:flow\.|\.routebook)/.test(path)) continue;
    if (entry.isDirectory) Object.assign(found, await filesOf(directory, path));
    else found[path] = await Deno.readTextFile(join(directory, path));
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a < b ? -1 : 1));
}
