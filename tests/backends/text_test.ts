import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { countLineEndings } from "../../backends/_lines.ts";
import {
  applyEdit,
  decodeText,
  encodeContent,
  encodeText,
  sliceLines,
} from "../../backends/_text.ts";
import { BackendError, type BackendErrorCode } from "../../backends/errors.ts";
import { LIMITS } from "../../backends/limits.ts";
import type { ReadOptions } from "../../backends/protocol.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The file in pieces of a given size, each in one buffer that is used again. */
async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(size);
  for (let from = 0; from < bytes.length; from += size) {
    const piece = bytes.subarray(from, from + size);
    buffer.set(piece);
    yield await Promise.resolve(buffer.subarray(0, piece.length));
  }
}

async function failure(code: BackendErrorCode, run: () => unknown): Promise<string> {
  const error = await assertRejects(async () => await run(), BackendError);
  assertEquals([error.code, error.path], [code, "/a"]);
  return error.message;
}

Deno.test("countLineEndings() counts at every alignment and length", () => {
  const bytes = bytesOf("\n\n\na\r\n\u000b\n\u008a\n".repeat(5));
  bytes[7] = 0x8a;
  for (let from = 0; from < 20; from++) {
    for (let to = from; to < bytes.length; to++) {
      const part = bytes.subarray(from, to);
      assertEquals(countLineEndings(part), part.filter((byte) => byte === 10).length);
    }
  }
});

Deno.test("sliceLines() gives the same lines whatever the size of the pieces", async () => {
  const bytes = bytesOf("\ufeffone\r\ntwo\n\nthré🙂\nlast");
  const lines = ["\ufeffone\r\n", "two\n", "\n", "thré🙂\n", "last"];
  for (const size of [1, 2, 3, 5, 64]) {
    for (let offset = 0; offset <= 6; offset++) {
      for (const limit of [1, 2, 4, 5, 6, Infinity]) {
        const wanted = lines.slice(offset, offset + limit);
        assertEquals(await sliceLines("/a", pieces(bytes, size), { offset, limit }), {
          path: "/a",
          text: wanted.join(""),
          offset,
          lines: wanted.length,
          totalLines: 5,
          nextOffset: offset + limit < 5 ? offset + limit : null,
          size: bytes.length,
        });
      }
    }
  }
});

Deno.test("sliceLines() counts the lines of files with and without a final newline", async () => {
  const counts: [string, number][] = [["", 0], ["a", 1], ["a\n", 1], ["\n", 1], ["a\nb", 2], [
    "\n\n",
    2,
  ]];
  for (const [text, total] of counts) {
    const slice = await sliceLines("/a", pieces(bytesOf(text), 4));
    assertEquals([slice.text, slice.lines, slice.totalLines], [text, total, total]);
  }
});

Deno.test("sliceLines() reads lines far into a file across block borders", async () => {
  const bytes = bytesOf(Array.from({ length: 200_000 }, (_, n) => `${n}\n`).join(""));
  for (const size of [60_000, 65_536, bytes.length]) {
    const slice = await sliceLines("/a", pieces(bytes, size), { offset: 150_000, limit: 3 });
    assertEquals(slice.text, "150000\n150001\n150002\n");
    assertEquals([slice.totalLines, slice.nextOffset], [200_000, 150_003]);
  }
});

Deno.test("sliceLines() checks only the lines asked for", async () => {
  const bytes = new Uint8Array([97, 10, 0, 10, 0xe9, 10, 98, 10]);
  const read = (options: ReadOptions) => sliceLines("/a", pieces(bytes, 3), options);
  assertEquals((await read({ limit: 1 })).text, "a\n");
  assertEquals((await read({ offset: 3 })).text, "b\n");
  assertEquals(
    await failure("not_text", () => read({ offset: 1, limit: 1 })),
    "Cannot read '/a' as text: it has a NUL byte in it",
  );
  assertEquals(
    await failure("not_text", () => read({ offset: 2 })),
    "Cannot read '/a' as text: it is not UTF-8",
  );
  const cut = bytesOf("é").subarray(0, 1);
  await failure("not_text", () => sliceLines("/a", pieces(cut, 3)));
});

Deno.test("sliceLines() refuses lines over the limit and serves those below it", async () => {
  const bytes = new Uint8Array(LIMITS.textBytes + 2).fill(97);
  bytes[0] = 10;
  const slice = await sliceLines("/a", pieces(bytes, 1 << 20), { limit: 1 });
  assertEquals([slice.text, slice.totalLines], ["\n", 2]);
  assertEquals(
    await failure("too_large", () => sliceLines("/a", pieces(bytes, 1 << 20), { offset: 1 })),
    "Cannot read '/a' at once: the lines asked for are over 16777216 bytes: " +
      "use offset and limit to read fewer lines",
  );
});

Deno.test("sliceLines() refuses what is not a number of lines", async () => {
  const wrong: ReadOptions[] = [
    { offset: -1 },
    { offset: 0.5 },
    { offset: NaN },
    { offset: Infinity },
    { limit: 0 },
    { limit: -1 },
    { limit: 1.5 },
    { limit: NaN },
  ];
  for (const options of wrong) {
    await assertRejects(() => sliceLines("/a", pieces(bytesOf("a"), 1), options), RangeError);
  }
});

Deno.test("encodeContent() copies bytes and refuses half a surrogate pair", async () => {
  const bytes = new Uint8Array([1, 2]);
  const copy = encodeContent("/a", bytes);
  bytes[0] = 9;
  assertEquals(copy, new Uint8Array([1, 2]));
  assertEquals(encodeContent("/a", "é🙂"), bytesOf("é🙂"));
  await failure("not_text", () => encodeText("/a", "x\ud83d"));
  const large = new Uint8Array(LIMITS.contentBytes + 1);
  await failure("too_large", () => encodeContent("/a", large));
  await failure("too_large", () => encodeContent("/a", "é".repeat(LIMITS.contentBytes / 2 + 1)));
});

Deno.test("decodeText() keeps a byte order mark and refuses what is not text", async () => {
  assertEquals(decodeText("/a", bytesOf("\ufeffa\r\n")), "\ufeffa\r\n");
  await failure("not_text", () => decodeText("/a", new Uint8Array([97, 0])));
  await failure("not_text", () => decodeText("/a", new Uint8Array([0xe9, 97])));
  await failure("too_large", () => decodeText("/a", new Uint8Array(LIMITS.textBytes + 1)));
});

Deno.test("applyEdit() replaces one exact match and keeps all else", () => {
  const cases: [string, string, string, string][] = [
    ["a = 1\nb = 2", "b = 2", "b = 3", "a = 1\nb = 3"],
    ["cost: 5", "5", "$&$1$$", "cost: $&$1$$"],
    ["a\r\nb\r\n", "a\nb", "c\nd", "c\r\nd\r\n"],
    ["a\r\nb\r\n", "b", "b\nc", "a\r\nb\r\nc\r\n"],
    ["a\r\nb\nc\n", "b\nc", "x\ny", "a\r\nx\ny\n"],
    ["a\r\nb\nc\n", "a\nb", "x\ny", "x\r\ny\nc\n"],
    ["\ufeffa\n", "a", "b", "\ufeffb\n"],
    ["a\nb", "a\n", "", "b"],
    ["same", "same", "same", "same"],
  ];
  for (const [text, oldText, newText, result] of cases) {
    assertEquals(applyEdit("/a", text, { oldText, newText }), { text: result, replacements: 1 });
  }
});

Deno.test("applyEdit() replaces all, left to right and literally", () => {
  assertEquals(applyEdit("/a", "aaa", { oldText: "aa", newText: "$&", replaceAll: true }), {
    text: "$&a",
    replacements: 1,
  });
  assertEquals(applyEdit("/a", "x.x\r\nx", { oldText: "x", newText: "y\n", replaceAll: true }), {
    text: "y\r\n.y\r\n\r\ny\r\n",
    replacements: 3,
  });
});

Deno.test("applyEdit() says why an edit cannot be made", async () => {
  const edit = (text: string, oldText: string) => () =>
    applyEdit("/a", text, { oldText, newText: "z" });
  assertEquals(
    await failure("ambiguous_edit", edit("abc", "")),
    "Cannot edit '/a': the text to replace is empty: name the text, or write the whole file",
  );
  assertEquals(
    await failure("ambiguous_edit", edit("x\ny\nx\n", "x")),
    "Cannot edit '/a': the text to replace is there 2 times, at line 1, 3: " +
      "add text around it, or replace all",
  );
  assertEquals(
    await failure("ambiguous_edit", edit("aaa", "aa")),
    "Cannot edit '/a': the text to replace is there 2 times, at line 1: " +
      "add text around it, or replace all",
  );
  assertEquals(
    await failure("ambiguous_edit", edit("x\n".repeat(9), "x")),
    "Cannot edit '/a': the text to replace is there 9 times, at line 1, 2, 3, 4, 5, …: " +
      "add text around it, or replace all",
  );
  assertEquals(
    await failure("no_match", edit("abc", "x")),
    "Cannot edit '/a': the text to replace is not in it: read the file and copy the text exactly",
  );
  assertEquals(
    await failure("no_match", edit("a\n  if x:\n\ty()\n", "if x:\n    y()")),
    "Cannot edit '/a': the text to replace is not in it: " +
      "line 2 differs only in white space: read it and copy the text exactly",
  );
});

Deno.test("applyEdit() refuses a result over the limit before it makes it", () => {
  const text = "a".repeat(LIMITS.textBytes);
  const error = assertThrows(
    () => applyEdit("/a", text, { oldText: "a", newText: "b".repeat(1_000), replaceAll: true }),
    BackendError,
  );
  assertEquals(error.code, "too_large");
});
