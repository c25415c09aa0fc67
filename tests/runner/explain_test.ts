import { assert, assertEquals } from "@std/assert";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import { explainText } from "../../runner/explain.ts";
import type { CompileOptions } from "../../runner/compile.ts";
import { compiled } from "./_compiled.ts";

const HAS_BUBBLEWRAP = (await probeConfinement({ nested: true })).type === "bubblewrap";

const YAML = `\
name: w
model: openai:m
shell: sandbox
backends:
  disk: { type: local, root: ./ws }
  docs: { type: local, root: ./docs, access: read }
routes:
  /p/keys/: { backend: disk, path: keys, access: read }
  /p/: { backend: disk, path: . }
  /docs/: docs
rehearsal: ws/deep/r.yaml
steps: [{ id: a, prompt: Go }]
`;

const FILES = {
  "ws/keys/": "",
  "docs/": "",
  "ws/deep/r.yaml": "name: w\nsteps: { a: [{ text: Hi }] }\n",
};

async function explained(yaml: string, options: Partial<CompileOptions> = {}) {
  const { plan, sources, dir, text } = await compiled(yaml, {
    files: FILES,
    mode: "live",
    ...options,
  });
  assert(plan !== undefined, text);
  const printed = explainText(plan, { color: false, cwd: dir, sources });
  return { plan, printed: printed.replaceAll(dir, "<dir>") };
}

function section(printed: string, name: string): string {
  return printed.split("\n\n").find((each) => each.startsWith(name)) ?? "";
}

Deno.test("explainText() gives each permission of the agent and the host the line that caused it", async () => {
  const { printed } = await explained(YAML.replace("shell: sandbox\n", ""));
  assertEquals(
    section(printed, "Process agent"),
    `\
Process agent
  may reach api.openai.com:443
    flow.yaml:2:8  model: openai:m
    The model is there`,
  );
  assertEquals(
    section(printed, "Process host").trimEnd(),
    `\
Process host
  may read ws/keys
    flow.yaml:7:13  /p/keys/: { backend: disk, path: keys, access: read }
    Route "/p/keys/" reads files of backend "disk" there
  may read ws
    flow.yaml:4:30  disk: { type: local, root: ./ws }
    Route "/p/" reads files of backend "disk" there
  may read docs
    flow.yaml:5:30  docs: { type: local, root: ./docs, access: read }
    Route "/docs/" reads files of backend "docs" there
  may write ws
    flow.yaml:4:30  disk: { type: local, root: ./ws }
    Route "/p/" writes files of backend "disk" there
  never writes ws/deep/r.yaml
    always  No run changes its own workflow or rehearsal
  never writes ws/keys
    flow.yaml:7:13  /p/keys/: { backend: disk, path: keys, access: read }
    It may only be read, though what is around it may be changed`,
  );
});

Deno.test("explainText() says what every run has, and that a process may do nothing", async () => {
  const { printed } = await explained("name: w\nsteps: [{ id: a, run: ls }]\n");
  const nothing = "  may do nothing: no file, no network, no program";
  assertEquals(section(printed, "Process agent"), `Process agent\n${nothing}`);
  assertEquals(section(printed, "Process shell"), `Process shell\n${nothing}\n`);
  assertEquals(section(printed, "Process runner").split("\n").slice(0, 5), [
    "Process runner",
    "  may read any file",
    "    always  It reads the workflow, and finds out where links lead",
    "  may write any file",
    "    always  It keeps the journal, and makes the directories of writable backends",
  ]);
});

Deno.test("explainText() says where a host comes from that is not the file's", async () => {
  const { printed } = await explained(
    "name: w\nmodel: openai:m\nsteps: [{ id: a, prompt: Go }]\n",
    {
      baseUrl: "http://127.0.0.1:1/v1",
    },
  );
  assertEquals(
    section(printed, "Process agent").trimEnd(),
    `\
Process agent
  may reach 127.0.0.1:1
    always  The model is there, says the command line or OPENAI_BASE_URL`,
  );
});

Deno.test("explainText() explains every permission of every process", async () => {
  for (
    const yaml of [YAML.replace("sandbox", "virtual"), "name: w\nsteps: [{ id: a, run: ls }]\n"]
  ) {
    const { plan, printed } = await explained(yaml);
    for (const { name, permissions } of plan.processes) {
      for (const kind of ["read", "write", "denyWrite", "net", "env", "run"] as const) {
        const told = plan.grants.filter((grant) => grant.process === name && grant.kind === kind);
        assertEquals(told.map(({ value }) => value), [...permissions[kind]], `${name} ${kind}`);
      }
    }
    assertEquals(
      printed.match(/^ {2}(?:may \w+|never writes) /gm)?.length,
      plan.grants.length +
        plan.processes.filter(({ name }) => !plan.grants.some(({ process }) => process === name))
          .length,
    );
  }
});

Deno.test("explainText() colours only when asked, and prints no control character of the file", async () => {
  const yaml = 'name: w\nmodel: "openai:m" # \t\u202e\nsteps: [{ id: a, prompt: Go }]\n';
  const { plan, sources, dir } = await compiled(yaml, { mode: "live" });
  assert(plan !== undefined);
  const plain = explainText(plan, { color: false, cwd: dir, sources });
  assertEquals(plain.replaceAll("\n", "").match(/[\p{Cc}\u202e]/gu), null);
  const colored = explainText(plan, { color: true, cwd: dir, sources });
  assertEquals(colored.replaceAll(/\p{Cc}\[\d+m/gu, ""), plain);
  assertEquals(colored === plain, false);
});

Deno.test({
  name: HAS_BUBBLEWRAP
    ? "explainText() explains each mount that bubblewrap is told to make"
    : "explainText() explains mounts (ignored: bubblewrap makes no namespace here)",
  ignore: !HAS_BUBBLEWRAP,
  fn: async () => {
    const { printed } = await explained(YAML, {
      probe: () => Promise.resolve({ type: "bubblewrap" }),
    });
    const lines = section(printed, "What the host sees").trimEnd().split("\n");
    // The paths after that are the system's, wherever this checkout is: they have no reason each.
    const mounts = lines.findLastIndex((line) => line.startsWith("    It is ")) + 1;
    const route = (prefix: string, name: string) =>
      `    It is where route "${prefix}" keeps files of "${name}"`;
    const keys = "    flow.yaml:8:13  /p/keys/: { backend: disk, path: keys, access: read }";
    const root = "    flow.yaml:5:30  disk: { type: local, root: ./ws }";
    // Route "/p/" is around another one: its files have no prefix of their own to stand at.
    assertEquals(lines.slice(1, mounts), [
      ...["  /p/keys is ws/keys, read-only", keys, route("/p/keys/", "disk")],
      ...["  /run/routebook/roots/1 is ws, read-write", root, route("/p/", "disk")],
      ...["  /run/routebook/roots/1/deep/r.yaml is ws/deep/r.yaml, read-only", root],
      "    It is inside a writable directory, and no run may change it",
      ...["  /run/routebook/roots/1/keys is ws/keys, read-only", keys, route("/p/keys/", "disk")],
      "  /docs is docs, read-only",
      "    flow.yaml:6:30  docs: { type: local, root: ./docs, access: read }",
      route("/docs/", "docs"),
    ]);
    assertEquals(
      lines.slice(mounts, -1).filter((line) => !/^ {2}\/\S+(?: \/\S+)*$/.test(line)),
      [],
    );
    assertEquals(
      lines.at(-1),
      "    always  The system's programs, Deno and its cache, and this program's code; read-only",
    );
  },
});
