import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Channel } from "../../backends/channel.ts";
import { BackendError } from "../../backends/errors.ts";
import { isApproved, Policy } from "../../backends/policy.ts";
import type { Backend } from "../../backends/protocol.ts";
import { serveBackends } from "../../backends/remote.ts";
import type { ExecuteResult, Shell } from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";
import type { PlanRoute } from "../../runner/plan.ts";
import { type Grants, relayOf, type RelayPlan, relayShell } from "../../runner/relay.ts";
import { everything } from "../backends/_backends.ts";
import { channelPair } from "../backends/_channel_pair.ts";
import { testBackendContract } from "../backends/contract.ts";

const ROUTE: PlanRoute = { prefix: "/p/", backend: "disk", path: "/", access: "read-write" };
const DEFAULT: PlanRoute = { prefix: "/", backend: "memory", path: "/", access: "read-write" };

const FILES = {
  "/.env": "KEY=1",
  "/app.py": "pass",
  "/deploy/run.sh": "KEY=2",
  "/src/a.py": "text",
  "/src/deep/b.py": "text",
};

interface Relayed extends AsyncDisposable {
  readonly disk: StateBackend;
  /** What the agent is served; fails where that is the host itself. */
  readonly backend: Backend;
}

function relayed(plan: RelayPlan, grants?: Grants): Relayed {
  const disk = new StateBackend({ files: FILES });
  const pair = channelPair();
  serveBackends(pair.server, (name) => name === "disk" ? disk : undefined);
  const backend = relayOf(plan, "disk", pair.client, grants);
  assert(!(backend instanceof Channel));
  return { disk, backend, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() };
}

/** Every operation on a file, each with what it wants, and whether it changes something. */
const OPERATIONS: Readonly<
  Record<keyof Backend, { changes: boolean; run: (backend: Backend, path: string) => unknown }>
> = {
  ls: { changes: false, run: (backend, path) => backend.ls(path) },
  stat: { changes: false, run: (backend, path) => backend.stat(path) },
  read: { changes: false, run: (backend, path) => backend.read(path) },
  readBytes: { changes: false, run: (backend, path) => backend.readBytes(path) },
  glob: { changes: false, run: (backend, path) => backend.glob("**", { path }) },
  grep: { changes: false, run: (backend, path) => backend.grep("t", { path }) },
  write: { changes: true, run: (backend, path) => backend.write(path, "new") },
  edit: {
    changes: true,
    run: (backend, path) => backend.edit(path, { oldText: "t", newText: "T", replaceAll: true }),
  },
  delete: { changes: true, run: (backend, path) => backend.delete(path, { recursive: true }) },
  move: { changes: true, run: (backend, path) => backend.move(path, "/moved") },
};

async function outcome(run: () => unknown): Promise<string> {
  try {
    await run();
    return "done";
  } catch (error) {
    assert(error instanceof BackendError, String(error));
    return `${error.code}: ${error.message}`;
  }
}

Deno.test("relayOf() hands out the host itself where there is nothing to judge", async () => {
  await using pair = channelPair();
  const cases: [RelayPlan, boolean][] = [
    [{ routes: [ROUTE, DEFAULT], deny: [] }, true],
    [{ routes: [ROUTE, DEFAULT], deny: ["execute git *"] }, true],
    [{ routes: [{ ...ROUTE, access: "read" }, DEFAULT], deny: [] }, true],
    [{ routes: [ROUTE, DEFAULT], deny: ["read /x"] }, false],
    [{ routes: [ROUTE, DEFAULT], deny: [], ask: ["write /x"] }, false],
    [{ routes: [ROUTE, DEFAULT], deny: [], allow: ["read /x"] }, false],
    // Some of it is hidden, or may be changed by one name alone.
    [{ routes: [{ ...DEFAULT, prefix: "/p/x/" }, ROUTE, DEFAULT], deny: [] }, false],
    [{ routes: [ROUTE, { ...ROUTE, prefix: "/q/", access: "read" }, DEFAULT], deny: [] }, false],
  ];
  for (const [plan, isHost] of cases) {
    const relay = relayOf(plan, "disk", pair.client);
    assertEquals(relay === pair.client, isHost, JSON.stringify(plan));
  }
});

Deno.test("relayOf() lends of a caller's tree what the routes lead to, as they say, and no more", async () => {
  const caller = new StateBackend({
    files: { "/project/src/a.py": "text", "/project/docs/b.md": "doc", "/secret": "KEY=1" },
  });
  const lent = (access: PlanRoute["access"]) => {
    const route: PlanRoute = { prefix: "/code/", backend: "used", path: "/project/src", access };
    const backend = relayOf({ routes: [route], deny: [], ask: [] }, "used", caller);
    assert(!(backend instanceof Channel));
    return backend;
  };
  const [open, narrow] = [lent("read-write"), lent("read")];
  assertEquals((await narrow.read("/project/src/a.py")).text, "text");
  await open.write("/project/src/new.py", "new");
  for (const path of ["/secret", "/project/docs/b.md", "/project"]) {
    await assertRejects(() => open.read(path), BackendError);
    await assertRejects(() => open.write(`${path}.new`, "x"), BackendError, "denied");
  }
  await assertRejects(() => narrow.write("/project/src/a.py", "x"), BackendError, "denied");
  assertEquals([...caller.files.keys()].sort(), [
    "/project/docs/b.md",
    "/project/src/a.py",
    "/project/src/new.py",
    "/secret",
  ]);
});

Deno.test("relayOf() holds access: read against every operation", async () => {
  // A second name with other rules makes the relay judge, not the host.
  const routes: PlanRoute[] = [
    { prefix: "/src/", backend: "disk", path: "/src", access: "read" },
    { prefix: "/deploy/", backend: "disk", path: "/deploy", access: "read-write" },
    DEFAULT,
  ];
  for (const [name, { changes, run }] of Object.entries(OPERATIONS)) {
    await using relay = relayed({ routes, deny: [] });
    const before = await everything(relay.disk);
    const paths = name === "ls" || name === "glob" ? ["/src"] : ["/src/a.py"];
    if (name === "delete" || name === "move") paths.push("/src/deep", "/src");
    for (const path of paths) {
      const action = name === "readBytes" ? "read" : name;
      assertEquals(
        await outcome(() => run(relay.backend, path)),
        changes
          ? `denied: Cannot ${action} '${path}': denied: the route '/src/' grants reading alone`
          : "done",
        name,
      );
    }
    assertEquals(await everything(relay.disk), before);
  }
  await using relay = relayed({ routes, deny: [] });
  const { backend, disk } = relay;
  const moveIn = await outcome(() => backend.move("/deploy/run.sh", "/src/run.sh"));
  assertEquals(
    moveIn,
    "denied: Cannot move to '/src/run.sh': denied: the route '/src/' grants reading alone",
  );
  await backend.write("/deploy/new", "may be");
  assertEquals(disk.files.get("/deploy/new")?.text, "may be");
});

Deno.test("relayOf() refuses every operation on what no route leads to", async () => {
  const routes: PlanRoute[] = [
    { ...DEFAULT, prefix: "/p/deep/" },
    { prefix: "/p/", backend: "disk", path: "/src", access: "read-write" },
    DEFAULT,
  ];
  for (const [name, { run }] of Object.entries(OPERATIONS)) {
    await using relay = relayed({ routes, deny: [] });
    const before = await everything(relay.disk);
    for (const path of ["/.env", "/deploy/run.sh", "/deploy", "/", "/src/deep/b.py", "/src/deep"]) {
      const result = await outcome(() => run(relay.backend, path));
      assert(result.startsWith("denied: "), `${name} ${path}: ${result}`);
      assert(result.endsWith("denied: no route leads there"), `${name} ${path}: ${result}`);
    }
    assertEquals(await everything(relay.disk), before);
  }
  await using relay = relayed({ routes, deny: [] });
  const { backend } = relay;
  assertEquals((await backend.ls("/src")).map(({ path }) => path), ["/src/a.py"]);
  const found = await backend.glob("**", { path: "/src" });
  assertEquals(found.files.map(({ path }) => path), ["/src/a.py"]);
  assertEquals((await backend.grep("text", { path: "/src" })).filesSearched, 1);
  const gone = await outcome(() => backend.delete("/src", { recursive: true }));
  assertEquals(
    gone,
    "denied: Cannot delete '/src': something in it is denied: no route leads there",
  );
});

Deno.test("relayOf() applies rules by the names that a place has in the tree", async () => {
  const plan: RelayPlan = {
    routes: [ROUTE, DEFAULT],
    deny: ["read **/.env", "write /p/deploy", "read /app.py"],
  };
  await using relay = relayed(plan);
  const { backend } = relay;
  // Its name is /p/app.py: the rule is about another file.
  assertEquals((await backend.read("/app.py")).text, "pass");
  assertEquals(
    await outcome(() => backend.read("/.env")),
    "denied: Cannot read '/.env': denied by the rule 'read **/.env'",
  );
  assertEquals((await backend.ls("/")).map(({ path }) => path), ["/app.py", "/deploy", "/src"]);
  assertEquals((await backend.grep("KEY")).matches.map(({ path }) => path), ["/deploy/run.sh"]);
  assertEquals(
    await outcome(() => backend.write("/deploy/x", "")),
    "denied: Cannot write '/deploy/x': denied by the rule 'write /p/deploy'",
  );
});

Deno.test("relayOf() refuses of a file with several names what all of them refuse", async () => {
  const routes: PlanRoute[] = [
    ROUTE,
    { prefix: "/q/", backend: "disk", path: "/src", access: "read" },
    DEFAULT,
  ];
  const cases: [deny: readonly string[], read: string, write: string][] = [
    [["read /p/src/a.py"], "done", "grants reading alone"],
    [["read /q/a.py"], "done", "done"],
    [["read **/a.py"], "the rule 'read **/a.py'", "the rule 'read **/a.py'"],
    [["write /p/src/**"], "done", "grants reading alone"],
    [["write **/a.py"], "done", "grants reading alone"],
  ];
  for (const [deny, read, write] of cases) {
    await using relay = relayed({ routes, deny });
    const { backend } = relay;
    const readResult = await outcome(() => backend.read("/src/a.py"));
    const writeResult = await outcome(() => backend.write("/src/a.py", "text"));
    assert(readResult.endsWith(read), `${deny}: ${readResult}`);
    if (write === "done") assertEquals(writeResult, "done", String(deny));
    else assert(writeResult.startsWith("denied: "), `${deny}: ${writeResult}`);
    const shown = (await backend.glob("**")).files.map(({ path }) => path).includes("/src/a.py");
    assertEquals(shown, read === "done", String(deny));
    const searched = (await backend.grep("text")).matches.map(({ path }) => path);
    assertEquals(searched.includes("/src/a.py"), read === "done", String(deny));
  }
});

Deno.test("relayOf() asks nobody about a file that another name grants", async () => {
  const routes: PlanRoute[] = [
    ROUTE,
    { prefix: "/q/", backend: "disk", path: "/src", access: "read" },
    DEFAULT,
  ];
  await using relay = relayed({ routes, deny: [], ask: ["read /p/**"] });
  assertEquals((await relay.backend.read("/src/a.py")).text, "text");
  assert((await outcome(() => relay.backend.read("/app.py"))).includes("approves it"));
});

Deno.test("relayOf() lets through what somebody approved, while it is granted", async () => {
  const plan: RelayPlan = { routes: [ROUTE, DEFAULT], deny: [], ask: ["write /p/**"] };
  const policy = new Policy(plan);
  let wishes: { verb: "write"; what: string }[] = [];
  const grants: Grants = {
    isGranted: (verb, path) => isApproved(policy, wishes, verb, path),
    takeCommand: () => false,
  };
  await using relay = relayed(plan, grants);
  const { backend, disk } = relay;
  const refused = "denied: Cannot write '/app.py': " +
    "denied until somebody approves it, as the rule 'write /p/**' asks";
  assertEquals(await outcome(() => backend.write("/app.py", "x")), refused);
  wishes = [{ verb: "write", what: "/p/app.py" }];
  assertEquals(await outcome(() => backend.write("/app.py", "x")), "done");
  assertEquals(disk.files.get("/app.py")?.text, "x");
  assert((await outcome(() => backend.write("/src/a.py", "x"))).startsWith("denied"));
  wishes = [];
  assertEquals(await outcome(() => backend.write("/app.py", "y")), refused);
});

Deno.test("relayOf() keeps a default route out of the directories of a shell", async () => {
  const limits = {
    ...{ cpuSeconds: 1, memoryBytes: 1, processes: 1, fileBytes: 1, outputBytes: 1 },
  };
  const shell = { type: "virtual", tool: true, limits } as const;
  const routes: PlanRoute[] = [{ ...ROUTE, prefix: "/" }];
  await using relay = relayed({ routes, deny: [], shell });
  const { backend, disk } = relay;
  await disk.write("/etc/passwd", "root");
  for (const [name, { run }] of Object.entries(OPERATIONS)) {
    const result = await outcome(() => run(backend, "/etc/passwd"));
    const reason = "denied: '/etc' is one of the shell's own system directories";
    assert(result.endsWith(reason), `${name}: ${result}`);
  }
  assert(!(await backend.ls("/")).some(({ path }) => path === "/etc"));
  assertEquals((await backend.grep("root")).matches, []);
  assertEquals((await backend.glob("etc/*")).files, []);
  await backend.write("/etcetera", "is no system directory");
});

/** What passes the relay and matches no rule is as if there were none. */
testBackendContract("relayOf()", () => {
  const pair = channelPair();
  const disk = new StateBackend();
  serveBackends(pair.server, () => disk);
  const routes = [{ ...ROUTE, prefix: "/" }];
  const plan = { routes, deny: ["read **/.never/**"], ask: ["write /nowhere/*"] };
  const backend = relayOf(plan, "disk", pair.client);
  assert(!(backend instanceof Channel));
  return Promise.resolve({ backend, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() });
});

function recordingShell(): { shell: Shell; ran: unknown[] } {
  const ran: unknown[] = [];
  const stream = { text: "", bytes: 0, omitted: 0 };
  const result: ExecuteResult = {
    ...{ exitCode: 0, stdout: stream, stderr: stream, timedOut: false, notes: [] },
  };
  return {
    ran,
    shell: {
      type: "virtual",
      execute(command, options) {
        ran.push([command, options]);
        return Promise.resolve(result);
      },
    },
  };
}

Deno.test("relayShell() passes on what the rules allow, as it is", async () => {
  const { shell, ran } = recordingShell();
  const relay = relayShell({ routes: [], deny: ["execute git push *"] }, shell);
  assertStrictEquals(relay.type, "virtual");
  const options = { cwd: "/x", env: { A: "b" }, stdin: "in" };
  assertEquals((await relay.execute("git status", options)).exitCode, 0);
  await relay.execute(["git", "push it"]);
  assertEquals(ran, [["git status", options], [["git", "push it"], {}]]);
});

Deno.test("relayShell() shows commands the workflow's variables beneath their own", async () => {
  const { shell, ran } = recordingShell();
  const relay = relayShell({ routes: [], deny: [], env: { A: "1", B: "2" } }, shell);
  await relay.execute("ls", { cwd: "/x", env: { B: "3" } });
  await relay.execute("ls");
  assertEquals(ran, [
    ["ls", { cwd: "/x", env: { A: "1", B: "3" } }],
    ["ls", { env: { A: "1", B: "2" } }],
  ]);
});

Deno.test("relayShell() refuses what the rules deny", async () => {
  const { shell, ran } = recordingShell();
  const plan = { routes: [], deny: ["execute git push *"], allow: ["execute git *", "execute ls"] };
  const relay = relayShell(plan, shell);
  const cases: [string | readonly string[], Record<string, string>, string][] = [
    ["git push -f", {}, "'git push -f': denied by the rule 'execute git push *'"],
    [["git", "push"], {}, "'git push': denied by the rule 'execute git push *'"],
    ["sh -c 'git push'", {}, "'git push': denied by the rule 'execute git push *'"],
    [
      "$X",
      {},
      "the command: denied by the rule 'execute git push *', " +
      "since the name of a program is not written out: write out what is to be run",
    ],
    ["rm x", {}, "'rm x': denied: no rule of 'allow' covers it"],
    [
      "ls",
      { PATH: "/evil" },
      "the command: denied: no rule of 'allow' covers it, since it sets 'PATH': " +
      "write out what is to be run",
    ],
  ];
  for (const [command, env, message] of cases) {
    const error = await assertRejects(() => relay.execute(command, { env }), BackendError);
    assertEquals([error.code, error.message], ["denied", `Cannot run ${message}`]);
  }
  assertEquals(ran, []);
});

Deno.test("relayShell() runs what asks only where that very command is granted", async () => {
  const { shell, ran } = recordingShell();
  const grants: Grants = {
    isGranted: () => false,
    takeCommand: (command) => command === "git push origin",
  };
  const plan = { routes: [], deny: ["execute rm *"], ask: ["execute git push *"] };
  const relay = relayShell(plan, shell, grants);
  await relay.execute("git push origin");
  await relay.execute(["git", "push", "origin"]);
  assertEquals(ran.length, 2);
  for (const command of ["git push", "git push origin ", "git push origin; git push"]) {
    const error = await assertRejects(() => relay.execute(command), BackendError);
    assertEquals(error.code, "denied");
    assert(error.message.endsWith("as the rule 'execute git push *' asks"), error.message);
  }
  await assertRejects(() => relay.execute("rm x; git push origin"), BackendError, "rm *");
  assertEquals(ran.length, 2);
});
