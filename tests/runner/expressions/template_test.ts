import { assert, assertEquals, assertRejects } from "@std/assert";
import { TEXT_LIMIT } from "../../../runner/expressions/coerce.ts";
import { ExpressionError } from "../../../runner/expressions/errors.ts";
import type { Template, Value } from "../../../runner/expressions/expression.ts";
import {
  evaluateTemplate,
  parseExpression,
  parseTemplate,
  renderTemplate,
  templateText,
} from "../../../runner/expressions/template.ts";
import fc from "../../support/fast_check.ts";
import { expressionOf, expressionValues } from "../_expression_values.ts";

const framework = expressionOf("inputs.framework");
const notes = expressionOf("steps.my-notes.output");

Deno.test("parseTemplate() finds expressions and leaves the rest as it is", () => {
  const text = "A ${{ inputs.framework }} app; ${{steps.my-notes.output}}.";
  const { template, expressions, problems } = parseTemplate(text);
  assertEquals(template, ["A ", framework, " app; ", notes, "."]);
  assertEquals(
    expressions.map(({ source, opening, expression, spans }) => {
      const { offset = -1, length = -1 } = spans.get(expression) ?? {};
      return [source, opening, text.slice(offset, offset + length)];
    }),
    [
      ["inputs.framework", 2, "inputs.framework"],
      ["steps.my-notes.output", 31, "steps.my-notes.output"],
    ],
  );
  assertEquals(problems, []);
});

Deno.test("parseTemplate() leaves braces of other languages alone", () => {
  for (const text of ["{{ user.name }}", "${HOME}", "$ { {", "{% if %}", "$$", "}}", "it's", ""]) {
    assertEquals(parseTemplate(text), {
      template: text === "" ? [] : [text],
      expressions: [],
      problems: [],
    });
  }
});

Deno.test("parseTemplate() reads texts in quotes, which is how an opening is written", () => {
  assertEquals(parseTemplate("Write ${{ '${{' }} x }}").template, ["Write ${{ x }}"]);
  assertEquals(parseTemplate("${{ '}} it''s ${{' }}").template, ["}} it's ${{"]);
  assertEquals(parseTemplate("costs $${{ inputs.framework }}").template, ["costs $", framework]);
  assertEquals(parseTemplate("${{ '' }}").template, []);
});

Deno.test("parseTemplate() ends an expression at no }} that stands in quotes", () => {
  for (
    const source of [
      "format('{{{0}}}', inputs.a)",
      "contains(inputs.a, '}}') || '${{'",
      "'a''}}' == inputs.a",
      'fromJSON(\'{"a":{"b":{}}}\').a',
    ]
  ) {
    const { template, problems } = parseTemplate(`x\${{ ${source} }}y}}`);
    assertEquals([template, problems], [["x", expressionOf(source), "y}}"], []]);
  }
});

Deno.test("parseTemplate() says what is wrong, where, and goes on", () => {
  const cases: [string, string, number, number][] = [
    ["a ${{ }} b", "The expression is empty", 2, 6],
    ["${{ inputs. }}", 'After "." something is missing', 10, 1],
    ["x ${{ inputs.a", 'Expression "${{" is never closed', 2, 3],
    ["${{ inputs.a ${{ inputs.b }}", 'Expression "${{" is never closed', 0, 3],
    ["${{ 'open ${{ inputs.b }}", 'Expression "${{" is never closed', 0, 3],
    ["${{ 'open }} and on", "The text in quotes is never closed", 4, 1],
    ['${{ "a}}" }}', "Texts in expressions stand in single quotes", 4, 2],
    ["${{ a b }}", 'After "a" there cannot be "b"', 6, 1],
  ];
  for (const [text, message, offset, length] of cases) {
    const [problem] = parseTemplate(text).problems;
    assertEquals([problem?.message, problem?.offset, problem?.length], [message, offset, length]);
  }
  const { template, problems } = parseTemplate("${{ = }} and ${{ inputs.framework }} or ${{ ) }}");
  assertEquals([template, problems.length], [[" and ", framework, " or "], 2]);
});

Deno.test("parseTemplate() never throws, and keeps every text without an opening", () => {
  const part = fc.constantFrom("${{", "}}", "'", "inputs.a", "steps.b.output", " ", "$", "x", "(");
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (text) => {
      const { template, expressions, problems } = parseTemplate(text);
      if (!text.includes("${{")) assertEquals(template, text === "" ? [] : [text]);
      for (const { source, opening = -1, expression, spans } of expressions) {
        assert(text.startsWith("${{", opening));
        const { offset, length } = spans.get(expression) ?? { offset: -1, length: -1 };
        assert(source.includes(text.slice(offset, offset + length)));
      }
      for (const { offset, length } of problems) {
        assertEquals([offset >= 0, length > 0, offset + length <= text.length], [true, true, true]);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseTemplate() takes hostile texts of 100 kB as it takes short ones", () => {
  const size = 100_000;
  for (
    const part of ["${{ ' }} ", "${{ a }} ' ", "${{ ", "'${{ b }}'", "}} ${{ 1 }}", "${{ = }}"]
  ) {
    const few = parseTemplate(part.repeat(10));
    const many = parseTemplate(part.repeat(Math.ceil(size / part.length / 10) * 10));
    // What a text means does not depend on how long it is: all parts are found, or none after one.
    const found = ({ expressions, problems }: typeof few) => expressions.length + problems.length;
    assert(found(many) === found(few) || found(many) > found(few) * 100);
  }
});

Deno.test("templateText() writes what parses to the same template", () => {
  const part = fc.oneof(
    fc.constantFrom("${{", "}}", "a", " ", "'", "$", "${", "{{", "\n"),
    fc.constantFrom("inputs.a", "'}}' == inputs.b", "format('{0}}}', 1)", "!a", "3").map(
      expressionOf,
    ),
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
    // Texts beside each other are one, and what they open together is an opening.
    const template: (Template[number])[] = [];
    for (const each of parts) {
      const last = template.at(-1);
      if (typeof each === "string" && typeof last === "string") {
        template[template.length - 1] = last + each;
      } else template.push(each);
    }
    const endsOpen = template.some((each, index) =>
      typeof each === "string" && /\$\{?$/.test(each) && index < template.length - 1
    );
    fc.pre(!endsOpen);
    const { template: again, problems } = parseTemplate(templateText(template));
    assertEquals([again, problems], [template, []]);
  }));
});

Deno.test("parseExpression() takes an expression with its braces or without them", () => {
  for (
    const text of [
      "inputs.framework",
      "${{ inputs.framework }}",
      "  inputs.framework ",
      " ${{inputs.framework}}\n",
    ]
  ) {
    const { expression, source } = { source: undefined, ...parseExpression(text) };
    assertEquals([source, expression], ["inputs.framework", framework.expression]);
  }
  const bare = parseExpression("'${{' == '}}'");
  assertEquals([bare.problem, bare.expression?.type], [undefined, "binary"]);
});

Deno.test("parseExpression() wants one expression and nothing beside it", () => {
  const cases: [string, string, number, number][] = [
    ["", "The expression is empty", 0, 1],
    ["   ", "The expression is empty", 2, 1],
    ["${{ }}", "The expression is empty", 0, 6],
    ["${{ a", 'Expression "${{" is never closed', 0, 3],
    ["${{ a }} && b", "After the expression there is more", 9, 4],
    ["${{ a }} && ${{ b }}", "There is more than one expression here", 9, 11],
    ["!${{ a }}", "An expression cannot have another one in it", 1, 3],
    ["a &&", 'After "&&" something is missing', 2, 2],
  ];
  for (const [text, message, offset, length] of cases) {
    const { problem } = parseExpression(text);
    assertEquals(
      [text, problem?.message, problem?.offset, problem?.length],
      [text, message, offset, length],
    );
  }
});

Deno.test("renderTemplate() puts values in, once", async () => {
  const { template } = parseTemplate("${{ inputs.framework }}/${{ steps.my-notes.output }}");
  const values = expressionValues({
    inputs: { framework: "${{ steps.my-notes.output }}" },
    steps: { "my-notes": { output: "done", outputs: {}, status: "success" } },
  });
  assertEquals(await renderTemplate(template, values), "${{ steps.my-notes.output }}/done");
});

Deno.test("renderTemplate() writes null as nothing, and lists and maps as JSON in one line", async () => {
  const cases: [string, Value, string][] = [
    ["null", null, ""],
    ["false", false, "false"],
    ["-0.50", -0.5, "-0.5"],
    ['fromJSON(\'[1, {"a": "b"}]\')', [1, { a: "b" }], '[1,{"a":"b"}]'],
    ["inputs.name", "Flask", "Flask"],
  ];
  const values = expressionValues({ inputs: { name: "Flask" } });
  for (const [source, value, text] of cases) {
    const alone = parseTemplate(`\${{ ${source} }}`).template;
    assertEquals(await evaluateTemplate(alone, values), value);
    assertEquals(await renderTemplate(alone, values), text);
    const inside = parseTemplate(`<\${{ ${source} }}>`).template;
    assertEquals(await evaluateTemplate(inside, values), `<${text}>`);
  }
  assertEquals(await evaluateTemplate([], values), "");
  assertEquals(await evaluateTemplate(["3"], values), "3");
});

Deno.test("renderTemplate() makes no text that is too long", async () => {
  const values = expressionValues({ inputs: { half: "x".repeat(TEXT_LIMIT / 2) } });
  const fits = parseTemplate("${{ inputs.half }}${{ inputs.half }}").template;
  assertEquals((await renderTemplate(fits, values)).length, TEXT_LIMIT);
  await assertRejects(
    () => renderTemplate([...fits, "!"], values),
    ExpressionError,
    `A text must not be longer than ${TEXT_LIMIT} characters`,
  );
});

Deno.test("renderTemplate() and evaluateTemplate() say which expression has no value", async () => {
  const [alone, among] = ["${{ fromJSON(inputs.name) }}", "${{ 1 }} ${{ fromJSON(inputs.name) }}"];
  const context = expressionValues({ inputs: { name: "{" } });
  const message = "The text is not JSON: '{' (in fromJSON(inputs.name))";
  for (const text of [alone, among]) {
    for (const fill of [renderTemplate, evaluateTemplate]) {
      const { template } = parseTemplate(text);
      await assertRejects(() => fill(template, context), ExpressionError, message);
    }
  }
});
