import { assert, assertEquals, assertRejects } from "@std/assert";
import { compileQuery } from "../../backends/_grep.ts";
import { type GrepFile, grepFiles } from "../../backends/_grep_files.ts";
import { showLine } from "../../backends/_grep_line.ts";
import type { FileSearch } from "../../backends/_grep_scan.ts";
import { BackendError } from "../../backends/errors.ts";
import { LIMITS } from "../../backends/limits.ts";
import type { GrepOptions } from "../../backends/protocol.ts";
import fc from "../support/fast_check.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const noCheck = () => {};

/** Searches a file that comes in pieces of a given size, in one buffer that is used again. */
async function search(
  file: string | Uint8Array,
  query: string,
  options: GrepOptions & { size?: number } = {},
): Promise<FileSearch> {
  const bytes = typeof file === "string" ? bytesOf(file) : file;
  const size = options.size ?? Math.max(1, bytes.length);
  const scan = (await compileQuery(query, options)).scan(options.limit ?? Infinity, noCheck);
  const buffer = new Uint8Array(size);
  for (let from = 0; from < bytes.length; from += size) {
    const piece = bytes.subarray(from, from + size);
    buffer.set(piece);
    if (!scan.push(buffer.subarray(0, piece.length))) break;
  }
  return scan.finish();
}

/** The same search, written as plainly as can be. */
function searchPlainly(file: string, test: (line: string) => [number, number] | null): FileSearch {
  const text = file.replace(/^\ufeff/, "");
  if (text.slice(0, 8_000).includes("\0")) return { isText: false, matches: [], cutLine: null };
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const matches = lines.flatMap((raw, index) => {
    const ended = index < lines.length - 1 || text.endsWith("\n");
    const crlf = ended && raw.endsWith("\r");
    const line = crlf ? raw.slice(0, -1) : raw;
    const place = test(line);
    if (place === null) return [];
    const shown = showLine(line, ...place);
    return [{ line: index + 1, ...shown, ...(crlf && !shown.cut ? { crlf } : {}) }];
  });
  return { isText: true, matches, cutLine: null };
}

function literal(query: string): (line: string) => [number, number] | null {
  return (line) => {
    const start = line.indexOf(query);
    return start === -1 ? null : [start, start + query.length];
  };
}

Deno.test("compileQuery() finds lines by bytes, text and expression alike", async () => {
  const file = "\ufeffÄpfel\r\nbirne äpfel\n\nÄPFEL .*\r\nend äpfel";
  const lines = async (query: string, options?: GrepOptions) =>
    (await search(file, query, options)).matches.map(({ line, text }) => `${line}:${text}`);
  assertEquals(await lines("äpfel"), ["2:birne äpfel", "5:end äpfel"]);
  assertEquals(await lines("äpfel", { ignoreCase: true }), [
    "1:Äpfel",
    "2:birne äpfel",
    "4:ÄPFEL .*",
    "5:end äpfel",
  ]);
  assertEquals(await lines("PFEL", { ignoreCase: true }), [
    "1:Äpfel",
    "2:birne äpfel",
    "4:ÄPFEL .*",
    "5:end äpfel",
  ]);
  assertEquals(await lines(".*"), ["4:ÄPFEL .*"]);
  assertEquals(await lines("^Ä", { regex: true }), ["1:Äpfel", "4:ÄPFEL .*"]);
  assertEquals(await lines("l$", { regex: true }), ["1:Äpfel", "2:birne äpfel", "5:end äpfel"]);
  assertEquals(await lines("^ä", { regex: true, ignoreCase: true }), ["1:Äpfel", "4:ÄPFEL .*"]);
  assertEquals(await lines("^$", { regex: true }), ["3:"]);
  assertEquals(await lines("l\r"), []);
  assertEquals(await lines("\ufeff"), []);
});

Deno.test("compileQuery() says what it cannot search for", async () => {
  const cases: [string, boolean, string][] = [
    ["", false, "The query '' cannot be searched for: it is empty"],
    [
      "a\nb",
      false,
      "The query 'a\\nb' cannot be searched for: " +
      "it has a line ending, and lines are searched one by one",
    ],
    [
      "a(b",
      true,
      "The query 'a(b' cannot be searched for: " +
      "it is not a regular expression of RE2: missing closing ): 'a(b'",
    ],
    [
      "(?=a)",
      true,
      "The query '(?=a)' cannot be searched for: it is not a regular expression of RE2: " +
      "invalid or unsupported Perl syntax: '(?='",
    ],
  ];
  for (const [query, regex, message] of cases) {
    const error = await assertRejects(
      () => compileQuery(query, { path: "/p", regex }),
      BackendError,
    );
    assertEquals([error.code, error.path, error.message], ["invalid_pattern", "/p", message]);
  }
  for (const query of ["x".repeat(LIMITS.queryCharacters + 1), "a\ud83d", "(".repeat(4_000)]) {
    const error = await assertRejects(() => compileQuery(query, { regex: true }), BackendError);
    assertEquals(error.code, "invalid_pattern");
  }
});

Deno.test("FileScan passes over a file with a NUL in its first 8,000 bytes", async () => {
  const early = new Uint8Array(9_000).fill(97);
  early[7_999] = 0;
  const late = new Uint8Array(9_000).fill(97);
  late[8_000] = 0;
  for (const size of [1_000, 9_000]) {
    assertEquals(await search(early, "a", { size }), { isText: false, matches: [], cutLine: null });
    assertEquals((await search(late, "a", { size })).matches.length, 1);
  }
  const latin1 = new Uint8Array([97, 0xe9, 98, 10, 0xff]);
  assertEquals((await search(latin1, "b")).matches, [{ line: 1, text: "a\ufffdb", cut: false }]);
});

Deno.test("FileScan shows the part of a long line around the match, in pieces of any size", async () => {
  const filler = "é🙂x".repeat(200_000);
  for (const before of [0, 1, 80, 120, 700, 1_000, 70_000, 800_000]) {
    for (const after of ["", "y", filler.slice(0, 402), filler]) {
      const line = `${filler.slice(0, before).toWellFormed()}needle${after.toWellFormed()}`;
      const file = `first\n${line}\r\nlast needle`;
      const wanted = searchPlainly(file, literal("needle"));
      for (const size of [10_007, 65_536, 10_000_000]) {
        assertEquals(await search(file, "needle", { size }), wanted);
        assertEquals(await search(file, "NEEDLE", { size, ignoreCase: true }), wanted);
      }
    }
  }
});

Deno.test("FileScan finds a needle across the borders of a window", async () => {
  const needle = "n".repeat(4_000) + "d";
  const line = `${"x".repeat(200_000)}${needle}${"y".repeat(100_000)}`;
  const wanted = searchPlainly(line, literal(needle));
  for (const size of [1_000, 65_536, 70_001]) {
    assertEquals(await search(line, needle, { size }), wanted);
  }
});

Deno.test("FileScan matches an expression against the beginning of a line too long for it", async () => {
  const long = "x".repeat(LIMITS.grepLineBytes);
  const file = `a\n${long}\r\nneedle\n${long}needle\nlast needle`;
  for (const size of [50_000, 65_536, 5_000_000]) {
    const found = await search(file, "needle|xx", { regex: true, size });
    assertEquals(found.matches.map((match) => match.line), [2, 3, 4, 5]);
    assertEquals(found.cutLine, 4);
  }
  for (const far of ["", "x".repeat(200_000)]) {
    const ends = await search(`a\n${long}${far}needle`, "needle", { regex: true, size: 65_537 });
    assertEquals(ends, { isText: true, matches: [], cutLine: 2 });
  }
  assertEquals((await search(`${long}needle`, "needle")).matches.length, 1);
});

Deno.test("FileScan locates an expression in a long line", async () => {
  for (const before of [100, 3_000, 30_000, 900_000]) {
    const line = `${"x".repeat(before)}needle${"y".repeat(5_000)}`;
    const wanted = searchPlainly(line, literal("needle"));
    assertEquals(await search(line, "n[e]+dle", { regex: true }), wanted);
    assertEquals(await search(line, "NEEDLE", { regex: true, ignoreCase: true }), wanted);
  }
});

Deno.test("FileScan ends a regular expression that would take forever elsewhere", async () => {
  const line = `${"a".repeat(500_000)}!`;
  for (const query of ["(a+)+$", "(a|aa)+$", "(.*)*b", "(a?){50}b"]) {
    assertEquals((await search(line, query, { regex: true })).matches, []);
  }
});

Deno.test("FileScan finds what a plain search finds, whatever the pieces", async () => {
  const unit = fc.constantFrom("a", "b", "A", "\n", "\r\n", "\r", "é", "É", "🙂", ".");
  const query = fc.string({
    unit: fc.constantFrom("a", "b", "A", "é", "🙂", ".", "\r"),
    minLength: 1,
  })
    .filter((text) => text.length < 4);
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit, maxLength: 60 }),
      query,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 3 }),
      async (body, text, size, pad) => {
        // Padding moves the text across the places where a scan changes its ways.
        const file = "a\n".repeat([0, 3_995, 4_000, 32_760][pad] ?? 0) + body;
        const wanted = searchPlainly(file, literal(text));
        assertEquals(await search(file, text, { size: size * 1_000 }), wanted);
        const escaped = RegExp.escape(text);
        const insensitive = new RegExp(escaped, "i");
        const folded = searchPlainly(file, (line) => insensitive.test(line) ? [0, 0] : null);
        assertEquals(await search(file, text, { ignoreCase: true, size: size * 999 }), folded);
        const quoted = text.replace(/[.]/g, "\\.");
        assertEquals(await search(file, quoted, { regex: true, size: size * 998 }), wanted);
      },
    ),
    { seed: 20_240_603, numRuns: 150 },
  );
});

function filesOf(contents: Record<string, string | Uint8Array | BackendError>): GrepFile[] {
  return Object.entries(contents).map(([path, content]) => ({
    path,
    open: () => {
      if (content instanceof BackendError) throw content;
      return typeof content === "string" ? bytesOf(content) : content;
    },
  }));
}

Deno.test("grepFiles() stops at the limit and says so only if there is more", async () => {
  const searcher = await compileQuery("x");
  const files = filesOf({ "/a": "x\nx\n", "/b": new Uint8Array([0]), "/c": "-\nx", "/d": "-" });
  const match = (path: string, line: number) => ({ path, line, text: "x", cut: false });
  const all = [match("/a", 1), match("/a", 2), match("/c", 2)];
  assertEquals(await grepFiles(files, searcher, { path: "/", limit: 3 }), {
    matches: all,
    truncated: false,
    filesSearched: 3,
    filesSkipped: 1,
    failures: [],
  });
  const cut = await grepFiles(files, searcher, { path: "/", limit: 2 });
  assertEquals([cut.matches, cut.truncated], [all.slice(0, 2), true]);
  const one = await grepFiles(files, searcher, { path: "/", limit: 1 });
  assertEquals([one.matches, one.truncated, one.filesSearched], [all.slice(0, 1), true, 1]);
  for (const limit of [0, -1, 1.5, NaN]) {
    await assertRejects(() => grepFiles(files, searcher, { path: "/", limit }), RangeError);
  }
});

Deno.test("grepFiles() reports what it could not search beside the rest", async () => {
  const failed = new BackendError("io", "/b", "Cannot read '/b': the disk is gone");
  const long = "x".repeat(LIMITS.grepLineBytes + 1);
  const files = filesOf({ "/a": `1\n${long}`, "/b": failed, "/c": "x" });
  const result = await grepFiles(files, await compileQuery("^x$", { regex: true }), { path: "/" });
  assertEquals(result, {
    matches: [{ path: "/c", line: 1, text: "x", cut: false }],
    truncated: false,
    filesSearched: 2,
    filesSkipped: 0,
    failures: [
      {
        path: "/a",
        message: "Line 2 is over 1048576 bytes: " +
          "a regular expression is matched against its beginning only",
      },
      { path: "/b", message: "Cannot read '/b': the disk is gone" },
    ],
  });
});

Deno.test("grepFiles() ends with timeout when its time is over", async () => {
  let time = 0;
  const files = filesOf({ "/a": "x", "/b": "x", "/c": "x" });
  const error = await assertRejects(
    async () =>
      await grepFiles(files, await compileQuery("x"), {
        path: "/p",
        now: () => time += LIMITS.grepMilliseconds / 4,
      }),
    BackendError,
  );
  assertEquals([error.code, error.path, error.message], [
    "timeout",
    "/p",
    "The search of '/p' took over 10 seconds: " +
    "name a deeper path or a glob, or look for a simpler text",
  ]);
});

Deno.test("grepFiles() lets a signal end it between and within files", async () => {
  const searcher = await compileQuery("x");
  const controller = new AbortController();
  let opened = 0;
  const files: GrepFile[] = ["/a", "/b", "/c"].map((path) => ({
    path,
    open: () => {
      if (++opened === 2) controller.abort();
      return bytesOf("x");
    },
  }));
  const error = await assertRejects(
    () => grepFiles(files, searcher, { path: "/", signal: controller.signal }),
    BackendError,
  );
  assertEquals([error.code, opened], ["aborted", 2]);
});

Deno.test("grepFiles() closes a stream that it does not read to its end", async () => {
  let closed = false;
  async function* stream() {
    try {
      for (let n = 0; n < 1_000; n++) yield await Promise.resolve(bytesOf("x\n".repeat(5_000)));
    } finally {
      closed = true;
    }
  }
  const result = await grepFiles([{ path: "/a", open: stream }], await compileQuery("x"), {
    path: "/",
    limit: 2,
  });
  assertEquals([result.matches.length, result.truncated], [2, true]);
  assert(closed);
});
