import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createDeepAgent } from "../../agent/agent.ts";
import type { AgentEvent } from "../../agent/events.ts";
import { executeTool } from "../../agent/tools/execute.ts";
import { BackendError } from "../../backends/errors.ts";
import type {
  ExecuteOptions,
  ExecuteResult,
  Shell,
  ShellStream,
} from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";
import { AnsweringModel, call, type PartialAnswer } from "./_support.ts";

function stream(text: string, more: Partial<ShellStream> = {}): ShellStream {
  return { text, bytes: new TextEncoder().encode(text).length, omitted: 0, ...more };
}

function result(more: Partial<ExecuteResult> = {}): ExecuteResult {
  const none = stream("");
  return { exitCode: 0, stdout: none, stderr: none, timedOut: false, notes: [], ...more };
}

/** A shell that a test plays. */
class PlayedShell implements Shell {
  readonly type = "virtual";
  readonly asked: { readonly command: unknown; readonly options: ExecuteOptions }[] = [];
  readonly #play: (options: ExecuteOptions) => ExecuteResult | Promise<ExecuteResult>;

  constructor(play: (options: ExecuteOptions) => ExecuteResult | Promise<ExecuteResult>) {
    this.#play = play;
  }

  async execute(command: string | readonly string[], options: ExecuteOptions = {}) {
    this.asked.push({ command, options });
    return await this.#play(options);
  }
}

/** What the model is told of a command that ends so. */
async function told(ended: ExecuteResult, args: object = {}): Promise<string> {
  const prepared = await executeTool("virtual").prepare({ command: "x", ...args });
  if (!prepared.ok) throw new TypeError(prepared.problems.join("; "));
  const shell = new PlayedShell(() => ended);
  const { signal } = new AbortController();
  return await prepared.call.execute({ backend: new StateBackend(), shell, signal });
}

Deno.test("execute tells exit code, output and notes, each under its name", async () => {
  assertEquals(
    await told(result({
      exitCode: 2,
      stdout: stream("one\ntwo\n"),
      stderr: stream("no such file\n"),
      notes: ["A socket at '/a' was left and is not kept"],
    })),
    `Exit code: 2
stdout:
one
two
stderr:
no such file
(A socket at '/a' was left and is not kept)`,
  );
  assertEquals(await told(result({ stdout: stream("\n\n") })), "Exit code: 0\nstdout:\n\n");
  assertEquals(await told(result()), "Exit code: 0\n(no output)");
});

Deno.test("execute says that a command was killed when its time was up, and how much is left out", async () => {
  assertEquals(
    await told(
      result({
        exitCode: 124,
        timedOut: true,
        stdout: stream("a\n[... 5 bytes left out ...]\nb", { bytes: 2_007, omitted: 5 }),
      }),
      { timeout: 3 },
    ),
    `Exit code: 124 (killed after 3 seconds; what it printed and wrote by then is kept)
stdout (2,007 bytes: the first and the last part):
a
[... 5 bytes left out ...]
b`,
  );
});

Deno.test("execute keeps a result within 64 KiB whatever is printed, with the end of both streams", async () => {
  const flood = "\ufffd".repeat(24 * 1024);
  const text = await told(result({
    stdout: stream(`${flood}END1`),
    stderr: stream(`${flood}END2`),
    notes: Array.from({ length: 1_000 }, (_, index) => `note ${index}`),
  }));
  assert(new TextEncoder().encode(text).length <= 64 * 1024);
  assertStringIncludes(text, "END1\nstderr:");
  assertStringIncludes(text, "END2\n(note 0)");
  assertStringIncludes(text, "characters left out ...]");
  assertStringIncludes(text, "other notes)");
});

Deno.test("execute passes on where and how to run, in milliseconds", async () => {
  const shell = new PlayedShell(() => result());
  const prepared = await executeTool("virtual").prepare({
    command: "cat",
    cwd: "/project",
    env: { A: "1" },
    stdin: "hello",
    timeout: 2.5,
  });
  assert(prepared.ok);
  assertEquals(prepared.call.effects, undefined);
  assertEquals(prepared.call.command, {
    script: "cat",
    cwd: "/project",
    env: { A: "1" },
    stdin: "hello",
  });
  const { signal } = new AbortController();
  await prepared.call.execute({ backend: new StateBackend(), shell, signal });
  assertEquals(shell.asked, [{
    command: "cat",
    options: {
      cwd: "/project",
      env: { A: "1" },
      stdin: "hello",
      timeout: 2_500,
      outputBytes: 24 * 1024,
      signal,
    },
  }]);
});

Deno.test("execute refuses a call that no shell could run", async () => {
  const problems = async (args: unknown) => {
    const prepared = await executeTool("sandbox").prepare(args);
    return prepared.ok ? [] : prepared.problems;
  };
  assertEquals(await problems({}), ["'command' is missing: it must be a string"]);
  assertEquals((await problems({ command: "" })).length, 1);
  assertEquals((await problems({ command: "x", timeout: 3_601 })).length, 1);
  assertEquals((await problems({ command: "x", env: { A: 1 } })).length, 1);
  assertEquals(await problems({ command: "x", shell: "bash" }), [
    "'shell' is not a parameter; the parameters are 'command', 'cwd', 'env', 'stdin', 'timeout'",
  ]);
});

Deno.test("execute tells the model which kind of shell it is and which directories are the system's", () => {
  const { description } = executeTool("virtual").describe();
  for (const words of ["interpreted", "no git, python", "no network", "/usr", "same paths"]) {
    assertStringIncludes(description, words);
  }
  const sandbox = executeTool("sandbox").describe().description;
  assertStringIncludes(sandbox, "programs of this machine");
  assert(!sandbox.includes("interpreted"));
});

async function run(shell: Shell | undefined, answers: readonly PartialAnswer[]) {
  const model = new AnsweringModel(answers);
  const events: AgentEvent[] = [];
  const agent = createDeepAgent({ model });
  const backend = new StateBackend();
  await agent.run("Go.", { backend, shell, onEvent: (event) => events.push(event) });
  return { model, events };
}

Deno.test("DeepAgent.run() offers execute with a shell alone, and tells what a command prints before its result", async () => {
  const shell = new PlayedShell(({ onOutput }) => {
    onOutput?.({ stream: "stdout", text: "one " });
    onOutput?.({ stream: "stderr", text: "oops\n" });
    onOutput?.({ stream: "stdout", text: "two\n" });
    return result({ exitCode: 3, stdout: stream("one two\n"), stderr: stream("oops\n") });
  });
  const answers = [{ toolCalls: [call("c1", "execute", { command: "x" })] }, { text: "Done." }];
  const { model, events } = await run(shell, answers);
  assertEquals(model.request?.tools.at(-1)?.name, "execute");
  const shown = events.filter(({ type }) => /^(?:tool|command)/.test(type));
  assertEquals(shown.slice(1), [
    { type: "command.output", callId: "c1", stream: "stdout", text: "one two\n" },
    { type: "command.output", callId: "c1", stream: "stderr", text: "oops\n" },
    {
      type: "tool.finished",
      turn: 1,
      callId: "c1",
      tool: "execute",
      ok: true,
      exitCode: 3,
      result: "Exit code: 3\nstdout:\none two\nstderr:\noops",
    },
  ]);
  const without = await run(undefined, answers);
  assertEquals(without.model.request?.tools.some(({ name }) => name === "execute"), false);
  const [finished] = without.events.flatMap((event) =>
    event.type === "tool.finished" ? [event.result] : []
  );
  assertStringIncludes(finished ?? "", "There is no tool 'execute'");
});

Deno.test("DeepAgent.run() tells long output in pieces as it comes, not at its end", async () => {
  const told = Promise.withResolvers<void>();
  const shell = new PlayedShell(async ({ onOutput }) => {
    for (let byte = 0; byte < 3 * 4_096; byte++) onOutput?.({ stream: "stdout", text: "." });
    await told.promise;
    return result();
  });
  const model = new AnsweringModel([
    { toolCalls: [call("c1", "execute", { command: "x" })] },
    { text: "Done." },
  ]);
  const pieces: number[] = [];
  await createDeepAgent({ model }).run("Go.", {
    backend: new StateBackend(),
    shell,
    onEvent(event) {
      if (event.type !== "command.output") return;
      pieces.push(event.text.length);
      if (pieces.length === 3) told.resolve();
    },
  });
  assertEquals(pieces, [4_096, 4_096, 4_096]);
});

Deno.test("DeepAgent.run() tells a refused command as a failed call with its code", async () => {
  const shell = new PlayedShell(() => {
    throw new BackendError(
      "denied",
      "/",
      "Cannot run 'git push': denied by the rule 'execute git push *'",
    );
  });
  const { events } = await run(shell, [
    { toolCalls: [call("c1", "execute", { command: "git push" })] },
    { text: "Done." },
  ]);
  const [finished] = events.flatMap((event) => event.type === "tool.finished" ? [event] : []);
  assertEquals([finished?.ok, finished?.code, finished?.exitCode], [false, "denied", undefined]);
});

Deno.test("DeepAgent.run() tells the model whether commands of its shell reach a network", async () => {
  const shell = { type: "docker", execute: () => Promise.resolve(result()) } as const;
  const descriptionOf = async (shell: Shell) => {
    const { model } = await run(shell, [{ text: "Done." }]);
    return model.request?.tools.find(({ name }) => name === "execute")?.description ?? "";
  };
  assertStringIncludes(await descriptionOf(shell), "no network");
  assertStringIncludes(await descriptionOf({ ...shell, network: true }), "a network");
});
