import { assertEquals } from "@std/assert";
import { loaded } from "./_loaded.ts";

/** The billion laughs: each line stands for nine of the line before. */
const LAUGHS = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ...[..."bcdefghi"].map((name, index) =>
    `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(", ")}]`
  ),
].join("\n");

Deno.test("loadYaml() refuses tabs as indentation", async () => {
  const { printed } = await loaded("a:\n\tb: 1\n");
  assertEquals(
    printed,
    `\
error[tab-indent]: Tabs cannot indent YAML
 --> file.yaml:2:1
  |
2 |     b: 1
  | ^^^^
  = hint: Indent with spaces
`,
  );
});

Deno.test("loadYaml() names each duplicate key, nested ones too", async () => {
  const { printed } = await loaded("a: 1\nb: { c: 1, c: 2 }\na: 2\n");
  assertEquals(
    printed,
    `\
error[duplicate-key]: Key "c" is there twice
 --> file.yaml:2:12
  |
2 | b: { c: 1, c: 2 }
  |            ^
  = hint: Keep one of them: it is not clear which one counts

error[duplicate-key]: Key "a" is there twice
 --> file.yaml:3:1
  |
3 | a: 2
  | ^
  = hint: Keep one of them: it is not clear which one counts
`,
  );
});

Deno.test("loadYaml() refuses more than one document", async () => {
  const { printed } = await loaded("a: 1\n---\nb: 2\n");
  assertEquals(
    printed,
    `\
error[several-documents]: The file has more than one YAML document
 --> file.yaml:2:1
  |
2 | ---
  | ^^^
  = hint: Keep one document in a file, and take out the "---" between them
`,
  );
});

Deno.test("loadYaml() refuses tags", async () => {
  const { printed } = await loaded("a: !secret 1\nb: !!binary aGk=\nc: !!str 08\nd: !!set { a }\n");
  assertEquals(
    printed,
    `\
error[unknown-tag]: Unknown tag "!secret"
 --> file.yaml:1:4
  |
1 | a: !secret 1
  |    ^^^^^^^
  = hint: Tags are not used here: take it out, or quote the text if it begins with "!"

error[unknown-tag]: Unknown tag "!!binary"
 --> file.yaml:2:13
  |
2 | b: !!binary aGk=
  |             ^^^^
  = hint: Tags are not used here: take it out, or quote the text if it begins with "!"

error[unknown-tag]: Unknown tag "!!set"
 --> file.yaml:4:10
  |
4 | d: !!set { a }
  |          ^^^^^
  = hint: Tags are not used here: take it out, or quote the text if it begins with "!"
`,
  );
});

Deno.test("loadYaml() refuses an alias without an anchor before it", async () => {
  const { printed } = await loaded("a: *x\nb: &x 1\n");
  assertEquals(
    printed,
    `\
error[unknown-alias]: There is no anchor "&x" before this alias
 --> file.yaml:1:4
  |
1 | a: *x
  |    ^^
  = hint: Set the anchor before it, or quote the text if it begins with "*"
`,
  );
});

Deno.test("loadYaml() refuses an alias that contains itself", async () => {
  const { printed } = await loaded("a: &x [*x]\n");
  assertEquals(
    printed,
    `\
error[circular-alias]: Alias "*x" contains itself
 --> file.yaml:1:8
  |
1 | a: &x [*x]
  |        ^^
  = hint: Write out what is meant
`,
  );
});

Deno.test("loadYaml() refuses keys that are no text", async () => {
  const { printed } = await loaded("? [a]\n: 1\n");
  assertEquals(
    printed,
    `\
error[invalid-key]: A key must be a text
 --> file.yaml:1:3
  |
1 | ? [a]
  |   ^^^
  = hint: Put it in quotes
`,
  );
});

Deno.test("loadYaml() names one mistake a line, and not what follows from it", async () => {
  const { printed } = await loaded("a: b: c\nd: [1, 2\ne: }\nf: {]\n");
  assertEquals(
    printed,
    `\
error[invalid-yaml]: Nested mappings are not allowed in compact mappings
 --> file.yaml:1:4
  |
1 | a: b: c
  |    ^
  = hint: A text with ": " in it must be quoted, or written as a block after "|"

error[invalid-yaml]: A bracket that opens above is not closed before this
 --> file.yaml:3:1
  |
3 | e: }
  | ^
  = hint: Close it, or indent what is inside it
`,
  );
});

Deno.test("loadYaml() refuses texts that begin with a reserved character", async () => {
  const { printed } = await loaded("a: @home\nb: `x`\n");
  assertEquals(
    printed,
    `\
error[invalid-yaml]: Plain value cannot start with reserved character @
 --> file.yaml:1:4
  |
1 | a: @home
  |    ^
  = hint: Put the text in quotes: it begins with "@"

error[invalid-yaml]: Plain value cannot start with reserved character \`
 --> file.yaml:2:4
  |
2 | b: \`x\`
  |    ^
  = hint: Put the text in quotes: it begins with "\`"
`,
  );
});

Deno.test("loadYaml() refuses uneven indentation", async () => {
  const { printed } = await loaded("a:\n  b: 1\n c: 2\n");
  assertEquals(
    printed,
    `\
error[invalid-yaml]: All mapping items must start at the same column
 --> file.yaml:3:1
  |
3 |  c: 2
  | ^
  = hint: Indent the lines that belong together by the same number of spaces
`,
  );
});

Deno.test("loadYaml() refuses a quoted text that never ends", async () => {
  const { printed } = await loaded("a: 'b\nc: d\n");
  assertEquals(
    printed,
    `\
error[invalid-yaml]: A quoted text that begins above is never closed
 --> file.yaml:3:1
  |
3 |
  | ^
  = hint: Check the quotes and brackets before it, and the indentation
`,
  );
});

Deno.test("loadYaml() refuses an empty file", async () => {
  const { printed } = await loaded("");
  assertEquals(
    printed,
    `\
error[empty-file]: "file.yaml" is empty
 --> file.yaml:1:1
  |
1 |
  | ^
  = hint: Begin with "name: ..." and "steps:"
`,
  );
});

Deno.test("loadYaml() refuses a file of comments", async () => {
  const { printed } = await loaded("# nothing\n\n");
  assertEquals(
    printed,
    `\
error[empty-file]: "file.yaml" is empty
 --> file.yaml:1:1
  |
1 | # nothing
  | ^
  = hint: Begin with "name: ..." and "steps:"
`,
  );
});

Deno.test("loadYaml() refuses control characters", async () => {
  const { printed } = await loaded("a: 1\nb: x\u001b[31m\n");
  assertEquals(
    printed,
    `\
error[control-character]: "file.yaml" has a control character in it: U+001B
 --> file.yaml:2:5
  |
2 | b: x␛[31m
  |     ^
  = hint: Take it out, or write it as an escape in double quotes: "\\u001B"
`,
  );
});

Deno.test("loadYaml() names the byte and the place that is not UTF-8", async () => {
  const { printed } = await loaded(
    new Uint8Array([97, 58, 32, 0xef, 0xbf, 0xbd, 10, 98, 58, 32, 0xff, 10]),
  );
  assertEquals(
    printed,
    `\
error[invalid-utf8]: "file.yaml" is not UTF-8 text: byte 11 (0xFF) is not valid
 --> file.yaml:2:4
  |
2 | b: �
  |    ^
  = hint: Save the file as UTF-8 in your editor
`,
  );
});

Deno.test("loadYaml() recognises UTF-16", async () => {
  const { printed } = await loaded(new Uint8Array([0xff, 0xfe, 97, 0, 58, 0]));
  assertEquals(
    printed,
    `\
error[invalid-utf8]: "file.yaml" is not UTF-8 text: byte 1 (0xFF) is not valid
 --> file.yaml:1:1
  |
1 | ��a␀:␀
  | ^
  = hint: It looks like UTF-16: save the file as UTF-8
`,
  );
});

Deno.test("loadYaml() places what follows a byte order mark in the first line", async () => {
  const { printed } = await loaded("\ufeffa: b: c\n");
  assertEquals(
    printed,
    `\
error[invalid-yaml]: Nested mappings are not allowed in compact mappings
 --> file.yaml:1:4
  |
1 | a: b: c
  |    ^
  = hint: A text with ": " in it must be quoted, or written as a block after "|"
`,
  );
});

Deno.test("loadYaml() places what is wrong in lines that end with CR and LF", async () => {
  const { printed } = await loaded("a: 1\r\nb: c: d\r\n");
  assertEquals(
    printed,
    `\
error[invalid-yaml]: Nested mappings are not allowed in compact mappings
 --> file.yaml:2:4
  |
2 | b: c: d
  |    ^
  = hint: A text with ": " in it must be quoted, or written as a block after "|"
`,
  );
});

Deno.test("loadYaml() refuses a document that aliases make grow without bound", async () => {
  const { printed } = await loaded(LAUGHS);
  assertEquals(
    printed,
    `\
error[too-many-aliases]: Alias "*d" makes the file grow to more than 10000 parts
 --> file.yaml:5:8
  |
5 | e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]
  |        ^^
  = hint: Write out what is needed instead of nesting aliases
`,
  );
});

Deno.test("loadYaml() refuses brackets that nest without end", async () => {
  const { printed } = await loaded("[".repeat(1_000_000));
  assertEquals(
    printed,
    `\
error[too-deep]: Lists and maps nest deeper than 100
 --> file.yaml:1:101
  |
1 | …[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…
  |                                                    ^
  = hint: Write it flatter
`,
  );
});

Deno.test("loadYaml() refuses a file over 1 MiB", async () => {
  const { printed } = await loaded("a".repeat(1024 * 1024 + 1));
  assertEquals(
    printed,
    `\
error[too-large]: "file.yaml" has 1048577 bytes, more than the 1048576 allowed
 = hint: A workflow describes work: keep data in files of their own
`,
  );
});

Deno.test("loadYaml() passes over what follows a hundred thousand words and marks", async () => {
  const { printed } = await loaded("- a\n".repeat(200_000));
  assertEquals(
    printed,
    `\
error[too-large]: The file has more than 100000 words and marks
     --> file.yaml:20000:4
      |
20000 | - a
      |    ^
      = hint: A workflow describes work: keep data in files of their own
`,
  );
});

Deno.test("loadYaml() reads a block of text of nearly a megabyte", async () => {
  const line = "- not an item: { of any: list }\n";
  const { yaml, printed } = await loaded(`text: |\n${`  ${line}`.repeat(30_000)}`);
  assertEquals(printed, "");
  assertEquals(JSON.stringify(yaml?.data), JSON.stringify({ text: line.repeat(30_000) }));
});
