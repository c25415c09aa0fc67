import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { RunEvent } from "../../runner/events.ts";
import { cli, Clone, PROJECT } from "../support/cli.ts";

const PROJECT_FILES = [
  "workspace/project/README.md",
  "workspace/project/requirements.txt",
  "workspace/project/src/app.py",
];

Deno.test("run flask.yaml rehearses without a key and leaves the project on disk", async () => {
  await using clone = await Clone.make();
  const { code, stdout, stderr } = await cli("run", ["workflows/flask.yaml"], {
    cwd: clone.directory,
  });
  assertEquals(code, 0, stderr);
  const files = await clone.files();
  assertEquals(
    Object.keys(files).filter((path) => !path.startsWith(".routebook/")),
    PROJECT_FILES,
  );
  assertStringIncludes(files["workspace/project/src/app.py"] ?? "", "Flask(__name__");
  assertStringIncludes(files["workspace/project/src/app.py"] ?? "", "/health");
  assertMatch(files["workspace/project/requirements.txt"] ?? "", /^Flask==\d/im);

  assertStringIncludes(stderr.split("\n").slice(0, 2).join("\n"), "Rehearsing");
  assertMatch(stdout.trimEnd().split("\n").at(-1) ?? "", /^Rehearsed: no model was called/);
  const listing = stdout.slice(stdout.indexOf("Files written"), stdout.indexOf("Done:"));
  for (const path of PROJECT_FILES) assertStringIncludes(listing, path);
  // Who confines the run is the machine's to say: the README's has bubblewrap.
  const confinement =
    "Confined by bubblewrap: local files and programs are in a namespace of their own";
  assertMatch(stderr, /^Confined by /m);
  assertStringIncludes(
    await Deno.readTextFile(join(PROJECT, "README.md")),
    stderr.replace(/^Confined by .*$/m, confinement) + stdout,
  );
  assertMatch(listing, /memory \(in memory, not saved[^)]*\)\n\s+\/scratch\/notes\.txt/);
});

Deno.test("run flask.yaml works twice in the same place", async () => {
  await using clone = await Clone.make();
  for (let round = 0; round < 2; round++) {
    const { code, stderr } = await cli("run", ["workflows/flask.yaml"], { cwd: clone.directory });
    assertEquals(code, 0, stderr);
  }
});

Deno.test("run --json prints one event a line and nothing else on standard output", async () => {
  await using clone = await Clone.make();
  const { code, stdout, stderr } = await cli("run", ["--json", "workflows/flask.yaml"], {
    cwd: clone.directory,
  });
  assertEquals([code, stderr], [0, ""]);
  const events = stdout.trimEnd().split("\n").map((line): RunEvent => JSON.parse(line));
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assertEquals(new Set(events.map(({ run }) => run)).size, 1);
  const [first, last] = [events[0], events.at(-1)];
  assertEquals([first?.type, last?.type], ["run.started", "run.finished"]);
  if (last?.type !== "run.finished") throw new Error("The last event is another one");
  assertEquals([last.outcome, last.exitCode, last.rehearsed], ["success", 0, true]);
  assertEquals(
    last.files.map(({ path, backend, saved }) => [path, backend, saved]),
    [
      ["/project/README.md", "disk", true],
      ["/project/requirements.txt", "disk", true],
      ["/project/src/app.py", "disk", true],
      ["/scratch/notes.txt", "memory", false],
    ],
  );
  const called = events.filter(({ type }) => type === "tool.called").length;
  const finished = events.filter(({ type }) => type === "tool.finished").length;
  assertEquals(called > 4 && called === finished, true);
});

Deno.test("run --input reaches the prompts, and the rehearsal written for another value ends with 7", async () => {
  await using clone = await Clone.make();
  const { code, stdout, stderr } = await cli(
    "run",
    ["workflows/flask.yaml", "--input", "framework=Quart"],
    { cwd: clone.directory },
  );
  assertEquals(code, 7, stdout + stderr);
  assertStringIncludes(stdout + stderr, "Quart");
  assertStringIncludes(stdout + stderr, "Flask");
});

Deno.test("run ends with 7 where scripted answers are left over", async () => {
  await using clone = await Clone.make();
  const file = join(clone.directory, "workflows/flask.rehearsal.yaml");
  const text = await Deno.readTextFile(file);
  const at = text.indexOf("  docs:");
  const left = "    - text: Nobody asks for this.\n";
  await Deno.writeTextFile(file, `${text.slice(0, at).trimEnd()}\n${left}${text.slice(at)}`);
  const { code, stdout, stderr } = await cli("run", ["workflows/flask.yaml"], {
    cwd: clone.directory,
  });
  assertEquals(code, 7, stdout + stderr);
  assertStringIncludes(stdout, "Not done (mismatch)");
  assertMatch(stdout, /flask\.rehearsal\.yaml:\d+/);
});

Deno.test("run review.yaml says that a write to /src/ was refused", async () => {
  await using clone = await Clone.make();
  const before = await Deno.readTextFile(join(clone.directory, "workflows/samples/shop/cart.py"));
  const { code, stdout, stderr } = await cli("run", ["workflows/review.yaml"], {
    cwd: clone.directory,
  });
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /edit_file\s+\/src\/cart\.py\n\s+refused: .*grants reading alone/);
  assertStringIncludes(stdout, "/workspace/cart.py");
  const after = await Deno.readTextFile(join(clone.directory, "workflows/samples/shop/cart.py"));
  assertEquals(after, before);
  assertEquals(
    Object.keys(await clone.files()).filter((path) => !path.startsWith(".routebook/")),
    [],
  );
});

Deno.test("run triage.yaml fails its first attempt, is told why, and mends the report", async () => {
  await using clone = await Clone.make();
  const { code, stdout, stderr } = await cli("run", ["workflows/triage.yaml"], {
    cwd: clone.directory,
  });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "should contain '| Cause |'");
  assertStringIncludes(stderr, "attempt 2");
  assertStringIncludes(stdout, "workspace/reports/2026-11-21.md");
});

Deno.test("run with a wrong command line or file ends with 2 and starts nothing", async () => {
  await using clone = await Clone.make();
  const cases: [string[], string][] = [
    [[], "No workflow is given"],
    [["a.yaml", "b.yaml"], "'b.yaml' is a second one"],
    [["workflows/flask.yaml", "--inpt", "a=b"], "Unknown option '--inpt'"],
    [["workflows/flask.yaml", "--input", "a"], "'--input a' is not of the form NAME=VALUE"],
    [["workflows/flask.yaml", "--live", "--rehearse"], "exclude each other"],
    [["workflows/flask.yaml", "--live"], "OPENAI_API_KEY"],
    [["workflows/flask.yaml", "--constructor"], "Unknown option '--constructor'"],
    [["workflows/flask.rehearsal.yaml"], "name the workflow that declares it"],
    [["workflows/none.yaml"], "workflows/none.yaml"],
    [["workflows"], "directory"],
    [[""], "The file's name is empty"],
  ];
  for (const [args, said] of cases) {
    const { code, stdout, stderr } = await cli("run", args, { cwd: clone.directory });
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertStringIncludes(stderr, said);
  }
  assertEquals(await clone.files(), {});
});

Deno.test("plan prints the routes and the commands, and touches nothing", async () => {
  await using clone = await Clone.make();
  const cwd = clone.directory;
  const { code, stdout, stderr } = await cli("plan", ["workflows/flask.yaml"], { cwd });
  assertEquals(code, 0, stderr);
  for (const word of ["/project/", "/workspace/", "runner", "agent", "host", "--allow-write="]) {
    assertStringIncludes(stdout, word);
  }
  const json = await cli("plan", ["--json", "workflows/flask.yaml"], { cwd });
  const plan = JSON.parse(json.stdout);
  assertEquals(plan.roots.map(({ directory }: { directory: string }) => directory), [
    join(cwd, "workspace/project"),
    join(cwd, "workspace/work"),
  ]);
  assertEquals(await clone.files(), {});
});

Deno.test("plan shows what a live run may touch without its key", async () => {
  await using clone = await Clone.make();
  const { code, stdout, stderr } = await cli("plan", ["--live", "workflows/flask.yaml"], {
    cwd: clone.directory,
  });
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "--allow-net=api.openai.com:443");
});

Deno.test("check passes the shipped workflows and reports all problems of a broken one", async () => {
  await using clone = await Clone.make();
  const cwd = clone.directory;
  const shipped = ["flask", "review", "triage", "sales"].map((name) => `workflows/${name}.yaml`);
  const good = await cli("check", shipped, { cwd });
  assertEquals(
    [good.code, good.stdout, good.stderr],
    [
      0,
      shipped.map((file) => `${file}: ok\n`).join(""),
      "4 files are fine: 0 errors, 0 warnings\n",
    ],
  );
  await Deno.writeTextFile(
    join(cwd, "broken.yaml"),
    "name: broken\nmodel: openai:gpt-4.1\nroutes:\n  /a: disk\nsteps:\n  - id: a\n    promt: Hi\n",
  );
  const bad = await cli("check", [...shipped, "broken.yaml"], { cwd });
  assertEquals(bad.code, 2);
  assertStringIncludes(bad.stderr, 'Did you mean "prompt"?');
  assertStringIncludes(bad.stderr, "broken.yaml:4:");
  assertStringIncludes(bad.stderr, "broken.yaml:7:");
});

Deno.test({
  name: "run ends with a sentence and exit code 1 where its output cannot be written",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using clone = await Clone.make();
    for (const options of [[], ["--json"]]) {
      const command = `exec 3>&1; "$@" 2>&3 >/dev/full`;
      const { code, stdout } = await cli("run", ["workflows/review.yaml", ...options], {
        cwd: clone.directory,
        through: ["sh", "-c", command, "sh"],
      });
      assertEquals(code, 1);
      assertMatch(
        stdout,
        /error\[output\]: Cannot write the output: No space left on device[^\n]*\n = hint: [^\n]+\n$/,
      );
    }
  },
});

Deno.test({
  name: "check says of a root that Deno itself keeps out of that it does",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using clone = await Clone.make();
    const cwd = clone.directory;
    await Deno.writeTextFile(
      join(cwd, "sys.yaml"),
      "name: sys\nmodel: openai:gpt-4.1\ndefault: d\n" +
        "backends: { d: { type: local, root: /sys/kernel, access: read } }\n" +
        "steps: [{ id: a, prompt: Go }]\n",
    );
    const { code, stderr } = await cli("check", ["sys.yaml"], { cwd });
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      'error[invalid-root]: Root "/sys/kernel" cannot be used: Deno does not let anyone into it',
    );
  },
});
