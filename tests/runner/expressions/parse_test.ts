import { assert, assertEquals } from "@std/assert";
import type { BinaryOperator, Expression } from "../../../runner/expressions/expression.ts";
import { ExpressionError } from "../../../runner/expressions/errors.ts";
import { evaluate } from "../../../runner/expressions/evaluate.ts";
import { EXPRESSION_LIMITS, parse } from "../../../runner/expressions/parse.ts";
import { expressionText } from "../../../runner/expressions/print.ts";
import fc from "../../support/fast_check.ts";
import { expressionValues } from "../_expression_values.ts";

/** The marked part of each text is what the message is about. */
function faults(cases: readonly (readonly [text: string, message: string, hint?: string])[]): void {
  for (const [marked, message, hint] of cases) {
    const [before = "", part = "", after = ""] = marked.split("`");
    const { problem } = parse(before + part + after);
    assertEquals(
      [marked, problem?.message, problem?.hint, problem?.offset, problem?.length],
      [marked, message, hint, before.length, part.length],
    );
  }
}

Deno.test("parse() keeps an expression as plain data, and where its parts are", () => {
  const text = "  contains(inputs.tags, 'a') && !steps.x[ 0 ].y";
  const parsed = parse(text);
  const expected: Expression = {
    type: "binary",
    operator: "&&",
    left: {
      type: "call",
      name: "contains",
      arguments: [
        { type: "member", of: { type: "name", name: "inputs" }, name: "tags" },
        { type: "literal", value: "a" },
      ],
    },
    right: {
      type: "not",
      operand: {
        type: "member",
        of: {
          type: "index",
          of: { type: "member", of: { type: "name", name: "steps" }, name: "x" },
          index: { type: "literal", value: 0 },
        },
        name: "y",
      },
    },
  };
  assertEquals(parsed.expression, expected);
  assertEquals(JSON.parse(JSON.stringify(parsed.expression)), expected);
  assert(parsed.problem === undefined);
  const parts = [...parsed.spans.values()].map(({ offset, length }) =>
    text.slice(offset, offset + length)
  );
  assertEquals(parts, [
    "inputs",
    "inputs.tags",
    "'a'",
    "contains(inputs.tags, 'a')",
    "steps",
    "steps.x",
    "0",
    "steps.x[ 0 ]",
    "steps.x[ 0 ].y",
    "!steps.x[ 0 ].y",
    "contains(inputs.tags, 'a') && !steps.x[ 0 ].y",
  ]);
});

Deno.test("parse() looks at no more of a text than it is told to", () => {
  const parsed = parse("x ${{ a }} 'b'", 6, 7);
  assertEquals(parsed.expression, { type: "name", name: "a" });
  assertEquals(parse("'ab'", 0, 3).problem?.message, "The text in quotes is never closed");
  assertEquals(parse("a == b", 0, 4).problem, {
    message: 'After "==" something is missing',
    offset: 2,
    length: 2,
  });
});

Deno.test("parse() knows one zero, as JSON does", () => {
  for (const text of ["0", "-0", "+0", "-0.0", "-0e5", "0x0"]) {
    const { expression } = parse(text);
    assert(expression?.type === "literal" && Object.is(expression.value, 0));
  }
});

Deno.test("parse() reads functions and contexts in any case, and keeps how they are spelt here", () => {
  assertEquals(
    parse("TOJSON(Inputs.Name) == FORMAT('{0}', ENV.x)"),
    { ...parse("toJSON(inputs.Name) == format('{0}', env.x)") },
  );
  // Names of people's own are theirs.
  assertEquals(parse("Item").expression, { type: "name", name: "Item" });
});

Deno.test("parse() says what is missing, what is too much, and where", () => {
  faults([
    ["inputs`.`", 'After "." something is missing'],
    ["1 `==`", 'After "==" something is missing'],
    ["`!`", 'After "!" something is missing'],
    ["a `b`", 'After "a" there cannot be "b"'],
    ["`)`", 'An expression cannot begin with ")"'],
    ["`.`a", 'An expression cannot begin with "."'],
    ["a.`'b'`", 'After "." there cannot be "\'b\'"'],
    ["a[`]`", 'After "[" there cannot be "]"'],
    ["toJSON`(`a", '"(" is never closed', 'Close it with ")"'],
    ["`(`a", '"(" is never closed', 'Close it with ")"'],
    ["a`[`0", '"[" is never closed', 'Close it with "]"'],
    ["join(a,`)`", 'After "," there cannot be ")"'],
    ["(a`,` b)", 'After "a" there cannot be ","'],
    ["a < `==` b", 'After "<" there cannot be "=="'],
    ["`#` a", '"#" has no meaning in an expression'],
    ["a == `😀`", '"😀" has no meaning in an expression'],
    [
      "`12ab`",
      '"12ab" is not a number',
      "Numbers are written 3, -0.5, 2e10 or 0xff; a text stands in single quotes",
    ],
    [
      "`1e999`",
      '"1e999" is not a number',
      "Numbers are written 3, -0.5, 2e10 or 0xff; a text stands in single quotes",
    ],
    [
      "`1.2.3`",
      '"1.2.3" is not a number',
      "Numbers are written 3, -0.5, 2e10 or 0xff; a text stands in single quotes",
    ],
  ]);
});

Deno.test("parse() knows functions by name, and how much each takes", () => {
  faults([
    ["`contians`(a, 'b')", 'There is no function "contians"', 'Did you mean "contains"?'],
    ["`to_json`(a)", 'There is no function "to_json"', 'Did you mean "toJSON"?'],
    [
      "a && `cancelled`()",
      'There is no function "cancelled"',
      "A run that is interrupted starts no more steps: leave it out",
    ],
    ["`not`(a)", 'There is no function "not"', "Write ! before the operand: !success()"],
    [
      "`length`(a) > 0",
      'There is no function "length"',
      "Expressions do not count: compare with '' or with toJSON(list) == '[]'",
    ],
    [
      "`xyzzy`()",
      'There is no function "xyzzy"',
      "The functions are contains, startsWith, endsWith, join, toJSON, fromJSON, format, default, " +
      "hashFiles, always, success, failure",
    ],
    [
      "1 == `contains(a)`",
      'Function "contains" takes 2 arguments, not 1',
      "Write contains(list or text, item)",
    ],
    ["`join()`", 'Function "join" takes at least 1 argument, not 0', "Write join(list, separator)"],
    [
      "`join(a, b, c)`",
      'Function "join" takes at most 2 arguments, not 3',
      "Write join(list, separator)",
    ],
    ["`success(1)`", 'Function "success" takes no arguments, not 1', "Write success()"],
    ["`toJSON(a, 2)`", 'Function "toJSON" takes 1 argument, not 2', "Write toJSON(value)"],
    [
      "`format('x')`",
      'Function "format" takes at least 2 arguments, not 1',
      "Write format('{0} and {1}', a, b)",
    ],
    [
      "`default(a)`",
      'Function "default" takes 2 arguments, not 1',
      "Write default(value, fallback)",
    ],
  ]);
});

Deno.test("parse() says what the spellings of other languages are here", () => {
  const noOperator = (sign: string) => `"${sign}" is not an operator of expressions`;
  faults([
    [
      'a == `"b"`',
      "Texts in expressions stand in single quotes",
      "Write 'text'; a single quote in it is written twice",
    ],
    ["a `===` b", noOperator("==="), "Write =="],
    ["a `!==` b", noOperator("!=="), "Write !="],
    ["a `<>` b", noOperator("<>"), "Write !="],
    ["a `=` b", noOperator("="), "Write == to compare"],
    ["a `=~` b", noOperator("=~"), "There are no patterns: use contains, startsWith or endsWith"],
    ["a `&` b", noOperator("&"), "Write &&"],
    [
      "a `|` upper",
      "There are no filters behind | in expressions",
      "Write a function instead: default(value, 'x'), join(list), toJSON(value); or is ||",
    ],
    ["a `?` b : c", noOperator("?"), "Write condition && 'yes' || 'no'"],
    ["a `??` b", noOperator("??"), "Write default(value, fallback)"],
    ["a`?.`b", noOperator("?."), "Write a point alone: a member of null is null"],
    ["a `and` b", noOperator("and"), "Write &&"],
    ["a `OR` b", noOperator("OR"), "Write ||"],
    ["`not` a", noOperator("not"), "Write ! before the operand: !success()"],
    ["a `in` b", noOperator("in"), "Write contains(list, value)"],
    ["a `is` b", noOperator("is"), "Write =="],
    ["'x' `if` a else 'y'", noOperator("if"), "Write condition && 'yes' || 'no'"],
    [
      "a.`*`.b",
      '".*" is not supported in expressions',
      "Name the member, or repeat a step with foreach for each item of a list",
    ],
    [
      "a[`*`]",
      '".*" is not supported in expressions',
      "Name the member, or repeat a step with foreach for each item of a list",
    ],
    [
      "a `*` b",
      noOperator("*"),
      "Expressions do not calculate: let a step do it, and use its output",
    ],
    [
      "a `+` b",
      noOperator("+"),
      "Expressions do not calculate: let a step do it, and use its output",
    ],
    [
      "a `-` b",
      noOperator("-"),
      "Expressions do not calculate: let a step do it, and use its output",
    ],
    [
      "a `%` 2",
      noOperator("%"),
      "Expressions do not calculate: let a step do it, and use its output",
    ],
    [
      "`$HOME` == a",
      "\"$HOME\" is the shell's, not an expression's",
      "Write inputs.NAME, env.NAME or steps.ID.output",
    ],
    [
      "!`${{` a }}",
      "An expression cannot have another one in it",
      "Write the inner one without its braces",
    ],
    [
      "a == `{`}",
      '"{" has no meaning in an expression',
      `Write lists and maps as JSON: fromJSON('{ "a": 1 }')`,
    ],
    [
      "a == `'`b",
      "The text in quotes is never closed",
      "Close it with a single quote; a single quote in a text is written twice",
    ],
    [
      "a == `'`b''",
      "The text in quotes is never closed",
      "Close it with a single quote; a single quote in a text is written twice",
    ],
  ]);
});

Deno.test("parse() refuses what is deeper or longer than its limits, and takes what just is not", () => {
  const { depth, length } = EXPRESSION_LIMITS;
  const cases: [string, (levels: number) => string][] = [
    ["brackets", (levels) => `${"(".repeat(levels)}a${")".repeat(levels)}`],
    ["not", (levels) => `${"!".repeat(levels - 1)}a`],
    ["calls", (levels) => `${"toJSON(".repeat(levels - 1)}a${")".repeat(levels - 1)}`],
    ["members", (levels) => `a${".b".repeat(levels - 1)}`],
    ["operators", (levels) => `a${" && b".repeat(levels - 1)}`],
    ["indexes", (levels) => `${"a[".repeat(levels - 1)}0${"]".repeat(levels - 1)}`],
  ];
  for (const [name, text] of cases) {
    assertEquals([name, parse(text(depth)).problem], [name, undefined]);
    assertEquals(
      [name, parse(text(depth + 1)).problem?.message],
      [name, `An expression must not be deeper than ${depth} levels`],
    );
  }
  const beside = Array.from({ length: depth }, () => "contains((a), (b))").join(" , ");
  assertEquals(parse(`format(${beside})`).problem, undefined);
  const fits = `'${"x".repeat(length - 2)}'`;
  assertEquals(parse(fits).problem, undefined);
  assertEquals(
    parse(`${fits} `).problem?.message,
    `An expression must not be longer than ${length} characters`,
  );
});

Deno.test("parse() answers for hostile texts, of 100 kB too, with one problem", () => {
  for (
    const part of [
      "(",
      "!",
      "[",
      "a.",
      "a[",
      "toJSON(",
      "'",
      "a &&",
      '"',
      "1",
      "-",
      "a ",
      "|",
      "((a)",
      "😀",
    ]
  ) {
    for (const length of [50, 5_000, 100_000]) {
      const text = part.repeat(Math.ceil(length / part.length));
      const { problem } = parse(text);
      // An even number of quotes is a text, and many digits are a number, if they are not too many.
      if (problem === undefined) assert(part === "'" || part === "1");
      else assert(problem.offset >= 0 && problem.length > 0);
    }
  }
});

const names = fc.constantFrom("inputs", "env", "steps", "item", "x", "a-b", "_", "Ünused").filter(
  (name) => /^[A-Za-z_][\w-]*$/.test(name),
);
const literals = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom("'", "''", "}}", "${{", "a'b", "\n"),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value === 0 ? 0 : value),
);
const operators = fc.constantFrom<BinaryOperator>("==", "!=", "<", "<=", ">", ">=", "&&", "||");
const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    literals.map((value): Expression => ({ type: "literal", value })),
    names.map((name): Expression => ({ type: "name", name })),
    fc.record({ of: tie("tree"), name: names }).map((each): Expression => ({
      type: "member",
      ...each,
    })),
    fc.record({ of: tie("tree"), index: tie("tree") }).map((each): Expression => ({
      type: "index",
      ...each,
    })),
    tie("tree").map((operand): Expression => ({ type: "not", operand })),
    fc.record({ operator: operators, left: tie("tree"), right: tie("tree") }).map((
      each,
    ): Expression => ({ type: "binary", ...each })),
    fc.tuple(
      fc.constantFrom("contains", "startsWith", "endsWith", "default", "format", "join"),
      tie("tree"),
      tie("tree"),
    ).map(([name, first, second]): Expression => ({
      type: "call",
      name,
      arguments: [first, second],
    })),
    fc.tuple(fc.constantFrom("toJSON", "fromJSON", "hashFiles"), tie("tree")).map((
      [name, only],
    ): Expression => ({ type: "call", name, arguments: [only] })),
  ),
}));

Deno.test("parse() makes of every printed tree the same tree", () => {
  fc.assert(
    fc.property(tree, (expression) => {
      const text = expressionText(expression);
      const parsed = parse(text);
      assertEquals([text, parsed.problem, parsed.expression], [text, undefined, expression]);
    }),
    { numRuns: 500 },
  );
});

Deno.test("parse() places each part of a tree where its own text is", () => {
  fc.assert(fc.property(tree, (expression) => {
    const text = expressionText(expression);
    const parsed = parse(text);
    assert(parsed.problem === undefined);
    for (const [part, { offset, length }] of parsed.spans) {
      assertEquals(parse(text.slice(offset, offset + length)).expression, part);
    }
  }));
});

Deno.test("parse() gives an expression or a problem inside of the text, for any text", () => {
  const word = fc.constantFrom(
    ..."inputs.a steps x ( ) [ ] . , ! && || == != < <= 'a' '' ' \" 1 -1 0x 1e | = ? : * {{ $ 😀 and"
      .split(" "),
    " ",
    "\n",
  );
  const text = fc.oneof(
    fc.array(word, { maxLength: 14 }).map((words) => words.join("")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(text, (text) => {
      const { problem, expression } = parse(text);
      assertEquals(problem === undefined, expression !== undefined);
      if (problem === undefined) return;
      assert(problem.message.length > 0 && !problem.message.endsWith("."));
      assert(problem.offset >= 0 && problem.offset + problem.length <= Math.max(1, text.length));
    }),
    { numRuns: 500 },
  );
});

Deno.test("evaluate() throws for no tree anything but its documented error", async () => {
  const steps = { x: { output: "{}", outputs: { a: [1, null] }, status: "success" } } as const;
  const context = expressionValues({
    inputs: { x: "1", "a-b": true },
    steps,
    item: { name: "item", value: [{ x: 1 }, "a"], index: 0 },
  });
  await fc.assert(
    fc.asyncProperty(tree, async (expression) => {
      try {
        const value = await evaluate(expression, context);
        assert(JSON.stringify(value) !== undefined);
      } catch (error) {
        assert(error instanceof ExpressionError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
