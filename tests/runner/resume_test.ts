import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RunEvent } from "../../runner/events.ts";
import { cli } from "../support/cli.ts";
import { REHEARSAL, WaitingDirectory, WORKFLOW } from "./_waiting.ts";

function finished(events: readonly RunEvent[]) {
  const last = events.at(-1);
  assert(last?.type === "run.finished");
  return last;
}

Deno.test("run waits with exit code 6 where nobody can approve, and says how to go on", async () => {
  await using directory = await WaitingDirectory.make();
  const { code, stdout, stderr } = await directory.run();
  assertEquals(code, 6, stderr);
  const [id = ""] = directory.ids();
  assertStringIncludes(
    stdout,
    "Not done yet (waiting): Step 'publish' waits for an approval of write_file: write " +
      "'/site/live/page.txt' (the rule 'write /site/live/**')\n4 turns, exit code 6\n",
  );
  assertStringIncludes(stdout, `deno task run flow.yaml --resume ${id} --approve\n`);
  assertStringIncludes(
    stderr,
    "    | --- /dev/null\n    | +++ /site/live/page.txt\n    | @@ -0,0 +1,1 @@\n    | +Hello\n",
  );
  // What needs no approval is done, what does is not, nor what depends on it.
  assertEquals(await directory.text("site/a.txt"), "A\n");
  assertEquals(await directory.text("site/live/page.txt"), undefined);
  const events = directory.events(id);
  assertEquals(
    events.flatMap((event) => event.type === "tool.finished" ? [event.callId] : []),
    ["call_1", "call_2", "call_3", "call_4", "call_5"],
  );
  assertEquals(
    events.slice(-4).map((event) => "outcome" in event ? `${event.type} ${event.outcome}` : ""),
    ["", "", "step.finished waiting", "run.finished waiting"],
  );
  assertEquals(finished(events).exitCode, 6);
  const log = await cli("log", [id], { cwd: directory.path });
  assertStringIncludes(log.stdout, `--resume ${id} --approve`);
});

Deno.test("run --resume --approve goes on where it waited, with memory, outputs and counts", async () => {
  await using directory = await WaitingDirectory.make();
  const id = await directory.waiting();
  const { code, stdout, stderr } = await directory.run("--resume", id, "--approve");
  assertEquals(code, 0, stderr + stdout);
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
  const [, next = ""] = directory.ids();
  const events = directory.events(next);
  const [first] = events;
  assert(first?.type === "run.started");
  assertEquals(first.resumes, id);
  // The finished step is not redone, and the calls that were done are not either.
  assertEquals(
    events.flatMap((event) => event.type === "step.started" ? [event.step] : []),
    ["publish"],
  );
  assertEquals(
    events.flatMap((event) => event.type === "tool.called" ? [event.callId] : []),
    ["call_6", "call_7", "call_8", "call_9"],
  );
  const last = finished(events);
  assertEquals(last.outputs, { said: "Drafted. Published." });
  assertEquals(last.turns, 6);
  assertEquals(
    last.files.map(({ path }) => path),
    ["/draft.txt", "/log.txt", "/site/a.txt", "/site/live/page.txt"],
  );
  const answered = events.findIndex(({ type }) => type === "approval.answered");
  const changed = events.findIndex(({ type }) => type === "file.changed");
  assert(answered > 0 && answered < changed);
  const log = await cli("log", [id], { cwd: directory.path });
  assertStringIncludes(log.stdout, `Run ${next} went on with it\n`);
});

Deno.test("run --resume --refuse tells the model why", async () => {
  const rehearsal = REHEARSAL.replace(
    /^ {4}- expect: \{ results: \["Wrote \/site\/a.txt"[^]*$/m,
    `    - expect: { results: ["Wrote", "Wrote", "They say: not on a Friday.", "does not exist"] }
      text: I could not.
`,
  );
  const workflow = WORKFLOW.replace("produces: [/site/a.txt, /site/live/page.txt, /log.txt]", "");
  await using directory = await WaitingDirectory.make({ workflow, rehearsal });
  const id = await directory.waiting();
  const { code, stdout, stderr } = await directory.run(
    "--resume",
    id,
    "--refuse",
    "not on a Friday",
  );
  assertEquals(code, 0, stderr + stdout);
  assertEquals(await directory.text("site/live/page.txt"), undefined);
  assertStringIncludes(stderr, "not approved: not on a Friday");
});

Deno.test("run --resume without an answer and a terminal waits again, as a run of its own", async () => {
  await using directory = await WaitingDirectory.make();
  const first = await directory.waiting();
  const second = await directory.waiting("--resume", first);
  assert(first !== second);
  const old = await directory.run("--resume", first, "--approve");
  assertEquals([old.code, old.stdout], [2, ""]);
  assertEquals(
    old.stderr,
    `error[resume]: Run '${first}' was gone on with by run '${second}', which waits itself\n` +
      ` = hint: Go on with that one: --resume ${second}\n`,
  );
  assertEquals((await directory.run("--resume", second, "--approve")).code, 0);
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});

Deno.test("run --resume --approve approves what was shown, and nothing that has changed", async () => {
  await using directory = await WaitingDirectory.make();
  const first = await directory.waiting();
  await directory.write("site/live/page.txt", "Somebody else's\n");
  const { code, stderr } = await directory.run("--resume", first, "--approve");
  assertEquals(code, 6);
  assertStringIncludes(stderr, "    | -Somebody else's\n    | +Hello\n");
  assertStringIncludes(
    stderr,
    "left to wait for an answer: The answer was given to something else: what the call would do " +
      "has changed since it was shown\n",
  );
  assertEquals(await directory.text("site/live/page.txt"), "Somebody else's\n");
  const second = directory.ids().at(-1) ?? "";
  assertEquals((await directory.run("--resume", second, "--approve")).code, 0);
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});

Deno.test("run --resume --approve approves one call, and asks about the next", async () => {
  const rehearsal = REHEARSAL.replace(
    "        - read_file: { path: /draft.txt }\n        - ls",
    "        - read_file: { path: /draft.txt }\n" +
      "        - write_file: { path: /site/live/page.txt, content: Bye }\n        - ls",
  ).replace('["Hello", "/gone/"]', '["Hello", "Wrote", "/gone/"]');
  await using directory = await WaitingDirectory.make({ rehearsal });
  const first = await directory.waiting();
  const second = await directory.waiting("--resume", first, "--approve");
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
  const { code, stdout, stderr } = await directory.run("--resume", second, "--approve");
  assertEquals(code, 0, stdout + stderr);
  assertEquals(await directory.text("site/live/page.txt"), "Bye");
  // A file that was written before the second wait counts as produced after it.
  assertStringIncludes(stderr, "ok  '/site/a.txt' was written in this step");
});

Deno.test("run --resume refuses an edited file, other inputs, another model and another rehearsal", async () => {
  await using directory = await WaitingDirectory.make();
  const id = await directory.waiting("--input", "page=front");
  const refused = async (said: string, ...args: string[]) => {
    const { code, stdout, stderr } = await directory.run("--resume", id, "--approve", ...args);
    assertEquals([code, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, said);
  };
  const input = `Input 'page' is another one: run '${id}' began with 'front', and this is 'back'`;
  await refused(input, "--input", "page=back");
  await refused("The model is another one", "--model", "openai:gpt-4o");
  await directory.write("flow.rehearsal.yaml", REHEARSAL.replace("Published.", "Done."));
  await refused("The model is another one");
  await directory.write("flow.rehearsal.yaml", REHEARSAL);
  await directory.write("flow.yaml", `${WORKFLOW}# edited\n`);
  await refused(`is not the workflow that waits: run '${id}' began with the fingerprint `);
  await refused(" = hint: Undo what was changed in the file, or start anew without --resume\n");
  await directory.write("flow.yaml", WORKFLOW);
  assertEquals(directory.ids(), [id]);
  assertEquals(await directory.text("site/live/page.txt"), undefined);
  // Inputs that are not given again are as they were.
  assertEquals((await directory.run("--resume", id.slice(0, -1), "--approve")).code, 0);
});

Deno.test("run --resume refuses a run of which a file that it uses was edited", async () => {
  const used = "name: tell\nmodel: openai:other\nrehearsal: ./tell.rehearsal.yaml\n" +
    "steps: [{ id: say, prompt: Say it }]\noutputs: { said: '${{ steps.say.output }}' }\n";
  const said = "name: tell\nsteps: { say: [{ text: Told. }] }\n";
  const schema = '{ "type": "string" }';
  const workflow = WORKFLOW.replace(
    "outputs:",
    `  - { id: tell, uses: ./tell.yaml, assert: [{ file: /site/s.json, json_schema: ./s.json }] }\noutputs:`,
  );
  await using directory = await WaitingDirectory.make({ workflow });
  await directory.write("site/s.json", '"a text"');
  await directory.write("tell.yaml", used);
  await directory.write("tell.rehearsal.yaml", said);
  await directory.write("s.json", schema);
  const id = await directory.waiting();
  const edits = [
    ["tell.yaml", used, used.replace("Say it", "Say more"), "'tell.yaml'"],
    ["tell.rehearsal.yaml", said, said.replace("Told", "Said"), "The model of 'tell.yaml'"],
    ["s.json", schema, "true", "A schema of step 'tell'"],
  ] as const;
  for (const [file, before, after, name] of edits) {
    await directory.write(file, after);
    const { code, stdout, stderr } = await directory.run("--resume", id, "--approve");
    assertEquals([code, stdout], [2, ""], stderr);
    assertStringIncludes(
      stderr,
      `${name} is not what it was when run '${id}' began, and 'flow.yaml' is made of it`,
    );
    await directory.write(file, before);
  }
  assertEquals(directory.ids(), [id]);
  const { code, stdout, stderr } = await directory.run("--resume", id, "--approve");
  assertEquals(code, 0, stdout + stderr);
});

Deno.test("run --resume refuses runs that do not wait, and answers without a run", async () => {
  await using directory = await WaitingDirectory.make();
  const none = await directory.run("--resume", "x");
  assertEquals(none.code, 2);
  assertStringIncludes(none.stderr, "error[resume]: There is no journal here: '.routebook'");
  const id = await directory.waiting();
  assertEquals((await directory.run("--resume", id, "--approve")).code, 0);
  const next = directory.ids().at(-1) ?? "";
  const cases: readonly [readonly string[], string][] = [
    [["--resume", "19"], "There is no run '19' in this journal"],
    [["--resume", "20"], "'20' is the beginning of several runs: "],
    [["--resume", next], `Run '${next}' does not wait for an approval: it ended (success, exit `],
    [["--resume", id], `Run '${id}' was gone on with by run '${next}', which is done`],
    [
      ["--approve"],
      "'--approve' and '--refuse' answer what a run waits for: name it, --resume RUN",
    ],
    [["--resume", id, "--approve", "--refuse", "no"], "exclude each other"],
  ];
  for (const [args, said] of cases) {
    const { code, stdout, stderr } = await directory.run(...args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, said);
  }
});

Deno.test("two resumes of a run at once: one does it, the other says who", async () => {
  await using directory = await WaitingDirectory.make();
  const id = await directory.waiting();
  const both = await Promise.all([1, 2].map(() => directory.run("--resume", id, "--approve")));
  assertEquals(both.map(({ code }) => code).sort(), [0, 2], both.map((of) => of.stderr).join("\n"));
  const loser = both.find(({ code }) => code === 2)?.stderr ?? "";
  assertStringIncludes(loser, "gone on with");
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});

Deno.test("run --resume goes on once more after a run that came to nothing", async () => {
  await using directory = await WaitingDirectory.make();
  const id = await directory.waiting();
  // The site cannot be written to: what goes on fails.
  const workflow = await directory.text("flow.yaml");
  assert(workflow !== undefined);
  await directory.write("flow.rehearsal.yaml", REHEARSAL);
  await directory.write("site/live", "in the way");
  const failed = await directory.run("--resume", id, "--approve");
  assert(failed.code !== 0 && failed.code !== 2, failed.stderr);
  await Deno.remove(`${directory.path}/site/live`);
  const { code, stdout, stderr } = await directory.run("--resume", id, "--approve");
  assertEquals(code, 0, stderr + stdout);
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});

Deno.test("run --resume does what was asked for within the budget, and asks the model no more", async () => {
  const workflow = WORKFLOW.replace("steps:\n", "budget: { turns: 4 }\nsteps:\n");
  await using directory = await WaitingDirectory.make({ workflow });
  const id = await directory.waiting();
  const { code, stdout } = await directory.run("--resume", id, "--approve");
  assertEquals(code, 4, stdout);
  assertStringIncludes(stdout, "4 turns, exit code 4");
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});
