/**
 * The contract on `edit`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LIMITS } from "../../backends/limits.ts";
import type { TextEdit } from "../../backends/protocol.ts";
import { bytesOf, type ContractCase, contractCase, shape } from "./_tree.ts";

/** An edit that works: the text before, the edit, the text after, and how often it was made. */
interface EditCase {
  readonly what: string;
  readonly before: string;
  readonly edit: TextEdit;
  readonly after: string;
  readonly replacements?: number;
}

const EDITS: readonly EditCase[] = [
  {
    what: "replaces the one match",
    before: "a = 1\nb = 1\n",
    edit: { oldText: "b = 1", newText: "b = 2" },
    after: "a = 1\nb = 2\n",
  },
  {
    what: "removes text",
    before: "one\ntwo\n",
    edit: { oldText: "one\n", newText: "" },
    after: "two\n",
  },
  {
    what: "replaces a whole file",
    before: "all",
    edit: { oldText: "all", newText: "" },
    after: "",
  },
  {
    what: "keeps a missing final newline",
    before: "a\nb",
    edit: { oldText: "b", newText: "c" },
    after: "a\nc",
  },
  {
    what: "takes '$' in the new text literally",
    before: "price",
    edit: { oldText: "price", newText: "$& $1 $$ $` $' ${x}" },
    after: "$& $1 $$ $` $' ${x}",
  },
  {
    what: "takes the characters of expressions in the old text literally",
    before: "abc a.c (a+)+$ [x]",
    edit: { oldText: "a.c (a+)+$ [x]", newText: "y" },
    after: "abc y",
  },
  {
    what: "keeps CRLF where the edit has it",
    before: "a\r\nb\r\n",
    edit: { oldText: "a\r\nb", newText: "c\r\nd" },
    after: "c\r\nd\r\n",
  },
  {
    what: "finds CRLF with LF and puts CRLF",
    before: "a\r\nb\r\nc",
    edit: { oldText: "a\nb\n", newText: "x\ny\nz\n" },
    after: "x\r\ny\r\nz\r\nc",
  },
  {
    what: "puts CRLF into a file of CRLF when the old text is part of a line",
    before: "a\r\nb\r\n",
    edit: { oldText: "b", newText: "b\nc" },
    after: "a\r\nb\r\nc\r\n",
  },
  {
    what: "prefers the exact match in a file of mixed line endings",
    before: "a\r\nb\r\na\nb\n",
    edit: { oldText: "a\nb\n", newText: "x\ny\n" },
    after: "a\r\nb\r\nx\ny\n",
  },
  {
    what: "keeps a byte order mark",
    before: "\ufeffa\n",
    edit: { oldText: "a", newText: "b" },
    after: "\ufeffb\n",
  },
  {
    what: "keeps line separators and lone carriage returns",
    before: "a\rb\u2028c\u0085d",
    edit: { oldText: "d", newText: "e" },
    after: "a\rb\u2028c\u0085e",
  },
  {
    what: "finds text of any script",
    before: "grüße 🙂 你好",
    edit: { oldText: "🙂 你", newText: "🙃 您" },
    after: "grüße 🙃 您好",
  },
  {
    what: "takes the same text twice for a change of nothing",
    before: "same",
    edit: { oldText: "same", newText: "same" },
    after: "same",
  },
  {
    what: "replaces every match if told to",
    before: "x.x\nx",
    edit: { oldText: "x", newText: "xx", replaceAll: true },
    after: "xx.xx\nxx",
    replacements: 3,
  },
  {
    what: "replaces matches that do not overlap, from left to right",
    before: "aaaaa",
    edit: { oldText: "aa", newText: "b", replaceAll: true },
    after: "bba",
    replacements: 2,
  },
  {
    what: "takes replaceAll for one match too",
    before: "a",
    edit: { oldText: "a", newText: "$&", replaceAll: true },
    after: "$&",
  },
];

/** Edits that fail, by what is the matter. */
const REFUSED: readonly [string, "no_match" | "ambiguous_edit", string, TextEdit][] = [
  ["an empty old text", "ambiguous_edit", "abc", { oldText: "", newText: "x" }],
  ["an empty old text, all of it", "ambiguous_edit", "abc", {
    oldText: "",
    newText: "x",
    replaceAll: true,
  }],
  ["an empty old text in an empty file", "ambiguous_edit", "", { oldText: "", newText: "x" }],
  ["two matches", "ambiguous_edit", "x\ny\nx\n", { oldText: "x", newText: "z" }],
  ["two matches that overlap", "ambiguous_edit", "aaa", { oldText: "aa", newText: "z" }],
  ["two matches of CRLF", "ambiguous_edit", "a\r\na\r\n", { oldText: "a\n", newText: "z" }],
  ["no match", "no_match", "abc", { oldText: "abd", newText: "x" }],
  ["no match at all", "no_match", "abc", { oldText: "d", newText: "x", replaceAll: true }],
  ["another case", "no_match", "abc", { oldText: "ABC", newText: "x" }],
  ["other white space", "no_match", "\tabc d\n", { oldText: "    abc  d", newText: "x" }],
  ["another Unicode form", "no_match", "caf\u00e9", { oldText: "cafe\u0301", newText: "x" }],
  ["CRLF in a file of LF", "no_match", "a\nb\n", { oldText: "a\r\nb", newText: "x" }],
];

/** The contract on `edit`. */
export const EDIT_CASES: readonly ContractCase[] = [
  ...EDITS.map(({ what, before, edit, after, replacements = 1 }) =>
    contractCase(`edit() ${what}`, async (tree) => {
      await tree.fill({ "/a/b.txt": before });
      const result = await tree.backend.edit(tree.at("/a/b.txt"), edit);
      assertEquals(shape(result.file), tree.file("/a/b.txt", bytesOf(after).length));
      assertEquals(result.replacements, replacements);
      assertEquals(await tree.backend.stat(tree.at("/a/b.txt")), result.file);
      assertEquals(await tree.text("/a/b.txt"), after);
      assertEquals(await tree.paths(), ["/a", "/a/b.txt"]);
    })
  ),
  ...REFUSED.map(([what, code, before, edit]) =>
    contractCase(`edit() refuses ${what}`, async (tree) => {
      await tree.fill({ "/a": before });
      await tree.fails(code, "/a", (backend) => backend.edit(tree.at("/a"), edit));
    })
  ),
  contractCase("edit() refuses a directory", async (tree) => {
    await tree.fill({ "/a/b": "x" });
    const edit = { oldText: "x", newText: "y" };
    await tree.fails("is_directory", "/a", (backend) => backend.edit(tree.at("/a"), edit));
  }),
  contractCase("edit() refuses bytes that are not text", async (tree) => {
    await tree.fill({ "/latin1": new Uint8Array([120, 0xe9]), "/nul": bytesOf("x\0") });
    const edit = { oldText: "x", newText: "y" };
    for (const path of ["/latin1", "/nul"]) {
      await tree.fails("not_text", path, (backend) => backend.edit(tree.at(path), edit));
    }
  }),
  contractCase("edit() refuses to put half a surrogate pair", async (tree) => {
    await tree.fill({ "/a": "x" });
    const edit = { oldText: "x", newText: "\ud83d" };
    await tree.fails("not_text", "/a", (backend) => backend.edit(tree.at("/a"), edit));
  }),
  contractCase("edit() refuses a file over the limit", async (tree) => {
    await tree.fill({ "/a": `${"x".repeat(LIMITS.textBytes)}y` });
    const edit = { oldText: "y", newText: "z" };
    await tree.fails("too_large", "/a", (backend) => backend.edit(tree.at("/a"), edit));
  }),
  contractCase("edit() refuses to make a file over the limit", async (tree) => {
    await tree.fill({ "/a": "x".repeat(100_000) });
    const edit = { oldText: "x", newText: "y".repeat(10_000), replaceAll: true };
    await tree.fails("too_large", "/a", (backend) => backend.edit(tree.at("/a"), edit));
  }),
];
