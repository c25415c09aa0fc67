import { assertEquals, assertThrows } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { Demultiplexer, findMark, MarkedStream } from "../../backends/docker/_demux.ts";
import { literalPattern, quote, quoteName } from "../../backends/docker/_quote.ts";
import {
  decodeName,
  ListingParser,
  parseListing,
  parseRecord,
} from "../../backends/docker/_records.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: readonly number[]) => new TextDecoder().decode(new Uint8Array(bytes));

/** A frame of an engine. */
function frame(stream: number, text: string): Uint8Array {
  const bytes = encode(text);
  const all = new Uint8Array(8 + bytes.length);
  all[0] = stream;
  new DataView(all.buffer).setUint32(4, bytes.length);
  all.set(bytes, 8);
  return all;
}

/** All ways of cutting bytes in two, and one by one. */
function* cuts(bytes: Uint8Array): Generator<readonly Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield [...bytes].map((byte) => new Uint8Array([byte]));
}

Deno.test("Demultiplexer takes frames apart however they are cut", () => {
  const frames = [frame(1, "out"), frame(2, "err"), frame(1, ""), frame(1, "x".repeat(300))];
  const bytes = new Uint8Array(frames.flatMap((frame) => [...frame]));
  for (const pieces of cuts(bytes)) {
    const [out, err]: [number[], number[]] = [[], []];
    const demultiplexer = new Demultiplexer(
      (some) => out.push(...some),
      (some) => err.push(...some),
    );
    for (const piece of pieces) demultiplexer.push(piece);
    assertEquals([decode(out), decode(err)], ["out" + "x".repeat(300), "err"]);
  }
});

/** What a stream says of pieces: what was passed on, and what stood after the mark. */
function read(mark: string, pieces: readonly Uint8Array[]) {
  const passed: number[] = [];
  const ends: string[] = [];
  const stream = new MarkedStream(mark, (bytes) => passed.push(...bytes), (end) => ends.push(end));
  for (const piece of pieces) stream.push(piece);
  const before = decode(passed);
  stream.flush();
  return { before, text: decode(passed), ends };
}

Deno.test("MarkedStream finds its mark however it is cut", () => {
  const mark = "\nabcdef ";
  for (
    const text of ["", "text", "text\n", "\n\n", "\nabcde\nabcdef", "\nabcdef".repeat(5), "\nab"]
  ) {
    for (const pieces of cuts(encode(`${text}${mark}137\nafter`))) {
      assertEquals(read(mark, pieces), { before: text, text, ends: ["137"] }, text);
    }
  }
});

Deno.test("MarkedStream passes on what is no mark, at the latest at the end", () => {
  const mark = "\nabcdef ";
  for (
    const text of [
      "\nabcdef",
      "\nabcdef 1",
      "\nabcdex 0\n",
      "",
      "a\n",
      "\nabcdef 0123456789abcdefg\n",
    ]
  ) {
    for (const pieces of cuts(encode(text))) {
      const { text: passed, ends } = read(mark, pieces);
      assertEquals([passed, ends], [text, []], text);
    }
  }
});

Deno.test("MarkedStream holds back nothing that cannot be its mark", () => {
  assertEquals(read("\nabc ", [encode("told")]).before, "told");
  assertEquals(read("\nabc ", [encode("told\n")]).before, "told");
  assertEquals(read("\nabc ", [encode("told\nnext")]).before, "told\nnext");
  // Whoever knows the mark cannot have the rest of a flood kept.
  assertEquals(read("\nabc ", [encode(`\nabc ${"x".repeat(1_000)}`)]).before.length, 1_005);
});

Deno.test("findMark() finds the first one", () => {
  assertEquals(findMark(encode("aab"), "ab"), 1);
  assertEquals(findMark(encode("aabab"), "ab", 2), 3);
  assertEquals(findMark(encode("aaa"), "ab"), -1);
  assertEquals(findMark(encode(""), "ab"), -1);
});

Deno.test("quote() makes one word of anything, in a real shell", async () => {
  const texts = [
    ..."a b|'|''|\\|\"|$x|`id`|*|~|#|-n|a\nb|\n|é😀|!x|{a,b}|a=b|;|&|(|)|<|>|\t".split("|"),
    "",
    "|",
    "it's 'quoted'",
  ];
  for (const text of texts) {
    const script = `printf '[%s]' ${quote(text)}`;
    const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
    assertEquals(new TextDecoder().decode(stdout), `[${text}]`);
  }
});

Deno.test("quoteName() makes one word of any bytes, in a real shell", async () => {
  for (const bytes of [[97], [39, 233, 10], [233], [10, 128, 92, 255, 36], [195, 164, 39]]) {
    const script = `printf '%s.' ${quoteName(decodeName(Uint8Array.from(bytes)))}`;
    const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
    assertEquals([...stdout], [...bytes, 46]);
  }
});

Deno.test("literalPattern() makes a pattern of find that matches nothing else", async () => {
  const directory = await Deno.makeTempDir();
  const names = ["a*b", "axb", "[ab]", "a", "q?", "qq", "back\\slash", "backslash", "\\*", "plain"];
  for (const name of names) await Deno.writeTextFile(`${directory}/${name}`, "");
  for (const name of names) {
    const path = `${directory}/${name}`;
    const args = [directory, "-path", literalPattern(path)];
    const { stdout } = await new Deno.Command("find", { args }).output();
    assertEquals(new TextDecoder().decode(stdout), `${path}\n`);
  }
  await Deno.remove(directory, { recursive: true });
});

/** What `stat` of GNU and of busybox print of one file. */
const RECORDS = {
  GNU:
    "81a4 5 1234 1795977247 2026-11-29 18:34:07.598691250 +0000 2026-11-29 18:34:08.000000001 +0000",
  busybox:
    "81a4 5 1234 1795977247 2026-11-29 18:34:07.598691250 +0000 2026-11-29 18:34:08.000000001 +0000",
  "an old busybox": "81a4 5 1234 1795977247 2026-11-29 18:34:07 +0000 2026-11-29 18:34:08 +0000",
};

Deno.test("parseRecord() reads what stat prints", () => {
  for (const [who, words] of Object.entries(RECORDS)) {
    const entry = parseRecord("/a", words);
    const { kind, info, seconds } = entry ?? {};
    assertEquals([kind, info?.size, info?.type, seconds], ["file", 5, "file", 1795977247], who);
    assertEquals(Math.floor((info?.modified ?? 0) / 1_000), 1795977247, who);
    assertEquals(parseRecord("/a", `${words}\n`), entry, who);
  }
  const kinds = {
    "41ed": "directory",
    a1ff: "link",
    "11a4": "other",
    "21b6": "other",
    c1ed: "other",
  };
  for (const [mode, kind] of Object.entries(kinds)) {
    const entry = parseRecord("/a", RECORDS.GNU.replace("81a4", mode));
    assertEquals([entry?.kind, entry?.info.size, entry?.info.version], [kind, 0, ""]);
  }
  for (const words of ["", "81a4", "no record at all", `${RECORDS.GNU} more`, `zz${RECORDS.GNU}`]) {
    assertEquals(parseRecord("/a", words), undefined, words);
  }
});

Deno.test("parseListing() takes names of any shape", () => {
  const token = "0123456789abcdef";
  const names = [
    "/a",
    "/a b",
    "/line\nbreak",
    "/ends\n",
    "/\n",
    `/${token}`,
    `/${token} 81a4 5`,
    `/ff ${token} x`,
    `/é😀`,
    "/last\n\n",
  ];
  const text = names.map((name) => `${token} ${RECORDS.GNU} ${name}\n`).join("");
  const { entries, complaints } = parseListing(encode(text), token);
  assertEquals(entries.map(({ path }) => path), names);
  assertEquals(complaints, []);
  for (const { path, words } of entries) assertEquals(parseRecord(path, words)?.info.size, 5);
});

Deno.test("parseListing() leaves out names that are no text, and hears complaints", () => {
  const token = "0123456789abcdef";
  const record = (name: string) => [...encode(`${token} ${RECORDS.GNU} /${name}`)];
  const bytes = new Uint8Array([
    ...record("a"),
    10,
    ...record("b"),
    0xff,
    0xfe,
    10,
    ...record("c"),
    10,
    ...encode(`${token} ! find: '/d': Permission denied\n${token} ! find: '/e': other\n`),
  ]);
  const { entries, complaints } = parseListing(bytes, token);
  assertEquals(entries.map(({ path }) => path), ["/a", "/c"]);
  assertEquals(complaints, ["find: '/d': Permission denied", "find: '/e': other"]);
});

Deno.test("ListingParser takes a listing apart however it is cut", () => {
  const token = "0123456789abcdef";
  const lines = [
    `@ /real\nname`,
    `${RECORDS.GNU} /a\n\nb`,
    "! find: no",
    `${RECORDS.GNU} /${token}`,
  ];
  const bytes = encode(`noise\n${lines.map((line) => `${token} ${line}\n`).join("")}`);
  const expected = ["@ /real\nname", "/a\n\nb", "! find: no", `/${token}`];
  for (let size = 1; size <= bytes.length; size++) {
    const told: string[] = [];
    const parser = new ListingParser(token, {
      onDirectory: (path) => told.push(`@ ${path}`),
      onEntry: ({ path }) => told.push(path),
      onComplaint: (complaint) => told.push(`! ${complaint}`),
    });
    for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
    parser.finish();
    assertEquals(told, expected, `${size}`);
  }
});

Deno.test("ListingParser keeps nothing of what is no listing", () => {
  const parser = new ListingParser("0123456789abcdef", { onEntry: () => {} });
  const noise = new Uint8Array(32 * 1024).fill(65);
  const error = assertThrows(() => {
    for (let piece = 0; piece < 10; piece++) parser.push(noise);
  }, BackendError);
  assertEquals(error.code, "io");
});
