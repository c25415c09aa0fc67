import { assertEquals } from "@std/assert";
import { SYSTEM_DIRECTORIES } from "../../backends/shells/shell.ts";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import { compiled, UNCONFINED } from "./_compiled.ts";

const HAS_BUBBLEWRAP = (await probeConfinement({ nested: true })).type === "bubblewrap";

/** A machine that can confine commands; the plans of its sandbox name a real bubblewrap. */
const CONFINED = { probe: () => Promise.resolve({ type: "bubblewrap" } as const) };

Deno.test("compileWorkflow() refuses routes into the shell's own directories", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
shell: virtual
backends: { m: { type: state }, n: { type: state } }
routes: { /usr/: m, /etc/ssl/: n, /user/: { backend: n, path: u } }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[reserved-route]: Route "/usr/" is the shell's own directory
 --> flow.yaml:5:11
  |
5 | routes: { /usr/: m, /etc/ssl/: n, /user/: { backend: n, path: u } }
  |           ^^^^^
  = hint: Use another prefix, such as "/project/"

error[reserved-route]: Route "/etc/ssl/" is inside "/etc", the shell's own directory
 --> flow.yaml:5:21
  |
5 | routes: { /usr/: m, /etc/ssl/: n, /user/: { backend: n, path: u } }
  |                     ^^^^^^^^^
  = hint: Use another prefix, such as "/project/"

warning[overlapping-routes]: "/etc/ssl/" and "/user/" share files of "n"
 --> flow.yaml:5:35
  |
5 | routes: { /usr/: m, /etc/ssl/: n, /user/: { backend: n, path: u } }
  |                                   ^^^^^^
  = hint: Give each route a path of its own: { backend, path }
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses files that are to be produced in the shell's own directories", async () => {
  const yaml = (shell: string) =>
    `\
name: w
model: openai:m
${shell}
steps: [{ id: a, prompt: Go, produces: [/etc/hosts, /etcetera] }]
`;
  assertEquals(
    (await compiled(yaml("shell: virtual"))).text,
    `\
error[reserved-path]: "/etc" is the shell's own, not part of the tree
 --> flow.yaml:4:41
  |
4 | steps: [{ id: a, prompt: Go, produces: [/etc/hosts, /etcetera] }]
  |                                         ^^^^^^^^^^
  = hint: Write a file of the tree, such as /project/report.md
`,
  );
  assertEquals((await compiled(yaml("description: x"))).text, "");
});

Deno.test("compileWorkflow() refuses a sandbox whose root would be a directory of the host", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: sandbox
backends: { disk: { type: local, root: ./ws } }
default: disk
steps: [{ id: a, prompt: Go }]
`,
    CONFINED,
  );
  assertEquals(
    text,
    `\
error[sandbox-default]: The root of a sandbox cannot be the directory of "disk"
 --> flow.yaml:5:10
  |
5 | default: disk
  |          ^^^^
  = hint: Give it a prefix, routes: { /project/: disk }, and let memory be the default
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses routes in a sandbox that have no directory to be mounted at", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: sandbox
backends:
  disk: { type: local, root: . }
  d: { type: local, root: ./other }
  m: { type: state }
routes:
  /p/missing/: { backend: d, path: a }
  /p/link/sub/: { backend: d, path: d }
  /p/link/: { backend: d, path: c }
  /p/there/: { backend: d, path: e }
  /p/file/x/: { backend: d, path: f }
  /p/file/: { backend: d, path: b }
  /p/: { backend: disk, path: ws }
  /memory/x/: { backend: m, path: g }
  /memory/: { backend: m, path: h }
steps: [{ id: a, prompt: Go }]
`,
    {
      ...CONFINED,
      files: {
        "ws/file": "",
        "ws/there/": "",
        "ws/real/": "",
        "ws/deep/": "",
        "other/c/sub/": "",
        "other/b/x/": "",
      },
      links: { "ws/link": "real" },
    },
  );
  assertEquals(
    text,
    `\
error[missing-mount-point]: Route "/p/missing/" is inside "/p/", where "<dir>/ws/missing" does not exist
 --> flow.yaml:9:3
  |
9 |   /p/missing/: { backend: d, path: a }
  |   ^^^^^^^^^^^
  = hint: Create that directory, or give the route a prefix outside of "/p/"

error[missing-mount-point]: Route "/p/link/" is inside "/p/", where "<dir>/ws/link" is a link
  --> flow.yaml:11:3
   |
11 |   /p/link/: { backend: d, path: c }
   |   ^^^^^^^^
   = hint: Create that directory, or give the route a prefix outside of "/p/"

error[missing-mount-point]: Route "/p/file/" is inside "/p/", where "<dir>/ws/file" is no directory
  --> flow.yaml:14:3
   |
14 |   /p/file/: { backend: d, path: b }
   |   ^^^^^^^^
   = hint: Create that directory, or give the route a prefix outside of "/p/"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a sandbox on a machine that has none, and says why", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
shell: sandbox
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[no-sandbox]: Shell "sandbox" cannot be had on this machine
 --> flow.yaml:3:8
  |
3 | shell: sandbox
  |        ^^^^^^^
  = hint: Bubblewrap is not installed: install the package 'bubblewrap'
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses to serve local files outside of a sandbox that the file requires", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { disk: { type: local, root: ./ws } }
routes: { /p/: disk }
permissions: { require: sandbox }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[no-sandbox]: There is no sandbox on this machine to serve local files from
 --> flow.yaml:5:25
  |
5 | permissions: { require: sandbox }
  |                         ^^^^^^^
  = hint: Bubblewrap is not installed: install the package 'bubblewrap'
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() only warns of a machine without a sandbox where just the file is checked", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: sandbox
permissions: { require: sandbox }
steps: [{ id: a, prompt: Go }]
`,
    { check: true },
  );
  assertEquals(
    text,
    `\
warning[no-sandbox]: Shell "sandbox" cannot be had on this machine
 --> flow.yaml:3:8
  |
3 | shell: sandbox
  |        ^^^^^^^
  = hint: Bubblewrap is not installed: install the package 'bubblewrap'

warning[no-sandbox]: There is no sandbox on this machine to serve local files from
 --> flow.yaml:4:25
  |
4 | permissions: { require: sandbox }
  |                         ^^^^^^^
  = hint: Bubblewrap is not installed: install the package 'bubblewrap'
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() refuses each of the shell's own directories as a route, and no other", async () => {
  for (const directory of [...SYSTEM_DIRECTORIES, "/tmp", "/home", "/var", "/opt", "/usr2"]) {
    const yaml = (shell: string) =>
      `name: w
model: openai:m
${shell}
backends: { m: { type: state }, n: { type: state } }
routes: { ${directory}/x/: n, ${directory}/: m }
steps: [{ id: a, prompt: Go }]
`;
    const codes = async (shell: string) =>
      (await compiled(yaml(shell))).diagnostics.map(({ code }) => code);
    const isOwn = SYSTEM_DIRECTORIES.includes(directory);
    const expected = isOwn ? ["reserved-route", "reserved-route"] : [];
    assertEquals(await codes("shell: virtual"), expected, directory);
    assertEquals(await codes("description: No shell"), [], directory);
  }
});

Deno.test("compileWorkflow() asks the machine only where there are local files or a sandbox", async () => {
  const asked = async (yaml: string) => {
    const questions: boolean[] = [];
    const { plan } = await compiled(`name: w\nmodel: openai:m\n${yaml}`, {
      probe: ({ nested }) => {
        questions.push(nested);
        return Promise.resolve(UNCONFINED);
      },
    });
    return [questions, plan?.confinement];
  };
  const local = "backends: { d: { type: local, root: ./ws } }\nroutes: { /p/: d }\n";
  const steps = "steps: [{ id: a, prompt: Go }]\n";
  assertEquals(await asked(steps), [[], undefined]);
  assertEquals(await asked(`shell: virtual\npermissions: { require: sandbox }\n${steps}`), [
    [],
    undefined,
  ]);
  assertEquals(await asked(local + steps), [[false], UNCONFINED]);
  assertEquals(await asked(`shell: sandbox\n${steps}`), [[true], undefined]);
});

Deno.test({
  name: HAS_BUBBLEWRAP
    ? "compileWorkflow() plans a sandbox, and local files inside it"
    : "compileWorkflow() plans a sandbox (ignored: bubblewrap makes no namespace here)",
  ignore: !HAS_BUBBLEWRAP,
  fn: async () => {
    const { plan, text } = await compiled(
      `name: w
model: openai:m
shell: sandbox
backends: { disk: { type: local, root: ./ws }, m: { type: state } }
default: m
routes: { /cache/: { backend: m, path: c }, /p/: disk }
steps: [{ id: a, prompt: Go }]
`,
      CONFINED,
    );
    assertEquals(text.match(/^\w+\[[\w-]+\]/gm), ["warning[overlapping-routes]"]);
    assertEquals(plan?.confinement, { type: "bubblewrap" });
    assertEquals(plan?.processes.map(({ name }) => name), ["runner", "agent", "host"]);
    const sandbox = plan?.grants.find(({ kind, process }) => kind === "run" && process === "host");
    assertEquals([sandbox?.place?.line, sandbox?.place?.column], [3, 8]);
  },
});

Deno.test("compileWorkflow() refuses memory inside a directory of a sandbox, and nowhere else", async () => {
  const yaml = (shell: string) =>
    `\
name: w
model: openai:m
shell: ${shell}
backends:
  disk: { type: local, root: ./ws }
  m: { type: state }
  n: { type: state }
default: m
routes:
  /p/memory/: n
  /p/: disk
steps: [{ id: a, prompt: Go }]
`;
  const options = { ...CONFINED, files: { "ws/memory/": "" } };
  const { text, exitCode } = await compiled(yaml("sandbox"), options);
  assertEquals(
    text,
    `\
error[memory-inside-local]: Route "/p/memory/" is inside "/p/", where a sandbox has no place for the files of "n"
  --> flow.yaml:10:3
   |
10 |   /p/memory/: n
   |   ^^^^^^^^^^
   = hint: Give the route a prefix outside of "/p/"
`,
  );
  assertEquals(exitCode, 2);
  assertEquals((await compiled(yaml("virtual"), options)).text, "");
});
