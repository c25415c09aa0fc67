import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { PROJECT } from "../support/cli.ts";
import { WaitingDirectory } from "./_waiting.ts";

/** Runs the workflow until a certain moment, in which its process is killed. */
async function killedAt(moment: string, cwd: string, ...args: string[]): Promise<void> {
  const { signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-all", join(PROJECT, "tests/runner/_killed_run.ts")],
      ...[moment, "flow.yaml", ...args],
    ],
    cwd,
    env: { OPENAI_API_KEY: "" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  assertEquals(signal, "SIGKILL", `${moment}: ${new TextDecoder().decode(stderr)}`);
}

Deno.test("a run that is killed before it waits is told so; from then on it is gone on with", async () => {
  await using directory = await WaitingDirectory.make();
  const moments: readonly [string, boolean][] = [
    ["approval.requested", false],
    ["approval.answered", false],
    ["before keep", false],
    ["after keep", true],
    ["run.finished", true],
  ];
  for (const [moment, waits] of moments) {
    await killedAt(moment, directory.path);
    const id = directory.ids().at(-1) ?? "";
    // What was done is whole, and what was not approved is not done.
    assertEquals(await directory.text("site/a.txt"), "A\n", moment);
    assertEquals(await directory.text("site/live/page.txt"), undefined, moment);
    const { code, stdout, stderr } = await directory.run("--resume", id, "--approve");
    if (waits) {
      assertEquals(code, 0, `${moment}: ${stderr}${stdout}`);
      assertStringIncludes(stdout, "/draft.txt");
      assertEquals(await directory.text("site/live/page.txt"), "Hello\n", moment);
    } else {
      assertEquals(code, 2, moment);
      assertStringIncludes(
        stderr,
        `error[resume]: Run '${id}' does not wait for an approval: it goes on now, or it was killed`,
      );
    }
    await Deno.remove(join(directory.path, "site"), { recursive: true });
  }
});

Deno.test("a resume that is killed at any moment leaves the waiting run to be gone on with", async () => {
  await using directory = await WaitingDirectory.make();
  const id = await directory.waiting();
  const moments: readonly [string, boolean][] = [
    ["run.started", false],
    ["step.started", false],
    ["tool.called", false],
    ["approval.requested", false],
    ["approval.answered", false],
    ["file.changed", true],
    ["tool.finished", true],
    ["model.asked", true],
    ["step.checked", true],
    ["step.finished", true],
  ];
  for (const [moment, written] of moments) {
    await killedAt(moment, directory.path, "--resume", id, "--approve");
    const text = await directory.text("site/live/page.txt");
    // An approved write is done as a whole or not at all.
    assert(text === "Hello\n" || (!written && text === undefined), `${moment}: ${text}`);
    // Somebody who sees the change done already is asked about it once more: here it is undone.
    if (text !== undefined) await Deno.remove(join(directory.path, "site/live/page.txt"));
  }
  const { code, stdout, stderr } = await directory.run("--resume", id, "--approve");
  assertEquals(code, 0, stderr + stdout);
  assertStringIncludes(stdout, "said\n  Drafted. Published.\n");
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
  assertEquals(await directory.text("site/a.txt"), "A\n");
});

Deno.test("a resume that is killed when it waits itself is the one to go on with", async () => {
  await using directory = await WaitingDirectory.make();
  const first = await directory.waiting();
  await killedAt("before keep", directory.path, "--resume", first);
  await killedAt("after keep", directory.path, "--resume", first);
  const second = directory.ids().at(-1) ?? "";
  const old = await directory.run("--resume", first, "--approve");
  assertEquals(old.code, 2);
  assertStringIncludes(old.stderr, ` = hint: Go on with that one: --resume ${second}\n`);
  assertEquals((await directory.run("--resume", second, "--approve")).code, 0);
  assertEquals(await directory.text("site/live/page.txt"), "Hello\n");
});
