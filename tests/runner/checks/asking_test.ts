import { assertEquals } from "@std/assert";
import type { JudgeResult } from "../../../agent/process.ts";
import { BackendError } from "../../../backends/errors.ts";
import type { ExecuteResult } from "../../../backends/shells/shell.ts";
import { VirtualShell } from "../../../backends/shells/virtual.ts";
import type { CheckCommand, JudgeQuestion } from "../../../runner/checks/check_step.ts";
import { check, checkAll, CONTEXT, template, told, treeOf } from "./_step.ts";

Deno.test("checkStep() passes a command that ends with exit code 0 in the shell over the files", async () => {
  const tree = await treeOf({ "/src/a.txt": "one\ntwo\n" });
  const shell = new VirtualShell({ backend: tree });
  const execute = ({ command, cwd, env }: CheckCommand) => shell.execute(command, { cwd, env });
  const run = (command: string, env: Record<string, string> = {}) => {
    const templates = Object.entries(env).map(([name, value]) => [name, template(value)] as const);
    return check(tree, {
      kind: "run",
      command: { command, cwd: "/src", env: Object.fromEntries(templates) },
    }, { execute }).then(told);
  };
  assertEquals(await run('grep -q "$WORD" a.txt', { WORD: "t${{ 'wo' }}" }), [
    true,
    "Command 'grep -q \"$WORD\" a.txt' ended with exit code 0",
  ]);
  assertEquals(await run("echo first >&2; echo second >&2; echo out; exit 3"), [
    false,
    "Command 'echo first >&2; echo second >&2; echo out; exit 3' should end with exit code 0; " +
    "it ended with 3: second",
    "exit code 0",
    "exit code 3\nfirst\nsecond",
  ]);
  assertEquals(await run("cat a.txt; false"), [
    false,
    "Command 'cat a.txt; false' should end with exit code 0; it ended with 1: two",
    "exit code 0",
    "exit code 1\none\ntwo",
  ]);
});

Deno.test("checkStep() gives the variables of a command alone what is secret", async () => {
  const seen: CheckCommand[] = [];
  await check(await treeOf({}), {
    kind: "run",
    command: { command: ["true"], cwd: "/", env: { KEY: template("${{ secrets.KEY }}") } },
  }, {
    commandContext: { ...CONTEXT, secrets: { KEY: "s3cret" } },
    execute: (command) => (seen.push(command), Promise.resolve(DONE)),
  });
  assertEquals(seen, [{ command: ["true"], cwd: "/", env: { KEY: "s3cret" } }]);
});

const STREAM = { text: "", bytes: 0, omitted: 0 };
const DONE: ExecuteResult = {
  exitCode: 0,
  stdout: STREAM,
  stderr: STREAM,
  timedOut: false,
  notes: [],
};

Deno.test("checkStep() fails a command that was killed, was refused or printed too much", async () => {
  const tree = await treeOf({});
  const of = (result: Partial<ExecuteResult> | BackendError) =>
    check(tree, { kind: "run", command: { command: ["make", "it"], cwd: "/", env: {} } }, {
      execute: () =>
        result instanceof BackendError
          ? Promise.reject(result)
          : Promise.resolve({ ...DONE, ...result }),
    }).then(told);
  assertEquals(await of({ exitCode: 124, timedOut: true, notes: ["Its children were killed"] }), [
    false,
    "Command 'make it' took too long: it was killed after 120 seconds",
    "exit code 0",
    "it was killed after 120 seconds\nIts children were killed",
  ]);
  assertEquals((await of({ exitCode: 0, timedOut: true }))[0], false);
  assertEquals(await of(new BackendError("denied", "/", "The command was not approved")), [
    false,
    "Command 'make it' could not run: The command was not approved",
    "exit code 0",
    "The command was not approved",
  ]);
  const text = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
  const [, , , found] = await of({ exitCode: 1, stderr: { ...STREAM, text } });
  assertEquals(
    found,
    ["exit code 1", ...Array.from({ length: 10 }, (_, index) => `line ${90 + index}`)].join("\n"),
  );
});

const VERDICT: JudgeResult = {
  outcome: "success",
  pass: true,
  reason: "It is kind",
  turns: 1,
  usage: { inputTokens: 1, outputTokens: 1 },
};

Deno.test("checkStep() asks a judge about a file, or about the step's output", async () => {
  const tree = await treeOf({ "/letter.txt": "Dear you" });
  const asked: JudgeQuestion[] = [];
  const verdict = (result: Partial<JudgeResult>) => (question: JudgeQuestion) => {
    asked.push(question);
    return Promise.resolve({ ...VERDICT, ...result });
  };
  const rubric = template("It is kind to ${{ inputs.name }}");
  const output = "I wrote it";
  const passed = await check(tree, { kind: "judge", rubric, file: ["/letter.txt"] }, {
    judge: verdict({}),
  });
  assertEquals([passed.path, ...told(passed)], [
    "/letter.txt",
    true,
    "'/letter.txt' was found to hold 'It is kind to Flask'",
  ]);
  const failed = await check(tree, { kind: "judge", rubric }, {
    output,
    judge: verdict({ pass: false, reason: "It is\n  rude\n" }),
  });
  assertEquals([failed.path, ...told(failed)], [
    "",
    false,
    "The step's output does not hold 'It is kind to Flask': It is rude",
    "It is kind to Flask",
    "It is\n  rude",
  ]);
  assertEquals(asked, [
    { rubric: "It is kind to Flask", label: "/letter.txt", text: "Dear you" },
    { rubric: "It is kind to Flask", label: "the step's output", text: "I wrote it" },
  ]);
  const useless = await check(tree, { kind: "judge", rubric: ["R"] }, {
    judge: verdict({ outcome: "failure", pass: false, reason: "The answer is no JSON" }),
  });
  assertEquals(told(useless), [
    false,
    "The step's output was not judged: The answer is no JSON",
    "R",
    "The answer is no JSON",
  ]);
});

Deno.test("checkStep() asks no judge about a file that is not there or too long", async () => {
  const tree = await treeOf({ "/long": "x".repeat(200_001) });
  const missing = await check(tree, { kind: "judge", rubric: ["R"], file: ["/none"] });
  assertEquals(told(missing), [
    false,
    "Cannot read '/none': it does not exist",
    "R",
    "Cannot read '/none': it does not exist",
  ]);
  const long = await check(tree, { kind: "judge", rubric: ["R"], file: ["/long"] });
  assertEquals(long.found, "200001 characters, more than the 200000 that are judged");
});

Deno.test("checkStep() ends where a judge could not be asked, and asks no other", async () => {
  const tree = await treeOf({ "/a": "" });
  for (const outcome of ["budget", "denied", "mismatch", "interrupted"] as const) {
    const asked: string[] = [];
    const { results, ended } = await checkAll(tree, [
      { kind: "judge", rubric: ["R"] },
      { kind: "judge", rubric: ["S"] },
      { file: ["/a"], kind: "exists" },
    ], {
      judge: ({ rubric }) => {
        asked.push(rubric);
        return Promise.resolve({ ...VERDICT, outcome, pass: false, reason: "No more" });
      },
    });
    assertEquals(results.map(({ check }) => check), ["exists"]);
    assertEquals(ended, { outcome, error: "No more" });
    assertEquals(asked, ["R"]);
  }
});

Deno.test("checkStep() asks judges last, and none where something else has failed", async () => {
  const tree = await treeOf({ "/a": "" });
  const of = async (path: string, hasFailed = false) => {
    const asked: string[] = [];
    const { results } = await checkAll(tree, [
      { kind: "judge", rubric: ["R"] },
      { file: [path], kind: "exists" },
      { kind: "judge", rubric: ["S"] },
    ], {
      hasFailed,
      judge: ({ rubric }) => {
        asked.push(rubric);
        return Promise.resolve({ ...VERDICT, pass: false });
      },
    });
    return { asked, checks: results.map(({ check, ok }) => [check, ok]) };
  };
  // What one judge finds is no reason not to ask another one.
  assertEquals(await of("/a"), {
    asked: ["R", "S"],
    checks: [["exists", true], ["judge", false], ["judge", false]],
  });
  assertEquals(await of("/none"), { asked: [], checks: [["exists", false]] });
  assertEquals(await of("/a", true), { asked: [], checks: [["exists", true]] });
});

Deno.test("checkStep() names a command by its first line", async () => {
  const tree = await treeOf({});
  const of = (command: string) =>
    check(tree, { kind: "run", command: { command, cwd: "/", env: {} } }, {
      execute: () => Promise.resolve({ ...DONE, exitCode: 0 }),
    }).then(({ message }) => message);
  const ended = "ended with exit code 0";
  assertEquals(await of("\ntest -f /a \ntest -f /b\n"), `Command 'test -f /a…' ${ended}`);
  assertEquals(await of("true\n"), `Command 'true' ${ended}`);
  assertEquals(await of(`echo ${"x".repeat(200)}`), `Command 'echo ${"x".repeat(95)}…' ${ended}`);
});
