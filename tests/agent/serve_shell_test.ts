import { assert, assertEquals, assertRejects } from "@std/assert";
import { serveAgent } from "../../agent/_serve.ts";
import {
  AGENT_PROCESS,
  type CommandParams,
  type EventNotice,
  type StartParams,
  type StartResult,
} from "../../agent/process.ts";
import { Channel } from "../../backends/channel.ts";
import { BackendError } from "../../backends/errors.ts";
import { RemoteBackend, serveBackends } from "../../backends/remote.ts";
import { serveShell } from "../../backends/shells/remote_shell.ts";
import { serveStage } from "../../backends/shells/remote_stage.ts";
import {
  type ExecuteResult,
  type Shell,
  SHELL_LIMITS,
  type ShellType,
} from "../../backends/shells/shell.ts";
import type { Stage, StageChanges } from "../../backends/shells/stage.ts";
import { VirtualShell } from "../../backends/shells/virtual.ts";
import { StateBackend } from "../../backends/state.ts";

const { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes } = SHELL_LIMITS;
const LIMITS = { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes };

/** The runner's side of an agent with a shell, in this process. */
class Runner implements AsyncDisposable {
  readonly events: EventNotice[] = [];
  readonly disk = new StateBackend();
  readonly channel: Channel;
  /** The tree as commands see it. */
  readonly tree: RemoteBackend;

  constructor() {
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    serveAgent(new Channel({ readable: there.readable, writable: back.writable }));
    this.channel = new Channel({ readable: back.readable, writable: there.writable });
    this.channel.onNotice(AGENT_PROCESS.event, (notice) => this.events.push(notice as EventNotice));
    serveBackends(this.channel, (name) => name === "disk" ? this.disk : undefined);
    this.tree = new RemoteBackend({ channel: this.channel, name: "/" });
  }

  async start(type: ShellType, more: Partial<StartParams> = {}): Promise<StartResult> {
    const start: StartParams = {
      model: { type: "none" },
      instructions: "",
      backends: [{ name: "memory", type: "state" }, { name: "disk", type: "local" }],
      routes: [
        { prefix: "/project/", backend: "disk", path: "/p", access: "read-write" },
        { prefix: "/", backend: "memory", path: "/", access: "read-write" },
      ],
      deny: ["read **/.env"],
      ask: [],
      shell: { type, tool: true, limits: LIMITS },
      ...more,
    };
    return (await this.channel.request(AGENT_PROCESS.start, start)).value as StartResult;
  }

  async execute(command: string, step: string, signal?: AbortSignal): Promise<ExecuteResult> {
    const params: CommandParams = { step, command, cwd: "/", env: { A: "1" } };
    const reply = await this.channel.request(AGENT_PROCESS.execute, params, { signal });
    return reply.value as ExecuteResult;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.channel.close();
  }
}

Deno.test("serveAgent() runs the runner's commands over its tree, and tells what they print and change", async () => {
  await using runner = new Runner();
  const shell = new VirtualShell({ backend: runner.tree });
  serveShell(runner.channel, () => shell);
  const { tools } = await runner.start("virtual");
  assertEquals(tools.at(-1), "execute");
  await runner.disk.write("/p/.env", "SECRET=1\n");
  const { exitCode, stdout } = await runner.execute(
    "ls -a /project; rm -f /none; echo $A | tee /project/a.txt; exit 4",
    "one",
  );
  assertEquals([exitCode, stdout.text], [4, ".\n..\n1\n"]);
  assertEquals((await runner.disk.read("/p/a.txt")).text, "1\n");
  assertEquals(runner.events, [
    { step: "one", event: { type: "file.changed", operation: "write", path: "/project/a.txt" } },
    {
      step: "one",
      event: { type: "command.output", callId: "", stream: "stdout", text: ".\n..\n1\n" },
    },
  ]);
});

Deno.test("serveAgent() serves its tree to commands while one runs, and at no other time", async () => {
  await using runner = new Runner();
  const seen: string[][] = [];
  const look = async () => seen.push((await runner.tree.ls("/")).map(({ path }) => path));
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const virtual = new VirtualShell({ backend: runner.tree });
  serveShell(runner.channel, () => ({
    type: "virtual",
    async execute(command, options) {
      begin();
      await gate;
      return await virtual.execute(command, options);
    },
  }));
  await runner.start("virtual");
  await assertRejects(look, Error, "There is no backend '/' here");
  const running = runner.execute("true", "one");
  await begun;
  await look();
  open();
  await running;
  await assertRejects(look, Error, "There is no backend '/' here");
  assertEquals(seen, [["/project", "/tmp"]]);
});

Deno.test("serveAgent() takes what a cancelled command left, and tells nothing of it in another step", async () => {
  await using runner = new Runner();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const shell: Shell = {
    type: "sandbox",
    execute(command, { signal } = {}) {
      const nothing = { text: "", bytes: 0, omitted: 0 };
      const done = { exitCode: 0, stdout: nothing, stderr: nothing, timedOut: false, notes: [] };
      if (command === "quick") return Promise.resolve(done);
      begin();
      return new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(new BackendError("aborted", "/", "Aborted")))
      );
    },
  };
  const none = { files: [], directories: [], deleted: [], lost: [], local: [], notes: [] };
  const left: StageChanges[] = [
    { ...none, files: [{ path: "/late.txt", size: 1, written: true }], local: ["/project/x"] },
    { ...none, local: ["/project/y"] },
  ];
  const stage: Stage = {
    put: () => Promise.resolve(),
    delete: () => Promise.resolve(),
    reset: () => Promise.resolve(),
    changes: () => Promise.resolve(left.shift() ?? none),
    read: (paths) => Promise.resolve(paths.map(() => Uint8Array.of(120))),
  };
  serveShell(runner.channel, () => shell);
  serveStage(runner.channel, () => stage);
  await runner.start("sandbox");
  const stop = new AbortController();
  const cancelled = assertRejects(() => runner.execute("slow", "one", stop.signal), Error);
  await begun;
  stop.abort();
  await cancelled;
  // It waits until the one before it has really ended.
  assertEquals((await runner.execute("quick", "two")).exitCode, 0);
  assertEquals(runner.events, [
    { step: "two", event: { type: "file.changed", operation: "write", path: "/project/y" } },
  ]);
  const memory = new RemoteBackend({ channel: runner.channel, name: "memory" });
  assertEquals((await memory.read("/late.txt")).text, "x");
});

Deno.test("serveAgent() keeps a tree with a shell out of the system's directories", async () => {
  await using runner = new Runner();
  const shell = new VirtualShell({ backend: runner.tree });
  serveShell(runner.channel, () => shell);
  await runner.start("virtual");
  const { exitCode } = await runner.execute("echo x > /etc/x && cat /etc/x > /seen.txt", "one");
  assertEquals(exitCode, 0);
  const memory = new RemoteBackend({ channel: runner.channel, name: "memory" });
  assertEquals((await memory.glob("**")).files.map(({ path }) => path), ["/seen.txt"]);
});

Deno.test("serveAgent() refuses a command where there is no shell, and one of no known form", async () => {
  await using runner = new Runner();
  await assertRejects(() => runner.execute("true", "one"), TypeError, "must come first");
  await runner.start("virtual", { shell: undefined });
  await assertRejects(() => runner.execute("true", "one"), TypeError, "There is no shell");
  const error = await assertRejects(
    () => runner.channel.request(AGENT_PROCESS.execute, { step: "one", command: 5 }),
    TypeError,
  );
  assert(error.message.startsWith("Cannot read the params of 'agent.execute'"), error.message);
});
