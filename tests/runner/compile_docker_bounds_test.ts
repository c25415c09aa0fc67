import { assert, assertEquals } from "@std/assert";
import { comparePlans } from "../../runner/plan_check.ts";
import { environmentOf, requiresSandbox, reviewOf } from "../../runner/plan_review.ts";
import { type Compiled, compiled, type Given } from "./_compiled.ts";

/** A file with a container, which has some keys. */
function boxed(keys = "", more = "", shell = "shell: docker"): string {
  return `\
name: w
model: openai:m
${shell}
backends:
  box: { type: docker, runtime: deno${keys} }
  m: { type: state }
default: box
routes: { /notes/: m }
${more}
steps: [{ id: a, prompt: Go }]
`;
}

async function saidOf(yaml: string, given: Given = {}): Promise<readonly string[]> {
  const { diagnostics } = await compiled(yaml, given);
  return diagnostics.map(({ code, message, hint }) => `${code}: ${message}. ${hint}`);
}

/** A ceiling that has everything but what a test is about. */
function ceiling(net: string, run = '"*"'): string {
  return `permissions: { net: [api.openai.com:443${net}], run: [${run}], read: [], write: [] }`;
}

Deno.test("compileWorkflow() holds the engine of a container against the ceiling", async () => {
  const engine =
    'exceeds-permissions: The container of "box" is an engine\'s, and permissions.net ' +
    'allows api.openai.com:443 alone. Add "docker" there if it is meant';
  assertEquals(await saidOf(boxed("", ceiling(""))), [engine]);
  for (const good of ["docker", "unix:/run/engine.sock"]) {
    assertEquals(await saidOf(boxed("", ceiling(`, "${good}"`))), [], good);
  }
  const other = boxed("", ceiling(', "unix:/run/other.sock"'));
  assertEquals((await saidOf(other)).length, 1);
  // A check knows of no engine.
  assertEquals(await saidOf(other, { check: true }), []);
  assertEquals(await saidOf(boxed("", ceiling("")), { check: true }), [engine]);
});

Deno.test("compileWorkflow() holds the network and the programs of a container against the ceiling", async () => {
  assertEquals(await saidOf(boxed(", network: bridge", ceiling(", docker"))), [
    'exceeds-permissions: Programs in "box" reach any host, and permissions.net allows ' +
    'api.openai.com:443, docker alone. Add "*" there if it is meant',
  ]);
  assertEquals(await saidOf(boxed(", network: bridge", ceiling(', docker, "*"'))), []);
  assertEquals(await saidOf(boxed("", ceiling(", docker", "git"))), [
    'exceeds-permissions: Shell "docker" runs any program of its container, and permissions.run ' +
    'allows git alone. Add "*" there if it is meant',
  ]);
  assertEquals(await saidOf(boxed("", ceiling(", docker", ""), "")), [], "no shell, no program");
});

const CALLER = boxed("", "", "shell: virtual").replace("prompt: Go", "uses: ./inner.yaml");

Deno.test("compileWorkflow() refuses containers of a workflow that is used", async () => {
  const inner = "name: i\nshell: docker\nbackends: { box: { type: docker, image: a } }\n" +
    "default: box\nsteps: [{ id: b, run: ls }]\n";
  assertEquals(await saidOf(CALLER, { files: { "inner.yaml": inner } }), [
    'uses-docker: A workflow that is used cannot have shell "docker". Write shell: virtual, or put ' +
    "these steps into the workflow that uses it",
    "uses-docker: A workflow that is used cannot have a container. Declare it in the workflow that " +
    "uses this one, and no backends here: then its files are those of the caller",
  ]);
});

Deno.test("compileWorkflow() gives a workflow that is used the container's files with its caller's tree", async () => {
  const inner = "name: i\nsteps: [{ id: b, run: ls }]\n";
  const { plan, text } = await compiled(CALLER, { files: { "inner.yaml": inner } });
  assertEquals(text, "");
  const used = plan?.steps[0]?.uses?.plan;
  assertEquals(used?.backends, [{ name: "caller", type: "caller" }]);
  assertEquals(used?.engine, undefined);
  assertEquals(used?.processes.map(({ name }) => name), ["runner", "agent", "shell"]);
});

async function reviewed(yaml: string, given: Given = {}) {
  const result: Compiled = await compiled(yaml, { mode: "live", ...given });
  const { plan, document, dir, text } = result;
  assert(plan !== undefined && document !== undefined, text);
  const review = reviewOf(plan, {
    directory: dir,
    required: requiresSandbox(document),
    environment: environmentOf(document),
  });
  return { review, document };
}

/** What the second file may do and the first one may not. */
async function widerIn(before: string, after: string): Promise<readonly string[]> {
  const stored = await reviewed(before);
  const now = await reviewed(after);
  return comparePlans(stored.review, now.review, now.document)
    .map(({ code, message, hint, place }) => {
      const hinted = hint?.startsWith("In the stored plan") ? `. ${hint}` : "";
      return `${place?.line} ${code}: ${message}${hinted}`;
    });
}

Deno.test("comparePlans() tells of a container that the stored plan has not", async () => {
  const none = boxed().replace(/ {2}box:.*\n/, "").replace("default: box", "default: m")
    .replace("routes: { /notes/: m }", "").replace("shell: docker", "");
  assertEquals(await widerIn(none, boxed("", "", "")), [
    '5 wider-box: There is now a container, "box", made of base: docker.io/denoland/deno:debian-2.9.6, ' +
    'manager: deno, env: {"DENO_DIR":"/usr/local/cache/deno","DENO_NO_PROMPT":"1",' +
    '"DENO_NO_UPDATE_CHECK":"1","PATH":"/usr/local/bin:/usr/bin:/bin"}',
  ]);
  assertEquals(await widerIn(boxed("", "", ""), none), []);
});

Deno.test("comparePlans() tells of each thing that a container has more of", async () => {
  const before = ", memory: 1gb, cpus: 1, processes: 64, hard_timeout: 1h, volumes: { /a/: x }";
  const after = ", memory: 2gb, processes: 65, hard_timeout: 2h, volumes: { /a/: y, /b/: z }, " +
    "network: bridge, name: kept, env: { A: b }, packages: [left-pad]";
  const wider = await widerIn(boxed(before), boxed(after));
  const short = wider.map((each) => each.replace("In the stored plan", "Before"))
    .map((each) => each.replace(/made of .*/, "made of ..."));
  assertEquals(short.toSorted(), [
    '5 wider-box: "box" is now kept from run to run, as "kept". Before it is removed',
    '5 wider-box: "box" is now made of ...',
    '5 wider-box: "cpus" of "box" is now without an end. Before it is 1',
    '5 wider-box: "hard_timeout" of "box" is now 2h. Before it is 1h',
    '5 wider-box: "memory" of "box" is now 2gb. Before it is 1gb',
    '5 wider-box: "processes" of "box" is now 65. Before it is 64',
    '5 wider-box: Programs in "box" may now reach any host. Before they have no network',
    '5 wider-box: Programs in "box" now have other variables. Before {}',
    '5 wider-box: Volume "y" now stands at "/a/" of "box". Before it is "x"',
    '5 wider-box: Volume "z" now stands at "/b/" of "box". Before there is none',
  ]);
});

Deno.test("comparePlans() tells of a container that is not read-only any more", async () => {
  const readOnly = boxed(", read_only: true", "");
  const told = [
    '5 wider-box: Commands may now change all of "box". In the stored plan it is read_only',
  ];
  assertEquals(await widerIn(readOnly, boxed("", "")), told);
  assertEquals(await widerIn(boxed("", ""), readOnly), []);
  const { review } = await reviewed(readOnly);
  // What was stored before plans said it is not known.
  const boxes = review.boxes.map(({ readOnly: _, ...box }) => box);
  const now = await reviewed(boxed("", ""));
  assertEquals(comparePlans({ ...review, boxes }, now.review, now.document), []);
});

Deno.test("comparePlans() takes a container that has less, or no network any more", async () => {
  const before = ", memory: 2gb, volumes: { /a/: x }, network: bridge, name: kept";
  assertEquals(await widerIn(boxed(before), boxed(", memory: 1gb, cpus: 1")), []);
});

Deno.test("reviewOf() is the same wherever the engine is, and whoever runs it", async () => {
  const yaml = boxed("", "").replace("  m: { type: state }", "  m: { type: local, root: ./ws }");
  const one = await reviewed(yaml, { owner: { uid: 0, gid: 0 }, files: { "ws/": "" } });
  const engine = { type: "tcp", host: "e.example.org", port: 2375 } as const;
  const other = await reviewed(yaml, {
    owner: { uid: 1000, gid: 1000 },
    files: { "ws/": "" },
    findEngine: () => Promise.resolve({ engine }),
  });
  assertEquals(one.review, other.review);
  assertEquals(one.review.permissions, []);
});
