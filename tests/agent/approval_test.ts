import { type AgentRunOptions, type ApprovalRequest, createDeepAgent } from "../../agent/agent.ts";
import { runLoop } from "../../agent/_loop.ts";
import type { Approve } from "../../agent/_approval.ts";
import type { AgentEvent } from "../../agent/events.ts";
import type { Message, ToolCall } from "../../agent/model.ts";
import { defineTool } from "../../agent/tool.ts";
import { BUILT_IN_TOOLS } from "../../agent/tools/built_in.ts";
import { GuardedBackend } from "../../backends/guard.ts";
import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import { AnsweringModel, call, type PartialAnswer, wholeTree } from "./_support.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";

const ASK = ["write /live/**", "write /site/live/**", "read /private/**"];

function guarded(files: Record<string, string> = {}, rules: { deny?: string[] } = {}) {
  const memory = new StateBackend({ files });
  return { memory, backend: new GuardedBackend({ backend: memory, ask: ASK, ...rules }) };
}

const write = (id: string, path: string, content = "new\n") =>
  call(id, "write_file", { path, content });

/** Lets an agent make some calls in one answer; their results, and what was asked. */
async function agentRun(
  backend: Backend,
  calls: readonly ToolCall[],
  approve?: AgentRunOptions["approve"],
) {
  const asked: ApprovalRequest[] = [];
  const events: AgentEvent[] = [];
  const agent = createDeepAgent({
    model: new AnsweringModel([{ toolCalls: calls }, { text: "Done." }]),
  });
  const { messages } = await agent.run("Go.", {
    backend,
    onEvent: (event) => events.push(event),
    ...approve === undefined ? {} : {
      approve: (request, options) => {
        asked.push(request);
        return approve(request, options);
      },
    },
  });
  const results = messages.flatMap((message) => message.role === "tool" ? [message.content] : []);
  return { results, asked, events };
}

Deno.test("DeepAgent.run() asks before a call, and does it once it is granted", async () => {
  const { memory, backend } = guarded({ "/live/a": "old\n" });
  let before: string | undefined;
  const { results, asked, events } = await agentRun(
    backend,
    [write("1", "/live/a")],
    () => {
      before = memory.files.get("/live/a")?.text;
      return { verdict: "granted" };
    },
  );
  assertEquals(asked, [{
    callId: "1",
    tool: "write_file",
    wishes: [{ verb: "write", what: "/live/a", rule: "write /live/**" }],
    detail: "--- /live/a\n+++ /live/a\n@@ -1,1 +1,1 @@\n-old\n+new",
  }]);
  assertEquals([before, memory.files.get("/live/a")?.text], ["old\n", "new\n"]);
  assertStringIncludes(results[0] ?? "", "Wrote /live/a");
  assertEquals(
    events.flatMap((event) => event.type === "file.changed" ? [event.path] : []),
    ["/live/a"],
  );
});

Deno.test("DeepAgent.run() tells the model of a refusal, and of one that nobody was asked for", async () => {
  const { memory, backend } = guarded();
  const refused = await agentRun(
    backend,
    [write("1", "/live/a")],
    () => ({ verdict: "refused", reason: "not today" }),
  );
  assertEquals(refused.results, [
    "Error: 'write_file' was not approved, and was not run. They say: not today. Find another " +
    "way, or say in your answer that it was refused.",
  ]);
  const finished = refused.events.find((event) => event.type === "tool.finished");
  assert(finished?.type === "tool.finished");
  assertEquals([finished.ok, finished.code], [false, "denied"]);
  const unasked = await agentRun(backend, [write("1", "/live/a")]);
  assertEquals(unasked.results, [
    "Error: 'write_file' needs somebody's approval ('write /live/**'), and there is nobody to " +
    "ask: it was not run. Find another way, or say in your answer that it was refused.",
  ]);
  assertEquals(memory.files.size, 0);
});

Deno.test("DeepAgent.run() asks about one call at a time, in their order, and keeps theirs", async () => {
  const { memory, backend } = guarded();
  let open = 0;
  const { asked, results } = await agentRun(
    backend,
    [
      write("1", "/live/a", "first\n"),
      call("2", "edit_file", { path: "/live/a", old_text: "first", new_text: "second" }),
      write("3", "/free", "x"),
      write("4", "/live/b"),
      call("5", "move_file", { from: "/free", to: "/live/c" }),
    ],
    async () => {
      assertEquals(++open, 1);
      await new Promise((resolve) => setTimeout(resolve, 0));
      open--;
      return { verdict: "granted" };
    },
  );
  assertEquals(asked.map(({ callId }) => callId), ["1", "2", "4", "5"]);
  // What an earlier call did is in the diff of a later one.
  assertStringIncludes(asked[1]?.detail ?? "", "-first\n+second");
  assertEquals(results.filter((text) => text.startsWith("Error")), []);
  assertEquals(await wholeTree(memory), {
    "/live/": "",
    "/live/a": "second\n",
    "/live/b": "new\n",
    "/live/c": "x",
  });
});

Deno.test("DeepAgent.run() grants a call no more than what was asked for", async () => {
  const { memory, backend } = guarded({ "/live/b": "b", "/secret": "s" }, {
    deny: ["write /secret"],
  });
  const greedy = (paths: readonly string[]) =>
    defineTool({
      name: "greedy",
      description: "Writes more than it says.",
      parameters: z.strictObject({}),
      effects: () => ({ reads: [], writes: ["/live/a"] }),
      async execute(_args, { backend }) {
        const done: string[] = [];
        for (const path of paths) {
          await backend.write(path, "greedy").then(() => done.push(path), () => {});
        }
        return done.join(" ");
      },
    });
  const agent = createDeepAgent({
    model: new AnsweringModel([
      { toolCalls: [call("1", "greedy", {})] },
      { toolCalls: [call("2", "write_file", { path: "/live/a", content: "again" })] },
      { text: "Done." },
    ]),
    tools: [greedy(["/live/a", "/live/b", "/secret"])],
  });
  let questions = 0;
  const { messages } = await agent.run("Go.", {
    backend,
    approve: () => ({ verdict: ++questions === 1 ? "granted" : "refused" }),
  });
  const results = messages.flatMap((message) => message.role === "tool" ? [message.content] : []);
  assertEquals(results[0], "/live/a");
  // What was granted once is asked about again.
  assertStringIncludes(results[1] ?? "", "was not approved");
  assertEquals(memory.files.get("/live/b")?.text, "b");
  assertEquals(memory.files.get("/secret")?.text, "s");
});

Deno.test("DeepAgent.run() asks nobody about a call that is denied or comes to nothing", async () => {
  const { backend } = guarded({ "/live/a": "x", "/site/live/b": "y" }, {
    deny: ["write /live/secret"],
  });
  const { asked, results } = await agentRun(
    backend,
    [
      write("1", "/live/secret"),
      call("2", "move_file", { from: "/live/a", to: "/live/secret" }),
      call("3", "edit_file", { path: "/live/a", old_text: "none", new_text: "" }),
      call("4", "delete_file", { path: "/live/none" }),
      write("5", "live/a"),
      call("6", "delete_file", { path: "/site", recursive: true }),
    ],
    () => ({ verdict: "refused" }),
  );
  assertEquals(asked, []);
  assertStringIncludes(results[0] ?? "", "denied by the rule 'write /live/secret'");
  assertStringIncludes(results[1] ?? "", "denied by the rule 'write /live/secret'");
  assertStringIncludes(results[2] ?? "", "the text to replace is not in it");
  assertStringIncludes(results[3] ?? "", "does not exist");
  assertStringIncludes(results[4] ?? "", "'live/a'");
  // What is asked about in a directory is not granted with it.
  assertStringIncludes(results[5] ?? "", "Error: Cannot delete '/site'");
});

Deno.test("DeepAgent.run() asks about reading, and shows the arguments where there is no preview", async () => {
  const { backend } = guarded({ "/private/diary": "dear\n" });
  const { asked, results } = await agentRun(
    backend,
    [call("1", "read_file", { path: "/private/diary", max_lines: 5 })],
    () => ({ verdict: "granted" }),
  );
  assertEquals(asked.map(({ wishes, detail }) => [wishes, detail]), [[
    [{ verb: "read", what: "/private/diary", rule: "read /private/**" }],
    'path: "/private/diary"\nmax_lines: 5',
  ]]);
  assertEquals(results, ["1\tdear"]);
});

Deno.test("DeepAgent.run() asks again where the file changes before the answer", async () => {
  const { memory, backend } = guarded({ "/live/a": "one\n" });
  const { asked } = await agentRun(backend, [write("1", "/live/a")], async ({ detail }) => {
    if (detail.includes("-one")) await memory.write("/live/a", "two\n");
    return { verdict: "granted" };
  });
  assertEquals(asked.map(({ detail }) => detail.split("\n")[3]), ["-one", "-two"]);
});

Deno.test("DeepAgent.run() asks about a command, and fails one that is denied", async () => {
  const backend = new GuardedBackend({
    backend: new StateBackend(),
    ask: ["execute git push *"],
    deny: ["execute rm *"],
  });
  const ran: string[] = [];
  const agent = createDeepAgent({
    model: new AnsweringModel([
      {
        toolCalls: [
          call("1", "sh", { command: "ls" }),
          call("2", "sh", { command: "cd x && git push origin\nls", cwd: "/project" }),
          call("3", "sh", { command: "echo; rm -r /" }),
        ],
      },
      { text: "Done." },
    ]),
    tools: [defineTool({
      name: "sh",
      description: "Runs a command.",
      parameters: z.strictObject({ command: z.string(), cwd: z.string().default("/") }),
      command: ({ command }) => ({ script: command }),
      execute: ({ command }) => {
        ran.push(command);
        return "ran";
      },
    })],
  });
  const asked: ApprovalRequest[] = [];
  const { messages } = await agent.run("Go.", {
    backend,
    approve: (request) => {
      asked.push(request);
      return { verdict: "granted" };
    },
  });
  const command = "cd x && git push origin\nls";
  assertEquals(asked, [{
    callId: "2",
    tool: "sh",
    wishes: [{ verb: "execute", what: command, rule: "execute git push *" }],
    detail: `${command}\ncwd: "/project"`,
  }]);
  assertEquals(ran, ["ls", command]);
  const results = messages.flatMap((message) => message.role === "tool" ? [message.content] : []);
  assertStringIncludes(results[2] ?? "", "denied by the rule 'execute rm *'");
});

Deno.test("DeepAgent.run() ends with the error of 'approve', and with the signal at a question", async () => {
  const { memory, backend } = guarded();
  const fails = () => Promise.reject(new RangeError("gone"));
  await assertRejects(() => agentRun(backend, [write("1", "/live/a")], fails), RangeError, "gone");
  const stop = new AbortController();
  const agent = createDeepAgent({
    model: new AnsweringModel([{ toolCalls: [write("1", "/live/a")] }]),
  });
  const running = agent.run("Go.", {
    backend,
    signal: stop.signal,
    approve: () => {
      stop.abort();
      return new Promise(() => {});
    },
  });
  await assertRejects(() => running, Error, "The run was interrupted");
  assertEquals(memory.files.size, 0);
});

const TOOLS = new Map(BUILT_IN_TOOLS.map((tool) => [tool.name, tool]));

/** Runs the loop over a conversation, as far as it comes. */
async function loop(
  backend: Backend,
  conversation: Message[],
  answers: readonly PartialAnswer[],
  approve: Approve,
) {
  const events: AgentEvent[] = [];
  const model = new AnsweringModel(answers);
  const { finish, output, turns } = await runLoop({
    ...{
      model,
      system: "",
      backend,
      conversation,
      approve,
      tools: TOOLS,
      signal: undefined,
      maxTurns: 9,
    },
    onEvent: (event) => events.push(event),
  });
  const called = events.flatMap((event) => event.type === "tool.called" ? [event.callId] : []);
  return { finish, output, turns, called, asked: model.asked };
}

function resultIds(conversation: readonly Message[]): string[] {
  return conversation.flatMap((message) => message.role === "tool" ? [message.toolCallId] : []);
}

Deno.test("runLoop() waits, keeps the results of what was done, and goes on with the rest", async () => {
  const { memory, backend } = guarded({ "/b": "b\n" });
  const conversation: Message[] = [{ role: "user", content: "Go." }];
  const toolCalls = [
    call("1", "nothing", {}),
    write("2", "/live/a"),
    call("3", "read_file", { path: "/b" }),
    // Waits for what the second one does.
    call("4", "read_file", { path: "/live/a" }),
    // Would be asked about after the second one.
    write("5", "/live/c"),
    write("6", "/free"),
  ];
  const questions: string[] = [];
  const waiting = await loop(
    backend,
    conversation,
    [{ text: "I write.", toolCalls }],
    ({ callId }) => {
      questions.push(callId);
      return { verdict: "wait" };
    },
  );
  assertEquals([waiting.finish, waiting.output, waiting.turns], ["waiting", "I write.", 1]);
  assertEquals(questions, ["2"]);
  assertEquals(resultIds(conversation), ["1", "3", "6"]);
  assertEquals([...memory.files.keys()], ["/b", "/free"]);

  const kept: Message[] = JSON.parse(JSON.stringify(conversation));
  const granted = await loop(backend, kept, [{ text: "Done." }], () => ({ verdict: "granted" }));
  assertEquals([granted.finish, granted.output, granted.turns], ["done", "Done.", 1]);
  assertEquals(granted.called, ["2", "4", "5"]);
  assertEquals(resultIds(kept), ["1", "2", "3", "4", "5", "6"]);
  assertEquals(resultIds(granted.asked[0] ?? []), ["1", "2", "3", "4", "5", "6"]);
  assertEquals([...memory.files.keys()], ["/b", "/free", "/live/a", "/live/c"]);
});

Deno.test("runLoop() waits for one call after the other, and gives up where its turns are used", async () => {
  const { memory, backend } = guarded();
  const conversation: Message[] = [{ role: "user", content: "Go." }];
  const toolCalls = [write("1", "/live/a"), write("2", "/live/b")];
  const only = (granted: string): Approve => ({ callId }) => ({
    verdict: callId === granted ? "granted" : "wait",
  });
  assertEquals((await loop(backend, conversation, [{ toolCalls }], only(""))).finish, "waiting");
  assertEquals(resultIds(conversation), []);
  const again = await loop(backend, conversation, [], only("1"));
  assertEquals([again.finish, again.turns], ["waiting", 0]);
  assertEquals(resultIds(conversation), ["1"]);
  const last = await runLoop({
    ...{ system: "", backend, conversation, tools: TOOLS, signal: undefined, maxTurns: 0 },
    model: new AnsweringModel([]),
    approve: only("2"),
    onEvent: undefined,
  });
  assertEquals([last.finish, last.turns], ["turn_limit", 0]);
  assertEquals([...memory.files.keys()], ["/live/a", "/live/b"]);
});
