import { assertEquals, assertRejects } from "@std/assert";
import { ExpressionError } from "../../../runner/expressions/errors.ts";
import { evaluate, evaluateNow } from "../../../runner/expressions/evaluate.ts";
import type { Value } from "../../../runner/expressions/expression.ts";
import { TEXT_LIMIT } from "../../../runner/expressions/coerce.ts";
import type { ExpressionContext } from "../../../runner/expressions/context.ts";
import { expressionOf, expressionValues } from "../_expression_values.ts";

const CONTEXT = expressionValues({
  inputs: { name: "Flask", count: 3, zero: 0, loud: true, "with-dash": "x", empty: "" },
  env: { HOME: "/home" },
  secrets: { KEY: "hunter2" },
  steps: {
    notes: {
      output: "done",
      outputs: { title: "Bees", tags: ["a", "B"], nested: { deep: [1, { x: null }] } },
      status: "success",
    },
    skipped: { output: null, outputs: null, status: "skipped" },
    each: { output: ["one", "two"], outputs: [{ n: 1 }, { n: 2 }], status: "success" },
    broken: { output: "ok", outputs: {}, status: "failure" },
  },
  item: { name: "page", value: { url: "/a", n: [10, 20] }, index: 0 },
});

async function valueOf(source: string, given: Partial<ExpressionContext> = {}): Promise<Value> {
  return await evaluate(expressionOf(source).expression, { ...CONTEXT, ...given });
}

async function table(cases: readonly (readonly [string, Value])[]): Promise<void> {
  for (const [source, expected] of cases) {
    assertEquals([source, await valueOf(source)], [source, expected]);
  }
}

Deno.test("evaluate() reads literals as GitHub Actions does", async () => {
  await table([
    ["null", null],
    ["true", true],
    ["false", false],
    ["711", 711],
    ["-9.2", -9.2],
    ["+3", 3],
    [".5", 0.5],
    ["-.5", -0.5],
    ["0xff", 255],
    ["0xFF", 255],
    ["0o10", 8],
    ["-2.99e-2", -0.0299],
    ["1.2E+2", 120],
    ["'Mona the Octocat'", "Mona the Octocat"],
    ["'It''s open source!'", "It's open source!"],
    ["''", ""],
    ["''''", "'"],
    ["'}}'", "}}"],
    ["'${{'", "${{"],
    [" ( ( 1 ) ) ", 1],
  ]);
});

Deno.test("evaluate() takes false, 0, -0, '' and null for false, and all else for true", async () => {
  const falsy = ["false", "0", "-0", "0.0", "''", "null", "inputs.zero", "inputs.empty"];
  for (const source of falsy) assertEquals([source, await valueOf(`!${source}`)], [source, true]);
  const truthy = ["true", "1", "-1", "'false'", "'0'", "' '", "fromJSON('[]')", "fromJSON('{}')"];
  for (const source of truthy) assertEquals([source, await valueOf(`!${source}`)], [source, false]);
});

Deno.test("evaluate() gives an operand of && and ||, and looks at the second only if it has to", async () => {
  await table([
    ["'a' && 'b'", "b"],
    ["'' && 'b'", ""],
    ["null && 'b'", null],
    ["0 || 'b'", "b"],
    ["'a' || 'b'", "a"],
    ["false || null", null],
    ["true && 'yes' || 'no'", "yes"],
    ["false && 'yes' || 'no'", "no"],
    ["1 && 2 && 3", 3],
    ["'' || 0 || 'c'", "c"],
    ["false && fromJSON('{')", false],
    ["true || fromJSON('{')", true],
    ["false && hashFiles('/x')", false],
  ]);
});

Deno.test("evaluate() binds ! before <, < before ==, == before && and && before ||", async () => {
  await table([
    ["!true == false", true],
    ["!(true == false)", true],
    ["!0 < 2", true],
    ["1 < 2 == true", true],
    ["1 == 1 && 2 == 3", false],
    ["true || false && false", true],
    ["(true || false) && false", false],
    ["!'' && !'a'", false],
    ["!!'a'", true],
    ["3 > 2 > 1", false],
    ["1 < 2 < 3", true],
  ]);
});

Deno.test("evaluate() compares loosely: the documented table of coercions to numbers", async () => {
  await table([
    // Null is 0.
    ["null == 0", true],
    ["null == ''", true],
    ["null == '0'", true],
    ["null == false", true],
    ["null == null", true],
    ["null < 1", true],
    ["null >= 0", true],
    // True is 1, false is 0.
    ["true == 1", true],
    ["true == '1'", true],
    ["true == 'true'", false],
    ["false == ''", true],
    ["false == '0'", true],
    ["true > false", true],
    ["false < true", true],
    ["true <= true", true],
    // Texts are numbers where they are written as such, empty ones 0, others no number.
    ["1 == '1'", true],
    ["1 == ' 1.0 '", true],
    ["255 == '0xff'", true],
    ["8 == '0o10'", true],
    ["100 == '1e2'", true],
    ["0 == ''", true],
    ["0 == '  '", true],
    ["1 == 'one'", false],
    ["1 != 'one'", true],
    ["1 < 'one'", false],
    ["1 > 'one'", false],
    ["1 >= 'one'", false],
    ["1 == '1_000'", false],
    ["1000 == '1,000'", false],
    ["2 > '10'", false],
    // Texts with texts are texts.
    ["'2' > '10'", true],
    ["'1' == '1.0'", false],
    ["'' == '0'", false],
    // Lists and maps are no number, and like themselves alone.
    ["fromJSON('[]') == 0", false],
    ["fromJSON('[]') == ''", false],
    ["fromJSON('[]') == fromJSON('[]')", false],
    ["fromJSON('{}') != fromJSON('{}')", true],
    ["steps.notes.outputs.tags == steps.notes.outputs.tags", true],
    ["fromJSON('[1]') < 2", false],
    ["fromJSON('[1]') >= fromJSON('[1]')", false],
  ]);
});

Deno.test("evaluate() compares texts without regard to case", async () => {
  await table([
    ["'Bees' == 'bEES'", true],
    ["'Bees' != 'bEES'", false],
    ["'é' == 'É'", true],
    ["'a' < 'B'", true],
    ["'B' > 'a'", true],
    ["'a' <= 'A'", true],
    ["'a' >= 'A'", true],
    // What is another letter, or more of them, is not the same.
    ["'ı' == 'I'", false],
    ["'ß' == 'SS'", false],
    ["'Σ' == 'σ'", true],
    ["'𐐀' == '𐐨'", true],
  ]);
});

Deno.test("evaluate() finds names, members and items, in any case, and null where there is nothing", async () => {
  await table([
    ["inputs.name", "Flask"],
    ["INPUTS.NAME", "Flask"],
    ["inputs.with-dash", "x"],
    ["inputs['name']", "Flask"],
    ["inputs['NA' ]", null],
    ["inputs[format('na{0}', 'me')]", "Flask"],
    ["inputs.nothing", null],
    ["inputs.toString", null],
    ["inputs.__proto__", null],
    ["inputs.name.length", null],
    ["env.HOME", "/home"],
    ["secrets.KEY", "hunter2"],
    ["steps.notes.output", "done"],
    ["Steps.Notes.Output", "done"],
    ["steps['notes'].output", "done"],
    ["steps.notes.outputs.title", "Bees"],
    ["steps.notes.outputs.tags[1]", "B"],
    ["steps.notes.outputs.tags['1']", "B"],
    ["steps.notes.outputs.tags[1.9]", "B"],
    ["steps.notes.outputs.tags[null]", "a"],
    ["steps.notes.outputs.tags[true]", "B"],
    ["steps.notes.outputs.tags[' 0x1 ']", "B"],
    ["steps.notes.outputs.tags[2]", null],
    ["steps.notes.outputs.tags[-1]", null],
    ["steps.notes.outputs.tags['x']", null],
    ["steps.notes.outputs.tags.length", null],
    ["steps.notes.outputs.nested.deep[1].x", null],
    ["steps.notes.outputs.nested['deep'][0]", 1],
    ["steps.notes.status", "success"],
    ["steps.skipped.output", null],
    ["steps.skipped.outputs.x.y[0]", null],
    ["steps.skipped.status", "skipped"],
    ["steps.broken.status", "failure"],
    ["steps.constructor.output", null],
    ["steps.later.output", null],
    ["steps.each.output[1]", "two"],
    ["steps.each.outputs[1].n", 2],
    ["run.id", "20260101-000000-abc"],
    ["run.workflow", "demo"],
    ["run.started", "2026-01-01T00:00:00.000Z"],
    ["page.url", "/a"],
    ["page.n[1]", 20],
    ["true.x", null],
    ['fromJSON(\'{ "a": { "b": 1 } }\').a.b', 1],
    ["fromJSON('{ \"__proto__\": 1 }').__proto__", 1],
    ["fromJSON('[[1, 2]]')[0][1]", 2],
    ["steps.notes.outputs.tags[fromJSON('[]')]", null],
    ["steps.notes.outputs[fromJSON('{}')]", null],
  ]);
});

Deno.test("evaluate() prefers the exact spelling where two names differ in case alone", async () => {
  const inputs = { name: "lower", NAME: "upper" };
  assertEquals(await valueOf("inputs.NAME", { inputs }), "upper");
  assertEquals(await valueOf("inputs.name", { inputs }), "lower");
});

Deno.test("contains(), startsWith() and endsWith() look without regard to case, in what is a text", async () => {
  await table([
    ["contains('Hello world', 'LLO')", true],
    ["contains('Hello', '')", true],
    ["contains('Hello', 'x')", false],
    ["contains(12345, 34)", true],
    ["contains(null, '')", true],
    ["contains(steps.notes.outputs.tags, 'b')", true],
    ["contains(steps.notes.outputs.tags, 'ab')", false],
    ["contains(fromJSON('[1, 2]'), '2')", true],
    ["contains(fromJSON('[null]'), 0)", true],
    ["contains(fromJSON('[]'), null)", false],
    ["contains(fromJSON('[[1]]'), fromJSON('[1]'))", false],
    ["contains(fromJSON('{\"a\": 1}'), 'a')", false],
    ["contains('a', fromJSON('[]'))", false],
    ["startsWith('Hello', 'he')", true],
    ["startsWith('Hello', 'lo')", false],
    ["startsWith(123, 12)", true],
    ["startsWith(fromJSON('[]'), '')", false],
    ["endsWith('Hello', 'LO')", true],
    ["endsWith('Hello', 'he')", false],
    ["endsWith('', '')", true],
    ["endsWith('a', fromJSON('{}'))", false],
  ]);
});

Deno.test("join() puts texts of all kinds together", async () => {
  await table([
    ["join(steps.notes.outputs.tags)", "a,B"],
    ["join(steps.notes.outputs.tags, ', ')", "a, B"],
    ["join(steps.notes.outputs.tags, '')", "aB"],
    ["join(steps.notes.outputs.tags, null)", "aB"],
    ['join(fromJSON(\'[1, true, null, "x", [2], {"a":1}]\'))', '1,true,,x,[2],{"a":1}'],
    ["join(fromJSON('[]'))", ""],
    ["join('abc', '-')", "abc"],
    ["join(7)", "7"],
    ["join(fromJSON('{\"a\":1}'))", ""],
    ["join(steps.notes.outputs.tags, fromJSON('[]'))", "a,B"],
  ]);
});

Deno.test("toJSON() writes two spaces, and fromJSON() reads any JSON", async () => {
  await table([
    [
      "toJSON(steps.notes.outputs.nested)",
      '{\n  "deep": [\n    1,\n    {\n      "x": null\n    }\n  ]\n}',
    ],
    ["toJSON('a')", '"a"'],
    ["toJSON(null)", "null"],
    ["toJSON(fromJSON('[]'))", "[]"],
    ["fromJSON('true')", true],
    ["fromJSON('3')", 3],
    ["fromJSON('null')", null],
    ["fromJSON('\"x\"')", "x"],
    ["fromJSON(' [1, {}] ')", [1, {}]],
    ["fromJSON(3)", 3],
    ["fromJSON(toJSON(steps.notes.outputs))", {
      title: "Bees",
      tags: ["a", "B"],
      nested: { deep: [1, { x: null }] },
    }],
  ]);
});

Deno.test("format() puts values in the place of numbers in braces", async () => {
  await table([
    ["format('Hello {0} {1} {2}', 'Mona', 'the', 'Octocat')", "Hello Mona the Octocat"],
    ["format('{{Hello {0}!}}', 'Mona')", "{Hello Mona!}"],
    ["format('{0}{0}{1}', 'a', 'b')", "aab"],
    ["format('{{0}}', 1)", "{0}"],
    ["format('{{{0}}}', 1)", "{1}"],
    ["format('none', 1)", "none"],
    ["format('{0} {1} {2} {3}', null, true, 1.50, -0)", " true 1.5 0"],
    ["format('{0} {1}', fromJSON('[1, \"a\"]'), fromJSON('{\"a\": [1]}'))", '[1,"a"] {"a":[1]}'],
    ["format('{0}', '{1}')", "{1}"],
    ["format('{10}', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'ten')", "ten"],
  ]);
});

Deno.test("default() stands in for null and for an empty text alone", async () => {
  await table([
    ["default(null, 'x')", "x"],
    ["default('', 'x')", "x"],
    ["default(0, 'x')", 0],
    ["default(false, 'x')", false],
    ["default(' ', 'x')", " "],
    ["default(fromJSON('[]'), 'x')", []],
    ["default(steps.skipped.output, 'nothing')", "nothing"],
    ["default(steps.skipped.outputs.a.b, steps.notes.output)", "done"],
    ["default('a', fromJSON('{'))", "a"],
  ]);
});

Deno.test("success(), failure() and always() say what the step knows of those before it", async () => {
  const rows: [boolean, Value[]][] = [[false, [true, false, true]], [true, [false, true, true]]];
  for (const [failed, expected] of rows) {
    const values: Value[] = [];
    for (const source of ["success()", "failure()", "always()"]) {
      values.push(await valueOf(source, { failed }));
    }
    assertEquals(values, expected);
  }
  assertEquals(await valueOf("SUCCESS() && 'go'"), "go");
});

Deno.test("hashFiles() is asked for once for each call, with its globs as texts", async () => {
  const asked: (readonly string[])[] = [];
  const hashFiles = (patterns: readonly string[]) => {
    asked.push(patterns);
    return Promise.resolve(`#${asked.length}`);
  };
  const source = "format('{0} {1}', hashFiles('/a', format('/{0}', inputs.name)), hashfiles('/b'))";
  assertEquals(await valueOf(source, { hashFiles }), "#1 #2");
  assertEquals(asked, [["/a", "/Flask"], ["/b"]]);
});

Deno.test("evaluate() tells why files cannot be hashed", async () => {
  const hashFiles = () => Promise.reject(new Deno.errors.NotFound("No such place"));
  const error = await assertRejects(
    () => valueOf("hashFiles('/a') || 'x'", { hashFiles }),
    ExpressionError,
    "The files cannot be hashed: No such place",
  );
  assertEquals(error.cause instanceof Deno.errors.NotFound, true);
});

Deno.test("evaluateNow() has no value where files have to be looked at", () => {
  const now = (source: string) => evaluateNow(expressionOf(source).expression, CONTEXT);
  assertEquals(now("inputs.name"), "Flask");
  assertEquals(now("null"), null);
  assertEquals(now("hashFiles('/a')"), undefined);
  assertEquals(now("true || hashFiles('/a')"), true);
});

Deno.test("evaluate() says what has no value", async () => {
  const cases: [string, string][] = [
    ["fromJSON('{')", "The text is not JSON: '{'"],
    ["fromJSON('')", "The text is not JSON: ''"],
    [`fromJSON('${"x".repeat(200)}')`, `The text is not JSON: '${"x".repeat(80)}…'`],
    ["fromJSON('1e999')", "A number in the JSON is too large"],
    ["format('{0} {1}', 1)", "The format has {1} and is given 1 value: they are counted from {0}"],
    ["format('a { b', 1)", "The format has a '{' of its own: write it twice, or {0} for a value"],
    ["format('a } b', 1)", "The format has a '}' of its own: write it twice, or {0} for a value"],
    ["format('{x}', 1)", "The format has a '{' of its own: write it twice, or {0} for a value"],
    ["github.ref", "Nothing is known of 'github'"],
    ["item", "Nothing is known of 'item'"],
  ];
  for (const [source, message] of cases) {
    const error = await assertRejects(() => valueOf(source), ExpressionError);
    assertEquals([source, error.message], [source, message]);
  }
});

Deno.test("evaluate() makes no text that is too long, however it is put together", async () => {
  const message = `A text must not be longer than ${TEXT_LIMIT} characters`;
  let doubled = "inputs.name";
  for (let index = 0; index < 40; index++) doubled = `format('{0}{0}', ${doubled})`;
  await assertRejects(() => valueOf(doubled), ExpressionError, message);
  const long = "x".repeat(TEXT_LIMIT);
  const inputs = { long };
  assertEquals(await valueOf("format('{0}', inputs.long) == inputs.long", { inputs }), true);
  for (
    const source of [
      "format('{0}!', inputs.long)",
      "join(fromJSON('[1, 2]'), inputs.long) && join(fromJSON('[1, 2]'), inputs.long)",
      "toJSON(inputs.long)",
    ]
  ) {
    await assertRejects(() => valueOf(source, { inputs }), ExpressionError, message);
  }
});

Deno.test("evaluate() survives JSON that is deeper than the stack", async () => {
  const inputs = { deep: "[".repeat(1_000_000) + "]".repeat(1_000_000) };
  for (const source of ["toJSON(fromJSON(inputs.deep))", "format('{0}', fromJSON(inputs.deep))"]) {
    await assertRejects(() => valueOf(source, { inputs }), ExpressionError, "deeply");
  }
});
