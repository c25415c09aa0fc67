import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { personAt } from "../../runner/_ask_person.ts";
import { Approvals, type Approver } from "../../runner/approvals.ts";
import type { RunCheckpoint } from "../../runner/checkpoint.ts";
import { compileWorkflow } from "../../runner/compile.ts";
import type { RunEvent } from "../../runner/events.ts";
import { answerPending } from "../../runner/resume.ts";
import { runPlan } from "../../runner/supervise.ts";
import { PROJECT } from "../support/cli.ts";
import type { Hostility } from "./_hostile_agent.ts";
import { WaitingDirectory } from "./_waiting.ts";

const WORKFLOW = `name: w
model: openai:m
backends: { disk: { type: local, root: ./site } }
routes: { /site/: { backend: disk } }
tools:
  ask: ["write /site/live/**", "execute git push *"]
  deny: ["write /site/live/secret"]
shell: virtual
steps: [{ id: a, prompt: Go }]
`;

/** Runs a workflow with a hostile process in the agent's place. */
async function taken(hostility: Hostility, approver?: Approver) {
  await using directory = await WaitingDirectory.make({ workflow: WORKFLOW });
  const { plan } = await compileWorkflow("flow.yaml", { cwd: directory.path, key: true });
  assert(plan !== undefined);
  const processes = plan.processes.map((process) =>
    process.name !== "agent" ? process : {
      ...process,
      command: [
        ...[Deno.execPath(), "run", "--no-prompt", "--cached-only", "--no-remote"],
        ...[join(PROJECT, "tests/runner/_hostile_agent.ts"), JSON.stringify(hostility)],
      ],
    }
  );
  const events: RunEvent[] = [];
  const kept: RunCheckpoint[] = [];
  const result = await runPlan({ ...plan, processes }, {
    sinks: [(event) => events.push(event)],
    runId: "test",
    approver,
    keep: (checkpoint) => kept.push(checkpoint),
  });
  const finished = events.find((event) => event.type === "step.finished");
  const lines = finished?.type === "step.finished" ? finished.output.split("\n") : [];
  const files = await Promise.all(
    ["live/a", "live/b", "live/secret", "free"].map(async (name) =>
      await directory.text(`site/${name}`) === undefined ? [] : [name]
    ),
  );
  return { result, events, lines, kept, files: files.flat() };
}

const write = (path: string) =>
  ["call", { backend: "disk", operation: "write", path, text: true }] as const;
const called = (callId: string) =>
  ["event", { type: "tool.called", turn: 1, callId, tool: "write_file", arguments: {} }] as const;
const finished = (callId: string) =>
  [
    "event",
    { type: "tool.finished", turn: 1, callId, tool: "write_file", ok: true, result: "" },
  ] as const;
const wish = (verb: string, what: string) => ({ verb, what, rule: "any" });
const asks = (callId: string, ...wishes: readonly object[]) =>
  ["approve", {
    step: "a",
    callId,
    tool: "write_file",
    wishes,
    detail: "nothing\u001b[2J",
  }] as const;

Deno.test("a hostile agent that does not ask is refused by the relay", async () => {
  const { result, lines, files, events } = await taken({
    acts: [
      write("/live/a"),
      called("1"),
      write("/live/a"),
      ["execute", { id: 1, output: false, command: "git push origin" }],
      write("/free"),
    ],
  });
  assertEquals(result.outcome, "success");
  const refusal = "as the rule 'write /site/live/**' asks";
  assertStringIncludes(lines[0] ?? "", refusal);
  assertStringIncludes(lines[1] ?? "", refusal);
  assertStringIncludes(lines[2] ?? "", "as the rule 'execute git push *' asks");
  assertEquals([lines[3], files], ["done", ["free"]]);
  assertEquals(events.filter(({ type }) => type.startsWith("approval")), []);
});

Deno.test("what is granted holds for its paths, for its call and until that is finished", async () => {
  const approver: Approver = ({ callId }) =>
    Promise.resolve(callId === "2" ? { verdict: "refused" } : { verdict: "granted" });
  const { lines, files, events } = await taken({
    acts: [
      called("1"),
      asks("1", wish("write", "/site/live/a")),
      write("/live/b"),
      write("/live/secret"),
      write("/live/a"),
      finished("1"),
      write("/live/a"),
      called("2"),
      asks("2", wish("write", "/site/live/b")),
      write("/live/b"),
    ],
  }, approver);
  assertEquals(lines[0], '{"verdict":"granted"}');
  assertStringIncludes(lines[1] ?? "", "as the rule 'write /site/live/**' asks");
  assertStringIncludes(lines[2] ?? "", "denied by the rule 'write /site/live/secret'");
  assertEquals(lines[3], "done");
  assertStringIncludes(lines[4] ?? "", "asks");
  assertEquals(lines[5], '{"verdict":"refused"}');
  assertStringIncludes(lines[6] ?? "", "asks");
  assertEquals(files, ["live/a"]);
  const [requested, answered] = events.filter(({ type }) => type.startsWith("approval"));
  assert(requested?.type === "approval.requested");
  // The rule is the workflow's, whatever the agent says.
  assertEquals(requested.wishes.map(({ rule }) => rule), ["write /site/live/**"]);
  assert(answered?.type === "approval.answered");
  assertEquals([answered.callId, answered.verdict], ["1", "granted"]);
});

Deno.test("a command is shown as it will run, and runs like that once", async () => {
  const everybody: Approver = () => Promise.resolve({ verdict: "granted" });
  const push = { ...wish("execute", "git push origin"), cwd: "/site", env: { A: "b c" } };
  const execute = (more: object) =>
    ["execute", { id: 0, output: false, command: "git push origin", ...more }] as const;
  const { cwd, env } = push;
  const { lines, events } = await taken({
    acts: [
      called("1"),
      asks("1", { ...push, stdin: "now" }),
      execute({ cwd, env }),
      asks("1", push),
      execute({}),
      execute({ cwd }),
      execute({ cwd: "/site/live", env }),
      execute({ cwd, env: { ...env, B: "c" } }),
      execute({ cwd, env, command: "git push other" }),
      execute({ cwd, env }),
      execute({ cwd, env }),
      asks("1", wish("execute", "echo harmless")),
    ],
  }, everybody);
  const requested = events.flatMap((event) =>
    event.type === "approval.requested" ? [event.detail] : []
  );
  assertEquals(requested, [
    `git push origin\n(in /site)\nA='b c'\n(standard input: "now")`,
    "git push origin\n(in /site)\nA='b c'",
  ]);
  const refusal = "denied until somebody approves it, as the rule 'execute git push *' asks";
  for (const index of [1, 3, 4, 5, 6, 7, 9]) assertStringIncludes(lines[index] ?? "", refusal);
  // This one is passed on, to a shell whose files such an agent does not serve.
  assertStringIncludes(lines[8] ?? "", "The storage of '/site' cannot be reached");
  assertEquals(lines[10], "No rule asks about 'execute echo harmless'");
});

Deno.test("a hostile agent cannot ask about what no rule asks about, nor for no call", async () => {
  const everybody: Approver = () => Promise.resolve({ verdict: "granted" });
  const live = wish("write", "/site/live/a");
  const { lines, files, events } = await taken({
    acts: [
      asks("1", live),
      called("1"),
      asks("1", live, wish("write", "/site/live/secret")),
      asks("1", wish("write", "/site/free")),
      asks("1", wish("write", "/site/x/../live/a")),
      asks("1"),
      asks("1", wish("all", "/site/live/a")),
      ["approve", { step: "b", callId: "1", tool: "write_file", wishes: [live], detail: "" }],
      ["approve", { step: "a", callId: "1", tool: "ls", wishes: [live], detail: "" }],
      ["approve", null],
      finished("1"),
      asks("1", live),
      write("/live/a"),
    ],
  }, everybody);
  assertEquals(lines.slice(0, 3), [
    "There is no call '1' of 'write_file' under way to approve",
    "No rule asks about 'write /site/live/secret'",
    "No rule asks about 'write /site/free'",
  ]);
  for (const index of [3, 4, 5, 8]) {
    assertStringIncludes(lines[index] ?? "", "sent no proper 'agent.approve'");
  }
  for (const index of [6, 7, 9]) assertStringIncludes(lines[index] ?? "", "There is no call '1'");
  assertStringIncludes(lines[10] ?? "", "as the rule 'write /site/live/**' asks");
  assertEquals([events.filter(({ type }) => type.startsWith("approval")), files], [[], []]);
});

Deno.test("a hostile agent cannot wait for nothing, nor with a conversation that is none", async () => {
  const usage = { inputTokens: 0, outputTokens: 0 };
  const waiting = { outcome: "waiting", output: "", turns: 1, usage };
  const checkpoint = { conversation: [], answers: 0, ids: 0 };
  const nothing = await taken({ result: { ...waiting, checkpoint } });
  assertEquals(nothing.result.outcome, "failure");
  assertEquals(
    nothing.result.error,
    "Step 'a' waits for an approval that nobody was asked for",
  );
  const strange = { ...checkpoint, conversation: [{ role: "judge", content: "guilty" }] };
  const { result, kept } = await taken({
    acts: [called("1"), asks("1", wish("write", "/site/live/a"))],
    result: { ...waiting, checkpoint: strange },
  });
  assertStringIncludes(
    result.error ?? "",
    "sent no proper 'agent.step' (checkpoint.conversation.0",
  );
  assertEquals(kept, []);
});

const QUESTION = {
  step: "a",
  callId: "1",
  tool: "write_file",
  wishes: [{ verb: "write", what: "/a", rule: "write /a" }],
  detail: "+a",
} as const;

/** A keyboard on which pieces of text are typed, each when it is asked for. */
function keyboard(pieces: readonly string[], ready?: Promise<void>) {
  const left = [...pieces];
  return {
    async read(buffer: Uint8Array): Promise<number | null> {
      await ready;
      const piece = left.shift();
      if (piece === undefined) return null;
      return new TextEncoder().encodeInto(piece, buffer).written;
    },
  };
}

Deno.test("personAt() understands yes, no with and without a reason, and wait", async () => {
  const answers: readonly [string, object][] = [
    ["y\n", { verdict: "granted" }],
    ["  YES \r\n", { verdict: "granted" }],
    ["n\n", { verdict: "refused" }],
    ["No\n", { verdict: "refused" }],
    ["n, never on a Friday\n", { verdict: "refused", reason: "never on a Friday" }],
    ["no:  ünmöglich\n", { verdict: "refused", reason: "ünmöglich" }],
    ["w\n", { verdict: "wait" }],
    ["Wait\n", { verdict: "wait" }],
    ["", { verdict: "wait" }],
  ];
  for (const [typed, expected] of answers) {
    let ask: () => void = () => {};
    const ready = new Promise<void>((resolve) => ask = resolve);
    const person = personAt(keyboard(typed === "" ? [] : [...typed], ready), () => ask());
    assertEquals(await person(QUESTION, new AbortController().signal), expected, typed);
  }
});

Deno.test("personAt() asks again until it understands, and for nothing but a whole line", async () => {
  const said: string[] = [];
  let ask: () => void = () => {};
  const ready = new Promise<void>((resolve) => ask = resolve);
  const typed = ["yep\nnothing", "\n\n", "ye", "s\n"];
  const person = personAt(keyboard(typed, ready), (text) => {
    said.push(text);
    ask();
  });
  assertEquals(await person(QUESTION, new AbortController().signal), { verdict: "granted" });
  assertEquals(said.filter((text) => text.includes("Please answer")).length, 3);
});

Deno.test("personAt() lets go when the question is over", async () => {
  const stop = new AbortController();
  const person = personAt(
    { read: () => new Promise(() => {}) },
    () => stop.abort(new Error("over")),
  );
  await assertRejects(() => person(QUESTION, stop.signal), Error, "over");
});

Deno.test("answerPending() answers each question that waited, in any order", async () => {
  const { signal } = new AbortController();
  const others: Approver = () => Promise.resolve({ verdict: "wait" });
  const [second, third] = [{ ...QUESTION, callId: "2" }, { ...QUESTION, step: "b[1]" }];
  const approver = answerPending([QUESTION, second, third], { verdict: "granted" }, others);
  const questions = [third, second, QUESTION];
  for (const verdict of ["granted", "wait"]) {
    for (const question of questions) {
      assertEquals((await approver(question, signal)).verdict, verdict);
    }
  }
  assertEquals((await approver({ ...QUESTION, step: "b[2]" }, signal)).verdict, "wait");
});

Deno.test("answerPending() answers that very question once, and refuses the call whatever it does", async () => {
  const { signal } = new AbortController();
  const asked: string[] = [];
  const others: Approver = ({ detail }) => {
    asked.push(detail);
    return Promise.resolve({ verdict: "wait" });
  };
  const granted = answerPending([QUESTION], { verdict: "granted" }, others);
  assertEquals(await granted(structuredClone(QUESTION), signal), { verdict: "granted" });
  assertEquals(await granted(QUESTION, signal), { verdict: "wait" });
  assertEquals(asked, ["+a"]);
  const changed: readonly [object, string][] = [
    [{ detail: "+b" }, "what the call would do has changed since it was shown"],
    [{ callId: "2" }, "another call is asked about now"],
    [{ tool: "edit_file" }, "another call is asked about now"],
    [{ wishes: [] }, "the call wants something else now"],
  ];
  for (const [difference, said] of changed) {
    const approver = answerPending([QUESTION], { verdict: "granted" }, others);
    assertEquals(await approver({ ...QUESTION, ...difference }, signal), {
      verdict: "wait",
      reason: `The answer was given to something else: ${said}`,
    });
    assertEquals(await approver(QUESTION, signal), { verdict: "wait" });
  }
  const refusal = { verdict: "refused", reason: "no" } as const;
  const refused = answerPending([QUESTION], refusal, others);
  assertEquals(await refused({ ...QUESTION, detail: "+b" }, signal), refusal);
  const other = answerPending([QUESTION], refusal, others);
  assertEquals((await other({ ...QUESTION, callId: "2" }, signal)).verdict, "wait");
});

/** The approvals of a workflow that asks about all that is written, and what a person is asked. */
function approvals() {
  const asked: { readonly step: string; readonly answer: (verdict: "granted" | "wait") => void }[] =
    [];
  const told: string[] = [];
  const approvals = new Approvals({
    plan: { deny: [], ask: ["write /**"] },
    emit: (event) => void told.push("step" in event ? `${event.type} ${event.step}` : event.type),
    approver: ({ step }, signal) =>
      new Promise((resolve, reject) => {
        asked.push({ step, answer: (verdict) => resolve({ verdict }) });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const { signal } = new AbortController();
  const ask = (step: string) => {
    const call = { turn: 1, callId: "1", tool: "write_file", arguments: {} };
    approvals.note(step, { type: "tool.called", ...call });
    return approvals.answer({ ...QUESTION, step, wishes: [wish("write", `/${step}`)] }, signal);
  };
  return { approvals, asked, told, ask };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("Approvals.answer() asks about steps that run at a time one after the other", async () => {
  const { approvals: all, asked, told, ask } = approvals();
  all.begin("a");
  all.begin("b");
  const [first, second] = [ask("a"), ask("b")];
  await settled();
  assertEquals(asked.map(({ step }) => step), ["a"]);
  asked[0]?.answer("granted");
  assertEquals((await first).verdict, "granted");
  await settled();
  asked[1]?.answer("wait");
  assertEquals((await second).verdict, "wait");
  assertEquals(told, [
    ...["approval.requested a", "approval.answered a"],
    ...["approval.requested b", "approval.answered b"],
  ]);
  // A grant is the step's whose call asked, and ends with its attempt.
  assertEquals([all.isGranted("write", "/a"), all.isGranted("write", "/b")], [true, false]);
  assertEquals([all.waiting("a").length, all.waiting("b").length], [0, 1]);
  all.begin("b");
  assertEquals(all.waiting("b"), []);
  assertEquals(all.isGranted("write", "/a"), true);
  all.end("a");
  assertEquals(all.isGranted("write", "/a"), false);
});

Deno.test("Approvals.end() ends the questions of an attempt, and lets the next one be asked", async () => {
  const { approvals: all, asked, ask } = approvals();
  all.begin("a");
  all.begin("b");
  const [first, second] = [ask("a"), ask("b")];
  const over = assertRejects(() => first);
  await settled();
  all.end("a");
  await over;
  await settled();
  assertEquals(asked.map(({ step }) => step), ["a", "b"]);
  asked[1]?.answer("granted");
  assertEquals((await second).verdict, "granted");
  await assertRejects(() => ask("a"), TypeError, "There is no call '1' of 'write_file' under way");
});
