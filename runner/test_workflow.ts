/**
 * Workflows as tests: a rehearsal played through the real processes, one test step for each step of
 * the workflow, and below it one for each of its items.
 *
 * @module
 */

import { copy, exists } from "@std/fs";
import { fromFileUrl, join } from "@std/path";
import type { RunEvent } from "./events.ts";
import type { Plan } from "./plan.ts";
import type { RunResult } from "./supervise.ts";

/** Options of {@linkcode testWorkflow}. */
export interface TestWorkflowOptions {
  /**
   * The test's name.
   *
   * @default {`workflow ${file}`}
   */
  readonly name?: string;
  /**
   * Inputs, as on the command line.
   *
   * @default {{}}
   */
  readonly inputs?: Readonly<Record<string, string>>;
  /**
   * The variables and secrets that the workflow finds in the environment; those of whoever runs the
   * test are none of its own.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Files to start with: the name of a writable local backend, and a directory that is copied to its
   * root. A writable root that is not named starts empty; one that is only read is used as it is.
   *
   * @default {{}}
   */
  readonly fixtures?: Readonly<Record<string, string | URL>>;
  /**
   * Called when the run is over and before its directories go, for assertions of your own.
   *
   * @param run How it ended, its events, and where each writable root was.
   */
  readonly after?: (run: TestedRun) => void | Promise<void>;
}

/** What {@linkcode TestWorkflowOptions.after} is given. */
export interface TestedRun {
  /** How the run ended. */
  readonly result: RunResult;
  /** All its events, in order. */
  readonly events: readonly RunEvent[];
  /** The temporary directory of each writable local backend. */
  readonly roots: Readonly<Record<string, string>>;
  /**
   * The temporary directory that stands for the workflow's own where artifacts are copied to; `../`
   * in a destination is a directory `up` in it.
   */
  readonly artifacts: string;
}

/**
 * Registers a test that plays a workflow's rehearsal and passes if every step does. The run is a
 * real one, in the same processes and under the same permissions as on the command line, with three
 * differences: no model is ever called, every writable root is a temporary directory, and artifacts
 * are copied to another one.
 *
 * `deno test` needs `--allow-read --allow-write --allow-run --allow-env` for it.
 *
 * @example
 * ```ts ignore
 * import { testWorkflow } from "@routebook/routebook";
 *
 * testWorkflow(new URL("./workflows/flask.yaml", import.meta.url));
 * ```
 *
 * @param file The workflow's file, relative to the working directory or as a URL.
 * @param options A name, inputs, fixtures and assertions.
 */
export function testWorkflow(file: string | URL, options: TestWorkflowOptions = {}): void {
  const path = file instanceof URL ? fromFileUrl(file) : file;
  Deno.test(options.name ?? `workflow ${path.split("/").at(-1)}`, async (t) => {
    const artifacts = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-test-" }));
    const places: Places = { roots: {}, artifacts };
    try {
      const plan = await compileForTest(path, options, places);
      await playSteps(t, plan, options, places);
    } finally {
      for (const directory of [artifacts, ...Object.values(places.roots)]) {
        await Deno.remove(directory, { recursive: true });
      }
    }
  });
}

/** The directories of a test. */
interface Places {
  /** That of each writable local backend, as they are made. */
  readonly roots: Record<string, string>;
  /** That of artifacts. */
  readonly artifacts: string;
}

async function compileForTest(
  file: string,
  options: TestWorkflowOptions,
  { roots, artifacts }: Places,
): Promise<Plan> {
  // Loaded when a test runs: whoever imports this project for its backends needs none of it.
  const { compileWorkflow } = await import("./compile.ts");
  const { formatDiagnostics } = await import("./diagnostics.ts");
  const compileOptions = {
    cwd: Deno.cwd(),
    mode: "rehearse",
    env: new Map(Object.entries(options.env ?? {})),
    ...(options.inputs === undefined ? {} : { inputs: options.inputs }),
  } as const;
  const first = await compileWorkflow(file, compileOptions);
  const problems = formatDiagnostics(first.diagnostics, first.sources, { color: false });
  if (first.plan === undefined) throw new Error(`The workflow is not valid:\n\n${problems}`);
  const writable = first.plan.backends.filter((backend) =>
    backend.type === "local" && backend.access === "read-write"
  );
  for (const name of Object.keys(options.fixtures ?? {})) {
    if (writable.some((backend) => backend.name === name)) continue;
    const known = writable.map((backend) => `'${backend.name}'`).join(", ") || "none";
    throw new Error(
      `There is no writable local backend '${name}' for a fixture: the workflow has ${known}`,
    );
  }
  for (const backend of writable) {
    const directory = await Deno.makeTempDir({ prefix: "routebook-test-" });
    roots[backend.name] = await Deno.realPath(directory);
    const fixture = options.fixtures?.[backend.name];
    if (fixture === undefined) continue;
    const source = fixture instanceof URL ? fromFileUrl(fixture) : fixture;
    if (!await exists(source, { isDirectory: true })) {
      throw new Error(`The fixture '${source}' of backend '${backend.name}' is not a directory`);
    }
    for await (const { name } of Deno.readDir(source)) {
      await copy(join(source, name), join(directory, name));
    }
  }
  const second = await compileWorkflow(file, { ...compileOptions, roots, artifacts });
  if (second.plan === undefined) throw new Error("The workflow changed while it was tested");
  return second.plan;
}

/** How a step of the workflow ended, for its test: why it failed, that it was not run, or neither. */
interface StepEnd {
  readonly failed?: string | undefined;
  readonly skipped?: boolean;
}

async function playSteps(
  t: Deno.TestContext,
  plan: Plan,
  options: TestWorkflowOptions,
  places: Places,
): Promise<void> {
  // Those that come after all others are tests of their own only where they are run.
  const after = new Set([...plan.onSuccess ?? [], ...plan.onFailure ?? []].map(({ id }) => id));
  const ends = new Map(
    [...plan.steps.map(({ id }) => id), ...after]
      .map((id) => [id, Promise.withResolvers<StepEnd>()]),
  );
  const events: RunEvent[] = [];
  const { runPlan } = await import("./supervise.ts");
  const { secretValues } = await import("./_compile_env.ts");
  const running = runPlan(plan, {
    runId: "test",
    secrets: secretValues(plan.secrets, new Map(Object.entries(options.env ?? {}))),
    sinks: [(event) => {
      events.push(event);
      if (event.type === "step.skipped") ends.get(event.step)?.resolve({ skipped: true });
      if (event.type !== "step.finished" || event.retry) return;
      const isFine = event.outcome === "success" || event.continued === true;
      ends.get(event.step)?.resolve({ failed: isFine ? undefined : event.error ?? event.outcome });
    }],
  });
  // Steps that something kept from starting end with the run.
  const over = running.then(
    ({ error }): StepEnd => ({ failed: error ?? "The run ended before this step" }),
    (error: unknown): StepEnd => ({ failed: String(error) }),
  );
  for (const id of ends.keys()) {
    if (after.has(id)) {
      await running;
      if (!events.some((event) => event.type === "step.started" && event.step === id)) continue;
    }
    const end = await Promise.race([ends.get(id)?.promise ?? over, over]);
    const passed = await t.step({
      name: id,
      // What a workflow leaves out is left out of its test, and told so.
      ignore: end.skipped === true,
      // The processes belong to the whole test, not to one of its steps.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async (t) => {
        for (const { name, failed } of itemsOf(id, events)) {
          await t.step({
            name,
            sanitizeOps: false,
            sanitizeResources: false,
            fn: () => {
              if (failed !== undefined) throw new Error(failed);
            },
          });
        }
        if (end.failed !== undefined) throw new Error(end.failed);
      },
    });
    // The run is over, and the steps that are left are as little to blame as this one.
    if (!passed && end.skipped !== true && !events.some((event) => isEndOf(event, id))) break;
  }
  const result = await running;
  await options.after?.({ result, events, ...places });
  if (result.exitCode !== 0) {
    throw new Error(`The run ended with exit code ${result.exitCode}: ${result.error ?? ""}`);
  }
}

function isEndOf(event: RunEvent, id: string): boolean {
  return event.type === "step.finished" && event.step === id;
}

/** The items of a step, with why they failed that did. */
function itemsOf(
  id: string,
  events: readonly RunEvent[],
): readonly { readonly name: string; readonly failed: string | undefined }[] {
  return events.flatMap((event) => {
    if (event.type !== "step.finished" || event.retry) return [];
    const { step: name, outcome, error = outcome } = event;
    if (!name.startsWith(`${id}[`) || name.includes("/")) return [];
    return [{ name, failed: outcome === "success" ? undefined : error }];
  });
}
