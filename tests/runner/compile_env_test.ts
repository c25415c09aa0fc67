import { assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { secretValues } from "../../runner/_compile_env.ts";
import { compiled, type Given } from "./_compiled.ts";

const STEPS = "steps: [{ id: a, run: date }]\n";

function flow(top: string, steps = STEPS): string {
  return `name: w\n${top}${steps}`;
}

const env = (variables: Record<string, string>) => new Map(Object.entries(variables));

Deno.test("compileWorkflow() takes variables from the environment, and gives those with a value", async () => {
  const yaml = flow(`\
inputs: { month: { default: May }, n: { type: number, default: 3 } }
env:
  TAKEN: { description: Where it is }
  OPTIONAL: { required: false }
  EMPTY: {}
  DEFAULT: { default: d }
  USED: { default: d }
  FIXED: "in \${{ inputs.month }}: \${{ inputs.n }}"
  NUMBER: "3"
  INDEXED: "\${{ inputs['month'] }}"
`);
  const { plan, text } = await compiled(yaml, {
    env: env({ TAKEN: "t", EMPTY: "", USED: "u", OTHER: "o", FIXED: "no" }),
  });
  assertEquals(text, "");
  assertEquals(plan?.env, {
    ...{ TAKEN: "t", EMPTY: "", DEFAULT: "d", USED: "u", FIXED: "in May: 3", NUMBER: "3" },
    INDEXED: "May",
  });
  assertEquals(plan?.secrets, undefined);
});

Deno.test("compileWorkflow() takes variables by a list of names", async () => {
  const { plan, text } = await compiled(flow("env: [LANG, TZ]\n"), {
    env: env({ LANG: "C", TZ: "UTC" }),
  });
  assertEquals([text, plan?.env], ["", { LANG: "C", TZ: "UTC" }]);
});

Deno.test("compileWorkflow() names secrets in the plan, and has the value of none in it", async () => {
  const yaml = flow(
    "secrets:\n  TOKEN: { description: For the server }\n  OTHER:\n  NONE: { required: false }\n",
    `steps: [{ id: a, run: date, env: { T: "\${{ secrets.TOKEN }}" } }]\n`,
  );
  const given = env({ TOKEN: "hunter2-token", OTHER: "hunter2-other" });
  const { plan, text } = await compiled(yaml, { env: given });
  assertEquals([text, plan?.secrets], ["", ["TOKEN", "OTHER", "NONE"]]);
  assertNotMatch(JSON.stringify(plan), /hunter2/);
  assertEquals(secretValues(plan?.secrets, given), {
    TOKEN: "hunter2-token",
    OTHER: "hunter2-other",
  });
});

Deno.test("compileWorkflow() says what the environment lacks, and only before a run", async () => {
  const yaml = flow("env: [API_URL]\nsecrets: [TOKEN, EMPTY, SHORT]\n");
  const given = { env: env({ EMPTY: "", SHORT: "abc\n" }) };
  const { text, plan, exitCode } = await compiled(yaml, given);
  assertEquals(
    text,
    `\
error[missing-variable]: The environment has no variable "API_URL"
 --> flow.yaml:2:7
  |
2 | env: [API_URL]
  |       ^^^^^^^
  = hint: Set it before the run: API_URL=value deno task run FILE

error[missing-secret]: The environment has no secret "TOKEN"
 --> flow.yaml:3:11
  |
3 | secrets: [TOKEN, EMPTY, SHORT]
  |           ^^^^^
  = hint: Set it before the run: TOKEN=value deno task run FILE

error[missing-secret]: The environment has no secret "EMPTY"
 --> flow.yaml:3:18
  |
3 | secrets: [TOKEN, EMPTY, SHORT]
  |                  ^^^^^
  = hint: Set it before the run: EMPTY=value deno task run FILE

error[short-secret]: Secret "SHORT" has less than 4 characters: it cannot be masked
 --> flow.yaml:3:25
  |
3 | secrets: [TOKEN, EMPTY, SHORT]
  |                         ^^^^^
  = hint: Use a longer one, or name it below env if everybody may see it
`,
  );
  assertEquals([plan, exitCode], [undefined, 2]);
  for (const option of [{ check: true }, { keyNeeded: false }] satisfies Given[]) {
    const looked = await compiled(yaml, { ...given, ...option });
    assertEquals([looked.text, looked.plan?.secrets], ["", ["TOKEN", "EMPTY", "SHORT"]]);
  }
});

Deno.test("compileWorkflow() says what is wrong with the names of variables and secrets", async () => {
  const { text } = await compiled(
    flow("env: [PATH, 2X, A=1, A, A, OPENAI_API_KEY]\nsecrets: { A: , LD_PRELOAD: , x-y: }\n"),
    { env: env({ A: "abcd" }) },
  );
  assertEquals(
    text,
    `\
error[reserved-variable]: "PATH" is the shell's own variable
 --> flow.yaml:2:7
  |
2 | env: [PATH, 2X, A=1, A, A, OPENAI_API_KEY]
  |       ^^^^
  = hint: Use another name; the env of a step may set what its own command needs

error[invalid-name]: "2X" cannot be a variable's name
 --> flow.yaml:2:13
  |
2 | env: [PATH, 2X, A=1, A, A, OPENAI_API_KEY]
  |             ^^
  = hint: Use letters, digits and _, and begin with a letter

error[invalid-name]: "A=1" cannot be a variable's name
 --> flow.yaml:2:17
  |
2 | env: [PATH, 2X, A=1, A, A, OPENAI_API_KEY]
  |                 ^^^
  = hint: Write a map: { A: value }

error[invalid-value]: "A" is named twice
 --> flow.yaml:2:25
  |
2 | env: [PATH, 2X, A=1, A, A, OPENAI_API_KEY]
  |                         ^
  = hint: Name it once

error[reserved-variable]: "OPENAI_API_KEY" is the model's key: no command sees it
 --> flow.yaml:2:28
  |
2 | env: [PATH, 2X, A=1, A, A, OPENAI_API_KEY]
  |                            ^^^^^^^^^^^^^^
  = hint: A command that needs it has it as a secret: name it below "secrets"

error[invalid-value]: "A" is a variable and a secret
 --> flow.yaml:3:12
  |
3 | secrets: { A: , LD_PRELOAD: , x-y: }
  |            ^
  = hint: Keep it in "secrets": what is in "env" is shown

error[reserved-variable]: "LD_PRELOAD" is the shell's own variable
 --> flow.yaml:3:17
  |
3 | secrets: { A: , LD_PRELOAD: , x-y: }
  |                 ^^^^^^^^^^
  = hint: Use another name; the env of a step may set what its own command needs

error[invalid-name]: "x-y" cannot be a variable's name
 --> flow.yaml:3:31
  |
3 | secrets: { A: , LD_PRELOAD: , x-y: }
  |                               ^^^
  = hint: Use letters, digits and _, and begin with a letter
`,
  );
});

Deno.test("compileWorkflow() lets values of variables refer to inputs alone", async () => {
  const yaml = flow(`\
inputs: { a: { default: x } }
secrets: { TOKEN: { required: false } }
env:
  A: "\${{ inputs.b }}"
  B: "\${{ steps.a.output }}"
  C: "\${{ secrets.TOKEN }}"
  D: "\${{ env.A }}"
  E: "\${{ hashFiles('/x') }}"
  F: "\${{ run.id }}"
  G: { default: "\${{ inputs.a }}" }
  H: "\${{ fromJSON(inputs.a) }}"
  I: "\${{ inputs['a'] }}"
`);
  const { diagnostics } = await compiled(yaml);
  assertEquals(
    diagnostics.map(({ code, message, place }) => `${place?.line} ${code}: ${message}`),
    [
      '5 undefined-reference: "inputs.b" is not defined: there is no input "b"',
      '6 unavailable-reference: "steps.a.output" is not known here: variables are fixed before the first step',
      '7 unavailable-reference: "secrets.TOKEN" is not known here: secrets are handed to commands alone',
      '8 undefined-reference: "env.A" is not defined: there is no variable "A"',
      '9 unavailable-reference: "hashFiles" cannot be used here',
      '10 unavailable-reference: "run" is not known here: variables are fixed before the run',
      "11 expression-not-allowed: Expressions are not evaluated here",
      "12 invalid-value: The variable has no value: The text is not JSON: 'x' (in fromJSON(inputs.a))",
    ],
  );
});

Deno.test("compileWorkflow() knows variables and secrets in expressions of steps", async () => {
  const yaml = flow(
    "env: { CITY: Oslo }\nsecrets: { TOKEN: { required: false } }\n",
    `\
steps:
  - id: a
    run: date
    env: { A: "\${{ env.CITY }}", B: "\${{ env.CTIY }}", C: "\${{ secrets.TOKN }}" }
  - { id: b, run: date, if: "secrets.TOKEN != ''" }
`,
  );
  const { diagnostics } = await compiled(yaml);
  assertEquals(diagnostics.map(({ message, hint }) => [message, hint]), [
    ['"env.CTIY" is not defined: there is no variable "CTIY"', 'Did you mean "CITY"?'],
    ['"secrets.TOKN" is not defined: there is no secret "TOKN"', 'Did you mean "TOKEN"?'],
    [
      '"secrets.TOKEN" is not known here: secrets are handed to commands alone',
      'Hand it to a run step: env: { NAME: "${{ secrets.NAME }}" }',
    ],
  ]);
});

Deno.test("compileWorkflow() holds what is taken from the environment to the ceiling", async () => {
  const yaml = flow(
    "env: { LANG: , TZ: { default: UTC }, FIXED: x }\nsecrets: [TOKEN]\npermissions: { env: [LANG] }\n"
      .replace("LANG: ,", "LANG: {},"),
  );
  const { diagnostics } = await compiled(yaml, { env: env({ LANG: "C", TOKEN: "abcd" }) });
  assertEquals(diagnostics.map(({ code, message, place }) => [code, message, place?.line]), [
    [
      "exceeds-permissions",
      'The file takes "TZ" from the environment, and permissions.env allows LANG alone',
      2,
    ],
    [
      "exceeds-permissions",
      'The file takes "TOKEN" from the environment, and permissions.env allows LANG alone',
      3,
    ],
  ]);
});

Deno.test("compileWorkflow() leaves variables of a workflow that is used open that its caller decides", async () => {
  const { plan, text } = await compiled(
    flow(
      "inputs: {}\nmodel: openai:m\nshell: virtual\n",
      "steps: [{ id: u, uses: ./inner.yaml, with: { city: Oslo } }]\n",
    ),
    {
      files: {
        "inner.yaml": flow(
          'inputs: { city: { default: Rome } }\nenv: { A: "in ${{ inputs.city }}", B: b }\n',
        ),
      },
    },
  );
  assertEquals(text, "");
  const used = plan?.steps[0]?.uses?.plan;
  assertEquals(used?.env, { B: "b" });
  assertEquals(Object.keys(used?.openEnv ?? {}), ["A"]);
  assertEquals(used?.inputs, { city: "Rome" });
});

Deno.test("compileWorkflow() warns of what looks like a secret, wherever it is, and does not repeat it", async () => {
  const secrets = [
    "sk-abcdefghijklmnopqrstuvwx",
    "sk-proj-abcdefghijklmnopqrstuvwx",
    "ghp_0123456789abcdefghijABCDEFGHIJ0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdef",
    "glpat-abcdefghijklmnopqrst",
  ];
  for (const secret of secrets) {
    const { diagnostics, text } = await compiled(
      `name: w\nmodel: openai:m\ninputs: { a: { default: ${secret} } }\nenv: { A: x ${secret} }\n` +
        `steps: [{ id: a, prompt: "Use ${secret}" }]\n`,
    );
    assertEquals(
      diagnostics.map(({ code, severity, place }) =>
        `${severity}[${code}] ${place?.line}:${place?.column}`
      ),
      ["3:25", "4:13", "5:31"].map((place) => `warning[inlined-secret] ${place}`),
      secret,
    );
    assertStringIncludes(text, `"${secret.slice(0, 8)}…" looks like a secret`);
  }
  const key = await compiled(
    flow('env: { KEY: "-----BEGIN RSA PRIVATE KEY-----\\nMIIE" }\n'),
  );
  assertEquals(key.diagnostics.map(({ code }) => code), ["inlined-secret"]);
  const none = await compiled(
    flow("env: { A: sk-short, B: task-abcdefghijklmnopqrstuvwxyz, C: AKIA }\n"),
  );
  assertEquals(none.text, "");
});
