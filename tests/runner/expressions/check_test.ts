import { assert, assertEquals } from "@std/assert";
import { checkExpression, type TypeScope } from "../../../runner/expressions/check.ts";
import type { Value } from "../../../runner/expressions/expression.ts";
import { parse } from "../../../runner/expressions/parse.ts";
import {
  ANY,
  BOOLEAN,
  listOf,
  NUMBER,
  objectOf,
  type StaticType,
  STRING,
  typeOfValue,
  unionOf,
} from "../../../runner/expressions/types.ts";
import { didYouMean } from "../../../runner/_suggest.ts";
import fc from "../../support/fast_check.ts";

const book = objectOf(new Map<string, StaticType>([["title", STRING], ["pages", NUMBER]]));

const CONTEXTS = new Map<string, StaticType>([
  [
    "inputs",
    objectOf(
      new Map<string, StaticType>([["topic", STRING], ["count", NUMBER], ["loud", BOOLEAN]]),
      {
        noun: "input",
        mend: "Declare it",
      },
    ),
  ],
  [
    "steps",
    objectOf(
      new Map<string, StaticType>([
        ["list", listOf(book)],
        ["open", objectOf(new Map(), { isOpen: true })],
        ["book", book],
        ["any", ANY],
        ["perhaps", {
          kind: "unavailable",
          because: "it has a condition",
          withDefault: listOf(book),
        }],
        ["later", { kind: "unavailable", because: "it comes later", hint: "Move it" }],
        ["whole", objectOf(new Map([["output", STRING]]), { instead: "Name its output" })],
      ]),
      { noun: "step", isNamed: true },
    ),
  ],
]);

const SCOPE: TypeScope = {
  name: (name) => CONTEXTS.get(name),
  names: () => CONTEXTS.keys(),
  hasStatus: false,
  suggest: (word, names) => didYouMean(word, names).hint,
};

function checked(source: string, scope: Partial<TypeScope> = {}) {
  const parsed = parse(source);
  assert(parsed.problem === undefined, parsed.problem?.message);
  return checkExpression(parsed, { ...SCOPE, ...scope });
}

/** The part in backticks of each text is what the message is about. */
function faults(
  cases: readonly (readonly [text: string, kind: string, message: string, hint?: string])[],
): void {
  for (const [marked, kind, message, hint] of cases) {
    const [before = "", part = "", after = ""] = marked.split("`");
    const { problems } = checked(before + part + after);
    assertEquals([marked, problems], [marked, [
      { kind, message, hint, offset: before.length, length: part.length },
    ]]);
  }
}

Deno.test("checkExpression() knows the type of every form", () => {
  const cases: [string, StaticType["kind"]][] = [
    ["1", "number"],
    ["'a'", "string"],
    ["null", "null"],
    ["!inputs.topic", "boolean"],
    ["inputs.topic", "string"],
    ["INPUTS.TOPIC", "string"],
    ["inputs['topic']", "string"],
    ["inputs[inputs.topic]", "any"],
    ["inputs", "object"],
    ["steps.list", "list"],
    ["steps.list[0]", "object"],
    ["steps.list[inputs.count].pages", "number"],
    ["steps.open.what.ever[3].x", "any"],
    ["steps.any.x", "any"],
    ["null.x", "any"],
    ["inputs.count == 3", "boolean"],
    ["inputs.topic && 'a'", "string"],
    ["inputs.count || 'a'", "any"],
    ["contains(steps.list, 'a')", "boolean"],
    ["join(steps.list)", "string"],
    ["toJSON(steps.list)", "string"],
    ["fromJSON('[1, 2]')", "list"],
    ["fromJSON('[1, 2]')[0]", "number"],
    ['fromJSON(\'{"a": "b"}\').a', "string"],
    ["fromJSON(inputs.topic)", "any"],
    ["format('{0}', steps.list)", "string"],
    ["default(inputs.topic, 'x')", "string"],
    ["default(inputs.topic, 3)", "any"],
    ["default(steps.perhaps, fromJSON('[]'))", "list"],
    ["default(steps.perhaps[0].title, 'x')", "string"],
    ["hashFiles('/a/**', '!/a/b')", "string"],
  ];
  for (const [source, kind] of cases) {
    const { type, problems } = checked(source);
    assertEquals([source, type.kind, problems], [source, kind, []]);
  }
});

Deno.test("checkExpression() tells of names that there are not, with what is meant", () => {
  faults([
    [
      "`inptus.topic`",
      "undefined",
      '"inptus" is not known in expressions',
      'Did you mean "inputs"?',
    ],
    [
      "`zzz`",
      "undefined",
      '"zzz" is not known in expressions',
      "There are inputs, steps; a text stands in single quotes",
    ],
    [
      "true && `inputs.topci` == 'a'",
      "undefined",
      '"inputs.topci" is not defined: there is no input "topci"',
      'Did you mean "topic"?',
    ],
    [
      "`inputs['nothing'].x`",
      "undefined",
      '"inputs[\'nothing\'].x" is not defined: there is no input "nothing"',
      "Declare it",
    ],
    [
      "toJSON(`steps.bok.title`)",
      "undefined",
      '"steps.bok.title" is not defined: there is no step "bok"',
      'Did you mean "book"?',
    ],
    [
      "`steps.book.titel`",
      "undefined",
      '"steps.book.titel" is not defined: there is no "titel" in it',
      'Did you mean "title"?',
    ],
    [
      "`steps.list[0].author`",
      "undefined",
      '"steps.list[0].author" is not defined: there is no "author" in it',
      "It has title, pages",
    ],
    ["`steps.whole`", "undefined", '"steps.whole" names no value', "Name its output"],
    [
      "`inputs.toString`",
      "undefined",
      '"inputs.toString" is not defined: there is no input "toString"',
      "Declare it",
    ],
  ]);
});

Deno.test("checkExpression() says what the names of GitHub Actions and others are here", () => {
  const unknown = (name: string) => `"${name}" is not known in expressions`;
  const cases: [string, string][] = [
    ["github.workflow", "Write run.workflow"],
    ["github.run_id", "Write run.id"],
    ["github.event.inputs.topic", "Write inputs.topic"],
    ["github.ref", "Give it to the run: declare it below inputs, or name its variable below env"],
    ["needs.a.outputs.x", "Write steps.a.outputs.x"],
    ["needs.a.result", "Write steps.a.status"],
    ["needs['a'].result", "Write steps.a.status"],
    ["jobs.a.outputs.x", "Write steps.a.outputs.x"],
    ["matrix.os", "Repeat the step with foreach, and write item, or item.NAME"],
    ["vars.X", "Write inputs.X or env.X, and declare it there"],
    ["runner.os", "The machine is not known to a workflow: take what is needed from env"],
    ["job.status", "Write success(), failure() or steps.ID.status"],
    ["True", "Write true"],
    ["None", "Write null"],
    ["always", "Write always()"],
    ["success", "Write 'success' for the status of a step, or success() in an \"if\""],
    ["FAILURE", "Write 'failure' for the status of a step, or failure() in an \"if\""],
  ];
  for (const [source, hint] of cases) {
    const [problem, second] = checked(source).problems;
    assertEquals(
      [problem?.message, problem?.hint, problem?.length, second],
      [unknown(source.split(/[.[]/, 1)[0] ?? ""), hint, source.length, undefined],
    );
  }
  const status = objectOf(new Map([["status", STRING], ["output", STRING]]), { noun: "part" });
  const steps = objectOf(new Map([["a", status]]));
  for (const word of ["conclusion", "outcome", "result"]) {
    const { problems } = checked(`steps.a.${word}`, { name: () => steps });
    assertEquals(problems[0]?.hint, "Write steps.a.status");
  }
});

Deno.test("checkExpression() tells of a text that a value never is", () => {
  const one: StaticType = { kind: "string", of: ["up", "it's", "off"] };
  const other: StaticType = { kind: "string", of: ["on"] };
  const name = (word: string) => word === "one" ? one : word === "other" ? other : undefined;
  const [problem, second] = checked("one == 'down' && 'UP' != one", { name }).problems;
  assertEquals(
    [problem?.message, problem?.hint, problem?.offset, second],
    [`"one" is never 'down'`, "It is 'up', 'it''s' or 'off'", 7, undefined],
  );
  assertEquals(checked("'x' != other", { name }).problems.map(({ hint }) => hint), ["It is 'on'"]);
  for (
    const source of ["one < 'down'", "one == other", "(one || other) == 'x'", "one == 'It''s'"]
  ) {
    assertEquals([source, checked(source, { name }).problems], [source, []]);
  }
});

Deno.test("checkExpression() tells of what is not known here, unless default() stands in for it", () => {
  const perhaps = '"steps.perhaps" is not known here: it has a condition';
  faults([
    ["`steps.later`", "unavailable", '"steps.later" is not known here: it comes later', "Move it"],
    [
      "default(`steps.later`, 'x')",
      "unavailable",
      '"steps.later" is not known here: it comes later',
      "Move it",
    ],
    ["!`steps.perhaps`", "unavailable", perhaps, "Write default(steps.perhaps, '...')"],
    [
      "`steps.perhaps[0].title`",
      "unavailable",
      '"steps.perhaps[0].title" is not known here: it has a condition',
      "Write default(steps.perhaps[0].title, '...')",
    ],
    [
      "default('x', `steps.perhaps`)",
      "unavailable",
      perhaps,
      "Write default(steps.perhaps, '...')",
    ],
    [
      "default(toJSON(`steps.perhaps`), 'x')",
      "unavailable",
      perhaps,
      "Write default(steps.perhaps, '...')",
    ],
    [
      "default(inputs.topic, 'x') && `steps.perhaps`",
      "unavailable",
      perhaps,
      "Write default(steps.perhaps, '...')",
    ],
    [
      "true || `success()`",
      "unavailable",
      '"success()" is for the "if" of a step alone',
      "Ask for steps.ID.status instead",
    ],
  ]);
  for (
    const source of [
      "default(steps.perhaps, 'x')",
      "default((steps.perhaps), 'x')",
      "default(steps.perhaps || steps.perhaps, 'x')",
      "default(default(steps.perhaps, steps.perhaps), 'x')",
    ]
  ) assertEquals([source, checked(source).problems], [source, []]);
  assertEquals(checked("success() || failure() && always()", { hasStatus: true }).problems, []);
  const [files] = checked("hashFiles('/a')", { withoutFiles: "There is none" }).problems;
  assertEquals([files?.kind, files?.hint], ["unavailable", "There is none"]);
});

Deno.test("checkExpression() tells of values that are used for what they are not", () => {
  faults([
    [
      "`inputs.topic.name`",
      "type",
      '"inputs.topic" is a text, which has no "name"',
      "If it is JSON, read it: fromJSON(inputs.topic).name",
    ],
    ["`inputs.count.x.y`", "type", '"inputs.count" is a number, which has no "x"'],
    [
      "`inputs.topic[0]`",
      "type",
      '"inputs.topic" is a text, which has no items',
      "If it is JSON, read it: fromJSON(inputs.topic)",
    ],
    [
      "`steps.list.title`",
      "type",
      '"steps.list" is a list, which has no "title"',
      "Take one of its items: steps.list[0]",
    ],
    ["`steps.list[steps.book]`", "type", '"steps.list" cannot be looked up by a map'],
    [
      "`steps[inputs.topic]`",
      "type",
      'A part of "steps" is looked up by its name alone',
      "Write the name: steps.NAME",
    ],
    [
      "`steps.list == 'a'`",
      "type",
      'A list cannot be compared with "=="',
      "Write contains(list, value), or compare toJSON(list)",
    ],
    [
      "`1 < steps.book`",
      "type",
      'A map cannot be compared with "<"',
      "Compare one of its members, or toJSON(map)",
    ],
    [
      "`inputs.loud == 'true'`",
      "type",
      "True or false is never 'true': a text is compared as a number with what is no text",
      "Write true without quotes",
    ],
    [
      "`'three' != inputs.count`",
      "type",
      "A number is never 'three': a text is compared as a number with what is no text",
    ],
    [
      "contains(`steps.book`, 'a')",
      "type",
      'The first argument of "contains" cannot be a map',
      "Look into a list or a text, or write toJSON(map)",
    ],
    [
      "contains('a', `steps.list`)",
      "type",
      'The second argument of "contains" cannot be a list',
      "Look for one value at a time",
    ],
    [
      "startsWith(`steps.list`, 'a')",
      "type",
      'The first argument of "startsWith" cannot be a list',
      "Write contains(list, value), or name one of its parts",
    ],
    ["endsWith('a', `steps.book`)", "type", 'The second argument of "endsWith" cannot be a map'],
    [
      "join(`steps.book`)",
      "type",
      'The first argument of "join" cannot be a map',
      "Write toJSON(map)",
    ],
    [
      "fromJSON(`steps.list`)",
      "type",
      'The first argument of "fromJSON" cannot be a list',
      "It need not be read: leave fromJSON out",
    ],
    ["fromJSON(`'[1,'`)", "type", "The text is not JSON", "Check quotes and commas"],
    [
      "format(`'{0} {1}'`, 1)",
      "type",
      "The format has {1} and is given 1 value: they are counted from {0}",
      "Write format('{0} and {1}', a, b)",
    ],
    [
      "hashFiles(`'src/**'`)",
      "type",
      'The glob "src/**" is not absolute',
      "It is one of the tree: write /src/**",
    ],
    [
      "hashFiles('/a', `'!./b'`)",
      "type",
      'The glob "!./b" is not absolute',
      "It is one of the tree: write !/b",
    ],
  ]);
  for (
    const source of [
      "inputs.count == '3'",
      "inputs.count == ''",
      "inputs.loud == '1'",
      "inputs.topic == 'true'",
      "steps.list == null",
      "steps.any == 'x'",
      "steps.any.x < 3",
      "join(inputs.topic)",
    ]
  ) assertEquals([source, checked(source).problems], [source, []]);
});

Deno.test("checkExpression() tells of everything that is wrong, each once", () => {
  const source = "inputs.a.b.c && contains(inputs.d, steps.list) || steps.later.x[inputs.e].y";
  assertEquals(
    checked(source).problems.map(({ kind, offset, length }) =>
      [kind, source.slice(offset, offset + length)] as const
    ),
    [
      ["undefined", "inputs.a.b.c"],
      ["undefined", "inputs.d"],
      ["type", "steps.list"],
      ["unavailable", "steps.later.x[inputs.e].y"],
      ["undefined", "inputs.e"],
    ],
  );
});

Deno.test("typeOfValue() is what every value of it is, and unionOf() no more than all have", () => {
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Value>(null, true, 1, "a"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "b"), tie("value")),
    ),
  }));
  fc.assert(fc.property(value, value, (first, second) => {
    const kinds = [typeOfValue(first).kind, typeOfValue(second).kind];
    const union = unionOf([typeOfValue(first), typeOfValue(second)]);
    assertEquals(union.kind, kinds[0] === kinds[1] ? kinds[0] : "any");
  }));
  assertEquals(unionOf([]), ANY);
  assertEquals(unionOf([STRING, STRING]), STRING);
  assertEquals(unionOf([STRING, STRING, NUMBER]), ANY);
  assertEquals(unionOf([listOf(STRING), listOf(STRING), STRING]), ANY);
  const list = unionOf([typeOfValue([1, 2]), typeOfValue(["a"])]);
  assertEquals(list, listOf(ANY));
  const both = unionOf([typeOfValue({ a: 1, b: 2 }), typeOfValue({ a: "x", b: 3, c: 4 })]);
  assert(both.kind === "object");
  assertEquals([...both.names()], ["a", "b", "c"]);
  assertEquals(["a", "b", "c", "d"].map((name) => both.property(name)?.kind), [
    "any",
    "number",
    "any",
    undefined,
  ]);
});
