import { assert, assertEquals, assertRejects } from "@std/assert";
import { Channel } from "../../backends/channel.ts";
import { BackendError } from "../../backends/errors.ts";
import { serveBackends } from "../../backends/remote.ts";
import { SHELL_LIMITS, type ShellOutput } from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";
import { planProcesses } from "../../runner/permissions.ts";
import { ShellProcess } from "../../runner/_shell_process.ts";

/** A real shell process over a tree of this one. */
class Trial implements AsyncDisposable {
  readonly tree = new StateBackend();
  readonly shell: ShellProcess;
  readonly #channels: readonly Channel[];

  constructor(limits: Partial<typeof SHELL_LIMITS> = {}) {
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    const server = new Channel({ readable: there.readable, writable: back.writable });
    const tree = new Channel({ readable: back.readable, writable: there.writable });
    serveBackends(server, (name) => name === "/" ? this.tree : undefined);
    this.#channels = [server, tree];
    const shell = { type: "virtual", tool: true, limits: { ...SHELL_LIMITS, ...limits } } as const;
    const planned = planProcesses({
      ...{ file: "flow.yaml", model: { type: "none" }, roots: [], routes: [], shell },
    }).find(({ name }) => name === "shell");
    assert(planned !== undefined);
    this.shell = new ShellProcess({ planned, tree, limits: shell.limits });
  }

  /** Resolves with the process's id when a command has written something. */
  whenWritten(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const write = this.tree.write.bind(this.tree);
    this.tree.write = async (path, content, options) => {
      const info = await write(path, content, options);
      // A redirection first makes an empty file.
      if (this.shell.pid !== undefined && content.length > 0) resolve(this.shell.pid);
      return info;
    };
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shell.end();
    await Promise.all(this.#channels.map((channel) => channel.close()));
  }
}

const BUSY = "echo begun > /begun.txt; sleep 600";

async function isAlive(pid: number): Promise<boolean> {
  try {
    await Deno.lstat(`/proc/${pid}`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("ShellProcess.execute() starts its process at the first command and keeps it for the next", async () => {
  await using trial = new Trial();
  assertEquals(trial.shell.pid, undefined);
  const output: ShellOutput[] = [];
  const first = await trial.shell.execute("echo hello | tee /a.txt", {
    onOutput: (piece) => output.push(piece),
  });
  assertEquals([first.exitCode, first.stdout.text], [0, "hello\n"]);
  assertEquals(output, [{ stream: "stdout", text: "hello\n" }]);
  const { pid } = trial.shell;
  assertEquals((await trial.shell.execute("cat /a.txt")).stdout.text, "hello\n");
  assertEquals(trial.shell.pid, pid);
});

Deno.test("ShellProcess.execute() runs commands one at a time, in their order", async () => {
  await using trial = new Trial();
  const commands = ["a", "b", "c"].map((name) =>
    trial.shell.execute(`cat /log 2>/dev/null > /old; echo ${name} >> /log; cat /old`)
  );
  const results = await Promise.all(commands);
  assertEquals(results.map(({ stdout }) => stdout.text), ["", "a\n", "a\nb\n"]);
});

Deno.test("ShellProcess.execute() passes the workflow's limits on", async () => {
  await using trial = new Trial({ outputBytes: 1_000 });
  const { stdout } = await trial.shell.execute("seq 1000");
  assertEquals([stdout.bytes, stdout.omitted], [3_893, 2_893]);
});

Deno.test("ShellProcess.execute() throws what the shell refuses, and goes on", async () => {
  await using trial = new Trial();
  const error = await assertRejects(
    () => trial.shell.execute("true", { cwd: "/nowhere" }),
    BackendError,
  );
  assertEquals([error.code, error.path], ["not_found", "/nowhere"]);
  await assertRejects(() => trial.shell.execute("true", { timeout: 0 }), RangeError);
  assertEquals((await trial.shell.execute("echo on")).stdout.text, "on\n");
});

Deno.test({
  name:
    "ShellProcess.execute() tells of a process that was killed in the middle, and starts another",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using trial = new Trial();
    const written = trial.whenWritten();
    const running = trial.shell.execute(BUSY);
    const pid = await written;
    Deno.kill(pid, "SIGKILL");
    const { exitCode, timedOut, notes } = await running;
    assertEquals([exitCode, timedOut, notes], [137, false, [
      "The process that interprets commands ended in the middle of this one (signal SIGKILL)",
    ]]);
    const next = await trial.shell.execute("cat /begun.txt");
    assertEquals([next.exitCode, next.stdout.text], [0, "begun\n"]);
    assert(trial.shell.pid !== pid);
  },
});

Deno.test("ShellProcess.execute() starts another where its process ended with nothing to do", async () => {
  await using trial = new Trial();
  await trial.shell.execute("true");
  const { pid } = trial.shell;
  assert(pid !== undefined);
  Deno.kill(pid, "SIGKILL");
  for (let looks = 0; trial.shell.pid !== undefined; looks++) {
    assert(looks < 12_000, "The end of the process is not noticed");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { exitCode, notes } = await trial.shell.execute("true");
  assertEquals([exitCode, notes], [0, []]);
});

Deno.test({
  name: "ShellProcess.execute() kills a process that hears nothing any more when its time is up",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using trial = new Trial();
    // The interpreter is loaded by then: the time is the command's own.
    await trial.shell.execute("true");
    const written = trial.whenWritten();
    const running = trial.shell.execute(BUSY, { timeout: 5_000 });
    const pid = await Promise.race([written, running]);
    assert(typeof pid === "number", "The command ended before it wrote anything");
    // A stopped process can end nothing by itself, like one that is busy in a single step.
    Deno.kill(pid, "SIGSTOP");
    const { exitCode, timedOut, notes } = await running;
    assertEquals([exitCode, timedOut, notes], [124, true, []]);
    assertEquals(await isAlive(pid), false);
    assertEquals((await trial.shell.execute("cat /begun.txt")).stdout.text, "begun\n");
  },
});

Deno.test({
  name:
    "ShellProcess.execute() ends an aborted command with its process, even one that hears nothing",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using trial = new Trial();
    const stop = new AbortController();
    const written = trial.whenWritten();
    const running = trial.shell.execute(BUSY, { signal: stop.signal });
    const pid = await written;
    Deno.kill(pid, "SIGSTOP");
    stop.abort();
    const error = await assertRejects(() => running, BackendError);
    assertEquals(error.code, "aborted");
    assertEquals(await isAlive(pid), false);
    assertEquals((await trial.shell.execute("echo on")).stdout.text, "on\n");
  },
});

Deno.test("ShellProcess.execute() starts nothing for a command that was aborted before", async () => {
  await using trial = new Trial();
  const error = await assertRejects(
    () => trial.shell.execute("echo x > /a.txt", { signal: AbortSignal.abort() }),
    BackendError,
  );
  assertEquals([error.code, trial.shell.pid, trial.tree.files.size], ["aborted", undefined, 0]);
});

Deno.test("ShellProcess.end() ends a command under way and takes no other", async () => {
  await using trial = new Trial();
  const written = trial.whenWritten();
  const running = trial.shell.execute(BUSY);
  const waiting = trial.shell.execute("echo never > /never.txt");
  await written;
  const ends = [running, waiting].map((command) => assertRejects(() => command, BackendError));
  await trial.shell.end();
  assertEquals((await Promise.all(ends)).map(({ code }) => code), ["aborted", "aborted"]);
  assertEquals([...trial.tree.files.keys()], ["/begun.txt"]);
  await assertRejects(() => trial.shell.execute("true"), BackendError);
});
