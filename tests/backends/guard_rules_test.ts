import { assert, assertEquals, assertRejects } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import { BackendError } from "../../backends/errors.ts";
import { GuardedBackend } from "../../backends/guard.ts";
import { PolicyJudge } from "../../backends/judge.ts";
import { isWithin, parentPath } from "../../backends/paths.ts";
import { Policy, type Rules } from "../../backends/policy.ts";
import type { Backend } from "../../backends/protocol.ts";
import { SYSTEM_DIRECTORIES } from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";
import fc from "../support/fast_check.ts";
import { brokenBackend, everything, spiedBackend } from "./_backends.ts";
import { testBackendContract } from "./contract.ts";

// Everything that the contract does is allowed by these, one way or another.
testBackendContract("GuardedBackend(all allowed)", () => {
  const rules = { allow: ["write **"], ask: ["write /never/*"], deny: ["execute *"] };
  const backend = new GuardedBackend({ backend: new StateBackend(), ...rules });
  return Promise.resolve({ backend });
});
testBackendContract("GuardedBackend(approved)", () => {
  const guard = new GuardedBackend({ backend: new StateBackend(), ask: ["read /**"] });
  return Promise.resolve({ backend: guard.approve([{ verb: "write", what: "/" }]) });
});

const FILES = {
  "/app.py": "needle",
  "/ask/a": "needle",
  "/ask/deep/b": "needle",
  "/deploy/run.sh": "needle",
  "/notes/n.md": "needle",
  "/secrets/key": "needle",
};

function guarded(rules: Rules): { state: StateBackend; backend: GuardedBackend } {
  const state = new StateBackend({ files: FILES });
  return { state, backend: new GuardedBackend({ backend: state, ...rules }) };
}

function paths(entries: readonly { readonly path: string }[]): string[] {
  return entries.map((entry) => entry.path);
}

async function denied(message: string, run: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(run, BackendError);
  assertEquals([error.code, error.message], ["denied", message]);
}

const ASKS = "read /ask/**";
const UNAPPROVED = `denied until somebody approves it, as the rule '${ASKS}' asks`;

Deno.test("GuardedBackend shows what asks to be read and opens none of it", async () => {
  const { state, backend } = guarded({ ask: [ASKS] });
  const before = await everything(state);
  assertEquals(paths(await backend.ls("/")), [
    ...["/app.py", "/ask", "/deploy", "/notes", "/secrets"],
  ]);
  assertEquals((await backend.stat("/ask")).type, "directory");
  const edit = { oldText: "needle", newText: "" };
  const refused: [string, () => Promise<unknown>][] = [
    [`list '/ask'`, () => backend.ls("/ask")],
    [`find '/ask/a'`, () => backend.stat("/ask/a")],
    [`read '/ask/a'`, () => backend.read("/ask/a")],
    [`read '/ask/a'`, () => backend.readBytes("/ask/a")],
    [`write '/ask/a'`, () => backend.write("/ask/a", "")],
    [`write '/ask/new'`, () => backend.write("/ask/new", "")],
    [`edit '/ask/a'`, () => backend.edit("/ask/a", edit)],
    [`delete '/ask/a'`, () => backend.delete("/ask/a")],
    [`move '/ask/a'`, () => backend.move("/ask/a", "/b")],
    [`move to '/ask/b'`, () => backend.move("/app.py", "/ask/b")],
    [`search '/ask'`, () => backend.glob("**", { path: "/ask" })],
    [`search '/ask/deep'`, () => backend.grep("needle", { path: "/ask/deep" })],
  ];
  for (const [what, run] of refused) await denied(`Cannot ${what}: ${UNAPPROVED}`, run);
  const failures = [{ path: "/ask", message: `Cannot search '/ask': ${UNAPPROVED}` }];
  const globbed = await backend.glob("**");
  assertEquals(paths(globbed.files), [
    ...["/app.py", "/deploy/run.sh", "/notes/n.md", "/secrets/key"],
  ]);
  assertEquals(globbed.failures, failures);
  const found = await backend.grep("needle");
  assertEquals(paths(found.matches), paths(globbed.files));
  assertEquals([found.filesSearched, found.failures], [4, failures]);
  assertEquals(await everything(state), before);
});

Deno.test("GuardedBackend opens no file that asks while it searches", async () => {
  const searched: string[] = [];
  const state = new StateBackend({ files: FILES });
  const spied = spiedBackend(state, (operation, [path = ""]) => {
    if (operation === "grep") searched.push(path);
  });
  const backend = new GuardedBackend({ backend: spied, ask: [ASKS], deny: ["read /secrets"] });
  await backend.grep("needle");
  assertEquals(searched, ["/app.py", "/deploy", "/notes"]);
});

Deno.test("GuardedBackend names some of what it did not search, and counts the rest", async () => {
  const state = new StateBackend();
  for (let number = 100; number < 130; number++) await state.write(`/d/${number}.md`, "needle");
  const backend = new GuardedBackend({ backend: state, ask: ["read **/*.md"] });
  for (const result of [await backend.grep("needle"), await backend.glob("**")]) {
    assertEquals(result.failures.length, 21);
    assertEquals(result.failures[0], {
      path: "/",
      message: "10 more files or directories were not searched: " +
        "rules ask for an approval first",
    });
    assertEquals(result.failures[1]?.path, "/d/100.md");
  }
  assertEquals(paths(await backend.ls("/d")).length, 30);
});

Deno.test("GuardedBackend.approve() lifts what was approved and nothing else", async () => {
  const { state, backend } = guarded({
    ask: [ASKS, "write /deploy/**", "write **/*.md"],
    deny: ["read /secrets", "write /deploy/never"],
  });
  const reading = backend.approve([{ verb: "read", what: "/ask/a" }]);
  assertEquals((await reading.read("/ask/a")).text, "needle");
  assertEquals((await reading.stat("/ask/a")).type, "file");
  await denied(`Cannot write '/ask/a': ${UNAPPROVED}`, () => reading.write("/ask/a", ""));
  await denied(`Cannot read '/ask/deep/b': ${UNAPPROVED}`, () => reading.read("/ask/deep/b"));

  const listing = backend.approve([{ verb: "read", what: "/ask" }]);
  assertEquals(paths(await listing.ls("/ask")), ["/ask/a", "/ask/deep"]);
  const { matches, failures } = await listing.grep("needle");
  assertEquals([paths(matches).includes("/ask/deep/b"), failures], [true, []]);

  const deploying = backend.approve([{ verb: "write", what: "/deploy" }]);
  await denied(
    "Cannot write '/deploy/never': denied by the rule 'write /deploy/never'",
    () => deploying.write("/deploy/never", ""),
  );
  await denied(
    "Cannot read '/secrets/key': denied by the rule 'read /secrets'",
    () => deploying.read("/secrets/key"),
  );
  const unapproved = "denied until somebody approves it, as the rule 'write **/*.md' asks";
  await denied(
    `Cannot write '/notes/n.md': ${unapproved}`,
    () => deploying.write("/notes/n.md", ""),
  );
  await deploying.delete("/deploy", { recursive: true });
  assertEquals(state.files.has("/deploy/run.sh"), false);
  // The guard itself is as it was.
  await denied(`Cannot read '/ask/a': ${UNAPPROVED}`, () => backend.read("/ask/a"));
});

Deno.test("GuardedBackend refuses to move or delete a directory with something in it that asks", async () => {
  const { state, backend } = guarded({ ask: ["write **/b"] });
  const before = await everything(state);
  const why = "something in it is denied until somebody approves it, as the rule 'write **/b' asks";
  await denied(
    `Cannot delete '/ask': ${why}`,
    () => backend.delete("/ask", { recursive: true }),
  );
  await denied(`Cannot move '/ask': ${why}`, () => backend.move("/ask", "/x"));
  assertEquals(await everything(state), before);
});

Deno.test("GuardedBackend with a list of what is allowed shows the way to it alone", async () => {
  const { state, backend } = guarded({
    allow: ["read /ask/deep", "write /notes/*.md"],
    ask: ["write /deploy/**"],
  });
  const before = await everything(state);
  assertEquals(paths(await backend.ls("/")), ["/ask", "/deploy", "/notes"]);
  assertEquals(paths(await backend.ls("/ask")), ["/ask/deep"]);
  assertEquals((await backend.stat("/ask")).type, "directory");
  assertEquals((await backend.stat("/notes")).type, "directory");
  assertEquals((await backend.read("/ask/deep/b")).text, "needle");
  assertEquals((await backend.read("/notes/n.md")).text, "needle");
  const none = "denied: no rule of 'allow' covers it";
  await denied(`Cannot read '/ask/a': ${none}`, () => backend.read("/ask/a"));
  await denied(`Cannot find '/app.py': ${none}`, () => backend.stat("/app.py"));
  await denied(`Cannot find '/ask/a': ${none}`, () => backend.stat("/ask/a"));
  await denied(`Cannot list '/secrets': ${none}`, () => backend.ls("/secrets"));
  await denied(`Cannot write '/ask/deep/b': ${none}`, () => backend.write("/ask/deep/b", ""));
  await denied(`Cannot write '/notes/n.txt': ${none}`, () => backend.write("/notes/n.txt", ""));
  await denied(
    `Cannot delete '/notes': ${none}`,
    () => backend.delete("/notes", { recursive: true }),
  );
  await denied(
    `Cannot move to '/app.md': ${none}`,
    () => backend.move("/notes/n.md", "/app.md"),
  );
  assertEquals(await everything(state), before);
  const { files, failures } = await backend.glob("**");
  assertEquals(paths(files), ["/ask/deep/b", "/notes/n.md"]);
  assertEquals(paths(failures), ["/deploy"]);
  const found = await backend.grep("needle");
  assertEquals([paths(found.matches), found.filesSearched], [paths(files), 2]);
  await backend.write("/notes/new.md", "needle");
  await backend.move("/notes/new.md", "/notes/newer.md");
  await backend.delete("/notes/newer.md");
  assertEquals(await everything(state), before);
});

Deno.test("GuardedBackend hides a file where only a directory leads to what is allowed", async () => {
  const state = new StateBackend({ files: { "/a": "needle", "/b/c": "needle" } });
  const backend = new GuardedBackend({ backend: state, allow: ["read /a/x", "read /b/c"] });
  assertEquals(paths(await backend.ls("/")), ["/b"]);
  const message = "Cannot find '/a': denied: no rule of 'allow' covers it";
  await denied(message, () => backend.stat("/a"));
  await denied(
    "Cannot read '/a': denied: no rule of 'allow' covers it",
    () => backend.read("/a"),
  );
  assertEquals(paths((await backend.grep("needle")).matches), ["/b/c"]);
});

Deno.test("GuardedBackend does not tell that what it hides cannot be searched", async () => {
  const routes = { "/secrets/m/": brokenBackend(new StateBackend()) };
  const tree = new CompositeBackend({ default: new StateBackend({ files: FILES }), routes });
  for (const [deny, failed] of [[["read /secrets"], []], [["read /app.py"], ["/secrets/m"]]]) {
    const backend = new GuardedBackend({ backend: tree, deny: deny ?? [] });
    // Of a search for lines both parts of it may fail.
    assertEquals([...new Set(paths((await backend.grep("needle")).failures))], failed);
    assertEquals(paths((await backend.glob("**")).failures), failed);
  }
});

Deno.test("PolicyJudge.unreadable() tells of no directory but those in the one that is searched", () => {
  const policy = new Policy({ deny: ["read /a"] });
  const judge = new PolicyJudge({ policy, reserved: ["/etc"] });
  assertEquals(judge.unreadable("/"), ["/a", "/a/**", "/etc", "/etc/**"]);
  assertEquals(judge.unreadable("/b"), ["/a", "/a/**"]);
});

Deno.test("GuardedBackend keeps everybody out of reserved directories", async () => {
  const files = { "/etc/passwd": "needle", "/etcetera": "needle", "/tmp/x": "needle" };
  const state = new StateBackend({ files });
  const reserved = SYSTEM_DIRECTORIES;
  const guard = new GuardedBackend({ backend: state, allow: ["write **"], reserved });
  const before = await everything(state);
  const approved = guard.approve([{ verb: "write", what: "/etc/passwd" }]);
  for (const backend of [guard, approved]) {
    assertEquals(paths(await backend.ls("/")), ["/etcetera", "/tmp"]);
    assertEquals(paths((await backend.grep("needle")).matches), ["/etcetera", "/tmp/x"]);
    assertEquals(paths((await backend.glob("**")).files), ["/etcetera", "/tmp/x"]);
    const why = "denied: '/etc' is one of the shell's own system directories";
    const attempts: [string, () => Promise<unknown>][] = [
      ["list '/etc'", () => backend.ls("/etc")],
      ["find '/etc/passwd'", () => backend.stat("//etc/./passwd")],
      ["read '/etc/passwd'", () => backend.read("/x/../etc/passwd")],
      ["write '/etc/new'", () => backend.write("/etc/new", "")],
      ["move to '/etc/x'", () => backend.move("/tmp/x", "/etc/x")],
      ["delete '/etc'", () => backend.delete("/etc", { recursive: true })],
      ["search '/etc'", () => backend.grep("needle", { path: "/etc" })],
    ];
    for (const [what, run] of attempts) await denied(`Cannot ${what}: ${why}`, run);
  }
  assertEquals(await everything(state), before);
});

const NAMES = ["a", "b", ".env"];
const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((names) => `/${names.join("/")}`);
const rule = fc.tuple(
  fc.constantFrom("read", "write"),
  fc.oneof(path, path.map((path) => `${path}/**`), fc.constantFrom("**/a", "**/.env", "/*/b")),
).map(([verb, pattern]) => `${verb} ${pattern}`);
const list = fc.array(rule, { maxLength: 3 });
const rules = fc.record({ allow: fc.option(list, { nil: undefined }), ask: list, deny: list });
const files = fc.uniqueArray(path, { minLength: 1, maxLength: 8 }).map((all) =>
  all.filter((path) => !all.some((other) => other !== path && isWithin(other, path)))
);

/** What an operation on a guarded tree should come to, by the verdicts alone. */
async function outcome(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "done";
  } catch (error) {
    assert(error instanceof BackendError, String(error));
    return error.code;
  }
}

Deno.test("GuardedBackend does what the verdicts of its policy say, whatever the rules", async () => {
  await fc.assert(
    fc.asyncProperty(rules, files, path, async (rules, files, target) => {
      const policy = new Policy(rules);
      const make = () =>
        new StateBackend({ files: Object.fromEntries(files.map((f) => [f, "x"])) });
      const verdict = (verb: "read" | "write", path: string) => policy.decide(verb, path).verdict;
      const guard = new GuardedBackend({ backend: make(), ...rules });
      const readable = files.filter((file) => verdict("read", file) === "allow").sort();

      if (verdict("read", "/") === "allow" || policy.leadsTo("/")) {
        assertEquals(paths((await guard.glob("**")).files), readable);
        const found = await guard.grep("x");
        assertEquals([paths(found.matches), found.filesSearched], [readable, readable.length]);
        assertEquals(await reachable(guard), readable);
      } else {
        assertEquals(await outcome(() => guard.glob("**")), "denied");
        assertEquals(readable, []);
      }
      for (const file of files) {
        const expected = verdict("read", file) === "allow" ? "done" : "denied";
        assertEquals(await outcome(() => guard.read(file)), expected);
        const edit = { oldText: "x", newText: "y" };
        const backend = new GuardedBackend({ backend: make(), ...rules });
        const written = verdict("write", file) === "allow" ? "done" : "denied";
        assertEquals(await outcome(() => backend.edit(file, edit)), written);
      }
      // Of a directory, everything has to be allowed.
      const state = make();
      const all = Object.keys(await everything(state)).filter((each) => isWithin(each, target));
      const whole = all.every((each) => verdict("write", each) === "allow");
      const backend = new GuardedBackend({ backend: state, ...rules });
      const deleted = await outcome(() => backend.delete(target, { recursive: true }));
      if (all.length > 0) assertEquals(deleted, whole ? "done" : "denied");
      if (!whole) assertEquals([...state.files.keys()].sort(), [...files].sort());
    }),
    { numRuns: 500 },
  );
});

/** The files that are found by listing one directory after the other, and can be read. */
async function reachable(backend: Backend, directory = "/"): Promise<string[]> {
  const found: string[] = [];
  for (const { path, type } of await backend.ls(directory)) {
    const opened = await outcome(() => type === "file" ? backend.read(path) : backend.ls(path));
    if (opened !== "done") continue;
    if (type === "file") found.push(path);
    else found.push(...await reachable(backend, path));
  }
  assert(found.every((path) => isWithin(parentPath(path), directory)));
  return found.sort();
}
