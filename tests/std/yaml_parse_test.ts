import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { parse, type ParseOptions, YamlSyntaxError } from "@std/yaml";

const utc = (text: string) => new Date(`${text}Z`);

Deno.test("parse() reads plain scalars", () => {
  const table: readonly (readonly [string, unknown])[] = [
    ["", null],
    ["# only a comment", null],
    ["---", null],
    ["~", null],
    ["null", null],
    ["NULL", null],
    ["nULL", "nULL"],
    ["true", true],
    ["False", false],
    ["yes", "yes"],
    ["No", "No"],
    ["on", "on"],
    ["y", "y"],
    ["0", 0],
    ["-0", 0],
    ["123", 123],
    ["+12", 12],
    ["-12", -12],
    ["60_000", 60000],
    ["1_", "1_"],
    ["_1", "_1"],
    ["010", 8],
    ["-010", -8],
    ["08", "08"],
    ["0o17", "0o17"],
    ["0x1F", 31],
    ["0xfg", "0xfg"],
    ["0b101", 5],
    ["0b2", "0b2"],
    ["1:30", "1:30"],
    ["190:20:30", "190:20:30"],
    ["1.5", 1.5],
    ["1.", 1],
    [".5", 0.5],
    ["-.5", "-.5"],
    ["1e3", 1000],
    ["1.5e-3", 0.0015],
    ["-0.0", -0],
    [".inf", Infinity],
    ["-.INF", -Infinity],
    [".nan", NaN],
    ["inf", "inf"],
    ["1.2.3", "1.2.3"],
    ["2001-12-14", utc("2001-12-14T00:00:00")],
    ["2001-12-14t21:59:43.10-05:00", utc("2001-12-15T02:59:43.100")],
    ["2001-12-14 21:59:43.1", utc("2001-12-14T21:59:43.100")],
    ["2001-1-1", "2001-1-1"],
    ["a b", "a b"],
    ["a#b", "a#b"],
    ["a #b", "a"],
    ["'it''s'", "it's"],
    ['"a\\tb\\u00e9\\x41\\U0001F600"', "a\tbéA😀"],
    ["'1'", "1"],
  ];
  for (const [text, expected] of table) assertEquals(parse(text), expected, text);
  assertStrictEquals(parse("-0.0"), -0);
});

Deno.test("parse() reads collections, blocks, anchors and tags", () => {
  const table: readonly (readonly [string, unknown])[] = [
    ["a: 1\nb: [2, three]\nc: {d: ~}\n", { a: 1, b: [2, "three"], c: { d: null } }],
    ["- a\n- - b\n  - c\n-\n", ["a", ["b", "c"], null]],
    ["a:\n- 1\n- 2\n", { a: [1, 2] }],
    ["a: |\n  one\n\n  two\nb: 1\n", { a: "one\n\ntwo\n", b: 1 }],
    ["|-\n one\n two\n", "one\ntwo"],
    ["|+\n one\n\n", "one\n\n"],
    [">\n one\n two\n\n three\n", "one two\nthree\n"],
    ["one\n  two", "one two"],
    ["? a\n: b", { a: "b" }],
    ["1: a\ntrue: b\n~: c\n", { "1": "a", "true": "b", "null": "c" }],
    ["[a, b]: c", { "a,b": "c" }],
    ["a: &x [1]\nb: *x\n", { a: [1], b: [1] }],
    ["a: &x {p: 1, q: 1}\nb: {<<: *x, q: 2}\n", { a: { p: 1, q: 1 }, b: { p: 1, q: 2 } }],
    ["<<: [{a: 1}, {a: 2, b: 3}]", { a: 1, b: 3 }],
    ["!!str 1", "1"],
    ["!!float 3", 3],
    ["!!set {a, b}", { a: null, b: null }],
    ["!!omap [a: 1, b: 2]", [{ a: 1 }, { b: 2 }]],
    ["!!pairs [a: 1, a: 2]", [["a", 1], ["a", 2]]],
    ["!!binary aGk=", new Uint8Array([104, 105])],
    ["%YAML 1.2\n---\na: 1\n...\n", { a: 1 }],
    ["\ufeffa: 1", { a: 1 }],
    ["a: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
    ['{"a": "b", "c": [1, null]}', { a: "b", c: [1, null] }],
  ];
  for (const [text, expected] of table) assertEquals(parse(text), expected, text);
});

Deno.test("parse() gives one object for an anchor and its alias", () => {
  const value = parse("[&x {a: 1}, *x]");
  assertInstanceOf(value, Array);
  assertStrictEquals(value[0], value[1]);
});

Deno.test("parse() takes __proto__ for a key like others", () => {
  const value = parse("__proto__: {polluted: true}");
  assertEquals(Object.keys(Object(value)), ["__proto__"]);
  assertStrictEquals(Object.getPrototypeOf(value), Object.prototype);
});

Deno.test("parse() reads as its schema says", () => {
  const text = "[1, true, ~, 2001-01-01, <<]";
  const table: readonly (readonly [ParseOptions["schema"] & string, unknown])[] = [
    ["failsafe", ["1", "true", "~", "2001-01-01", "<<"]],
    ["json", [1, true, null, "2001-01-01", "<<"]],
    ["core", [1, true, null, "2001-01-01", "<<"]],
    ["default", [1, true, null, utc("2001-01-01T00:00:00"), "<<"]],
    ["extended", [1, true, null, utc("2001-01-01T00:00:00"), "<<"]],
  ];
  for (const [schema, expected] of table) assertEquals(parse(text, { schema }), expected, schema);
  assertEquals(parse("!!js/regexp /a.b/gi", { schema: "extended" }), /a.b/gi);
  assertEquals(parse("[!!js/undefined '']", { schema: "extended" }), [undefined]);
});

Deno.test("parse() throws errors that say what and where", () => {
  const table: readonly (readonly [string, string, number, number])[] = [
    ["a: 1\na: 2", "Cannot store mapping pair: duplicated key", 2, 1],
    ["a: 1\n b: 2", "Cannot read block: bad indentation of a mapping entry", 2, 3],
    ["- b\n  c: 1", "Cannot read block sequence: bad indentation of a sequence entry", 2, 4],
    ["a: *x", 'Cannot read alias: unidentified alias "x"', 1, 6],
    ["!!foo 1", "Cannot resolve unknown tag !<tag:yaml.org,2002:foo>", 2, 1],
    ["!e!x 1", 'Cannot read tag property: undeclared tag handle "!e!"', 1, 5],
    ["!!int x", "Cannot resolve a node with !<tag:yaml.org,2002:int> explicit tag", 2, 1],
    ["'a", "Unexpected end of the stream within a single quoted scalar", 2, 1],
    ['"a', "Unexpected end of the stream within a double quoted scalar", 2, 1],
    ['"\\q"', "Cannot read double quoted scalar: unknown escape sequence", 1, 3],
    ['"\\xz"', "Cannot read double quoted scalar: expected hexadecimal character", 1, 4],
    [
      "[1, 2",
      "Cannot read flow collection: unexpected end of the stream within a flow collection",
      2,
      1,
    ],
    [
      "['a' 'b']",
      "Cannot read flow collection: missing comma between flow collection entries",
      1,
      6,
    ],
    [
      "a: 1\nb\nc: 2",
      "Cannot read a block mapping entry: a multiline key may not be an implicit key",
      3,
      2,
    ],
    [
      "a: b: c",
      "Cannot read block as explicit mapping pair is incomplete: a key node is missed or " +
      "followed by a non-tabulated empty line",
      1,
      5,
    ],
    ["a\n---\n[", "Found more than 1 document in the stream: expected a single document", 2, 1],
    [
      "a\n... # c\n# c\n\nb",
      "Found more than 1 document in the stream: expected a single document",
      5,
      1,
    ],
    ["@a", "Cannot read document: end of the stream or a document separator is expected", 1, 1],
    ["a\0", "Cannot read document: end of the stream or a document separator is expected", 1, 2],
    ["a\u0001", "Stream contains non-printable characters", 2, 1],
    ["%YAML 1.2\na", "Cannot read document: directives end mark is expected", 2, 1],
    ["<<: 1", "Cannot merge mappings: the provided source object is unacceptable", 1, 6],
  ];
  for (const [text, message, line, column] of table) {
    const error = assertThrows(() => parse(text), YamlSyntaxError, undefined, text);
    assertInstanceOf(error, SyntaxError);
    const [first] = error.message.split("\n");
    assertEquals(first, `${message} at line ${line}, column ${column}:`, text);
    assertEquals([error.name, error.line, error.column], ["YamlSyntaxError", line, column]);
  }
});

Deno.test("parse() shows the line at fault, and the middle of a long one", () => {
  const error = assertThrows(() => parse("a: 1\nb: *x\nc: 2"), YamlSyntaxError);
  assertEquals(error.snippet, "    b: *x\n         ^");
  assertEquals(error.offset, 10);
  assertEquals(
    error.message,
    'Cannot read alias: unidentified alias "x" at line 2, column 6:\n    b: *x\n         ^',
  );
  const long = assertThrows(
    () => parse(`${"a".repeat(60)}: *x${" #".repeat(60)}`),
    YamlSyntaxError,
  );
  assertEquals(
    long.snippet,
    `     ... ${"a".repeat(28)}: *x${" #".repeat(16)} ... \n${" ".repeat(41)}^`,
  );
});

Deno.test("parse() lets the last of equal keys win if asked to", () => {
  assertEquals(parse("a: 1\nb: 2\na: 3", { allowDuplicateKeys: true }), { a: 3, b: 2 });
});

Deno.test("parse() warns of what is suspect", () => {
  const warnings: unknown[] = [];
  const onWarning = (warning: YamlSyntaxError) => {
    assertInstanceOf(warning, YamlSyntaxError);
    warnings.push(warning.message.split("\n")[0]);
  };
  assertEquals(parse("%FOO bar\n---\na: 'b\nc'", { onWarning }), { a: "b c" });
  assertEquals(warnings, [
    'unknown document directive "FOO" at line 2, column 1:',
    "deficient indentation at line 4, column 1:",
  ]);
});

Deno.test("new YamlSyntaxError() puts the place and the snippet into the message", () => {
  const place = { line: 2, column: 3, offset: 9 };
  const error = new YamlSyntaxError("Wrong", place, "  ^");
  assertEquals([error.message, error.snippet], ["Wrong at line 2, column 3:\n  ^", "  ^"]);
  assertEquals([error.line, error.column, error.offset], [2, 3, 9]);
  const bare = new YamlSyntaxError("Wrong", place);
  assertEquals([bare.message, bare.snippet], ["Wrong at line 2, column 3", undefined]);
});
