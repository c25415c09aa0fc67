import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { cli, Clone } from "../support/cli.ts";

/** Stores the plan of a workflow, as a person does. */
async function store(clone: Clone, file: string): Promise<string> {
  const { code, stdout, stderr } = await cli("plan", [file, "--json"], { cwd: clone.directory });
  assertEquals([code, stderr], [0, ""]);
  await Deno.writeTextFile(join(clone.directory, "plan.json"), stdout);
  return stdout;
}

async function edit(clone: Clone, file: string, from: string, to: string): Promise<void> {
  const path = join(clone.directory, file);
  const text = await Deno.readTextFile(path);
  assert(text.includes(from), from);
  await Deno.writeTextFile(path, text.replace(from, to));
}

const FLASK = "workflows/flask.yaml";

Deno.test("plan --check passes an unchanged and a narrower workflow, and fails a wider one", async () => {
  await using clone = await Clone.make();
  const cwd = clone.directory;
  await store(clone, FLASK);
  const check = () => cli("plan", [FLASK, "--check", "plan.json"], { cwd });
  const same = await check();
  assertEquals([same.code, same.stdout, same.stderr], [
    0,
    `${FLASK}: may do no more than plan.json says\n`,
    "",
  ]);
  await edit(clone, FLASK, "turns: 40", "turns: 39");
  assertEquals((await check()).code, 0);
  await edit(clone, FLASK, "turns: 39", "turns: 41");
  const wider = await check();
  assertEquals([wider.code, wider.stdout], [3, ""]);
  assertEquals(
    wider.stderr,
    `\
error[wider-budget]: The run may now take 41 answers of the model
  --> workflows/flask.yaml:20:18
   |
20 | budget: { turns: 41 }
   |                  ^^
   = hint: In the stored plan it may take 40 answers of the model

workflows/flask.yaml may do more than plan.json says: one thing.
Review it, and store its plan anew: deno task plan workflows/flask.yaml --json > plan.json
`,
  );
  // Reviewed: a new plan is stored.
  await store(clone, FLASK);
  assertEquals((await check()).code, 0);
});

Deno.test("plan --check takes a plan of another place, from another key and another server", async () => {
  await using first = await Clone.make();
  await using second = await Clone.make();
  const text = await store(first, FLASK);
  const { review } = JSON.parse(text);
  assertEquals(JSON.stringify(review).includes(first.directory), false);
  await Deno.writeTextFile(join(second.directory, "stored.json"), JSON.stringify(review));
  const environments: Record<string, string>[] = [
    {},
    { OPENAI_API_KEY: "sk-x" },
    { OPENAI_BASE_URL: "http://127.0.0.1:11434/v1" },
  ];
  for (const env of environments) {
    const { code, stderr } = await cli("plan", ["--check", "../stored.json", "flask.yaml"], {
      cwd: join(second.directory, "workflows"),
      env,
    });
    assertEquals([code, stderr], [0, ""], JSON.stringify(env));
  }
});

Deno.test("plan --check says what is wrong with a stored plan, and with the workflow itself", async () => {
  await using clone = await Clone.make();
  const cwd = clone.directory;
  const check = (file: string, stored: string) => cli("plan", [file, "--check", stored], { cwd });
  const missing = await check(FLASK, "none.json");
  assertEquals([missing.code, missing.stdout, missing.stderr], [
    2,
    "",
    'error[stored-plan]: Cannot read the plan "none.json": there is no such file\n' +
    " = hint: Store one with: deno task plan FILE --json > plan.json\n",
  ]);
  await store(clone, FLASK);
  const foreign = await check("workflows/review.yaml", "plan.json");
  assertEquals([foreign.code, foreign.stderr], [
    2,
    'error[stored-plan]: "plan.json" is a plan of workflow "flask", not of "review"\n' +
    " = hint: Name the plan that belongs to the workflow\n",
  ]);
  await edit(clone, FLASK, "turns: 40", "turn: 40");
  const broken = await check(FLASK, "plan.json");
  assertEquals(broken.code, 2);
  assertStringIncludes(broken.stderr, 'Did you mean "turns"?');
});

Deno.test("plan --explain prints the line behind each permission, and touches nothing", async () => {
  await using clone = await Clone.make();
  const { code, stdout, stderr } = await cli("plan", ["--explain", "--live", FLASK], {
    cwd: clone.directory,
  });
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(
    stdout,
    `\
Process agent
  may reach api.openai.com:443
    workflows/flask.yaml:6:8  model: openai:gpt-4.1
    The model is there
`,
  );
  assertStringIncludes(
    stdout,
    `\
  may write workspace/project
    workflows/flask.yaml:16:14  /project/: { backend: disk, path: project }
    Route "/project/" writes files of backend "disk" there
`,
  );
  assertEquals(await clone.files(), {});
});

Deno.test("plan answers one question at a time, and run and check none of its own", async () => {
  await using clone = await Clone.make();
  const cases: readonly [name: "run" | "plan" | "check", args: string[], message: string][] = [
    ["plan", ["--json", "--explain"], "'--json', '--explain' and '--check' exclude each other"],
    ["plan", ["--json", "--check", "p"], "'--json', '--explain' and '--check' exclude each other"],
    ["plan", ["--check", ""], "'--check' names no plan: --check plan.json"],
    ["run", ["--explain"], "'run' has no option '--explain'"],
    ["run", ["--check", "p"], "'run' has no option '--check'"],
    ["check", ["--explain"], "'check' has no option '--explain'"],
  ];
  for (const [name, args, message] of cases) {
    const { code, stdout, stderr } = await cli(name, [FLASK, ...args], { cwd: clone.directory });
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertEquals(stderr, `error[usage]: ${message}\n = hint: See deno task run --help\n`);
  }
});

Deno.test("plan --json is the same text each time, and has what a reviewer decides about", async () => {
  await using clone = await Clone.make();
  const first = await store(clone, FLASK);
  assertEquals(await store(clone, FLASK), first);
  const plan = JSON.parse(first);
  assertEquals(Object.keys(plan).slice(0, 4), ["name", "description", "file", "fingerprint"]);
  assertEquals(Object.keys(plan).at(-1), "review");
  assertEquals(plan.review.roots.map(({ directory }: { directory: string }) => directory), [
    "../workspace/project",
    "../workspace/work",
  ]);
  // Rehearsed or not, the model's host is what a live run would reach.
  assertEquals(plan.review.net, ["api.openai.com:443"]);
  assertEquals(plan.model.type, "rehearsal");
});
