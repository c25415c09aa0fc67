import { assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { RemoteShell, serveShell, SHELL_EXECUTE } from "../../backends/shells/remote_shell.ts";
import type {
  ExecuteOptions,
  ExecuteResult,
  Shell,
  ShellOutput,
} from "../../backends/shells/shell.ts";
import { channelPair } from "./_channel_pair.ts";
import { codeOf, failureOf } from "./_shell_case.ts";

const RESULT: ExecuteResult = {
  exitCode: 3,
  stdout: { text: "out é\n", bytes: 7, omitted: 0 },
  stderr: { text: "\uFEFFerr", bytes: 900, omitted: 894 },
  timedOut: true,
  notes: ["A note", "Another"],
};

/** What a shell was asked. */
interface Asked {
  readonly command: string | readonly string[];
  readonly options: ExecuteOptions;
}

/** A shell that records and does what it is told. */
function shellThat(
  act: (options: ExecuteOptions) => ExecuteResult | Promise<ExecuteResult>,
): { readonly shell: Shell; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const shell: Shell = {
    type: "virtual",
    execute: (command, options = {}) => {
      asked.push({ command, options });
      return Promise.try(() => act(options));
    },
  };
  return { shell, asked };
}

Deno.test("RemoteShell.execute() asks the other process and gives back what it answers", async () => {
  await using pair = channelPair();
  const { shell, asked } = shellThat(() => RESULT);
  serveShell(pair.server, () => shell);
  const remote = new RemoteShell({ channel: pair.client, type: "sandbox" });
  assertEquals(remote.type, "sandbox");
  const options = {
    cwd: "/project",
    env: { A: "é" },
    stdin: "\uFEFFstdin €",
    timeout: 5_000,
    outputBytes: 2_000,
  };
  assertEquals(await remote.execute("echo", options), RESULT);
  assertEquals(await remote.execute(["a", "b c"]), RESULT);
  const [first, second] = asked;
  const { signal: _1, onOutput: _2, ...told } = first?.options ?? {};
  assertEquals([first?.command, told], ["echo", options]);
  const { signal: _3, ...nothing } = second?.options ?? {};
  assertEquals(second?.command, ["a", "b c"]);
  assertEquals(Object.entries(nothing).filter(([, value]) => value !== undefined), [["cwd", "/"]]);
});

Deno.test("RemoteShell.execute() tells what is printed, each call its own", async () => {
  await using pair = channelPair();
  const { shell } = shellThat(({ stdin, onOutput }) => {
    onOutput?.({ stream: "stdout", text: `${stdin} 1` });
    onOutput?.({ stream: "stderr", text: `${stdin} 2` });
    return RESULT;
  });
  serveShell(pair.server, () => shell);
  const run = async (stdin: string) => {
    const told: ShellOutput[] = [];
    const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
    await remote.execute("x", { stdin, onOutput: (output) => void told.push(output) });
    return told;
  };
  const [a, b] = await Promise.all([run("a"), run("b")]);
  assertEquals(a, [{ stream: "stdout", text: "a 1" }, { stream: "stderr", text: "a 2" }]);
  assertEquals(b, [{ stream: "stdout", text: "b 1" }, { stream: "stderr", text: "b 2" }]);
});

Deno.test("RemoteShell.execute() wants no notices where nobody listens", async () => {
  await using pair = channelPair();
  const { shell, asked } = shellThat(() => RESULT);
  serveShell(pair.server, () => shell);
  await new RemoteShell({ channel: pair.client, type: "virtual" }).execute("x");
  assertEquals(asked[0]?.options.onOutput, undefined);
});

Deno.test("serveShell() passes commands, output and cancellations on to another process", async () => {
  await using upper = channelPair();
  await using lower = channelPair();
  const started = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<unknown>();
  const { shell, asked } = shellThat(async ({ signal, onOutput, stdin }) => {
    onOutput?.({ stream: "stdout", text: `told ${stdin}` });
    if (stdin !== "wait") return RESULT;
    started.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    signal?.addEventListener("abort", () => resolve());
    await promise;
    cancelled.resolve(signal?.aborted);
    return RESULT;
  });
  serveShell(lower.server, () => shell);
  serveShell(upper.server, () => lower.client);
  const remote = new RemoteShell({ channel: upper.client, type: "virtual" });
  const told: ShellOutput[] = [];
  const onOutput = (output: ShellOutput) => void told.push(output);
  assertEquals(await remote.execute("x", { stdin: "1", onOutput, outputBytes: 4_000 }), RESULT);
  assertEquals(told, [{ stream: "stdout", text: "told 1" }]);
  assertEquals(asked[0]?.options.outputBytes, 4_000);

  const controller = new AbortController();
  const waiting = codeOf(remote.execute("x", { stdin: "wait", signal: controller.signal }));
  await started.promise;
  controller.abort();
  assertEquals([await waiting, await cancelled.promise], ["aborted", true]);
});

Deno.test("RemoteShell.execute() fails as the shell does", async () => {
  await using pair = channelPair();
  const failures = [
    new BackendError("denied", "/x", "Not '/x'"),
    new RangeError("Too small"),
    new Error("/home/me/secret is broken"),
  ];
  const { shell } = shellThat(() => {
    throw failures.shift();
  });
  serveShell(pair.server, () => shell);
  const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
  const denied = await assertRejects(() => remote.execute("x"), BackendError, "Not '/x'");
  assertEquals([denied.code, denied.path], ["denied", "/x"]);
  await assertRejects(() => remote.execute("x"), RangeError, "Too small");
  const broken = await assertRejects(() => remote.execute("x"), BackendError);
  assertEquals([broken.code, broken.message], ["io", "The shell failed (Error)"]);
});

Deno.test("RemoteShell.execute() checks a command before it is sent", async () => {
  await using pair = channelPair();
  const { shell, asked } = shellThat(() => RESULT);
  serveShell(pair.server, () => shell);
  const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
  assertEquals(await codeOf(remote.execute("x", { cwd: "x" })), "invalid_path");
  assertEquals(await codeOf(remote.execute([])), "unsupported");
  assertEquals(await codeOf(remote.execute("x", { signal: AbortSignal.abort() })), "aborted");
  assertEquals(await failureOf(remote.execute("x", { timeout: 0 })) instanceof RangeError, true);
  assertEquals(asked, []);
});

Deno.test("RemoteShell.execute() says when there is no shell, or no process any more", async () => {
  await using pair = channelPair();
  serveShell(pair.server, () => undefined);
  const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
  const none = await assertRejects(() => remote.execute("x"), BackendError);
  assertEquals([none.code, none.message], [
    "io",
    "The shell cannot be reached: There is no shell here",
  ]);
  await pair.server.close();
  assertEquals(await codeOf(remote.execute("x")), "io");
});

Deno.test("serveShell() refuses a call that is not one", async () => {
  await using pair = channelPair();
  const { shell, asked } = shellThat(() => RESULT);
  serveShell(pair.server, () => shell);
  const good = { id: 1, command: "x", output: false };
  for (
    const params of [
      null,
      "x",
      [],
      {},
      { ...good, id: -1 },
      { ...good, id: "1" },
      { ...good, command: 1 },
      { ...good, command: ["a", 1] },
      { ...good, command: undefined },
      { ...good, cwd: 1 },
      { ...good, env: [] },
      { ...good, env: { A: 1 } },
      { ...good, timeout: "1" },
      { ...good, outputBytes: {} },
      { ...good, output: 1 },
      { ...good, stdin: "x" },
      { ...good, shell: "host" },
    ]
  ) {
    await assertRejects(() => pair.client.request(SHELL_EXECUTE, params), TypeError);
  }
  const bytes = Uint8Array.of(0xff);
  await assertRejects(() => pair.client.request(SHELL_EXECUTE, good, { bytes }), TypeError);
  assertEquals(asked, []);
  await pair.client.request(SHELL_EXECUTE, good);
  assertEquals(asked.length, 1);
});

Deno.test("RemoteShell.execute() refuses an answer that is not one", async () => {
  await using pair = channelPair();
  const stream = { bytes: 1, omitted: 0, length: 1 };
  const good = { exitCode: 0, timedOut: false, notes: [], stdout: stream, stderr: stream };
  const bytes = Uint8Array.of(97, 98);
  const answers = [
    { value: null, bytes },
    { value: good },
    { value: { ...good, exitCode: -1 }, bytes },
    { value: { ...good, exitCode: 256 }, bytes },
    { value: { ...good, exitCode: "0" }, bytes },
    { value: { ...good, timedOut: 0 }, bytes },
    { value: { ...good, notes: [1] }, bytes },
    { value: { ...good, notes: Array(1_001).fill("") }, bytes },
    { value: { ...good, notes: ["x".repeat(20_000)] }, bytes },
    { value: { ...good, stdout: null }, bytes },
    { value: { ...good, stdout: { ...stream, length: 3 } }, bytes },
    { value: { ...good, stdout: { ...stream, length: 0 } }, bytes },
    { value: { ...good, stdout: { ...stream, omitted: 2 } }, bytes },
    { value: { ...good, stdout: { ...stream, bytes: 0.5 } }, bytes },
    { value: good, bytes: Uint8Array.of(97, 0xff) },
    {
      value: { ...good, stdout: { bytes: 900, omitted: 0, length: 900 } },
      bytes: new Uint8Array(901),
    },
  ];
  const rest = [...answers];
  pair.server.handle(SHELL_EXECUTE, () => rest.shift() ?? { value: good, bytes });
  const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
  for (const answer of answers) {
    const call = remote.execute("x", { outputBytes: 100 });
    assertEquals(await codeOf(call), "io", JSON.stringify(answer.value));
  }
  const { stdout, stderr } = await remote.execute("x", { outputBytes: 100 });
  assertEquals([stdout.text, stderr.text], ["a", "b"]);
});

Deno.test("RemoteShell.execute() tells no more of a flood than was asked for", async () => {
  await using pair = channelPair();
  const { shell } = shellThat(({ onOutput }) => {
    for (let count = 0; count < 100; count++) onOutput?.({ stream: "stdout", text: "0123456789" });
    onOutput?.({ stream: "stderr", text: "e" });
    return RESULT;
  });
  serveShell(pair.server, () => shell);
  const told: ShellOutput[] = [];
  const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
  const onOutput = (output: ShellOutput) => void told.push(output);
  await remote.execute("x", { outputBytes: 1_000, onOutput });
  const text = told.map((output) => output.text).join("");
  assertEquals(text, "0123456789".repeat(100) + "e");
  told.length = 0;
  await remote.execute("x", { outputBytes: 25, onOutput });
  assertEquals(told.map((output) => output.text).join(""), "0123456789012345678901234e");
});

Deno.test("RemoteShell closes the channel of a process whose notices are none", async () => {
  for (
    const params of [null, {}, { id: 0, stream: "stdin", text: "" }, { id: 0, stream: "stdout" }]
  ) {
    await using pair = channelPair();
    const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
    pair.server.notify("shell.output", params);
    await pair.client.closed;
    assertEquals(await codeOf(remote.execute("x")), "io");
  }
});

Deno.test("RemoteShell passes over what is told of a call that is over", async () => {
  await using pair = channelPair();
  const { shell } = shellThat(() => RESULT);
  serveShell(pair.server, () => shell);
  const remote = new RemoteShell({ channel: pair.client, type: "virtual" });
  pair.server.notify("shell.output", { id: 123_456_789, stream: "stdout", text: "late" });
  assertEquals(await remote.execute("x"), RESULT);
});
