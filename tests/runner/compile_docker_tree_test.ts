import { assert, assertEquals } from "@std/assert";
import { SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { compiled, type Given } from "./_compiled.ts";

const OWNER = { uid: 1234, gid: 5678 };

/** A file with a docker shell: its routes and what else it has. */
function file(routes: string, more = "", box = "image: busybox"): string {
  return `\
name: w
model: openai:m
shell: docker
backends:
  box: { type: docker, ${box} }
  m: { type: state }
  data: { type: local, root: ./data, access: read }
  out: { type: local, root: ./out }
${routes}
${more}
steps: [{ id: a, prompt: Go }]
`;
}

const FILES = { "data/sub/": "", "out/": "" };

/** What the container of a file has of its tree. */
async function treeOf(yaml: string, given: Given = {}) {
  const { plan, text, dir } = await compiled(yaml, { files: FILES, owner: OWNER, ...given });
  const backend = plan?.backends.find(({ name }) => name === plan.shell?.box);
  assert(backend?.type === "docker", text);
  const { mounts = [], staged = [], user } = backend.box;
  return {
    mounts: mounts.map(({ prefix, directory, access }) => [
      prefix,
      directory.replace(dir, ""),
      access,
    ]),
    staged,
    user,
  };
}

/** Codes, messages and hints, but for those of backends that nothing leads to. */
async function saidOf(yaml: string, given: Given = {}): Promise<readonly string[]> {
  const { diagnostics } = await compiled(yaml, { files: FILES, owner: OWNER, ...given });
  return diagnostics.filter(({ code }) => code !== "unused-backend")
    .map(({ code, message, hint }) => `${code}: ${message}. ${hint}`);
}

Deno.test("compileWorkflow() mounts local files in the container, and brings the others", async () => {
  assertEquals(
    await treeOf(file("default: box\nroutes: { /data/: data, /out/: out, /notes/: m }")),
    {
      mounts: [["/data/", "/data", "read"], ["/out/", "/out", "read-write"]],
      staged: ["/notes/"],
      user: "1234:5678",
    },
  );
});

Deno.test("compileWorkflow() brings all of the tree but the container's own part", async () => {
  assertEquals(
    await treeOf(
      file("default: m\nroutes: { /work/: { backend: box, path: /work }, /data/: data }"),
    ),
    { mounts: [["/data/", "/data", "read"]], staged: ["/"], user: undefined },
  );
});

Deno.test("compileWorkflow() mounts the place of a route, with what it grants", async () => {
  assertEquals(
    await treeOf(file(`\
default: box
routes:
  /sub/: { backend: data, path: sub }
  /none/: { backend: out, path: none }
  /o/: { backend: out, access: read }`)),
    {
      mounts: [
        ["/sub/", "/data/sub", "read"],
        // A run makes what it may write to.
        ["/none/", "/out/none", "read-write"],
        ["/o/", "/out", "read"],
      ],
      staged: [],
      user: "1234:5678",
    },
  );
});

Deno.test("compileWorkflow() lets nobody but who runs it write to what is mounted", async () => {
  const yaml = file("default: box\nroutes: { /out/: out }");
  const brought = { mounts: [], staged: ["/out/"] };
  const given = { owner: { uid: 0, gid: 0 } };
  assertEquals(await treeOf(yaml, given), { ...brought, user: undefined });
  const other = file("default: box\nroutes: { /out/: out }", "", "image: a, user: 1000:1000");
  assertEquals(await treeOf(other), { ...brought, user: "1000:1000" });
  const own = file("default: box\nroutes: { /out/: out }", "", "image: a, user: 1234:5678");
  assertEquals((await treeOf(own)).mounts, [["/out/", "/out", "read-write"]]);
});

Deno.test("compileWorkflow() brings local files where a rule is about paths", async () => {
  for (const tools of ["deny: [read /data/x]", "ask: [write /notes/**]", 'allow: ["write **"]']) {
    assertEquals(
      await treeOf(
        file("default: box\nroutes: { /data/: data, /notes/: m }", `tools: { ${tools} }`),
      ),
      { mounts: [], staged: ["/data/", "/notes/"], user: undefined },
      tools,
    );
  }
  const commands = 'tools: { deny: ["execute git push *"] }';
  assertEquals(
    (await treeOf(file("default: box\nroutes: { /data/: data }", commands))).mounts,
    [["/data/", "/data", "read"]],
  );
});

Deno.test("compileWorkflow() mounts no directory that commands may change around what no run may", async () => {
  const near = file("default: box\nroutes: { /out/: out }", "rehearsal: out/r.yaml");
  const far = near.replace("out/r.yaml", "out/deep/r.yaml");
  const rehearsal = "name: w\nsteps: { a: [{ text: Hi }] }\n";
  const files = { ...FILES, "out/r.yaml": rehearsal, "out/deep/r.yaml": rehearsal };
  for (const yaml of [near, far]) assertEquals((await treeOf(yaml, { files })).staged, ["/out/"]);
  const read = near.replace("/out/: out", "/out/: { backend: out, access: read }");
  assertEquals((await treeOf(read, { files })).mounts, [["/out/", "/out", "read"]]);
});

Deno.test("compileWorkflow() brings a local directory with what is brought inside of it", async () => {
  const yaml = file("default: box\nroutes: { /d/sub/: out, /d/: data }");
  const owner = { uid: 0, gid: 0 };
  assertEquals(await treeOf(yaml, { owner }), {
    mounts: [],
    staged: ["/d/sub/", "/d/"],
    user: undefined,
  });
  assertEquals(await treeOf(yaml), {
    mounts: [["/d/sub/", "/out", "read-write"], ["/d/", "/data", "read"]],
    staged: [],
    user: "1234:5678",
  });
});

Deno.test("compileWorkflow() mounts nothing that commands could put something else in the place of", async () => {
  const other = (root: string, access = "read") =>
    `image: a }\n  other: { type: local, root: ${root}, access: ${access}`;
  const files = { ...FILES, "out/sub/deep/": "" };
  const cases: readonly [routes: string, box?: string][] = [
    ["/b/: { backend: out, path: sub, access: read }"],
    ["/b/: { backend: out, path: sub/deep }"],
    ["/b/: { backend: out, access: read }"],
    ["/b/: other", other("./out/sub")],
    ["/b/: other", other("./out/sub/deep", "read-write")],
    ["/b/: other", other("./out/new", "read-write")],
    ["/b/: other", other("./out")],
    ["/b/: other", other("./link")],
  ];
  for (const [route, box] of cases) {
    const yaml = file(`default: box\nroutes: { /out/: out, ${route} }`, "", box);
    assertEquals(await treeOf(yaml, { files, links: { link: "out/sub" } }), {
      mounts: [["/out/", "/out", "read-write"]],
      staged: ["/b/"],
      user: "1234:5678",
    }, `${route} ${box}`);
  }
});

Deno.test("compileWorkflow() mounts nothing at a place that commands could put somewhere else", async () => {
  const files = { ...FILES, "out/a/b/": "" };
  const yaml = file("default: box\nroutes: { /out/a/b/: data, /out/: out }");
  assertEquals(await treeOf(yaml, { files }), {
    mounts: [],
    staged: ["/out/a/b/", "/out/"],
    user: undefined,
  });
});

Deno.test("compileWorkflow() wants a place in what is mounted for each route inside of it", async () => {
  assertEquals(await saidOf(file("default: box\nroutes: { /d/notes/: m, /d/: data }")), [
    'memory-inside-local: Route "/d/notes/" is inside "/d/", where a container has no place for the ' +
    'files of "m". Give the route a prefix outside of "/d/"',
  ]);
  const { text, dir } = await compiled(
    file("default: box\nroutes: { /d/gone/: out, /d/: data }"),
    { files: FILES, owner: OWNER },
  );
  assert(text.includes("missing-mount-point"), `${text} ${dir}`);
  // What is brought needs no place of the host's.
  const rule = 'tools: { deny: ["read /d/x"] }';
  assertEquals(await saidOf(file("default: box\nroutes: { /d/notes/: m, /d/: data }", rule)), []);
});

Deno.test("compileWorkflow() takes a local default, which is brought", async () => {
  assertEquals(
    await treeOf(file("default: out\nroutes: { /work/: { backend: box, path: /work } }")),
    { mounts: [], staged: ["/"], user: undefined },
  );
});

Deno.test("compileWorkflow() wants the container's files at their own paths", async () => {
  assertEquals(await saidOf(file("default: m\nroutes: { /work/: box }")), [
    'box-path: Route "/work/" shows "/" of "box", and commands find it at "/". Write /work/: ' +
    "{ backend: box, path: /work }",
  ]);
  assertEquals(await saidOf(file("default: { backend: box, path: /w }")), [
    'box-path: The tree begins with "/w" of "box", and commands see all of it. Write default: box',
  ]);
  // Where no command sees it, it may stand anywhere.
  const virtual = file("default: m\nroutes: { /work/: box }").replace("docker", "virtual");
  assertEquals(await saidOf(virtual), []);
});

Deno.test("compileWorkflow() wants volumes where the container's own files are", async () => {
  const box = "image: a, volumes: { /cache/: pip }";
  assertEquals(await saidOf(file("default: box", "", box)), []);
  const routes = "routes: { /w/: { backend: box, path: /w } }";
  assertEquals(await saidOf(file(`default: m\n${routes}`, "", box)), [
    'box-path: Volume "/cache/" stands where the default is "m", not "box". Write a route: ' +
    "/cache/: { backend: box, path: /cache }",
  ]);
  assertEquals(await saidOf(file("default: box\nroutes: { /cache/x/: m }", "", box)), [
    'box-path: Volume "/cache/" stands where route "/cache/x/" is for "m", not "box". Give that ' +
    "route, or the volume, a prefix outside of the other",
  ]);
});

Deno.test("compileWorkflow() wants a place in a container that is read-only for what is brought", async () => {
  const box = "image: a, read_only: true";
  assertEquals(await saidOf(file("default: box\nroutes: { /notes/: m }", "", box)), []);
  const routes = "routes: { /work/: { backend: box, path: /work } }";
  assertEquals(await saidOf(file(`default: m\n${routes}`, "", box)), [
    'box-read-only: Nothing can be changed at the root of "box", where the files of "m" would be ' +
    'brought. Leave it out, or write default: box, and a route to "m"',
  ]);
});

Deno.test("compileWorkflow() refuses routes into the container's own directories", async () => {
  assertEquals(await saidOf(file("default: box\nroutes: { /etc/x/: m }")), [
    'reserved-route: Route "/etc/x/" is inside "/etc", the shell\'s own directory. Use another ' +
    'prefix, such as "/project/"',
  ]);
});

Deno.test("compileWorkflow() runs commands in the container of the default where there are several", async () => {
  const two = file("default: other", "", "image: a }\n  other: { type: docker, image: b");
  const { plan } = await compiled(two, { files: FILES });
  assertEquals(plan?.shell?.box, "other");
  assertEquals(await saidOf(two.replace("default: other", "default: m")), [
    'no-box: Shell "docker" could be in "box" and "other". Make one of them the default: default: ' +
    "box",
  ]);
});

Deno.test("compileWorkflow() gives commands the memory and the processes of their container", async () => {
  const limits = async (more: string, box: string) => {
    const { plan, text } = await compiled(file("default: box", more, box), { files: FILES });
    const backend = plan?.backends[0];
    assert(backend?.type === "docker", text);
    assertEquals(backend.box.limits, plan?.shell?.limits);
    const { memoryBytes, processes } = backend.box;
    assertEquals(plan?.shell?.limits, {
      cpuSeconds: SHELL_LIMITS.cpuSeconds,
      fileBytes: SHELL_LIMITS.fileBytes,
      outputBytes: SHELL_LIMITS.outputBytes,
      memoryBytes: memoryBytes ?? 0,
      processes: processes ?? 0,
    });
    return [memoryBytes, processes];
  };
  const { memoryBytes, processes } = SHELL_LIMITS;
  assertEquals(await limits("", "image: a"), [memoryBytes, processes]);
  assertEquals(await limits("", "image: a, memory: 64mb, processes: 9"), [67_108_864, 9]);
  assertEquals(await limits("limits: { memory: 64mb, processes: 9 }", "image: a"), [67_108_864, 9]);
  assertEquals(await limits("limits: { memory: 64mb }", "image: a, memory: 64mb"), [
    67_108_864,
    processes,
  ]);
  assertEquals(
    await saidOf(
      file("default: box", "limits: { memory: 1gb, processes: 9 }", "image: a, memory: 2gb"),
    ),
    [
      'box-limits: "memory" is one thing here and another one at backend "box". Commands have what ' +
      "the container has: write it at the backend alone",
    ],
  );
});

Deno.test("compileWorkflow() takes a container for used that is there for commands alone", async () => {
  const yaml = (shell: string) =>
    `\
name: w
shell: ${shell}
backends:
  box: { type: docker, image: busybox }
  m: { type: state }
default: m
steps: [{ id: a, run: "true" }]
`;
  const unusedOf = async (text: string) => {
    const { diagnostics } = await compiled(text, { owner: OWNER });
    return diagnostics.filter(({ code }) => code === "unused-backend").map(({ message }) =>
      message
    );
  };
  assertEquals(await unusedOf(yaml("docker")), []);
  assertEquals(await unusedOf(yaml("virtual")), ['Backend "box" is not used by any route']);
});
