import { assertEquals } from "@std/assert";
import { parse, stringify, type StringifyOptions } from "@std/yaml";
import { outcome } from "./_outcome.ts";

/** Checks `stringify` against a table of values and texts, the last line break left out. */
function testTexts(
  name: string,
  table: readonly (readonly [unknown, string, StringifyOptions?])[],
): void {
  Deno.test(`stringify() ${name}`, () => {
    for (const [value, expected, options] of table) {
      assertEquals(stringify(value, options), `${expected}\n`, Deno.inspect([value, options]));
    }
  });
}

testTexts("writes text plain where it can, else quoted", [
  ["abc", "abc"],
  ["", "''"],
  ["a b", "a b"],
  [" a", "' a'"],
  ["a ", "'a '"],
  ["it's", "it's"],
  ["'a", "'''a'"],
  ["a: b", "'a: b'"],
  ["a#b", "'a#b'"],
  ["a,b", "'a,b'"],
  ["- a", "'- a'"],
  ["-a", "'-a'"],
  ["@a", "'@a'"],
  ["=a", "=a"],
  ["/a/b.ts", "/a/b.ts"],
  ["http://a", "'http://a'"],
  ["true", "'true'"],
  ["null", "'null'"],
  ["~", "'~'"],
  ["12", "'12'"],
  ["010", "'010'"],
  ["08", "08"],
  ["1e3", "'1e3'"],
  ["2001-01-01", "'2001-01-01'"],
  ["<<", "'<<'"],
  ["yes", "'yes'"],
  ["Off", "'Off'"],
  ["yes", "yes", { compatMode: false }],
  ["2001-01-01", "2001-01-01", { schema: "json" }],
  ["12", "12", { schema: "failsafe" }],
  ["é😀", "é😀"],
  ["a\tb", '"a\\tb"'],
  ["a\r\n", '"a\\r\\n"'],
  ["\0\x07\x1b\x7f\x85", '"\\0\\a\\e\\x7F\\N"'],
  ["\xa0\u2028\ufeff\ufffe", '"\\_\\L\\uFEFF\\uFFFE"'],
  ['"\\😀\ud800', '"\\"\\\\\\U0001F600\\uD800"'],
]);

const LONG = "the quick brown fox jumps over the lazy dog and then over the lazy cat and the mouse";
const FOLDED = `${LONG.slice(0, 78)}\n  ${LONG.slice(79)}`;

testTexts("writes lines as blocks, and folds long ones", [
  ["a\nb", "|-\n  a\n  b"],
  ["a\nb\n", "|\n  a\n  b"],
  ["a\n\n", "|+\n  a\n"],
  ["\n", "|+\n"],
  [" a\nb", "|2-\n   a\n  b"],
  [" a\nb", '" a\\nb"', { indent: 10 }],
  [{ k: "a\n\nb\n" }, "k: |\n  a\n\n  b"],
  [{ k: { l: ["a\nb"] } }, "k:\n  l:\n    - |-\n      a\n      b"],
  [LONG, `>-\n  ${FOLDED}`],
  [`${LONG}\n\n b`, `>-\n  ${FOLDED}\n\n   b`],
  [`${LONG}\nb\n`, `>\n  ${FOLDED}\n\n  b`],
  [LONG, LONG, { lineWidth: -1 }],
  ["a b c d e f", ">-\n  a b\n  c d\n  e f", { lineWidth: 3 }],
  ["x".repeat(90), `>-\n  ${"x".repeat(90)}`],
  [` ${LONG}`, `' ${LONG}'`],
  [{ ["a\nb"]: 1 }, '"a\\nb": 1'],
]);

testTexts("writes scalars that are not text", [
  [null, "null"],
  [true, "true"],
  [0, "0"],
  [-0, "-0.0"],
  [1.5, "1.5"],
  [1e21, "1e+21"],
  [1e-7, "1.e-7"],
  [NaN, ".nan"],
  [-Infinity, "-.inf"],
  [new Date(0), "1970-01-01T00:00:00.000Z"],
  [new Uint8Array([104, 105]), "!<tag:yaml.org,2002:binary> aGk="],
  [/a/g, "!<tag:yaml.org,2002:js/regexp> /a/g", { schema: "extended" }],
  [undefined, "!<tag:yaml.org,2002:js/undefined> ''", { schema: "extended" }],
  [31, "0x1F", { styles: { "!!int": "hexadecimal" } }],
  [-5, "-0b101", { styles: { "tag:yaml.org,2002:int": "binary" } }],
  [8, "010", { styles: { "!!int": "octal" } }],
  [[null, true, NaN], "- Null\n- TRUE\n- .NaN", {
    styles: { "!!null": "camelcase", "!!bool": "uppercase", "!!float": "camelcase" },
  }],
]);

const SHARED = { s: 1 };
const MIXED = { b: [1, { c: 2, d: [3] }], a: { e: [], f: {} } };

testTexts("writes collections", [
  [[], "[]"],
  [{}, "{}"],
  [[1, [2, [3]], { a: 1, b: 2 }], "- 1\n- - 2\n  - - 3\n- a: 1\n  b: 2"],
  [MIXED, "b:\n  - 1\n  - c: 2\n    d:\n      - 3\na:\n  e: []\n  f: {}"],
  [MIXED, "b:\n- 1\n- c: 2\n  d:\n  - 3\na:\n  e: []\n  f: {}", { arrayIndent: false }],
  [
    MIXED,
    "b:\n    - 1\n    -\n        c: 2\n        d:\n            - 3\na:\n    e: []\n    f: {}",
    { indent: 4 },
  ],
  [MIXED, "{b: [1, {c: 2, d: [3]}], a: {e: [], f: {}}}", { flowLevel: 0 }],
  [MIXED, "b: [1, {c: 2, d: [3]}]\na: {e: [], f: {}}", { flowLevel: 1 }],
  [MIXED, '{"b":[1,{"c":2, "d":[3]}], "a":{"e":[], "f":{}}}', { flowLevel: 0, condenseFlow: true }],
  [{ b: 1, a: { d: 1, c: 2 } }, "a:\n  c: 2\n  d: 1\nb: 1", { sortKeys: true }],
  [{ a: 1, b: 2 }, "b: 2\na: 1", { sortKeys: (x, y) => x < y ? 1 : -1 }],
  [{ "1": "a", "": "b", "a: b": "c" }, "'1': a\n'': b\n'a: b': c"],
  [[SHARED, SHARED], "- &ref_0\n  s: 1\n- *ref_0"],
  [[SHARED, SHARED], "- s: 1\n- s: 1", { useAnchors: false }],
  [{ a: SHARED, b: [SHARED] }, "a: &ref_0\n  s: 1\nb:\n  - *ref_0"],
  [new Map([[1, 2]]), "{}"],
]);

Deno.test("stringify() refuses what YAML cannot hold, or leaves it out", () => {
  const table: readonly (readonly [unknown, string, string])[] = [
    [undefined, "undefined", ""],
    [() => 1, "function", ""],
    [1n, "bigint", ""],
    [Symbol("a"), "symbol", ""],
    [{ a: undefined, b: 1 }, "undefined", "b: 1\n"],
    [[1, undefined, 2], "undefined", "- 1\n- 2\n"],
    [{ a: undefined }, "undefined", "{}\n"],
  ];
  for (const [value, kind, rest] of table) {
    assertEquals(outcome(() => stringify(value)), `TypeError: Cannot stringify ${kind}`);
    assertEquals(stringify(value, { skipInvalid: true }), rest);
  }
});

Deno.test("stringify() refuses a style that a value cannot have", () => {
  assertEquals(
    outcome(() => stringify(true, { styles: { "!!bool": "octal" } })),
    'TypeError: !<tag:yaml.org,2002:bool> tag resolver accepts not "octal" style',
  );
});

Deno.test("stringify() is undone by parse()", () => {
  const value = {
    text: ["", " ", "a: b", "yes", "1", "a\nb\n\n", "\ttab", "é😀", LONG, `${LONG}\n ${LONG}\n`],
    scalars: [null, true, 1, -1.5, 1e300, new Date(1e12), new Uint8Array([0, 255, 7])],
    nested: { a: [[], {}, [[{ b: [1] }]]], "key: with 'quotes'": SHARED, again: SHARED },
  };
  for (const options of [{}, { flowLevel: 1 }, { indent: 4 }, { lineWidth: 20 }]) {
    assertEquals(parse(stringify(value, options)), value);
  }
});
