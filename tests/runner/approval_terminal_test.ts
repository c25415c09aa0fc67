import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AtTerminal, HAS_TERMINAL } from "../support/terminal.ts";
import { REHEARSAL, WaitingDirectory, WORKFLOW } from "./_waiting.ts";

const PROMPT = "[w]ait for later: ";
const REFUSED = WORKFLOW.replace("produces: [/site/a.txt, /site/live/page.txt, /log.txt]", "");

function refusal(said: string): string {
  return REHEARSAL.replace(
    /^ {4}- expect: \{ results: \["Wrote \/site\/a.txt"[^]*$/m,
    `    - expect: { results: ["Wrote", "Wrote", "${said}", "does not exist"] }
      text: I could not.
`,
  );
}

function atTerminal(name: string, fn: () => Promise<void>) {
  const why = HAS_TERMINAL ? "" : " (ignored: there is no script of util-linux here)";
  Deno.test({ name: name + why, ignore: !HAS_TERMINAL, fn });
}

atTerminal("run asks a person at the terminal, who sees the diff, and does it on y", async () => {
  await using directory = await WaitingDirectory.make();
  await using terminal = new AtTerminal(["flow.yaml"], directory.path);
  const screen = await terminal.until(PROMPT);
  assertStringIncludes(
    screen,
    "    | +++ /site/live/page.txt\n    | @@ -0,0 +1,1 @@\n    | +Hello\n",
  );
  assertEquals(await directory.text("site/live/page.txt"), undefined);
  await terminal.type("maybe\n");
  await terminal.until(PROMPT, 2);
  await terminal.type("y\n");
  const { code, output } = await terminal.end();
  assertEquals(code, 0, output);
  assertStringIncludes(output, "Please answer y, n, n and a reason, or w.\n");
  assertStringIncludes(output, "    approved\n");
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});

atTerminal("run tells the model of a person's no, with the reason", async () => {
  for (const [typed, said] of [["n\n", "was not approved"], ["no: not now\n", "say: not now."]]) {
    await using directory = await WaitingDirectory.make({
      workflow: REFUSED,
      rehearsal: refusal(said ?? ""),
    });
    await using terminal = new AtTerminal(["flow.yaml"], directory.path);
    await terminal.until(PROMPT);
    await terminal.type(typed ?? "");
    const { code, output } = await terminal.end();
    assertEquals(code, 0, output);
    assertEquals(await directory.text("site/live/page.txt"), undefined);
  }
});

atTerminal("run takes nothing for an answer that was typed before the question", async () => {
  await using directory = await WaitingDirectory.make();
  await using terminal = new AtTerminal(["flow.yaml"], directory.path);
  await terminal.type("y\ny\n");
  await terminal.until(PROMPT);
  await terminal.type("w\n");
  const { code, output } = await terminal.end();
  assertEquals(code, 6, output);
  assertEquals(await directory.text("site/live/page.txt"), undefined);
});

atTerminal(
  "run waits for later on w and on Ctrl-D, and asks again when it is resumed",
  async () => {
    await using directory = await WaitingDirectory.make();
    for (const keys of ["w\n", "\x04"]) {
      const before = directory.ids().at(-1);
      const resume = before === undefined ? [] : ["--resume", before];
      await using terminal = new AtTerminal(["flow.yaml", ...resume], directory.path);
      await terminal.until(PROMPT);
      await terminal.type(keys);
      const { code, output } = await terminal.end();
      assertEquals(code, 6, output);
    }
    const id = directory.ids().at(-1) ?? "";
    await using terminal = new AtTerminal(["flow.yaml", "--resume", id], directory.path);
    await terminal.until(PROMPT);
    await terminal.type("yes\n");
    const { code, output } = await terminal.end();
    assertEquals(code, 0, output);
    assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
  },
);

atTerminal(
  "Ctrl-C at the question interrupts the run and leaves the waiting one as it was",
  async () => {
    await using directory = await WaitingDirectory.make();
    const id = await directory.waiting();
    {
      await using terminal = new AtTerminal(["flow.yaml", "--resume", id], directory.path);
      await terminal.until(PROMPT);
      await terminal.type("\x03");
      const { code, output } = await terminal.end();
      assertEquals(code, 130, output);
      assertStringIncludes(output, "Not done (interrupted)");
    }
    assertEquals(await directory.text("site/live/page.txt"), undefined);
    const { code, stderr } = await directory.run("--resume", id, "--approve");
    assertEquals(code, 0, stderr);
  },
);

atTerminal("a run that somebody is asked about is gone on with by nobody else", async () => {
  await using directory = await WaitingDirectory.make();
  const id = await directory.waiting();
  await using terminal = new AtTerminal(["flow.yaml", "--resume", id], directory.path);
  await terminal.until(PROMPT);
  const first = directory.ids().at(-1);
  const { code, stderr } = await directory.run("--resume", id, "--approve");
  assertEquals(
    [code, stderr],
    [
      2,
      `error[resume]: Run '${id}' is being gone on with at the moment, by run '${first}'\n` +
      " = hint: Answer it there, or end that run first\n",
    ],
  );
  assertEquals(directory.ids().at(-1), first);
  await terminal.type("y\n");
  assertEquals((await terminal.end()).code, 0);
});

atTerminal("run asks anew where the file changes while a person thinks", async () => {
  await using directory = await WaitingDirectory.make();
  await using terminal = new AtTerminal(["flow.yaml"], directory.path);
  await terminal.until(PROMPT);
  await directory.write("site/live/page.txt", "Meanwhile\n");
  await terminal.type("y\n");
  const screen = await terminal.until(PROMPT, 2);
  assertStringIncludes(screen, "    | -Meanwhile\n");
  assertEquals(await directory.text("site/live/page.txt"), "Meanwhile\n");
  await terminal.type("y\n");
  const { code, output } = await terminal.end();
  assertEquals(code, 0, output);
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});

atTerminal("run --json asks nobody, not even at a terminal", async () => {
  await using directory = await WaitingDirectory.make();
  await using terminal = new AtTerminal(["flow.yaml", "--json"], directory.path);
  await assertRejects(() => terminal.until(PROMPT), Error, "never came");
  const { code, output } = await terminal.end();
  assertEquals(code, 6, output);
  assert(!output.includes(PROMPT));
  assertStringIncludes(output, '"type":"approval.answered","step":"publish","callId":"call_6"');
});

atTerminal("a question shows no control character of what it asks about", async () => {
  const rehearsal = REHEARSAL.replace(
    "/site/live/page.txt, content",
    '"/site/live/\\u202e\\u001b[2J.txt", content',
  );
  await using directory = await WaitingDirectory.make({ rehearsal });
  await using terminal = new AtTerminal(["flow.yaml"], directory.path);
  const screen = await terminal.until(PROMPT);
  assertStringIncludes(screen, "\\u{202e}\\u{1b}[2J.txt");
  assert(!screen.includes("\x1b[2J") && !screen.includes("\u202e"));
  await terminal.type("\x03");
  assertEquals((await terminal.end()).code, 130);
});
