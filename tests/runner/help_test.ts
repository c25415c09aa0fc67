import { assert, assertEquals, assertNotMatch } from "@std/assert";
import { join } from "@std/path";
import { workflowHelp } from "../../runner/_workflow_help.ts";

async function helpOf(yaml: string) {
  const cwd = await Deno.makeTempDir({ prefix: "routebook-help-" });
  try {
    await Deno.writeTextFile(join(cwd, "w.yaml"), yaml);
    return await workflowHelp("w.yaml", { cwd, color: false });
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("workflowHelp() prints what a workflow takes and gives", async () => {
  const { text } = await helpOf(`\
name: report
description: |
  Writes a report.
  With charts.
model: openai:m
shell: sandbox
inputs:
  month: { description: "Which\\n one", type: choice, options: [May, June] }
  day-count: { type: number, default: 3 }
  note: { required: false, pattern: "[a-z]*" }
  where: { type: path, default: /out }
env: { API_URL: { description: Where it is }, LANG: { default: C }, TZ: { required: false }, FIXED: x }
secrets: { TOKEN: { description: For the server }, OTHER: , NONE: { required: false } }
steps: [{ id: a, prompt: Go }]
outputs: { said: "\${{ steps.a.output }}" }
`);
  const [head = "", options = ""] = text?.split("\nOptions\n") ?? [];
  assertEquals(
    head,
    `\
report
Writes a report.
With charts.

Usage
  deno task run w.yaml [options]

Inputs
  --input month=...      ROUTEBOOK_INPUT_MONTH      one of May, June    required        Which one
  --input day-count=...  ROUTEBOOK_INPUT_DAY_COUNT  number              default 3
  --input note=...       ROUTEBOOK_INPUT_NOTE       string like [a-z]*  optional
  --input where=...      ROUTEBOOK_INPUT_WHERE      path                default "/out"

Variables, from the environment
  API_URL  required     Where it is
  LANG     default "C"
  TZ       optional

Secrets, from the environment
  TOKEN  required  For the server
  OTHER  required
  NONE   optional

Outputs
  said
`,
  );
  assert(options.startsWith("  --input NAME=VALUE   run, plan: set an input; may be repeated\n"));
  assertNotMatch(options, /--explain|--check|--format/);
});

Deno.test("workflowHelp() leaves out what a workflow does not have", async () => {
  const { text } = await helpOf(
    "name: w\nenv: [LANG]\nsecrets: [TOKEN]\nsteps: [{ id: a, run: ls }]\n",
  );
  assertEquals(
    text?.split("\nOptions\n")[0],
    "w\n\nUsage\n  deno task run w.yaml [options]\n\n" +
      "Variables, from the environment\n  LANG  required\n\n" +
      "Secrets, from the environment\n  TOKEN  required\n",
  );
});

Deno.test("workflowHelp() says what is wrong with a file instead", async () => {
  const { text, diagnostics } = await helpOf(
    "name: w\nmodel: openai:m\nsteps: [{ id: a, rnu: ls }]\n",
  );
  assertEquals([text, diagnostics.map(({ code }) => code)], [undefined, ["unknown-key"]]);
});
