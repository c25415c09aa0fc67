import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { GuardedBackend, parseRule } from "../../backends/guard.ts";
import type { Backend } from "../../backends/protocol.ts";
import { CompositeBackend } from "../../backends/composite.ts";
import { StateBackend } from "../../backends/state.ts";
import fc from "../support/fast_check.ts";
import { EndlessBackend, everything, spiedBackend } from "./_backends.ts";
import { testBackendContract } from "./contract.ts";

const ENV = "read **/.env*";
const SECRETS = "read /secrets/**";
const DEPLOY = "write /project/deploy/**";

const FILES = {
  "/.env": "needle KEY=1",
  "/a/.env.local": "needle KEY=2",
  "/a/b/app.py": "needle",
  "/a/b/.envrc": "needle KEY=3",
  "/a/c.txt": "needle\nneedle",
  "/plain.txt": "needle",
  "/project/deploy/run.sh": "needle",
  "/project/src/app.py": "needle",
  "/secrets/deep/key": "needle KEY=4",
  "/secrets/key": "needle KEY=5",
};

function guarded(deny: readonly string[] = [ENV, SECRETS, DEPLOY]): {
  state: StateBackend;
  backend: GuardedBackend;
} {
  const state = new StateBackend({ files: FILES });
  return { state, backend: new GuardedBackend({ backend: state, deny }) };
}

function paths(entries: readonly { readonly path: string }[]): string[] {
  return entries.map((entry) => entry.path);
}

async function denied(message: string, run: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(run, BackendError);
  assertEquals([error.code, error.message], ["denied", message]);
}

// Rules that match nothing of it must change nothing: neither results nor errors.
testBackendContract("GuardedBackend", () =>
  Promise.resolve({
    backend: new GuardedBackend({
      backend: new StateBackend(),
      deny: ["read **/.never/**", "write /nowhere/*"],
    }),
  }));

Deno.test("parseRule() takes a verb, a space and a pattern", () => {
  const cases = [
    ["read **/.env*", "read", "/**/.env*"],
    ["write /project/deploy/**", "write", "/project/deploy/**"],
    ["read secrets/key", "read", "/secrets/key"],
    ["read /with space/* and more", "read", "/with space/* and more"],
    ["write {a,b}/**", "write", "/{a,b}/**"],
    ["read **", "read", "/**"],
  ] as const;
  for (const [text, verb, pattern] of cases) assertEquals(parseRule(text), { text, verb, pattern });
});

Deno.test("parseRule() refuses anything else with a sentence", () => {
  const begin = "must begin with 'read', 'write' or 'execute' and a space, as in 'read **/.env*'";
  const cases = [
    ["", `Rule '' ${begin}`],
    ["/secrets", `Rule '/secrets' ${begin}`],
    ["Read /a", `Rule 'Read /a' ${begin}`],
    ["reads /a", `Rule 'reads /a' ${begin}`],
    [" read /a", `Rule ' read /a' ${begin}`],
    ["read\t/a", `Rule 'read\t/a' ${begin}`],
    ["read", "Rule 'read' must have one space and then a pattern, as in 'read **/.env*'"],
    ["read ", "Rule 'read ' must have one space and then a pattern, as in 'read **/.env*'"],
    [
      "write  /a",
      "Rule 'write  /a' must have one space and then a pattern, as in 'write **/.env*'",
    ],
    ["read /a ", "Rule 'read /a ' must have one space and then a pattern, as in 'read **/.env*'"],
    [
      "execute",
      "Rule 'execute' must have one space and then a command, as in 'execute git push *'",
    ],
    [
      "allow read /a",
      "Rule 'allow read /a' must begin with 'read', 'write' or 'execute': " +
      "that it is one of 'allow' is said by the list that it stands in",
    ],
    ["read ../a", "Rule 'read ../a' has no usable pattern: Pattern '/../a' cannot be used: "],
    ["read a\0", "Rule 'read a\0' has no usable pattern: "],
  ];
  for (const [text = "", message] of cases) {
    assertThrows(() => parseRule(text), SyntaxError, message);
    assertThrows(
      () => new GuardedBackend({ backend: new StateBackend(), deny: ["read /a", text] }),
      SyntaxError,
      message,
    );
  }
});

Deno.test("GuardedBackend hides what may not be read", async () => {
  const { backend } = guarded();
  assertEquals(paths(await backend.ls("/")), ["/a", "/plain.txt", "/project"]);
  assertEquals(paths(await backend.ls("/a")), ["/a/b", "/a/c.txt"]);
  assertEquals(paths(await backend.ls("/a/b")), ["/a/b/app.py"]);
  const visible = [
    "/a/b/app.py",
    "/a/c.txt",
    "/plain.txt",
    "/project/deploy/run.sh",
    "/project/src/app.py",
  ];
  assertEquals(paths((await backend.glob("**")).files), visible);
  assertEquals(paths((await backend.glob("**/.env*")).files), []);
  assertEquals(paths((await backend.glob("/secrets/**")).files), []);
  assertEquals(paths((await backend.glob("{.env,plain.txt}")).files), ["/plain.txt"]);
  const found = await backend.grep("needle");
  assertEquals([...new Set(paths(found.matches))], visible);
  assertEquals([found.filesSearched, found.filesSkipped, found.truncated], [5, 0, false]);
  assertEquals((await backend.grep("KEY")).matches, []);
  assertEquals((await backend.grep("KEY", { glob: "**/.env*" })).filesSearched, 0);
  assertEquals((await backend.grep("needle", { path: "/a", glob: "b/*" })).filesSearched, 1);
});

const SPELLINGS: Readonly<Record<string, (path: string) => string>> = {
  "as it is": (path) => path,
  "with a dot": (path) => `/.${path}`,
  "with two slashes": (path) => `/${path}`,
  "through a parent": (path) => `/x/..${path}`,
  "with a slash at the end": (path) => `${path}/`,
  "through itself": (path) => `${path}/x/..`,
};

Deno.test("GuardedBackend denies every operation on what may not be read, in any spelling", async () => {
  const { state, backend } = guarded();
  const before = await everything(state);
  const edit = { oldText: "needle", newText: "" };
  for (
    const [path, rule] of [["/secrets/key", SECRETS], ["/a/.env.local", ENV], ["/secrets", SECRETS]]
  ) {
    for (const spell of Object.values(SPELLINGS)) {
      const at = spell(path ?? "");
      const by = `'${path}': denied by the rule '${rule}'`;
      await denied(`Cannot list ${by}`, () => backend.ls(at));
      await denied(`Cannot find ${by}`, () => backend.stat(at));
      await denied(`Cannot read ${by}`, () => backend.read(at));
      await denied(`Cannot read ${by}`, () => backend.readBytes(at));
      await denied(`Cannot write ${by}`, () => backend.write(at, ""));
      await denied(`Cannot edit ${by}`, () => backend.edit(at, edit));
      await denied(`Cannot delete ${by}`, () => backend.delete(at, { recursive: true }));
      await denied(`Cannot move ${by}`, () => backend.move(at, "/free"));
      await denied(
        `Cannot move to ${by}`,
        () => backend.move("/plain.txt", at, { overwrite: true }),
      );
      await denied(`Cannot search ${by}`, () => backend.glob("**", { path: at }));
      await denied(`Cannot search ${by}`, () => backend.grep("KEY", { path: at }));
    }
  }
  await denied(
    `Cannot read '/no/.env': denied by the rule '${ENV}'`,
    () => backend.read("/no/.env"),
  );
  assertEquals(await everything(state), before);
});

Deno.test("GuardedBackend denies changes alone with a write rule", async () => {
  const { state, backend } = guarded();
  const path = "/project/deploy/run.sh";
  const by = `'${path}': denied by the rule '${DEPLOY}'`;
  assertEquals((await backend.read(path)).text, "needle");
  assertEquals(paths(await backend.ls("/project/deploy")), [path]);
  const edit = { oldText: "needle", newText: "" };
  await denied(`Cannot write ${by}`, () => backend.write(path, ""));
  await denied(`Cannot edit ${by}`, () => backend.edit(path, edit));
  await denied(`Cannot delete ${by}`, () => backend.delete(path));
  await denied(`Cannot move ${by}`, () => backend.move(path, "/x"));
  await denied(`Cannot move to ${by}`, () => backend.move("/plain.txt", path, { overwrite: true }));
  const fresh = "/project/deploy/new/x";
  const message = `Cannot write '${fresh}': denied by the rule '${DEPLOY}'`;
  await denied(message, () => backend.write(fresh, ""));
  await backend.write("/project/deployed", "not below it");
  await backend.edit("/project/src/app.py", edit);
  assertEquals(state.files.get(path)?.text, "needle");
});

Deno.test("GuardedBackend checks everything in a directory that goes", async () => {
  const { state, backend } = guarded();
  const before = await everything(state);
  const inside = (verb: string, path: string, rule: string) =>
    `Cannot ${verb} '${path}': something in it is denied by the rule '${rule}'`;
  const recursive = true;
  await denied(inside("delete", "/a", ENV), () => backend.delete("/a", { recursive }));
  await denied(
    inside("delete", "/project", DEPLOY),
    () => backend.delete("/project", { recursive }),
  );
  await denied(inside("move", "/a", ENV), () => backend.move("/a", "/z"));
  await denied(inside("move", "/project", DEPLOY), () => backend.move("/project", "/z"));
  assertEquals(await everything(state), before);
  // What would come under a rule by moving is denied as well.
  await backend.write("/stage/deploy/x", "");
  await denied(
    inside("move", "/stage", "write /t/*/x"),
    () => new GuardedBackend({ backend: state, deny: ["write /t/*/x"] }).move("/stage", "/t"),
  );
  await denied(
    `Cannot move to '/project/deploy': denied by the rule '${DEPLOY}'`,
    () => backend.move("/stage/deploy", "/project/deploy"),
  );
  await backend.move("/stage", "/staged");
  await backend.delete("/staged", { recursive });
  await backend.delete("/project/src", { recursive });
});

Deno.test("GuardedBackend gives up on a directory without end", async () => {
  const backend = new GuardedBackend({ backend: new EndlessBackend(), deny: ["write /elsewhere"] });
  for (
    const change of [
      () => backend.delete("/x", { recursive: true }),
      () => backend.move("/x", "/y"),
    ]
  ) {
    const error = await assertRejects(change, BackendError);
    assertEquals([error.code, error.path], ["too_large", "/x"]);
  }
});

Deno.test("GuardedBackend lets others run while it looks through a directory", async () => {
  const backend = new GuardedBackend({ backend: new EndlessBackend(), deny: [ENV] });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 0);
  const deleted = backend.delete("/x", { recursive: true, signal: controller.signal });
  const error = await assertRejects(() => deleted, BackendError);
  assertEquals(error.code, "aborted");
});

Deno.test("GuardedBackend covers a directory itself where everything in it is meant", async () => {
  const cases: [string, string, boolean][] = [
    ["read /secrets/**", "/secrets", true],
    ["read {secrets,x}/**", "/secrets", true],
    ["read {plain.txt,secrets/**}", "/secrets", true],
    ["read **", "/", true],
    ["read **/secrets/**", "/secrets", true],
    ["read /secrets/*", "/secrets", false],
    ["read /secrets", "/secrets", true],
    ["read /secrets/deep/**", "/secrets", false],
    ["read **/key", "/secrets", false],
  ];
  for (const [rule, path, covered] of cases) {
    const { backend } = guarded([rule]);
    const result = await backend.ls(path).then(() => false, (error) => {
      assert(error instanceof BackendError && error.code === "denied", String(error));
      return true;
    });
    assertEquals(result, covered, rule);
  }
});

Deno.test("GuardedBackend covers everything in a directory that a rule names", async () => {
  const files = { "/plain": "KEY", "/secrets/deep/key": "KEY" };
  for (const name of ["/secrets", "/secrets/", "secrets", "**/secrets", "/secrets/*", "/s*"]) {
    const state = new StateBackend({ files });
    const rule = `read ${name}`;
    const backend = new GuardedBackend({ backend: state, deny: [rule] });
    const path = "/secrets/deep/key";
    const by = `denied by the rule '${rule}'`;
    await denied(`Cannot read '${path}': ${by}`, () => backend.read(path));
    await denied(`Cannot write '${path}': ${by}`, () => backend.write(path, ""));
    await denied(`Cannot move to '${path}2': ${by}`, () => backend.move("/plain", `${path}2`));
    await denied(
      `Cannot search '/secrets/deep': ${by}`,
      () => backend.glob("*", { path: "/secrets/deep" }),
    );
    assertEquals(paths((await backend.glob("**")).files), ["/plain"]);
    const { matches, filesSearched } = await backend.grep("KEY");
    assertEquals([paths(matches), filesSearched], [["/plain"], 1]);
  }
  const backend = new GuardedBackend({ backend: new StateBackend(), deny: ["write **/deploy"] });
  await denied(
    "Cannot write '/a/deploy/x': denied by the rule 'write **/deploy'",
    () => backend.write("/a/deploy/x", ""),
  );
});

Deno.test("GuardedBackend lets nothing through by limits and counts", async () => {
  const { state, backend } = guarded();
  const bare = new StateBackend();
  for (const path of paths((await backend.glob("**")).files)) {
    await bare.write(path, await state.readBytes(path));
  }
  const files = (result: { readonly files: readonly { readonly path: string }[] }) => ({
    ...result,
    files: paths(result.files),
  });
  for (const path of ["/", "/a", "/project"]) {
    for (const pattern of ["**", "**/*", "*", "**/*.py", "{a,project}/**", "/**/app.py"]) {
      for (const limit of [1, 2, 3, 4, 5, 6, 100]) {
        assertEquals(
          files(await backend.glob(pattern, { path, limit })),
          files(await bare.glob(pattern, { path, limit })),
        );
        const options = { path, glob: pattern, limit };
        const found = await backend.grep("needle", options);
        const expected = await bare.grep("needle", options);
        assertEquals([found.matches, found.truncated], [expected.matches, expected.truncated]);
        if (!found.truncated) assertEquals(found, expected);
      }
    }
  }
  for (const [query, options] of [["", {}], ["(", { regex: true }]] as const) {
    const error = await assertRejects(() => backend.grep(query, options), BackendError);
    assertEquals(error.code, "invalid_pattern");
  }
  await assertRejects(() => backend.grep("x", { limit: 0 }), RangeError);
  await assertRejects(() => backend.glob("x", { limit: 0 }), RangeError);
});

Deno.test("GuardedBackend finds what comes after many hidden files", async () => {
  const state = new StateBackend({ files: { "/y": "needle", "/z": "needle" } });
  for (let number = 0; number < 100; number++) await state.write(`/secrets/${number}`, "needle");
  const backend = new GuardedBackend({ backend: state, deny: [SECRETS] });
  for (const [limit, expected] of [[1, ["/y"]], [2, ["/y", "/z"]]] as const) {
    const globbed = await backend.glob("**", { limit });
    assertEquals([paths(globbed.files), globbed.truncated], [[...expected], limit === 1]);
    const found = await backend.grep("needle", { limit });
    assertEquals([paths(found.matches), found.truncated], [[...expected], limit === 1]);
  }
});

Deno.test("GuardedBackend does not open what it hides", async () => {
  const state = new StateBackend({ files: FILES });
  const searched: string[] = [];
  const spied = spiedBackend(state, (operation, [path = ""]) => {
    if (operation === "grep") searched.push(path);
  });
  const backend = new GuardedBackend({ backend: spied, deny: [ENV, SECRETS] });
  await backend.grep("needle");
  assertEquals(searched, ["/a/b/app.py", "/a/c.txt", "/plain.txt", "/project"]);
  searched.length = 0;
  await backend.grep("needle", { path: "/project" });
  assertEquals(searched, ["/project"]);
});

Deno.test("GuardedBackend opens nothing where it cannot tell what is hidden", async () => {
  const state = new StateBackend({ files: { "/key": "needle" } });
  const mount = spiedBackend(state, (operation) => {
    if (operation === "glob") throw new BackendError("io", "/", "Out of order");
  });
  const backend = new GuardedBackend({
    backend: new CompositeBackend({ default: new StateBackend(), routes: { "/p/": mount } }),
    deny: ["read /p/key"],
  });
  const { matches, failures } = await backend.grep("needle");
  assertEquals([paths(matches), paths(failures)], [[], ["/p"]]);
});

Deno.test("GuardedBackend guards what a composite mounts", async () => {
  const disk = new StateBackend({ files: { "/.env": "KEY", "/app.py": "needle" } });
  const backend = new GuardedBackend({
    backend: new CompositeBackend({ default: new StateBackend(), routes: { "/p/": disk } }),
    deny: [ENV],
  });
  assertEquals(paths(await backend.ls("/p")), ["/p/app.py"]);
  assertEquals(paths((await backend.glob("**")).files), ["/p/app.py"]);
  assertEquals((await backend.grep("KEY")).filesSearched, 1);
  await denied(
    `Cannot read '/p/.env': denied by the rule '${ENV}'`,
    () => backend.read("/p//.env"),
  );
});

const piece = fc.constantFrom(
  ...["/", "//", "..", ".", "secrets", ".env", "key", "a", "deep", "*", "\0", "x", ".envrc", "b"],
);

Deno.test("GuardedBackend never yields what a rule denies, whatever the path", async () => {
  const { backend } = guarded();
  const attempts: ((backend: Backend, path: string) => Promise<unknown>)[] = [
    (backend, path) => backend.read(path),
    async (backend, path) => new TextDecoder().decode(await backend.readBytes(path)),
    (backend, path) => backend.ls(path),
    (backend, path) => backend.stat(path),
    (backend, path) => backend.grep("KEY", { path }),
    (backend, path) => backend.grep("KEY", { glob: path }),
    (backend, path) => backend.glob(path),
    (backend, path) => backend.glob("**", { path }),
  ];
  const path = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join("/")}`),
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(path, async (path) => {
      for (const attempt of attempts) {
        const result = await attempt(backend, path).catch((error: unknown) => {
          assert(error instanceof BackendError, String(error));
          return null;
        });
        const text = JSON.stringify(result);
        assert(!/KEY|secrets|\.env/.test(text), `${path}: ${text}`);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("GuardedBackend.approve() lifts what a guard behind it asks about too, and no denial", async () => {
  const files = new StateBackend();
  const behind = new GuardedBackend({
    backend: files,
    ask: ["write /live/**"],
    deny: ["write /live/b"],
  });
  const guard = new GuardedBackend({
    backend: behind,
    ask: ["write /live/a"],
    deny: ["write /live/c"],
  });
  assertEquals(guard.policies, [behind.policy, guard.policy]);
  const granted = guard.approve([{ verb: "write", what: "/live" }, {
    verb: "write",
    what: "/live/a",
  }]);
  await granted.write("/live/a", "1");
  await granted.write("/live/d", "1");
  await assertRejects(
    () => granted.write("/live/b", ""),
    BackendError,
    "by the rule 'write /live/b'",
  );
  await assertRejects(
    () => granted.write("/live/c", ""),
    BackendError,
    "by the rule 'write /live/c'",
  );
  const less = guard.approve([{ verb: "write", what: "/live/d" }]);
  await assertRejects(() => less.write("/live/a", ""), BackendError, "until somebody approves it");
  await assertRejects(() => guard.write("/live/d", ""), BackendError, "until somebody approves it");
  assertEquals([...files.files.keys()], ["/live/a", "/live/d"]);
});
