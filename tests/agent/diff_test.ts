import { deletePreview, editPreview, movePreview, writePreview } from "../../agent/_diff.ts";
import type { ToolContext } from "../../agent/tool.ts";
import { BUILT_IN_TOOLS } from "../../agent/tools/built_in.ts";
import { BackendError } from "../../backends/errors.ts";
import { GuardedBackend } from "../../backends/guard.ts";
import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import { wholeTree } from "./_support.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";

function context(backend: Backend): ToolContext {
  return { backend, signal: new AbortController().signal };
}

function memory(files: Readonly<Record<string, string | Uint8Array>>): ToolContext {
  return context(new StateBackend({ files }));
}

const BINARY = Uint8Array.of(0, 1, 2);

Deno.test("writePreview() shows a new file, a changed one and one that stays", async () => {
  assertEquals(
    await writePreview("/a//b.txt", "one\ntwo\n", memory({})),
    "--- /dev/null\n+++ /a/b.txt\n@@ -0,0 +1,2 @@\n+one\n+two",
  );
  assertEquals(
    await writePreview("/a", "1\n2\n3\n4\n5\nsix\n", memory({ "/a": "1\n2\n3\n4\n5\n6" })),
    "--- /a\n+++ /a\n@@ -3,4 +3,4 @@\n 3\n 4\n 5\n-6\n\\ No newline at end of file\n+six",
  );
  assertEquals(
    await writePreview("/a", "1\n", memory({ "/a": "1\n" })),
    "--- /a\n+++ /a\n(the file stays as it is)",
  );
  assertEquals(await writePreview("/a", "", memory({})), "--- /dev/null\n+++ /a");
});

Deno.test("writePreview() says what cannot be shown, so that another file is told apart", async () => {
  const over = (bytes: Uint8Array) => writePreview("/a", "text\n", memory({ "/a": bytes }));
  const [first, second] = [await over(BINARY), await over(Uint8Array.of(0, 1, 3))];
  assertEquals(
    first,
    "--- /a\n+++ /a\n" +
      "before: (binary: 3 bytes, SHA-256 " +
      "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc)\n" +
      "after: (5 bytes, SHA-256 b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733)" +
      "\n+text",
  );
  assert(first !== second);
  const large = await over(new Uint8Array(1024 * 1024 + 1).fill(97));
  assertMatch(large, /before: \(too large to show: 1,048,577 bytes, SHA-256 [0-9a-f]{64}\)/);
  const other = new Uint8Array(1024 * 1024 + 1).fill(97);
  other[1024 * 1024] = 98;
  assert(large !== await over(other));
});

Deno.test("writePreview() shows 400 lines and tells the rest apart by a digest", async () => {
  const lines = (last: string) => Array(1_000).fill("line").concat(last, "").join("\n");
  const preview = (text: string) => writePreview("/a", text, memory({}));
  const shown = (await preview(lines("x"))).split("\n");
  assertEquals(shown.length, 2 + 400 + 2);
  assertEquals(shown.at(-2), "(602 more lines: not shown)");
  assertMatch(shown.at(-1) ?? "", /^after: \(5,002 bytes, SHA-256 [0-9a-f]{64}\)$/);
  assert(await preview(lines("x")) !== await preview(lines("y")));
  const long = await preview("x".repeat(5_000_000));
  assert(long.length < 2_000);
  assertMatch(long, /x… \(4,999,001 more characters\)\n.*\n\(long lines are cut\)\nafter: /);
});

Deno.test("writePreview() gives one text for the other where they share next to nothing", async () => {
  const text = (word: string) =>
    Array.from({ length: 5_000 }, (_, index) => `${word}${index}`).join("\n");
  const preview = await writePreview("/a", text("new"), memory({ "/a": text("old") }));
  assertMatch(preview, /@@ -1,5000 \+0,0 @@\n-old0\n/);
});

Deno.test("editPreview() shows what the edit will do, and throws what it would throw", async () => {
  const there = memory({ "/a": "one\r\ntwo\r\ntwo\r\n", "/bin": BINARY });
  assertEquals(
    await editPreview("/a", { oldText: "one\n", newText: "1\n" }, there),
    "--- /a\n+++ /a\n@@ -1,3 +1,3 @@\n-one\r\n+1\r\n two\r\n two\r",
  );
  const edit = { oldText: "two", newText: "2" };
  assertEquals(
    await editPreview("/a", { ...edit, replaceAll: true }, there),
    "--- /a\n+++ /a\n@@ -1,3 +1,3 @@\n one\r\n-two\r\n-two\r\n+2\r\n+2\r",
  );
  for (
    const [path, code] of [["/a", "ambiguous_edit"], ["/b", "not_found"], ["/bin", "not_text"]]
  ) {
    const error = await assertRejects(() => editPreview(path ?? "", edit, there), BackendError);
    assertEquals(error.code, code);
  }
});

Deno.test("editPreview() shows the replacement alone where the file may not be read", async () => {
  const backend = new GuardedBackend({
    backend: new StateBackend({ files: { "/secret": "password" } }),
    deny: ["read /secret"],
  });
  const edit = { oldText: "pass", newText: "PASS" };
  assertEquals(
    await editPreview("/secret", edit, context(backend)),
    "(Cannot read '/secret': denied by the rule 'read /secret'; the only occurrence of the old " +
      "text is replaced)\n--- /secret\n+++ /secret\n@@ -1,1 +1,1 @@\n-pass\n" +
      "\\ No newline at end of file\n+PASS\n\\ No newline at end of file",
  );
  const written = await writePreview("/secret", "PASS", context(backend));
  assertMatch(written, /^before: \(Cannot find '\/secret': denied by the rule 'read \/secret'\)$/m);
  assert(!written.includes("password"));
});

Deno.test("deletePreview() shows the file that goes, or the files of the directory", async () => {
  const there = memory({ "/a": "1\n", "/bin": BINARY, "/d/x": "22", "/d/e/y": "4444" });
  assertEquals(await deletePreview("/a", there), "--- /a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-1");
  assertMatch(
    await deletePreview("/bin", there),
    /^--- \/bin\n\+\+\+ \/dev\/null\n\(binary: 3 bytes, SHA-256 ae4b[0-9a-f]{60}\)$/,
  );
  assertEquals(
    await deletePreview("/d", there),
    "delete /d/\nwith 2 files of 6 bytes in it:\n  /d/e/y (4 bytes)\n  /d/x (2 bytes)",
  );
  await assertRejects(() => deletePreview("/none", there), BackendError, "'/none'");
});

Deno.test("movePreview() shows both names, and the diff of a file that is replaced", async () => {
  const there = memory({ "/a": "1\n", "/b": "2\n", "/d/x": "22" });
  assertMatch(
    await movePreview("/a", "/c", there),
    /^rename from \/a\nrename to \/c\n\(2 bytes, SHA-256 [0-9a-f]{64}\)$/,
  );
  assertEquals(
    await movePreview("/a", "/b", there),
    "rename from /a\nrename to /b\n--- /b\n+++ /b\n@@ -1,1 +1,1 @@\n-2\n+1",
  );
  assertEquals(
    await movePreview("/d", "/e", there),
    "rename from /d\nrename to /e\nwith 1 file of 2 bytes in it:\n  /d/x (2 bytes)",
  );
});

Deno.test("The built-in tools that change files preview a call and change nothing", async () => {
  const backend = new StateBackend({ files: { "/a": "1\n", "/b": "2\n" } });
  const before = await wholeTree(backend);
  const calls: readonly [string, Record<string, unknown>, string][] = [
    ["write_file", { path: "/a", content: "2\n" }, "--- /a\n+++ /a\n@@ -1,1 +1,1 @@\n-1\n+2"],
    [
      "edit_file",
      { path: "/a", old_text: "1", new_text: "2" },
      "--- /a\n+++ /a\n@@ -1,1 +1,1 @@\n-1\n+2",
    ],
    ["delete_file", { path: "/a" }, "--- /a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-1"],
    [
      "move_file",
      { from: "/a", to: "/b", overwrite: true },
      "rename from /a\nrename to /b\n--- /b\n+++ /b\n@@ -1,1 +1,1 @@\n-2\n+1",
    ],
  ];
  for (const [name, args, expected] of calls) {
    const prepared = await BUILT_IN_TOOLS.find((tool) => tool.name === name)?.prepare(args);
    assert(prepared?.ok);
    assertEquals(await prepared.call.preview?.(context(backend)), expected, name);
  }
  assertEquals(await wholeTree(backend), before);
});
