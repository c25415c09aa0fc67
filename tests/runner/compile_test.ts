import { assert, assertEquals } from "@std/assert";
import { compileWorkflow } from "../../runner/compile.ts";
import fc from "../support/fast_check.ts";
import { compiled, UNCONFINED } from "./_compiled.ts";
import { expressionOf } from "./_expression_values.ts";

const CODE = await Deno.realPath(new URL("../..", import.meta.url));
const FLASK = await Deno.readTextFile(`${CODE}/workflows/flask.yaml`);
const REHEARSAL = await Deno.readTextFile(`${CODE}/workflows/flask.rehearsal.yaml`);
const FILES = { "flows/flask.yaml": FLASK, "flows/flask.rehearsal.yaml": REHEARSAL };

Deno.test("compileWorkflow() turns flask.yaml into its plan", async () => {
  const { plan, text, dir } = await compiled("", {
    file: "flows/flask.yaml",
    files: FILES,
    key: false,
  });
  assertEquals(text, "");
  assert(plan !== undefined);
  const { model, steps, processes, fingerprint, grants, ...rest } = plan;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(FLASK));
  assertEquals(fingerprint, new Uint8Array(hash).toHex());
  assertEquals(rest, {
    name: "flask",
    description: "A small Flask project on disk, with scratch notes in memory.",
    file: "flows/flask.yaml",
    inputs: { framework: "Flask" },
    declared: {
      framework: {
        type: "string",
        description: "The web framework to use.",
        required: false,
        default: "Flask",
      },
    },
    instructions: [
      "You are a project assistant. /project/ and /workspace/ are saved to disk.\n" +
      "Anything else, such as /scratch/, is kept in memory and is gone after the run.\n",
    ],
    backends: [
      { name: "memory", type: "state" },
      { name: "disk", type: "local", root: `${dir}/workspace`, access: "read-write" },
    ],
    routes: [
      { prefix: "/project/", backend: "disk", path: "/project", access: "read-write" },
      { prefix: "/workspace/", backend: "disk", path: "/work", access: "read-write" },
      { prefix: "/", backend: "memory", path: "/", access: "read-write" },
    ],
    roots: [
      {
        backend: "disk",
        path: "/project",
        directory: `${dir}/workspace/project`,
        access: "read-write",
        protected: [],
      },
      {
        backend: "disk",
        path: "/work",
        directory: `${dir}/workspace/work`,
        access: "read-write",
        protected: [],
      },
    ],
    deny: ["read **/.env*"],
    ask: [],
    confinement: UNCONFINED,
    budget: { turns: 40 },
    outputs: { summary: [expressionOf("steps.notes.output")] },
  });
  assertEquals(model.type === "rehearsal" && [model.name, model.file, Object.keys(model.steps)], [
    "openai:gpt-4.1",
    "flows/flask.rehearsal.yaml",
    ["app", "docs", "notes"],
  ]);
  assertEquals(processes.map(({ name }) => name), ["runner", "agent", "host"]);
  const host = grants.filter(({ process }) => process === "host");
  const lines = host.map(({ kind, value, place }) =>
    `${kind} ${value.slice(dir.length)} ${place?.line}:${place?.column}`
  );
  assertEquals(lines, [
    "read /workspace/project 16:14",
    "read /workspace/work 17:16",
    "write /workspace/project 16:14",
    "write /workspace/work 17:16",
  ]);
  const [app] = steps;
  const framework = expressionOf("inputs.framework");
  assertEquals(app, {
    id: "app",
    name: "Write the app",
    prompt: [
      "Create /project/src/app.py, a simple ",
      framework,
      " app with a factory create_app()\nand a health route at /health that answers " +
      '{"status": "ok"}.\n',
    ],
    needs: [],
    produces: [{
      path: ["/project/src/app.py"],
      place: { file: "flows/flask.yaml", line: 27, column: 16 },
    }],
    assertions: [
      {
        file: ["/project/src/app.py"],
        kind: "contains",
        value: [framework, "("],
        place: { file: "flows/flask.yaml", line: 29, column: 9 },
      },
      {
        file: ["/project/src/app.py"],
        kind: "contains",
        value: ["/health"],
        place: { file: "flows/flask.yaml", line: 30, column: 9 },
      },
    ],
    attempts: 2,
    feedback: true,
    place: { file: "flows/flask.yaml", line: 22, column: 9 },
  });
});

Deno.test("compileWorkflow() gives a plan that survives JSON unchanged", async () => {
  const { plan } = await compiled("", { file: "flows/flask.yaml", files: FILES });
  assertEquals(JSON.parse(JSON.stringify(plan)), plan);
});

Deno.test("compileWorkflow() gives a workflow of three lines all that is not said", async () => {
  const { plan, text } = await compiled(
    "name: w\nmodel: openai:m\nsteps: [{ id: a, prompt: Go }, { id: b, prompt: On, needs: a }]\n",
  );
  assertEquals(text, "");
  assert(plan !== undefined);
  assertEquals([plan.backends, plan.routes, plan.roots, plan.deny, plan.budget], [
    [{ name: "memory", type: "state" }],
    [{ prefix: "/", backend: "memory", path: "/", access: "read-write" }],
    [],
    [],
    { turns: 50 },
  ]);
  assertEquals(plan.steps.map(({ needs, attempts, feedback }) => [needs, attempts, feedback]), [
    [[], 1, true],
    [["a"], 1, true],
  ]);
  assertEquals(plan.processes.map(({ name }) => name), ["runner", "agent"]);
});

Deno.test("compileWorkflow() makes paths canonical once inputs are known", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
inputs: { dir: { default: "src//lib" } }
steps:
  - id: a
    prompt: Go
    produces: ["/\${{ inputs.dir }}/../x.py"]
    assert: [{ file: "//a/./b", equals: "" }, { not_exists: /tmp/ }]
  - id: b
    prompt: Go
    produces: ["/out/\${{ steps.a.output }}"]
`);
  assertEquals(text, "");
  assertEquals(plan?.steps.map(({ produces }) => produces.map(({ path }) => path)), [
    [["/src/x.py"]],
    [["/out/", expressionOf("steps.a.output")]],
  ]);
  assertEquals(plan?.steps[0]?.assertions.map(({ place: _, ...assertion }) => assertion), [
    { file: ["/a/b"], kind: "equals", value: [] },
    { file: ["/tmp"], kind: "not_exists" },
  ]);
});

Deno.test("compileWorkflow() tells what is wrong in valid parts beside faulty ones", async () => {
  const { diagnostics } = await compiled(`\
name: w
model: gpt
bugdet: { turns: 1 }
backends: { d: { type: local } , e: { type: state } }
default: f
routes: { /a: e }
steps:
  - id: a
    prompt: 3
    needs: [b]
    produces: [x, 4]
    retry: { attempts: many }
  - id: b
    prompt: \${{ inputs.x }}
`);
  assertEquals(diagnostics.map(({ code, place }) => `${place?.line} ${code}`), [
    "2 unknown-model",
    "3 unknown-key",
    "4 missing-key",
    "5 unknown-backend",
    "6 route-slash",
    "9 wrong-type",
    "11 invalid-path",
    "11 wrong-type",
    "12 wrong-type",
    "14 undefined-reference",
  ]);
});

/** Compiles changed copies of flask.yaml; what matters is that each gives a plan or an error. */
async function assertSound(yaml: string): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "routebook-mutation-" });
  try {
    await Deno.writeTextFile(`${dir}/flask.yaml`, yaml);
    await Deno.writeTextFile(`${dir}/flask.rehearsal.yaml`, REHEARSAL);
    const { plan, diagnostics } = await compileWorkflow("flask.yaml", { cwd: dir, key: true });
    const hasError = diagnostics.some(({ severity }) => severity === "error");
    assertEquals(plan === undefined, hasError, yaml);
    for (const { place } of diagnostics) {
      if (place === undefined) continue;
      const line = yaml.split("\n")[place.line - 1];
      assert(line !== undefined && place.column <= line.length + 1, `${JSON.stringify(place)}`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("compileWorkflow() throws for no line of flask.yaml that is missing or moved", async () => {
  const lines = FLASK.split("\n");
  for (const [index, line] of lines.entries()) {
    await assertSound(lines.toSpliced(index, 1).join("\n"));
    await assertSound(lines.toSpliced(index, 1, ` ${line}`).join("\n"));
  }
});

Deno.test("compileWorkflow() throws for no key of flask.yaml that is renamed", async () => {
  for (const { index, 0: key } of FLASK.matchAll(/[\w/]+(?=:)/g)) {
    for (const other of [`${key}x`, "steps", "__proto__", "'", "- "]) {
      await assertSound(FLASK.slice(0, index) + other + FLASK.slice(index + key.length));
    }
  }
});

Deno.test("compileWorkflow() throws for no text put in the place of another", async () => {
  const piece = fc.constantFrom(
    ..."{ } [ ] : - , ' \" | > & * ! # ? % @ ` \n \t ~ ${{ }} /.. 08 null &a *a 🎉 \u2028".split(
      " ",
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.nat(FLASK.length),
      fc.nat(12),
      fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join("")),
      async (start, length, text) => {
        await assertSound(FLASK.slice(0, start) + text + FLASK.slice(start + length));
      },
    ),
    { numRuns: 200 },
  );
});
