import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import type { RunEvent } from "../../runner/events.ts";
import { descendantsOf } from "../security/_proc.ts";
import { startCli } from "../support/cli.ts";
import { type Play, played, results, writePlay } from "./_played.ts";

const nested = await probeConfinement({ nested: true });

const SHELLS = [
  { shell: "virtual", ignore: Deno.build.os !== "linux", why: "", processes: 3 },
  {
    shell: "sandbox",
    ignore: nested.type !== "bubblewrap",
    why: nested.type === "bubblewrap" ? "" : ` (${nested.reason})`,
    processes: 4,
  },
] as const;

/** What shows that the command is under way: real programs are heard, files of others are seen. */
const UNDER_WAY = /"type":"command\.output"[^\n]*begun|"path":"\/begun\.txt"/;

function busy(shell: string, kind: "call" | "step"): Play {
  const command = "echo begun | tee /begun.txt; sleep 600 & sleep 600";
  return {
    flow: {
      shell,
      backends: { disk: { type: "local", root: "./disk" }, memory: { type: "state" } },
      default: "memory",
      routes: { "/project/": "disk" },
      steps: [kind === "call" ? { id: "a", prompt: "Go." } : { id: "a", run: command }],
    },
    ...(kind === "call" ? { turns: { a: [[["execute", { command }]]] } } : {}),
  };
}

/** A run in the middle of a command, as a process of its own. */
class BusyRun implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  readonly #directory: string;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(directory: string, process: Deno.ChildProcess) {
    this.#directory = directory;
    this.process = process;
    this.#lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async start(play: Play): Promise<BusyRun> {
    const directory = await Deno.makeTempDir({ prefix: "routebook-busy-" });
    await writePlay(directory, play);
    const run = new BusyRun(
      directory,
      startCli("run", ["--json", "flow.yaml"], { cwd: directory, through: ["setsid"] }),
    );
    while (!UNDER_WAY.test(run.#text)) {
      if (!await run.#more()) {
        throw new Error(run.#text + await new Response(run.process.stderr).text());
      }
    }
    return run;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#lines.read();
    this.#text += value ?? "";
    return !done;
  }

  /** The process ids of all that it started, directly or not. */
  descendants(): number[] {
    return descendantsOf(this.process.pid).map(({ pid }) => pid);
  }

  /** Waits for its end: its exit code and its last event. */
  async end(): Promise<{ readonly code: number; readonly last: RunEvent }> {
    while (await this.#more());
    const { code } = await this.process.status;
    return { code, last: JSON.parse(this.#text.trimEnd().split("\n").at(-1) ?? "") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stderr.cancel();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** Resolves when none of the processes is there any more; one that stays fails the test. */
async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    for (let looks = 0; isRunning(pid); looks++) {
      if (looks === 12_000) {
        Deno.kill(pid, "SIGKILL");
        throw new Error(`Process ${pid} goes on without its run`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    // A zombie has ended; whoever started it has not asked yet.
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

for (const { shell, ignore, why, processes } of SHELLS) {
  for (const kind of ["call", "step"] as const) {
    Deno.test({
      name:
        `Ctrl-C ends a ${kind}'s command in the ${shell} shell with 130 and leaves no process${why}`,
      ignore,
      async fn() {
        await using run = await BusyRun.start(busy(shell, kind));
        const children = run.descendants();
        assert(children.length >= processes, `${children.length} processes`);
        // A terminal sends it to every process of the group.
        Deno.kill(-run.process.pid, "SIGINT");
        const { code, last } = await run.end();
        assert(last.type === "run.finished");
        assertEquals([code, last.outcome, last.exitCode], [130, "interrupted", 130]);
        await gone(children);
      },
    });
  }

  Deno.test({
    name: `SIGKILL of the runner leaves no process of a command in the ${shell} shell${why}`,
    ignore,
    async fn() {
      await using run = await BusyRun.start(busy(shell, "call"));
      const children = run.descendants();
      assert(children.length >= processes, `${children.length} processes`);
      run.process.kill("SIGKILL");
      assertEquals((await run.process.status).signal, "SIGKILL");
      await gone(children);
      await run.process.stdout.cancel().catch(() => {});
    },
  });
}

Deno.test({
  name:
    "runPlan() tells the model that the process of its virtual shell was killed, and runs the next command",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const killed = new Set<number>();
    const { result, events } = await played({
      flow: { shell: "virtual", steps: [{ id: "a", prompt: "Go." }] },
      turns: {
        a: [
          [["execute", { command: "echo begun | tee /begun.txt; sleep 600" }]],
          [["execute", { command: "cat /begun.txt" }]],
        ],
      },
      onEvent(event) {
        if (event.type !== "file.changed" || killed.size > 0) return;
        for (const { pid, command } of descendantsOf(Deno.pid)) {
          if (!command.some((word) => word.endsWith("runner/shell.ts"))) continue;
          killed.add(pid);
          Deno.kill(pid, "SIGKILL");
        }
      },
    });
    assertEquals([result.outcome, killed.size], ["success", 1]);
    const left = descendantsOf(Deno.pid).flatMap(({ command }) => command);
    assertEquals(left.filter((word) => word.endsWith("runner/shell.ts")), []);
    const [first, second] = results(events);
    assertStringIncludes(first ?? "", "Exit code: 137\n");
    assertStringIncludes(first ?? "", "(signal SIGKILL)");
    assertEquals(second, "Exit code: 0\nstdout:\nbegun");
  },
});
