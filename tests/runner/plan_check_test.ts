import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import type { CompileOptions } from "../../runner/compile.ts";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import { comparePlans, readReview } from "../../runner/plan_check.ts";
import {
  environmentOf,
  type PlanReview,
  requiresSandbox,
  reviewOf,
} from "../../runner/plan_review.ts";
import { type Compiled, compiled, UNCONFINED } from "./_compiled.ts";

const HAS_BUBBLEWRAP = (await probeConfinement()).type === "bubblewrap";

const FILES = { "ws/src/": "", "ws/deploy/": "", "other/": "", "r.yaml": "" };

/** A machine that a test can give bubblewrap to and take it from. */
type Machine = Pick<CompileOptions, "probe">;
const BARE: Machine = { probe: () => Promise.resolve(UNCONFINED) };

/** The workflow that the others of a test differ from. */
const BASE = `\
name: w
model: openai:m
shell: virtual
limits: { memory: 512mb, cpu: 30s, processes: 64, file_size: 64mb, output: 64kb }
backends:
  m: { type: state }
  disk: { type: local, root: ./ws }
  docs: { type: local, root: ./other, access: read }
default: m
routes:
  /p/deploy/: { backend: disk, path: deploy, access: read }
  /p/: { backend: disk, path: . }
  /docs/: docs
tools:
  allow: ["read **", "write /p/**", "execute git *"]
  ask: ["execute git push *"]
  deny: ["read **/.env", "write /p/keys/**"]
budget: { turns: 20 }
steps:
  - { id: a, prompt: Go }
  - { id: b, run: git status, cwd: /p, env: { A: "1" } }
`;

async function compiledOf(yaml: string, machine: Machine = BARE): Promise<Compiled> {
  const result = await compiled(yaml, { files: FILES, mode: "live", ...machine });
  assert(result.plan !== undefined, result.text);
  return result;
}

function reviewOfCompiled({ plan, dir, document }: Compiled, directory = dir): PlanReview {
  assert(plan !== undefined && document !== undefined);
  return reviewOf(plan, {
    directory,
    required: requiresSandbox(document),
    environment: environmentOf(document),
  });
}

async function reviewed(yaml: string, machine?: Machine): Promise<PlanReview> {
  return reviewOfCompiled(await compiledOf(yaml, machine));
}

/** What is wider in the second workflow than in the first, as it is printed. */
async function wider(stored: string, now: string, machine?: Machine): Promise<string> {
  const before = await reviewed(stored, machine);
  const after = await compiledOf(now, machine);
  assert(after.document !== undefined);
  const diagnostics = comparePlans(before, reviewOfCompiled(after), after.document);
  return formatDiagnostics(diagnostics, after.sources);
}

/** The messages of what is wider after each replacement in {@linkcode BASE}. */
async function messages(...changes: readonly (readonly [from: string, to: string])[]) {
  let yaml = BASE;
  for (const [from, to] of changes) {
    assert(yaml.includes(from), from);
    yaml = yaml.replace(from, to);
  }
  const text = await wider(BASE, yaml);
  return text.match(/(?<=^error\[)[\w-]+\]: .*/gm) ?? [];
}

Deno.test("comparePlans() finds nothing wider in the same workflow", async () => {
  assertEquals(await wider(BASE, BASE), "");
});

Deno.test("comparePlans() shows each widening with the line that causes it", async () => {
  const now = BASE
    .replace("memory: 512mb", "memory: 1gb")
    .replace("path: deploy, access: read", "path: deploy")
    .replace(', "write /p/keys/**"]', "]")
    .replace('"execute git *"]', '"execute git *", "execute make *"]')
    .replace("turns: 20", "turns: 21")
    .replace("git status", "git log");
  assertEquals(
    await wider(BASE, now),
    `\
error[wider-limits]: "memory" of a command is now 1gb
 --> flow.yaml:4:19
  |
4 | limits: { memory: 1gb, cpu: 30s, processes: 64, file_size: 64mb, output: 64kb }
  |                   ^^^
  = hint: In the stored plan it is 512mb

error[wider-route]: "/p/deploy/" may now be written to
  --> flow.yaml:11:3
   |
11 |   /p/deploy/: { backend: disk, path: deploy }
   |   ^^^^^^^^^^
   = hint: In the stored plan it may only be read

error[wider-rules]: "execute make *" is allowed now
  --> flow.yaml:15:54
   |
15 |   allow: ["read **", "write /p/**", "execute git *", "execute make *"]
   |                                                      ^^^^^^^^^^^^^^^^
   = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json

error[wider-rules]: Nothing denies "write /p/keys/**" any more
  --> flow.yaml:17:9
   |
17 |   deny: ["read **/.env"]
   |         ^^^^^^^^^^^^^^^^
   = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json

error[wider-budget]: The run may now take 21 answers of the model
  --> flow.yaml:18:18
   |
18 | budget: { turns: 21 }
   |                  ^^
   = hint: In the stored plan it may take 20 answers of the model

error[wider-command]: Step "b" runs its command otherwise than in the stored plan
  --> flow.yaml:21:19
   |
21 |   - { id: b, run: git log, cwd: /p, env: { A: "1" } }
   |                   ^^^^^^^
   = hint: There it is "git status"
`,
  );
});

Deno.test("comparePlans() tells everything that a change lets a run do", async () => {
  const cases: readonly (readonly [from: string, to: string, ...messages: string[]])[] = [
    // Routes and roots
    [
      "  /docs/: docs",
      "  /docs/: docs\n  /q/: { backend: disk, path: src }",
      'wider-route]: "/q/" is now "ws/src" of the host',
    ],
    ["default: m", "default: docs", 'wider-route]: "/" is now "other" of the host'],
    [
      "root: ./ws }",
      "root: . }",
      // The inner route keeps its prefix, and is another directory of the host all the same.
      'wider-route]: "/p/deploy/" is now "deploy" of the host',
      'wider-route]: "/p/" is now "." of the host',
    ],
    [", access: read }\ndefault", " }\ndefault", 'wider-route]: "/docs/" may now be written to'],
    [
      "  /p/deploy/: { backend: disk, path: deploy, access: read }\n",
      "",
      'wider-route]: "/p/deploy/" may now be written to',
    ],
    [
      "/p/: { backend: disk, path: . }",
      "/p/: { backend: disk, path: src }",
      // What is below a prefix was another file before: rules speak of it by that name.
      'wider-route]: "/p/" is now "ws/src" of the host',
    ],
    // Shell
    ["cpu: 30s", "cpu: 1m", 'wider-limits]: "cpu" of a command is now 1m'],
    ["processes: 64", "processes: 65", 'wider-limits]: "processes" of a command is now 65'],
    ["file_size: 64mb", "file_size: 1gb", 'wider-limits]: "file_size" of a command is now 1gb'],
    ["output: 64kb", "output: 1mb", 'wider-limits]: "output" of a command is now 1mb'],
    [
      "limits: { memory: 512mb, cpu: 30s, processes: 64, file_size: 64mb, output: 64kb }\n",
      "",
      'wider-limits]: "cpu" of a command is now 5m',
      'wider-limits]: "memory" of a command is now 2gb',
      'wider-limits]: "processes" of a command is now 256',
      'wider-limits]: "file_size" of a command is now 1gb',
      'wider-limits]: "output" of a command is now 256kb',
    ],
    // Rules
    [
      '"read **/.env", ',
      "",
      'wider-rules]: Nothing denies "read **/.env" any more',
    ],
    [
      '  ask: ["execute git push *"]\n',
      "",
      'wider-rules]: Nobody is asked about "execute git push *" any more',
    ],
    [
      '  allow: ["read **", "write /p/**", "execute git *"]\n',
      "",
      "wider-rules]: All that routes grant is allowed now: there is no list of allow any more",
    ],
    [
      'ask: ["execute git push *"]',
      'ask: ["execute git push *", "execute make *"]',
      'wider-rules]: "execute make *" can be approved now',
    ],
    // Commands, network, budget
    [
      "cwd: /p,",
      "cwd: /docs,",
      'wider-command]: Step "b" runs its command otherwise than in the stored plan',
    ],
    [
      '{ A: "1" }',
      '{ A: "2" }',
      'wider-command]: Step "b" runs its command otherwise than in the stored plan',
    ],
    [
      "  - { id: b",
      "  - { id: c, run: git diff }\n  - { id: b",
      'wider-command]: Step "c" runs a command that the stored plan has not',
    ],
    [
      "model: openai:m",
      "model: openai:m\nbase_url: https://evil.example",
      'wider-network]: The agent may now reach "evil.example:443"',
    ],
    [
      "budget: { turns: 20 }\n",
      "",
      "wider-budget]: The run may now take 50 answers of the model",
    ],
  ];
  for (const [from, to, ...expected] of cases) {
    assertEquals((await messages([from, to])).toSorted(), expected.toSorted(), `${from} -> ${to}`);
  }
});

Deno.test("comparePlans() takes what is narrower, or the same in other words", async () => {
  const cases: readonly (readonly (readonly [from: string, to: string])[])[] = [
    [["/p/: { backend: disk, path: . }", "/p/: { backend: disk, path: ., access: read }"]],
    [["  /docs/: docs\n", ""], ["  docs: { type: local, root: ./other, access: read }\n", ""]],
    [["memory: 512mb", "memory: 256mb"], ["cpu: 30s", "cpu: 1s"]],
    [['deny: ["read **/.env", ', 'deny: ["execute rm *", "read **/.env", ']],
    [['"write /p/**", ', ""]],
    // What is asked about, or denied, is allowed no more.
    [['"execute git *"]', "]"], ['ask: ["execute', 'ask: ["execute git *", "execute']],
    [['  ask: ["execute git push *"]\n', ""], ["deny: [", 'deny: ["execute git push *", ']],
    // Without a rule of allow for commands there is nothing left to ask about.
    [
      [', "execute git *"]', "]"],
      ['  ask: ["execute git push *"]\n', ""],
      ['  - { id: b, run: git status, cwd: /p, env: { A: "1" } }\n', ""],
    ],
    [["turns: 20", "turns: 19"]],
    [['  - { id: b, run: git status, cwd: /p, env: { A: "1" } }\n', ""]],
    [["id: b", "id: c"]],
    [["  m: { type: state }\n", "  n: { type: state }\n"], ["default: m\n", "default: n\n"]],
    [["./ws", "other/../ws"]],
    [["memory: 512mb", "memory: 524288kb"]],
    [["id: a, prompt: Go", "id: a, prompt: Do something else"]],
    // A shell for commands alone is less than one for the model too.
    [["shell: virtual\n", ""]],
  ];
  for (const changes of cases) {
    assertEquals(await messages(...changes), [], JSON.stringify(changes));
  }
});

Deno.test("comparePlans() tells a rule to write that is asked about and becomes allowed too", async () => {
  const yaml = (allow: string) =>
    `name: w\nmodel: openai:m\ntools: { ask: ["write /a"], allow: [${allow}] }\nsteps: [{ id: a, prompt: Go }]\n`;
  // Who has to ask before writing had to ask before reading, as long as nothing else allowed it.
  assertEquals((await wider(yaml(""), yaml('"write /a"'))).match(/^e.*/gm), [
    'error[wider-rules]: "write /a" is allowed now',
  ]);
});

Deno.test("comparePlans() takes a directory inside the one before, where no rule is about paths", async () => {
  const yaml = (path: string, rule: string) =>
    `\
name: w
model: openai:m
backends: { disk: { type: local, root: ./ws } }
routes: { /p/: { backend: disk, path: ${path} } }
tools: { deny: [${rule}] }
steps: [{ id: a, prompt: Go }]
`;
  assertEquals(await wider(yaml(".", ""), yaml("src", "")), "");
  assertEquals(
    (await wider(yaml(".", '"write /p/src"'), yaml("src", '"write /p/src"'))).split("\n")[0],
    'error[wider-route]: "/p/" is now "ws/src" of the host',
  );
  assertEquals(
    (await wider(yaml("src", ""), yaml(".", ""))).split("\n")[0],
    'error[wider-route]: "/p/" is now "ws" of the host',
  );
  // What was in memory is on the host, and what was kept from changes is all there is.
  const memory = yaml(".", "").replace("routes: { /p/", "routes: { /q/");
  assertEquals(
    await wider(memory, yaml(".", "")),
    `\
error[wider-route]: "/p/" is now "ws" of the host
 --> flow.yaml:4:11
  |
4 | routes: { /p/: { backend: disk, path: . } }
  |           ^^^
  = hint: In the stored plan it is in memory
`,
  );
  const kept = yaml(".", "").replace(
    "{ /p/:",
    "{ /p/deploy/: { backend: disk, path: deploy, access: read }, /p/:",
  );
  assertEquals((await wider(kept, yaml("deploy/sub", ""))).match(/^error.*/gm), [
    'error[wider-route]: "/p/deploy/" may now be written to',
    'error[wider-root]: "ws/deploy" of the host may now be changed',
  ]);
});

Deno.test("comparePlans() tells a shell that is new, real, or the model's too", async () => {
  const yaml = (shell: string, step = "{ id: a, prompt: Go }") =>
    `name: w\nmodel: openai:m\n${shell}\nsteps: [${step}]\n`;
  const machine: Machine = { probe: () => Promise.resolve({ type: "bubblewrap" }) };
  const first = async (stored: string, now: string) =>
    (await wider(stored, now, machine)).match(/^error.*/gm) ?? [];
  const none = yaml("description: x");
  const both = "{ id: a, prompt: Go }, { id: b, run: ls }";
  assertEquals(await first(none, yaml("shell: virtual")), [
    "error[wider-shell]: The model may now run commands in a virtual shell",
  ]);
  assertEquals(await first(yaml("description: x", both), yaml("shell: virtual", both)), [
    "error[wider-shell]: The model may now run commands",
  ]);
  assertEquals(await first(none, yaml("description: x", both)), [
    'error[wider-command]: Step "b" runs a command that the stored plan has not',
  ]);
  assertEquals(await first(yaml("shell: virtual"), none), []);
  // A plan of a sandbox needs a machine that has one; a review does not.
  const virtual = await reviewed(BASE);
  const { document } = await compiledOf(BASE);
  assert(document !== undefined && virtual.shell !== null);
  const sandbox: PlanReview = { ...virtual, shell: { ...virtual.shell, type: "sandbox" } };
  const told = (stored: PlanReview, now: PlanReview) =>
    comparePlans(stored, now, document).map((
      { message, hint, place },
    ) => [message, hint, place?.line]);
  assertEquals(told(virtual, sandbox), [[
    "Commands now run in a sandbox shell",
    "In the stored plan they run in a virtual one",
    3,
  ]]);
  assertEquals(told(sandbox, virtual), []);
});

Deno.test("comparePlans() tells tools that rules left no use for", async () => {
  const yaml = (tools: string) =>
    `name: w\nmodel: openai:m\nshell: virtual\ntools: { ${tools} }\nsteps: [{ id: a, prompt: Go }]\n`;
  const stored = 'allow: ["read **"]';
  assertEquals(
    (await wider(yaml(stored), yaml('allow: ["read **", "write /x"]'))).match(/^e.*/gm),
    [
      "error[wider-tools]: The model is now offered tools that write",
      'error[wider-rules]: "write /x" is allowed now',
    ],
  );
});

Deno.test("comparePlans() tells a confinement that is weaker, and takes a stronger one", async () => {
  const strong = { ...await reviewed(BASE), confinement: "bubblewrap" } as const;
  const weak = await reviewed(BASE);
  const { document } = await compiledOf(BASE);
  assert(document !== undefined);
  assertEquals(
    comparePlans(strong, weak, document).map(({ code, message, hint, place }) => ({
      code,
      message,
      hint,
      line: place?.line,
    })),
    [{
      code: "wider-confinement",
      message: "Local files are now served outside of bubblewrap",
      hint: "Make it an error: permissions: { require: sandbox }",
      line: 5,
    }],
  );
  assertEquals(comparePlans(weak, strong, document), []);
});

Deno.test({
  name: HAS_BUBBLEWRAP
    ? "comparePlans() tells a sandbox that is not required any more"
    : "comparePlans() tells a sandbox (ignored: bubblewrap makes no namespace here)",
  ignore: !HAS_BUBBLEWRAP,
  fn: requiredNoMore,
});

async function requiredNoMore(): Promise<void> {
  const yaml = (permissions: string) =>
    `\
name: w
model: openai:m
permissions: { ${permissions} }
backends: { disk: { type: local, root: ./ws } }
routes: { /p/: disk }
steps: [{ id: a, prompt: Go }]
`;
  const machine: Machine = { probe: () => Promise.resolve({ type: "bubblewrap" }) };
  assertEquals(
    await wider(yaml("require: sandbox"), yaml("net: [api.openai.com]"), machine),
    `\
error[wider-confinement]: Local files may now be served outside of bubblewrap, where there is none
 --> flow.yaml:3:1
  |
3 | permissions: { net: [api.openai.com] }
  | ^^^^^^^^^^^
  = hint: In the stored plan there is no run without it
`,
  );
  assertEquals(await wider(yaml("net: [api.openai.com]"), yaml("require: sandbox"), machine), "");
}

Deno.test("comparePlans() tells what a process is granted for no reason that a plan has", async () => {
  const stored = await reviewed(BASE);
  const { document } = await compiledOf(BASE);
  assert(document !== undefined);
  assertEquals(stored.permissions, []);
  const { plan, dir } = await compiledOf(BASE);
  assert(plan !== undefined);
  const processes = plan.processes.map((process) =>
    process.name === "agent"
      ? { ...process, permissions: { ...process.permissions, read: ["/srv"] } }
      : process
  );
  const now = reviewOf({ ...plan, processes }, {
    directory: dir,
    required: false,
    environment: { env: [], variables: {} },
  });
  assertEquals(comparePlans(stored, now, document).map(({ code, message }) => [code, message]), [
    ["wider-permissions", 'A process is now granted "agent read /srv"'],
  ]);
});

Deno.test("comparePlans() tells files that nothing keeps from changes any more", async () => {
  const yaml = (rehearsal: string) =>
    `\
name: w
model: openai:m
${rehearsal}
backends: { all: { type: local, root: . } }
routes: { /p/: all }
steps: [{ id: a, prompt: Go }]
`;
  assertEquals(
    await wider(yaml("rehearsal: r.yaml"), yaml("description: x")),
    `\
error[wider-root]: "r.yaml" of the host may now be changed
 --> flow.yaml:5:11
  |
5 | routes: { /p/: all }
  |           ^^^
  = hint: In the stored plan it is kept from every change
`,
  );
  assertEquals(await wider(yaml("description: x"), yaml("rehearsal: r.yaml")), "");
  // Where runs are kept goes by the working directory, which is another one for everybody.
  assertEquals((await reviewed(yaml("rehearsal: r.yaml"))).roots, [
    { directory: ".", access: "read-write", protected: ["flow.yaml", "r.yaml"] },
  ]);
});

Deno.test("reviewOf() is the same wherever the workflow is, and in whatever order it is written", async () => {
  const far = BASE.replace("./ws", "../a/ws").replace("./other", "../a/other");
  const deep = {
    file: "a/flow.yaml",
    files: { "a/flow.yaml": BASE, "a/ws/src/": "", "a/ws/deploy/": "", "a/other/": "" },
  };
  const inside = await compiled("", { ...deep, mode: "live" });
  assertEquals(reviewOfCompiled(inside, join(inside.dir, "a")), await reviewed(BASE));
  const beside = await compiled("", {
    ...deep,
    file: "b/flow.yaml",
    files: { ...deep.files, "b/flow.yaml": far },
    mode: "live",
  });
  const directories = reviewOfCompiled(beside, join(beside.dir, "b")).roots.map((root) =>
    root.directory
  );
  assertEquals(directories, ["../a/other", "../a/ws", "../a/ws/deploy"]);
  const turned = BASE.replace(
    '"read **/.env", "write /p/keys/**"',
    '"write /p/keys/**", "read **/.env"',
  );
  assertEquals(await reviewed(turned), await reviewed(BASE));
  assertEquals(JSON.stringify(await reviewed(BASE)).includes("/tmp"), false);
});

Deno.test("readReview() takes a whole plan or its review, and says what else a file is", async () => {
  const dir = await Deno.makeTempDir({ prefix: "routebook-stored-" });
  try {
    const review = await reviewed(BASE);
    const read = async (content: string | Uint8Array, workflow = "w") => {
      const path = join(dir, "plan.json");
      await Deno.writeFile(
        path,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
      const { review, diagnostic } = await readReview("plan.json", dir, workflow);
      return review ?? `${diagnostic.message}\n${diagnostic.hint}`;
    };
    assertEquals(await read(JSON.stringify(review)), review);
    assertEquals(await read(JSON.stringify({ name: "w", routes: [], review })), review);
    const store = "Store one with: deno task plan FILE --json > plan.json";
    const anew =
      "Review what the workflow may do with: deno task plan FILE, and store its plan anew";
    assertEquals(
      await read("{"),
      `"plan.json" is not JSON: Expected property name or '}' in JSON at position 1\n${store}`,
    );
    assertEquals(await read("{}"), `"plan.json" is not a plan: it has no "review"\n${store}`);
    assertEquals(await read("[]"), `"plan.json" is not a plan: it has no "review"\n${store}`);
    assertEquals(
      await read(JSON.stringify({ ...review, review: 2 })),
      `"plan.json" is a plan of another version of Routebook\n${anew}`,
    );
    assertEquals(
      await read(JSON.stringify({ ...review, turns: "20" })),
      `"plan.json" is not a plan: "turns" is not as a plan has it\n${store}`,
    );
    assertEquals(
      await read(JSON.stringify({ ...review, more: 1 })),
      `"plan.json" is not a plan: its review is not as a plan has it\n${store}`,
    );
    assertEquals(
      await read(JSON.stringify({ ...review, deny: ["wirte /a"] })),
      `"plan.json" is not a plan: "deny.0" is not as a plan has it\n${store}`,
    );
    assertEquals(
      await read(JSON.stringify(review), "other"),
      '"plan.json" is a plan of workflow "w", not of "other"\nName the plan that belongs to the workflow',
    );
    const missing = await readReview("none.json", dir, "w");
    assertEquals(
      missing.diagnostic?.message,
      'Cannot read the plan "none.json": there is no such file',
    );
    const directory = await readReview(".", dir, "w");
    assertEquals(directory.diagnostic?.message, 'Cannot read the plan ".": it is no file');
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
