/**
 * A temporary directory with a workspace that a run is granted and an outside that it is not, and
 * real runs of workflows in it: every process of the run is the one that people get.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import type { Diagnostic } from "../../runner/diagnostics.ts";
import { type CompileOptions, compileWorkflow } from "../../runner/compile.ts";
import type { RunEvent } from "../../runner/events.ts";
import type { Plan } from "../../runner/plan.ts";
import { runPlan, type RunResult } from "../../runner/supervise.ts";

/** What is in the files outside, and must never come out. */
export const CANARY = "CANARY-7c1d";

/** A call of the rehearsed model: the tool and its arguments. */
export type ScriptedCall = readonly [tool: string, arguments: Readonly<Record<string, unknown>>];

/** What a run did. */
export interface Ran {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
  /** How each call ended, in the order in which they ended: that of the script, turn by turn. */
  readonly calls: readonly FinishedCall[];
  /** Everything that the run told, as one text. */
  readonly told: string;
}

/** How a call ended. */
export type FinishedCall = Extract<RunEvent, { readonly type: "tool.finished" }>;

/** Options of {@linkcode World.run}. */
export interface WorldRunOptions {
  /** What the rehearsed model does in the only step, `attack`: a list of calls for each turn. */
  readonly turns?: readonly (readonly ScriptedCall[])[];
  /** Told of each event as it comes. */
  readonly onEvent?: (event: RunEvent) => void | Promise<void>;
  /** Looks at the plan before it is carried out. */
  readonly onPlan?: (plan: Plan) => void;
  /** Whatever else it is compiled with. */
  readonly compile?: Partial<CompileOptions>;
}

/** A world of its own for one test. */
export class World implements AsyncDisposable {
  /** Its real path. In it are `ws`, which runs may be granted, and `outside`. */
  readonly directory: string;
  readonly #outside = new Map<string, string>();
  #canaries: ReadonlyMap<string, string> = new Map();

  private constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Makes one, with a canary in `outside` and one beside the workspace.
   *
   * @param options Where its directory is made.
   * @returns The world, which goes when it is disposed of.
   */
  static async make(options: Deno.MakeTempOptions = {}): Promise<World> {
    const directory = await Deno.realPath(
      await Deno.makeTempDir({ prefix: "routebook-security-", ...options }),
    );
    const world = new World(directory);
    await Deno.mkdir(world.at("ws"));
    await world.canary("outside/secret.txt", "outside/deep/secret.txt", "ws-sibling/secret.txt");
    return world;
  }

  /**
   * @param path A relative path.
   * @returns The absolute one.
   */
  at(path: string): string {
    return join(this.directory, path);
  }

  /**
   * Writes a file that a run is granted, or may change.
   *
   * @param path A relative path.
   * @param text The content.
   */
  async file(path: string, text = `${path}\n`): Promise<void> {
    await Deno.mkdir(dirname(this.at(path)), { recursive: true });
    await Deno.writeTextFile(this.at(path), text);
  }

  /**
   * Writes files that nothing may read or change.
   *
   * @param paths Relative paths.
   */
  async canary(...paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const text = `${CANARY} ${path}\n`;
      await this.file(path, text);
      this.#outside.set(path, text);
      // An access before the last change makes the host note the next one: reading leaves a trace.
      await Deno.utime(this.at(path), 1_000, new Date());
    }
    this.#canaries = this.#look();
  }

  /** Fails where a canary was read, changed, replaced, moved, or given a neighbour. */
  assertUntouched(): void {
    assertEquals(Object.fromEntries(this.#look()), Object.fromEntries(this.#canaries));
    for (const [path, text] of this.#outside) {
      assertEquals(Deno.readTextFileSync(this.at(path)), text);
    }
    this.#canaries = this.#look();
  }

  /** The inode, sizes and times of each canary, the names beside it, and those of the world. */
  #look(): Map<string, string> {
    const found = new Map<string, string>();
    for (const path of this.#outside.keys()) {
      const { ino, dev, mode, uid, size, nlink, atime, mtime, ctime } = Deno.lstatSync(
        this.at(path),
      );
      found.set(path, JSON.stringify([ino, dev, mode, uid, size, nlink, atime, mtime, ctime]));
      const place = dirname(this.at(path));
      const names = [...Deno.readDirSync(place)].map(({ name }) => name).sort();
      found.set(`${path}/..`, names.join("\n"));
    }
    return found;
  }

  /**
   * Compiles a workflow without any key.
   *
   * @param flow The workflow's keys, but for name, model, rehearsal and steps where they are absent.
   * @param turns What its model does.
   * @param options How.
   * @returns The plan, or what is wrong.
   */
  async compile(
    flow: Readonly<Record<string, unknown>>,
    turns: readonly (readonly ScriptedCall[])[] = [],
    options: Partial<CompileOptions> = {},
  ): Promise<{ readonly plan: Plan | undefined; readonly diagnostics: readonly Diagnostic[] }> {
    const calls = turns.map((turn) => ({ calls: turn.map(([tool, args]) => ({ [tool]: args })) }));
    const rehearsal = {
      name: flow.name ?? "attack",
      steps: { attack: [...calls, { text: "Done." }] },
    };
    // JSON is YAML.
    await this.file("flow/attack.rehearsal.yaml", JSON.stringify(rehearsal));
    const base = {
      name: "attack",
      model: "openai:m",
      rehearsal: "./attack.rehearsal.yaml",
      budget: { turns: 1_000 },
      steps: [{ id: "attack", prompt: "Attack." }],
    };
    await this.file("flow/attack.yaml", JSON.stringify({ ...base, ...flow }));
    return await compileWorkflow("flow/attack.yaml", {
      cwd: this.directory,
      mode: "rehearse",
      ...options,
    });
  }

  /**
   * Runs a workflow with a rehearsed model.
   *
   * @param flow The workflow's keys: see {@linkcode World.compile}.
   * @param options What its model does.
   * @returns What came of it.
   */
  async run(
    flow: Readonly<Record<string, unknown>>,
    options: WorldRunOptions = {},
  ): Promise<Ran> {
    const { plan, diagnostics } = await this.compile(flow, options.turns, options.compile);
    if (plan === undefined) {
      throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join("\n"));
    }
    options.onPlan?.(plan);
    const events: RunEvent[] = [];
    const result = await runPlan(plan, {
      sinks: [(event) => (events.push(event), options.onEvent?.(event))],
      runId: "attack",
    });
    const calls = events.filter((event): event is FinishedCall => event.type === "tool.finished");
    return { result, events, calls, told: events.map((event) => JSON.stringify(event)).join("\n") };
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}
