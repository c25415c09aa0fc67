import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

const CALLER = `\
name: caller
model: openai:m
shell: virtual
backends:
  disk: { type: local, root: ./ws }
  docs: { type: local, root: ./docs, access: read }
routes:
  /project/: disk
  /docs/: docs
steps:
  - id: inner
    uses: ./used/inner.yaml
    with: { name: "\${{ inputs.name }}" }
inputs: { name: { default: x } }
`;

const INNER = `\
name: inner
model: openai:m
inputs: { name: { required: true } }
backends:
  files: { type: local, root: ../ws/src }
  mem: { type: state }
default: mem
routes:
  /code/: { backend: files, path: lib }
steps: [{ id: a, prompt: "Go, \${{ inputs.name }}" }]
outputs: { said: "\${{ steps.a.output }}" }
`;

function files(inner: string) {
  return { "used/inner.yaml": inner, "docs/": "", "ws/src/lib/": "" };
}

Deno.test("compileWorkflow() puts the files of a workflow that is used into its caller's tree", async () => {
  const { plan, text } = await compiled(CALLER, { files: files(INNER) });
  assertEquals(text, "");
  const uses = plan?.steps[0]?.uses;
  assertEquals(uses?.file, "used/inner.yaml");
  assertEquals(uses?.plan.backends, [
    { name: "files", type: "caller" },
    { name: "mem", type: "state" },
  ]);
  assertEquals(uses?.plan.routes, [
    { prefix: "/code/", backend: "files", path: "/project/src/lib", access: "read-write" },
    { prefix: "/", backend: "mem", path: "/", access: "read-write" },
  ]);
  assertEquals(uses?.plan.roots, []);
  assertEquals(uses?.plan.processes.map(({ name }) => name), ["runner", "agent"]);
});

Deno.test("compileWorkflow() gives a workflow that declares no files its caller's tree", async () => {
  const inner = "name: inner\nsteps: [{ id: a, prompt: Go }]\n";
  const { plan, text } = await compiled(CALLER.replace(/ {4}with.*\n/, ""), {
    files: files(inner),
  });
  assertEquals(text, "");
  const used = plan?.steps[0]?.uses?.plan;
  assertEquals(used?.backends, [{ name: "caller", type: "caller" }]);
  assertEquals(used?.routes, [
    { prefix: "/", backend: "caller", path: "/", access: "read-write" },
  ]);
  assertEquals(used?.model.type, "openai");
});

Deno.test("compileWorkflow() refuses a workflow that would hold more than its caller", async () => {
  const inner = INNER
    .replace("model: openai:m", "model: openai:m\nbase_url: http://127.0.0.1:9/v1")
    .replace("{ type: local, root: ../ws/src }", "{ type: local, root: ../other }")
    .replace("  /code/", "  /docs/: notes\n  /code/")
    .replace("  mem:", "  notes: { type: local, root: ../docs }\n  mem:");
  const { plan, text } = await compiled(CALLER.replace("shell: virtual\n", ""), {
    files: files(`shell: virtual\n${inner}`),
  });
  assertEquals(plan, undefined);
  assertEquals(
    text,
    `\
error[exceeds-caller]: "flow.yaml", which uses this workflow, gives its agent no shell
 --> used/inner.yaml:1:1
  |
1 | shell: virtual
  | ^^^^^
  = hint: Leave shell out here, or write it there too

error[exceeds-caller]: "flow.yaml", which uses this workflow, asks its model at "api.openai.com:443", and this one asks at "127.0.0.1:9"
 --> used/inner.yaml:4:1
  |
4 | base_url: http://127.0.0.1:9/v1
  | ^^^^^^^^
  = hint: Write the same model and base_url in both

error[exceeds-caller]: "flow.yaml" may only read "<dir>/docs", and so may what it uses
 --> used/inner.yaml:8:31
  |
8 |   notes: { type: local, root: ../docs }
  |                               ^^^^^^^
  = hint: Write access: read here, or grant it there

error[exceeds-caller]: "flow.yaml", which uses this workflow, has no route to "<dir>/other/lib"
  --> used/inner.yaml:13:11
   |
13 |   /code/: { backend: files, path: lib }
   |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: Add a backend and a route for it there: what is used never holds more than its caller
`,
  );
});

Deno.test("compileWorkflow() refuses workflows that use one another", async () => {
  const { text } = await compiled("name: a\nsteps: [{ id: s, uses: ./b.yaml }]\n", {
    files: { "b.yaml": "name: b\nsteps:\n  - { id: t, uses: ./flow.yaml }\n" },
  });
  assertEquals(
    text,
    `\
error[recursive-uses]: The workflow would use itself: flow.yaml -> b.yaml -> flow.yaml
 --> b.yaml:3:20
  |
3 |   - { id: t, uses: ./flow.yaml }
  |                    ^^^^^^^^^^^
  = hint: Repeat steps with foreach or retry instead
`,
  );
});

Deno.test("compileWorkflow() says what is wrong with what a step uses", async () => {
  const { text } = await compiled(
    `\
name: w
steps:
  - { id: a, uses: ./none.yaml }
  - { id: b, uses: actions/checkout@v4 }
  - { id: c, uses: ./x.rehearsal.yaml }
  - { id: d, uses: ./inner.yaml, with: { nmae: x } }
  - { id: e, uses: ./bad.yaml }
`,
    {
      files: {
        "inner.yaml":
          "name: i\ninputs: { name: { required: true } }\nsteps: [{ id: r, run: ls }]\n",
        "bad.yaml": "name: i\nsteps: [{ id: r, rnu: ls }]\n",
      },
    },
  );
  assertEquals(
    text,
    `\
error[invalid-uses]: "./none.yaml" cannot be used: there is no such file
 --> flow.yaml:3:20
  |
3 |   - { id: a, uses: ./none.yaml }
  |                    ^^^^^^^^^^^
  = hint: The path is relative to this file: uses: ./other.yaml

error[invalid-uses]: "actions/checkout@v4" is not a workflow file
 --> flow.yaml:4:20
  |
4 |   - { id: b, uses: actions/checkout@v4 }
  |                    ^^^^^^^^^^^^^^^^^^^
  = hint: Only files next to this one can be used: uses: ./other.yaml

error[invalid-uses]: "./x.rehearsal.yaml" is a rehearsal
 --> flow.yaml:5:20
  |
5 |   - { id: c, uses: ./x.rehearsal.yaml }
  |                    ^^^^^^^^^^^^^^^^^^
  = hint: Name the workflow that declares it

error[missing-input]: Input "name" of "inner.yaml" has no value
 --> flow.yaml:6:20
  |
6 |   - { id: d, uses: ./inner.yaml, with: { nmae: x } }
  |                    ^^^^^^^^^^^^
  = hint: Give it: with: { name: ... }

error[unknown-input]: "inner.yaml" has no input "nmae"
 --> flow.yaml:6:42
  |
6 |   - { id: d, uses: ./inner.yaml, with: { nmae: x } }
  |                                          ^^^^
  = hint: Did you mean "name"?

error[unknown-key]: Unknown step key "rnu"
 --> bad.yaml:2:18
  |
2 | steps: [{ id: r, rnu: ls }]
  |                  ^^^
  = hint: Did you mean "run"?
`,
  );
});

Deno.test("compileWorkflow() holds what a step hands over against the inputs of what it uses", async () => {
  const { text } = await compiled(
    `\
name: caller
steps:
  - { id: a, run: echo 5 }
  - { id: b, uses: ./used.yaml, with: { n: two, tone: c, deep: true, file: x } }
  - { id: c, uses: ./used.yaml, with: { n: "\${{ steps.a.output }}", tone: b, deep: "no" } }
  - { id: d, uses: ./used.yaml, with: { n: "4", file: /x } }
  - { id: e, uses: ./folder }
`,
    {
      files: {
        "folder/": "",
        "used.yaml": `\
name: used
inputs:
  n: { type: number, default: 1 }
  tone: { type: choice, options: [a, b], default: a }
  deep: { type: boolean, default: false }
  file: { type: path, default: / }
steps: [{ id: a, run: echo a }]
`,
      },
    },
  );
  const told = text.split("\n").filter((line) => /^error|-->/.test(line.trim()));
  assertEquals(told, [
    'error[invalid-input]: Input "n" of "used.yaml" must be a number, not "two"',
    " --> flow.yaml:4:44",
    'error[invalid-input]: Input "tone" of "used.yaml" must be one of a, b, not "c"',
    " --> flow.yaml:4:55",
    'error[invalid-input]: Input "file" of "used.yaml" must be an absolute path of the tree, ' +
    'such as /project/src, not "x"',
    " --> flow.yaml:4:76",
    'error[invalid-input]: Input "deep" of "used.yaml" must be true or false, not "no"',
    " --> flow.yaml:5:84",
    'error[invalid-uses]: "./folder" is a directory',
    " --> flow.yaml:7:20",
  ]);
});

Deno.test("compileWorkflow() refuses a used workflow that would reach another server, or take more", async () => {
  const said = async (caller: string, inner: string) =>
    (await compiled(caller, { files: { "inner.yaml": inner } })).text.split("\n")
      .filter((line) => /^error/.test(line));
  const caller = "name: c\nmodel: openai:m\nbase_url: https://one.example/v1\nshell: virtual\n" +
    "limits: { memory: 64mb }\nsteps: [{ id: a, uses: ./inner.yaml }]\n";
  const inner = (more: string) => `name: i\n${more}steps: [{ id: r, prompt: Go }]\n`;
  assertEquals(await said(caller, inner("")), []);
  assertEquals(await said(caller, inner("model: openai:other\n")), []);
  // The same host and port: the key would go over the wire as it is, or to somebody else's path.
  for (const url of ["http://one.example:443/v1", "https://one.example/other"]) {
    assertEquals(await said(caller, inner(`base_url: ${url}\n`)), [
      'error[exceeds-caller]: "flow.yaml", which uses this workflow, asks its model at ' +
      `"https://one.example/v1", and this one asks at "${url}"`,
    ]);
  }
  assertEquals(await said(caller, inner("shell: virtual\nlimits: { memory: 64mb }\n")), []);
  assertEquals(await said(caller, inner("shell: virtual\nlimits: { memory: 65mb }\n")), [
    'error[exceeds-caller]: "flow.yaml", which uses this workflow, gives a command memory of 64mb',
  ]);
});

Deno.test("compileWorkflow() lets a used workflow copy files out where its caller does, and nowhere else", async () => {
  const said = async (own: string, used: string) => {
    const { text } = await compiled(
      "name: c\nbackends: { disk: { type: local, root: ./ws } }\nroutes: { /ws/: disk }\n" +
        `artifacts: [{ path: /ws/a, to: ${own} }]\n` +
        "steps: [{ id: a, run: ls }, { id: b, uses: ./used/middle.yaml }]\n",
      {
        files: {
          "used/middle.yaml": "name: m\nbackends: { mem: { type: state } }\ndefault: mem\n" +
            `artifacts: [{ path: /m, to: ${used} }]\nsteps: [{ id: c, uses: ./inner.yaml }]\n`,
          "used/inner.yaml": "name: i\nbackends: { mem: { type: state } }\ndefault: mem\n" +
            `artifacts: [{ path: /i, to: ${used} }]\nsteps: [{ id: r, run: ls }]\n`,
        },
      },
    );
    return text.split("\n").filter((line) => /^(?:error| +-->)/.test(line));
  };
  assertEquals(await said("./out/", "../out/deep/"), []);
  assertEquals(await said("./out/x.txt", "../out/x.txt"), []);
  for (const [own, used] of [["./out/", "../outside/"], ["./out/x.txt", "../out/y.txt"]] as const) {
    assertEquals(await said(own, used), [
      `error[exceeds-caller]: "used/middle.yaml" copies files out to "<dir>/${
        used.slice(3)
      }", and ` +
      "this workflow does not",
      " --> flow.yaml:5:44",
    ]);
  }
  // The inner workflows have no local files of their own, but the run may change these.
  assertEquals((await said("./out/", "../ws/out/")).map((line) => line.slice(0, 24)), [
    "error[unsafe-artifact]: ",
    " --> used/inner.yaml:4:2",
    "error[unsafe-artifact]: ",
    " --> used/middle.yaml:4:",
  ]);
});

Deno.test("compileWorkflow() protects all files that a run is made of", async () => {
  const { plan, text } = await compiled(
    "name: c\nmodel: openai:m\nbackends: { disk: { type: local, root: . } }\n" +
      "routes: { /all/: disk }\n" +
      "steps: [{ id: a, prompt: Go, output: { schema: ./a.schema.json } }, " +
      "{ id: b, uses: ./used/inner.yaml }]\n",
    {
      files: {
        "a.schema.json": '{ "type": "object" }',
        "used/inner.yaml": "name: i\nmodel: openai:m\nsteps: [{ id: a, prompt: Go, assert: " +
          "[{ file: /x, json_schema: ./b.schema.json }] }]\n",
        "used/b.schema.json": "true",
      },
    },
  );
  assertEquals(text.includes("error"), false, text);
  const [root] = plan?.roots ?? [];
  assertEquals(
    root?.protected.map((path) => path.slice(root.directory.length)).toSorted(),
    ["/.routebook", "/a.schema.json", "/flow.yaml", "/used/b.schema.json", "/used/inner.yaml"],
  );
});
