// What neither the model nor the runner is told.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { runLoop } from "../../agent/_loop.ts";
import { RESULT_BYTES } from "../../agent/_text.ts";
import type { Message } from "../../agent/model.ts";
import { SecretMask } from "../../agent/secrets.ts";
import { defineTool } from "../../agent/tool.ts";
import { serveShell } from "../../backends/shells/remote_shell.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";
import { VirtualShell } from "../../backends/shells/virtual.ts";
import { answer, replyFromTurn, startOpenAiServer } from "../support/openai_server.ts";
import { AnsweringModel, call } from "./_support.ts";
import { liveModel, Served, turn } from "./_served.ts";

const { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes } = SHELL_LIMITS;
const LIMITS = { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes };
const SECRET = "hunter2-hunter2";

Deno.test("serveAgent() shows the model no secret, and leaves the files as they are", async () => {
  const old = "token = ***\nname = a\n";
  const path = "/project/config.ini";
  await using server = startOpenAiServer({
    script: [
      replyFromTurn(turn(
        "",
        ["read_file", { path }],
        ["grep", { query: "token", path: "/project" }],
        ["execute", { command: `base64 -w0 ${path}; cat ${path}; cat ${path} >&2` }],
      )),
      replyFromTurn(turn("", ["edit_file", { path, old_text: old, new_text: "" }])),
      replyFromTurn(turn("", ["edit_file", { path, old_text: "name = a", new_text: "name = b" }])),
      answer({ text: `Done with ${SECRET}.` }),
    ],
  });
  await using runner = new Served();
  const tree = new RemoteBackend({ channel: runner.channel, name: "/" });
  const virtual = new VirtualShell({ backend: tree });
  serveShell(runner.channel, () => virtual);
  await runner.disk.write("/config.ini", `token = ${SECRET}\nname = a\n`);
  await runner.start({
    model: liveModel(server),
    instructions: `Never say ${SECRET}.`,
    secrets: [SECRET],
    shell: { type: "virtual", tool: true, limits: LIMITS },
  });
  const result = await runner.step({ prompt: `Find ${SECRET}.` });
  assertEquals(result.output, "Done with ***.");
  const asked = JSON.stringify(server.exchanges.map(({ request }) => request.messages));
  assert(!asked.includes(SECRET), asked);
  assert(!asked.includes(btoa(SECRET).slice(4, -4)), asked);
  const [system = "", prompt = "", , shown = "", found = "", ran = ""] =
    server.exchanges[1]?.request.messages.map(({ content }) => content ?? "") ?? [];
  assertStringIncludes(system, "Never say ***.");
  assertStringIncludes(system, "Where a result shows `***`");
  assertEquals(prompt, "Find ***.");
  assertEquals(shown, "1\ttoken = ***\n2\tname = a");
  assertStringIncludes(found, "token = ***");
  assertEquals(ran.match(/\*\*\*/g)?.length, 3);
  const [, , , edited] = runner.told("tool.finished").map(({ event }) => event);
  assertEquals([edited?.ok, edited?.code], [false, "no_match"]);
  assertStringIncludes(
    edited?.result ?? "",
    "Where a result shows '***' the file has a secret, which is never shown: leave it out of " +
      "old_text, and edit the text before or after it.",
  );
  assertEquals((await runner.disk.read("/config.ini")).text, `token = ${SECRET}\nname = b\n`);
  // What the model says by itself is streamed in pieces, which the runner's recorder masks as one text.
  const others = runner.events.filter(({ event }) => event.type !== "model.text");
  const told = JSON.stringify([others, await runner.checkpoint()]);
  assert(!told.includes(SECRET), told);
});

Deno.test("serveAgent() tells the runner no secret, in results, errors and questions", async () => {
  await using runner = new Served();
  const tree = new RemoteBackend({ channel: runner.channel, name: "/" });
  const virtual = new VirtualShell({ backend: tree });
  serveShell(runner.channel, () => virtual);
  await runner.start({
    secrets: [SECRET],
    ask: ["write /live/**"],
    shell: { type: "virtual", tool: false, limits: LIMITS },
  });
  const env = { TOKEN: SECRET };
  const { stdout, stderr } = await runner.execute({
    command: "echo $TOKEN; echo $TOKEN >&2; echo $TOKEN > /kept",
    env,
  });
  assertEquals([stdout.text, stderr.text], ["***\n", "***\n"]);
  assertEquals((await runner.memory.read("/kept")).text, `${SECRET}\n`);
  const error = await assertRejects(() => runner.execute({ cwd: `/${SECRET}` }), Error);
  assertStringIncludes(error.message, "'/***'");
  assert(!error.message.includes(SECRET), error.message);
  const content = `x ${SECRET}`;
  const write = turn("", ["write_file", { path: "/live/a", content }]);
  await runner.step({ rehearsal: [write, turn("Done.")] });
  assertEquals(runner.asked.length, 1);
  assertStringIncludes(runner.asked[0]?.detail ?? "", "x ***");
  assert(!JSON.stringify([runner.asked, runner.events]).includes(SECRET));
  assertEquals((await runner.memory.read("/live/a")).text, content);
});

Deno.test("runLoop() masks a result before it is cut, so that no half of a secret is left", async () => {
  const mask = new SecretMask([SECRET]);
  // As it stands it would be cut in the middle of the secret: a note of 41 characters follows.
  const text = `${"x".repeat(RESULT_BYTES - 49)}${SECRET}${"y".repeat(RESULT_BYTES)}`;
  const tool = defineTool({
    name: "long",
    description: "Says much.",
    parameters: z.strictObject({}),
    execute: () => Promise.resolve(text),
  });
  const conversation: Message[] = [{ role: "user", content: "Go." }];
  await runLoop({
    model: new AnsweringModel([{ toolCalls: [call("1", "long", {})] }, { text: "Done." }]),
    ...{ system: "", tools: new Map([["long", tool]]), backend: new StateBackend(), conversation },
    ...{ maxTurns: 2, signal: undefined, onEvent: undefined, mask: (text) => mask.text(text) },
  });
  const result = conversation.find(({ role }) => role === "tool")?.content ?? "";
  assert(result.startsWith("xxx") && result.length < text.length, result.slice(0, 100));
  assert(!result.includes(SECRET.slice(0, 3)), result.slice(-200));
});

Deno.test("serveAgent() hides the model's key like a secret, unless it is a placeholder", async () => {
  for (
    const [key, expected] of [["sk-0123456789", "Say ***."], ["ollama", "Say ollama."]] as const
  ) {
    await using server = startOpenAiServer({ script: () => answer({ text: "Ok." }), key });
    await using runner = new Served();
    await runner.start({ model: liveModel(server) });
    await runner.step({ prompt: `Say ${key}.` });
    assertEquals(server.exchanges[0]?.request.messages[1]?.content, expected);
    assertEquals(server.exchanges[0]?.request.messages[0]?.content?.includes("`***`"), false);
  }
});
