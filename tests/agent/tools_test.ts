import { defineTool, type Tool } from "../../agent/tool.ts";
import { deleteFileTool } from "../../agent/tools/delete_file.ts";
import { editFileTool } from "../../agent/tools/edit_file.ts";
import { globTool } from "../../agent/tools/glob.ts";
import { grepTool } from "../../agent/tools/grep.ts";
import { lsTool } from "../../agent/tools/ls.ts";
import { moveFileTool } from "../../agent/tools/move_file.ts";
import { readFileTool } from "../../agent/tools/read_file.ts";
import { writeFileTool } from "../../agent/tools/write_file.ts";
import { CompositeBackend } from "../../backends/composite.ts";
import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import { createDeepAgent } from "../../agent/agent.ts";
import { AnsweringModel, call, runTool } from "./_support.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";

const RESULT_BYTES = 64 * 1024;

async function files(contents: Record<string, string | Uint8Array>): Promise<StateBackend> {
  const backend = new StateBackend();
  for (const [path, content] of Object.entries(contents)) await backend.write(path, content);
  return backend;
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What the model is told of one call: success or error text. */
async function told(backend: Backend, name: string, args: unknown, own: readonly Tool[] = []) {
  const model = new AnsweringModel([{ toolCalls: [call("1", name, args)] }, { text: "Done." }]);
  const agent = createDeepAgent({ model, tools: own });
  const { messages } = await agent.run("Go.", { backend });
  return messages.find((message) => message.role === "tool")?.content;
}

Deno.test("ls shows directories with a slash and files with their size", async () => {
  const backend = await files({ "/src/a.py": "x", "/b c.txt": "12", "/empty": "", "/z\ny": "1" });
  assertEquals(
    await runTool(lsTool, backend, {}),
    '/b c.txt (2 bytes)\n/empty (0 bytes)\n/src/\n"/z\\ny" (1 byte)',
  );
  assertEquals(await runTool(lsTool, backend, { path: "/src/" }), "/src/a.py (1 byte)");
  await backend.delete("/src/a.py");
  assertEquals(await runTool(lsTool, backend, { path: "/src" }), "'/src' is an empty directory");
});

Deno.test("ls says how many entries it leaves out", async () => {
  const many = Array.from({ length: 1_203 }, (_, n) => [`/f${String(n).padStart(4, "0")}`, ""]);
  const result = await runTool(lsTool, await files(Object.fromEntries(many)), {});
  const lines = result.split("\n");
  assertEquals(lines.length, 1_001);
  assertEquals(lines[999], "/f0999 (0 bytes)");
  assertEquals(
    lines[1_000],
    "(the first 1,000 of 1,203 entries; use glob with a narrower pattern to see others)",
  );
});

Deno.test("read_file numbers the lines, right-aligned", async () => {
  const text = Array.from({ length: 11 }, (_, n) => `line ${n + 1}`).join("\n");
  const backend = await files({ "/a.txt": text });
  assertEquals(
    await runTool(readFileTool, backend, { path: "/a.txt" }),
    Array.from({ length: 11 }, (_, n) => `${String(n + 1).padStart(2)}\tline ${n + 1}`).join("\n"),
  );
});

Deno.test("read_file shows blank lines, CRLF and a byte order mark as a reader sees them", async () => {
  const backend = await files({ "/a.txt": "\ufeffone\r\n\r\nthree\rstill\r\n\n", "/n": "\n" });
  assertEquals(
    await runTool(readFileTool, backend, { path: "/a.txt" }),
    "1\tone\n2\t\n3\tthree\rstill\n4\t",
  );
  assertEquals(await runTool(readFileTool, backend, { path: "/n" }), "1\t");
});

Deno.test("read_file counts start_line from 1 and says where to read on", async () => {
  const backend = await files({ "/a.txt": "a\nb\nc\nd\ne\n" });
  const read = (args: Record<string, number>) =>
    runTool(readFileTool, backend, { path: "/a.txt", ...args });
  assertEquals(
    await read({ max_lines: 2 }),
    "1\ta\n2\tb\n(lines 1-2 of 5; read on with start_line 3)",
  );
  assertEquals(
    await read({ start_line: 3, max_lines: 2 }),
    "3\tc\n4\td\n(lines 3-4 of 5; read on with start_line 5)",
  );
  assertEquals(
    await read({ start_line: 5, max_lines: 2 }),
    "5\te\n(lines 5-5 of 5; the end of the file)",
  );
  assertEquals(await read({ max_lines: 5 }), "1\ta\n2\tb\n3\tc\n4\td\n5\te");
  assertEquals(await read({ start_line: 6 }), "There is no line 6: '/a.txt' has 5 lines");
});

Deno.test("read_file says that a file is empty", async () => {
  const backend = await files({ "/e": "" });
  assertEquals(await runTool(readFileTool, backend, { path: "/e" }), "'/e' is an empty file");
  assertEquals(
    await runTool(readFileTool, backend, { path: "/e", start_line: 9 }),
    "'/e' is an empty file",
  );
});

Deno.test("read_file shows 2,000 lines at most, and reading on shows the rest", async () => {
  const lines = Array.from({ length: 5_321 }, (_, n) => `${n + 1}`);
  const backend = await files({ "/a.txt": lines.join("\n") });
  const result = await runTool(readFileTool, backend, { path: "/a.txt" });
  assert(result.endsWith("\n2000\t2000\n(lines 1-2000 of 5321; read on with start_line 2001)"));
  const seen: string[] = [];
  for (let start: number | undefined = 1; start !== undefined;) {
    const part: string = await runTool(readFileTool, backend, {
      path: "/a.txt",
      start_line: start,
    });
    seen.push(...part.split("\n").filter((line) => line.includes("\t")));
    const next: string | undefined = /start_line (\d+)\)$/.exec(part)?.[1];
    start = next === undefined ? undefined : Number(next);
  }
  assertEquals(seen.map((line) => line.split("\t")[1]), lines);
});

Deno.test("read_file stays below 64 KiB and loses no line", async () => {
  const lines = Array.from({ length: 400 }, (_, n) => `${n}${"é".repeat(500)}`);
  const backend = await files({ "/a.txt": lines.join("\n") + "\n" });
  const seen: string[] = [];
  for (let start: number | undefined = 1; start !== undefined;) {
    const part: string = await runTool(readFileTool, backend, {
      path: "/a.txt",
      start_line: start,
    });
    assert(bytes(part) <= RESULT_BYTES);
    seen.push(...part.split("\n").filter((line) => line.includes("\t")));
    const next: string | undefined = /start_line (\d+)\)$/.exec(part)?.[1];
    start = next === undefined ? undefined : Number(next);
  }
  assertEquals(seen.map((line) => line.split("\t")[1]), lines);
});

Deno.test("read_file cuts a long line, between characters", async () => {
  const backend = await files({ "/a.txt": `${"x".repeat(1_999)}\u{1f600}tail\nshort` });
  assertEquals(
    await runTool(readFileTool, backend, { path: "/a.txt" }),
    `1\t${"x".repeat(1_999)}… (cut: the line has 2,005 characters)\n2\tshort`,
  );
});

Deno.test("read_file says what to do about a binary file, a directory and no file", async () => {
  const backend = await files({ "/d/x": "1", "/b.png": new Uint8Array([0x89, 0x50, 0, 0xff]) });
  const read = async (path: string) => await told(backend, "read_file", { path }) ?? "";
  const binary = await read("/b.png");
  assertStringIncludes(binary, "Error: ");
  assertStringIncludes(binary, "'/b.png'");
  assert(
    binary.endsWith(
      "It is a binary file: it can be moved or deleted, but not shown or edited as text.",
    ),
  );
  assert((await read("/d")).endsWith(". Use ls to see what is in it."));
  assert((await read("/none")).endsWith(". Use ls or glob to see what is there."));
  assert((await read("a.txt")).endsWith(". Paths are absolute, such as /project/src/app.py."));
});

Deno.test("write_file says whether the file is new", async () => {
  const backend = new StateBackend();
  const write = (content: string) =>
    runTool(writeFileTool, backend, { path: "//src/./app.py", content });
  assertEquals(await write("é\nb"), "Wrote /src/app.py (2 lines, 4 bytes), a new file");
  assertEquals(
    await write("a\n"),
    "Wrote /src/app.py (1 line, 2 bytes), in place of the file that was there",
  );
  assertEquals(
    await write(""),
    "Wrote /src/app.py (0 lines, 0 bytes), in place of the file that was there",
  );
  assertEquals((await backend.read("/src/app.py")).text, "");
});

Deno.test("write_file leaves a directory alone", async () => {
  const backend = await files({ "/d/x": "1" });
  const result = await told(backend, "write_file", { path: "/d", content: "x" }) ?? "";
  assertStringIncludes(result, "Error: ");
  assert(result.endsWith(". Use ls to see what is in it, and name a file."), result);
  assertEquals((await backend.read("/d/x")).text, "1");
});

Deno.test("edit_file says where it replaced, in the lines of the new file", async () => {
  const backend = await files({ "/a.txt": "one\ntwo\nthree two\nfour\ntwo\n" });
  const edit = (args: Record<string, unknown>) =>
    runTool(editFileTool, backend, { path: "/a.txt", ...args });
  assertEquals(
    await edit({ old_text: "four", new_text: "4" }),
    "Replaced 1 occurrence in /a.txt, at line 4",
  );
  assertEquals(
    await edit({ old_text: "two", new_text: "2\n2", replace_all: true }),
    "Replaced 3 occurrences in /a.txt, at lines 2, 4 and 7",
  );
  assertEquals((await backend.read("/a.txt")).text, "one\n2\n2\nthree 2\n2\n4\n2\n2\n");
});

Deno.test("edit_file keeps CRLF line endings and counts their lines", async () => {
  const backend = await files({ "/a.txt": "one\r\ntwo\r\nthree\r\n" });
  assertEquals(
    await runTool(editFileTool, backend, {
      path: "/a.txt",
      old_text: "two\nthree",
      new_text: "2\n3",
    }),
    "Replaced 1 occurrence in /a.txt, at line 2",
  );
  assertEquals((await backend.read("/a.txt")).text, "one\r\n2\r\n3\r\n");
});

Deno.test("edit_file names 20 lines at most", async () => {
  const backend = await files({ "/a.txt": "x\n".repeat(30) });
  const args = { path: "/a.txt", old_text: "x", new_text: "y", replace_all: true };
  const lines = Array.from({ length: 20 }, (_, n) => n + 1).join(", ");
  assertEquals(
    await runTool(editFileTool, backend, args),
    `Replaced 30 occurrences in /a.txt, at lines ${lines} and 10 more`,
  );
});

Deno.test("edit_file says what to do when the text is not there, or more than once", async () => {
  const backend = await files({ "/a.txt": "aa\naa\n" });
  const edit = async (old_text: string) =>
    await told(backend, "edit_file", { path: "/a.txt", old_text, new_text: "b" }) ?? "";
  assertEquals(
    await edit("c"),
    "Error: Cannot edit '/a.txt': the text to replace is not in it: read the file and copy the " +
      "text exactly. Take old_text from what read_file shows, with its indentation, without line " +
      "numbers.",
  );
  assertStringIncludes(await edit("aa"), "or set replace_all to replace every occurrence");
  assertStringIncludes(await edit(""), "Error: ");
  assertEquals((await backend.read("/a.txt")).text, "aa\naa\n");
});

Deno.test("delete_file deletes a file, and a full directory only when told to", async () => {
  const backend = await files({ "/d/x": "1", "/y": "2" });
  assertEquals(await runTool(deleteFileTool, backend, { path: "/d/../y" }), "Deleted /y");
  const refused = await told(backend, "delete_file", { path: "/d" }) ?? "";
  assert(refused.endsWith(". Set recursive to true to delete it with all that is in it."), refused);
  assertEquals(
    await runTool(deleteFileTool, backend, { path: "/d", recursive: true }),
    "Deleted /d",
  );
  assertEquals(await backend.ls("/"), []);
});

Deno.test("move_file moves, and replaces only when told to", async () => {
  const backend = await files({ "/a": "a", "/b": "b", "/d/x": "1" });
  const refused = await told(backend, "move_file", { from: "/a", to: "/b" }) ?? "";
  assert(refused.endsWith("or set overwrite to true to replace a file."), refused);
  const directory = await told(backend, "move_file", { from: "/a", to: "/d" }) ?? "";
  assertStringIncludes(directory, "'to'");
  assertEquals(
    await runTool(moveFileTool, backend, { from: "/a", to: "/new//b" }),
    "Moved /a to /new/b",
  );
  assertEquals(
    await runTool(moveFileTool, backend, { from: "/b", to: "/new/b", overwrite: true }),
    "Moved /b to /new/b",
  );
  assertEquals((await backend.read("/new/b")).text, "b");
});

Deno.test("glob lists absolute paths and counts them", async () => {
  const backend = await files({ "/src/a.py": "", "/src/x/b.py": "", "/c.md": "" });
  const glob = (pattern: string, path?: string) =>
    runTool(globTool, backend, path === undefined ? { pattern } : { pattern, path });
  assertEquals(await glob("**/*.py"), "/src/a.py\n/src/x/b.py\n(2 files)");
  assertEquals(await glob("*.py", "/src"), "/src/a.py\n(1 file)");
  assertEquals(await glob("*.rs", "/src"), "No file matches '*.rs' in /src");
});

Deno.test("glob says that there are more", async () => {
  const many = Array.from({ length: 1_001 }, (_, n) => [`/f${n}`, ""]);
  const result = await runTool(globTool, await files(Object.fromEntries(many)), { pattern: "*" });
  assertEquals(
    result.split("\n").at(-1),
    "(the first 1,000 files; there are more: narrow the pattern or the path)",
  );
  const long = Array.from({ length: 900 }, (_, n) => [`/${"d".repeat(200)}${n}`, ""]);
  const cut = await runTool(globTool, await files(Object.fromEntries(long)), { pattern: "*" });
  assert(bytes(cut) <= RESULT_BYTES);
  assertStringIncludes(cut, "there are more: narrow the pattern or the path)");
});

Deno.test("grep shows path, line and text, and what it looked at", async () => {
  const backend = await files({
    "/src/a.py": "import os\n\nimport sys\n",
    "/src/b.py": "IMPORT\n",
    "/c.bin": new Uint8Array([0, 1, 0xff]),
  });
  const grep = (args: Record<string, unknown>) => runTool(grepTool, backend, args);
  assertEquals(
    await grep({ query: "import" }),
    "/src/a.py:1: import os\n/src/a.py:3: import sys\n" +
      "(2 matches in 2 text files at /; skipped as binary: 1 file)",
  );
  assertEquals(
    await grep({ query: "^import$", regex: true, ignore_case: true, path: "/src", glob: "b.*" }),
    "/src/b.py:1: IMPORT\n(1 match in 1 text file at /src)",
  );
  assertEquals(
    await grep({ query: "export", path: "/src" }),
    "No line contains 'export' in 2 text files at /src",
  );
  assertEquals(
    await grep({ query: "e.port", path: "/src", regex: true }),
    "No line matches 'e.port' in 2 text files at /src",
  );
});

Deno.test("grep says that there are more", async () => {
  const backend = await files({
    "/a": "x\n".repeat(201),
    "/b": `${"y".repeat(450)}\n`.repeat(190),
  });
  const more = await runTool(grepTool, backend, { query: "x" });
  assertEquals(
    more.split("\n").at(-1),
    "(the first 200 matches; there are more: narrow query, path or glob)",
  );
  const cut = await runTool(grepTool, backend, { query: "y" });
  assert(bytes(cut) <= RESULT_BYTES);
  assertStringIncludes(cut, "there are more: narrow query, path or glob)");
});

Deno.test("glob and grep tell which mount could not be searched, beside the others' results", async () => {
  const broken = new StateBackend();
  const fail = () => Promise.reject(new BackendError("io", "/", "The disk is gone"));
  broken.glob = fail;
  broken.grep = fail;
  const backend = new CompositeBackend({
    default: await files({ "/a.txt": "text" }),
    routes: { "/broken/": broken },
  });
  const found = await runTool(globTool, backend, { pattern: "**" });
  assertStringIncludes(found, "/a.txt\n(1 file)\n(not searched: /broken: ");
  const matched = await runTool(grepTool, backend, { query: "text" });
  assertStringIncludes(matched, "/a.txt:1: text\n");
  assertStringIncludes(matched, "\n(not searched: /broken: ");
});

Deno.test("a read-only route refuses a write with advice", async () => {
  const backend = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/src/": { backend: await files({ "/a": "1" }), access: "read" } },
  });
  const result = await told(backend, "write_file", { path: "/src/a", content: "2" }) ?? "";
  assertStringIncludes(result, "'/src/a'");
  assertStringIncludes(
    result,
    "This run does not grant it, and trying again will not change that.",
  );
  assertEquals((await backend.read("/src/a")).text, "1");
});

Deno.test("the result of any tool is cut to 64 KiB of well-formed text", async () => {
  const big = (name: string, text: string) =>
    defineTool({ name, description: "Big.", parameters: z.object({}), execute: () => text });
  const long = await told(new StateBackend(), "big", {}, [big("big", "é".repeat(100_000))]) ?? "";
  assert(bytes(long) <= RESULT_BYTES && bytes(long) > RESULT_BYTES - 4);
  assert(long.endsWith("é\n(cut here: the result has 200,000 bytes)"));
  const whole = "x".repeat(RESULT_BYTES);
  assertEquals(await told(new StateBackend(), "big", {}, [big("big", whole)]), whole);
  assertEquals(await told(new StateBackend(), "big", {}, [big("big", "a\ud800b")]), "a\ufffdb");
  assertEquals(await told(new StateBackend(), "big", {}, [big("big", "")]), "(no output)");
});
