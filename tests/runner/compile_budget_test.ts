import { assertEquals } from "@std/assert";
import { planText } from "../../runner/plan_text.ts";
import { compiled, type Given } from "./_compiled.ts";

const ONE = "  - { id: a, prompt: Go }";
const PRICE = "{ usd_per_million: { input: 0.5, output: 1.5 } }";

/** A workflow with some keys of its own, and steps. */
function flow(keys: string, steps = ONE): string {
  return `name: demo\nmodel: openai:gpt-4.1\n${keys}\nsteps:\n${steps}\n`;
}

/** The budget, the prices and the steps' budgets; what is said where there is no plan. */
async function budgets(yaml: string, given: Given = {}) {
  const { plan, text } = await compiled(yaml, given);
  if (plan === undefined) throw new Error(text);
  const { budget, prices, steps } = plan;
  return { budget, prices, steps: steps.map((step) => step.budget), text };
}

Deno.test("compileWorkflow() limits turns to 50, and nothing else, unless told to", async () => {
  const none = { prices: undefined, steps: [undefined], text: "" };
  assertEquals(await budgets(flow("")), { budget: { turns: 50 }, ...none });
  assertEquals(await budgets(flow("budget: { turns: 7 }")), { budget: { turns: 7 }, ...none });
  assertEquals(await budgets(flow("budget: { tokens: 9000 }")), {
    budget: { turns: 50, tokens: 9_000 },
    ...none,
  });
});

Deno.test("compileWorkflow() prices what a run with a budget in dollars may ask", async () => {
  const known = { "openai:gpt-4.1": { input: 2, output: 8 } };
  assertEquals(await budgets(flow("budget: { usd: 0.5 }")), {
    budget: { turns: 50, usd: 0.5 },
    prices: known,
    steps: [undefined],
    text: "",
  });
  assertEquals((await budgets(flow("budget: { usd_per_day: 2 }"))).budget, {
    turns: 50,
    usdPerDay: 2,
  });
  assertEquals((await budgets(flow("budget: { usd_per_day: 2 }"))).prices, known);
  const step = flow("", "  - { id: a, prompt: Go, budget: { turns: 3, tokens: 5, usd: 0.5 } }");
  assertEquals(await budgets(step), {
    budget: { turns: 50 },
    prices: known,
    steps: [{ turns: 3, tokens: 5, usd: 0.5 }],
    text: "",
  });
});

Deno.test("compileWorkflow() prices each model of the steps, those at the end too", async () => {
  const file = flow(
    "budget: { usd: 1 }",
    "  - { id: a, prompt: Go }\n  - { id: b, prompt: Go, model: openai:gpt-4.1-mini }\n" +
      "on_success:\n  - { id: c, prompt: Go, model: openai:gpt-4.1-nano }",
  );
  assertEquals((await budgets(file)).prices, {
    "openai:gpt-4.1": { input: 2, output: 8 },
    "openai:gpt-4.1-mini": { input: 0.4, output: 1.6 },
    "openai:gpt-4.1-nano": { input: 0.1, output: 0.4 },
  });
});

Deno.test("compileWorkflow() prices the model that judges a command, and none that nobody asks", async () => {
  const own = "models: { openai:strict: { usd_per_million: { input: 1, output: 1 } } }";
  const file = "name: demo\nmodel: openai:strict\nshell: virtual\nbudget: { usd: 1 }\n" +
    `${own}\nsteps:\n  - { id: a, prompt: Go, model: openai:gpt-4.1 }\n`;
  assertEquals((await budgets(`${file}  - { id: b, run: ls }\n`)).prices, {
    "openai:gpt-4.1": { input: 2, output: 8 },
  });
  const judged = `${file}  - { id: b, run: ls, assert: [{ judge: Is it neat? }] }\n`;
  assertEquals((await budgets(judged)).prices, {
    "openai:gpt-4.1": { input: 2, output: 8 },
    "openai:strict": { input: 1, output: 1 },
  });
});

Deno.test("compileWorkflow() takes a price of the file before the one of the list", async () => {
  const table = `models: { openai:gpt-4.1: ${PRICE} }\n`;
  const own = { "openai:gpt-4.1": { input: 0.5, output: 1.5 } };
  assertEquals((await budgets(flow(`${table}budget: { usd: 1 }`))).prices, own);
  // Without a budget in dollars it is what the report counts with.
  assertEquals((await budgets(flow(table))).prices, own);
});

Deno.test("compileWorkflow() refuses dollars for a model whose price is not known", async () => {
  const { text } = await compiled(flow(
    "budget: { usd: 1, usd_per_day: 2 }",
    "  - { id: a, prompt: Go, model: openai:my-model }",
  ));
  assertEquals(
    text,
    `error[unknown-price]: The price of "openai:my-model" is not known, so "usd" cannot be kept
 --> flow.yaml:3:16
  |
3 | budget: { usd: 1, usd_per_day: 2 }
  |                ^
  = hint: Write it at the top: models: { "openai:my-model": { usd_per_million: { input: DOLLARS, output: DOLLARS } } }
`,
  );
});

Deno.test("compileWorkflow() accepts a table of the form that the hint of a price shows", async () => {
  const table = `models: { "openai:my-model": { usd_per_million: { input: 1, output: 2.5 } } }`;
  const steps = "  - { id: a, prompt: Go, model: openai:my-model, budget: { usd: 1 } }";
  const { prices, text } = await budgets(flow(table, steps));
  assertEquals([prices, text], [{ "openai:my-model": { input: 1, output: 2.5 } }, ""]);
});

Deno.test("compileWorkflow() names a step's own budget where its model has no price", async () => {
  const { text } = await compiled(flow(
    "",
    "  - { id: a, prompt: Go, budget: { usd: 1 } }\n" +
      "  - { id: b, prompt: Go, budget: { usd: 1 }, model: openai:my-model }\n" +
      "  - { id: c, prompt: Go, budget: { turns: 2 }, model: openai:other }",
  ));
  assertEquals(
    text,
    `error[unknown-price]: The price of "openai:my-model" is not known, so "usd" cannot be kept
 --> flow.yaml:6:41
  |
6 |   - { id: b, prompt: Go, budget: { usd: 1 }, model: openai:my-model }
  |                                         ^
  = hint: Write it at the top: models: { "openai:my-model": { usd_per_million: { input: DOLLARS, output: DOLLARS } } }
`,
  );
});

Deno.test("compileWorkflow() refuses dollars where the command line brings a model without a price", async () => {
  const { text, plan } = await compiled(flow("budget: { usd: 1 }"), { model: "openai:my-model" });
  assertEquals(plan, undefined);
  assertEquals(
    text.split("\n")[0],
    'error[unknown-price]: The price of "openai:my-model" is not known, so "usd" cannot be kept',
  );
});

Deno.test("compileWorkflow() asks the list for the prices of the server that is asked", async () => {
  const groq = "base_url: https://api.groq.com/openai/v1\nbudget: { usd: 1 }";
  const { text } = await compiled(flow(groq));
  assertEquals(text.split("\n").slice(0, 2), [
    'error[unknown-price]: The price of "openai:gpt-4.1" is not known, so "usd" cannot be kept',
    " --> flow.yaml:4:16",
  ]);
});

Deno.test("compileWorkflow() says which prices are of models that no step asks", async () => {
  const table = `models: { openai:gpt-4.1: ${PRICE}, openai:other: ${PRICE} }`;
  const { text, plan } = await compiled(flow(table));
  assertEquals(Object.keys(plan?.prices ?? {}), ["openai:gpt-4.1"]);
  assertEquals(text.split("\n").slice(0, 2), [
    'warning[unused-model]: No step asks "openai:other", so its price is not used',
    ` --> flow.yaml:3:${table.indexOf("openai:other") + 1}`,
  ]);
  // The file's own model is not one, though the command line brings another.
  const replaced = await compiled(flow(`models: { openai:gpt-4.1: ${PRICE} }`), {
    model: "openai:gpt-4o",
  });
  assertEquals(replaced.text, "");
});

Deno.test("compileWorkflow() knows no price of what is not a model's name", async () => {
  const { text } = await compiled(flow(`models: { gpt-4.1: ${PRICE} }`));
  assertEquals(text.split("\n")[0], 'error[unknown-model]: Model "gpt-4.1" is not known');
  assertEquals(
    text.split("\n")[5],
    '  = hint: A model is written openai:NAME: did you mean "openai:gpt-4.1"?',
  );
});

Deno.test("compileWorkflow() warns of a budget that a narrower one always ends first", async () => {
  const steps = "  - { id: a, prompt: Go, budget: { turns: 51, tokens: 10 } }\n" +
    "  - { id: b, prompt: Go, budget: { usd: 2, tokens: 11 } }";
  const wide = (await budgets(flow("budget: { tokens: 10, usd: 1 }", steps))).text;
  assertEquals(wide.split("\n").filter((line) => /^(warning|\s+= hint| --> )/.test(line)), [
    "warning[wide-budget]: A budget of 51 turns is more than that of the run, 50 turns, which ends first",
    " --> flow.yaml:5:43",
    "  = hint: Lower it, or raise budget: { turns }",
    "warning[wide-budget]: A budget of $2.00 is more than that of the run, $1.00, which ends first",
    " --> flow.yaml:6:41",
    "  = hint: Lower it, or raise budget: { usd }",
    "warning[wide-budget]: A budget of 11 tokens is more than that of the run, 10 tokens, which ends first",
    " --> flow.yaml:6:52",
    "  = hint: Lower it, or raise budget: { tokens }",
  ]);
  const day = await budgets(
    flow("budget: { usd: 2, usd_per_day: 1 }", "  - { id: a, prompt: Go, budget: { usd: 2 } }"),
  );
  assertEquals(day.text.split("\n").filter((line) => line.startsWith("warning")), [
    "warning[wide-budget]: A budget of $2.00 is more than that of the day, $1.00, which ends first",
  ]);
});

Deno.test("compileWorkflow() says nothing of budgets that are as wide as each other", async () => {
  const steps = "  - { id: a, prompt: Go, budget: { turns: 50, tokens: 10, usd: 1 } }";
  const { text } = await budgets(flow("budget: { tokens: 10, usd: 1, usd_per_day: 1 }", steps));
  assertEquals(text, "");
});

Deno.test("compileWorkflow() prices what a used workflow may ask, by its table or its caller's", async () => {
  const inner = (keys: string) =>
    `name: inner\nmodel: openai:own\n${keys}\nsteps:\n  - { id: x, prompt: Go }\n`;
  const steps = "  - { id: a, prompt: Go, model: openai:own }\n  - { id: u, uses: ./inner.yaml }";
  const table = `models: { openai:own: ${PRICE} }`;
  const own = { "openai:own": { input: 0.5, output: 1.5 } };
  const theirs = await budgets(flow("budget: { usd: 1 }", steps), {
    files: { "inner.yaml": inner(table) },
  });
  assertEquals([theirs.prices, theirs.text], [own, ""]);
  const ours = await budgets(flow(`budget: { usd: 1 }\n${table}`, steps), {
    files: { "inner.yaml": inner("") },
  });
  assertEquals([ours.prices, ours.text], [own, ""]);
  const { text } = await compiled(
    flow("budget: { usd: 1 }", "  - { id: u, uses: ./inner.yaml }"),
    { files: { "inner.yaml": inner("") } },
  );
  assertEquals(text.split("\n").slice(0, 2), [
    'error[unknown-price]: The price of "openai:own" is not known, so "usd" cannot be kept',
    " --> flow.yaml:3:16",
  ]);
});

Deno.test("compileWorkflow() warns of a budget of nothing, but not where nothing costs anything", async () => {
  const { text } = await compiled(flow("budget: { usd: 0 }"));
  assertEquals(
    text.split("\n")[0],
    'warning[empty-budget]: $0.00 pays for no answer of "openai:gpt-4.1", which costs $2.00 and ' +
      "$8.00 for a million tokens",
  );
  const free = "models: { openai:gpt-4.1: { usd_per_million: { input: 0, output: 0 } } }\n";
  assertEquals((await budgets(flow(`${free}budget: { usd: 0 }`))).text, "");
  const none = await compiled(flow("budget: { tokens: 0 }"));
  assertEquals(none.text.split("\n")[0], 'error[invalid-value]: "tokens" must be at least 1');
});

Deno.test("compileWorkflow() says that a budget and prices are not used without a model", async () => {
  const file = "name: demo\nshell: virtual\nbudget: { usd: 1 }\n" +
    `models: { openai:gpt-4.1: ${PRICE} }\nsteps:\n  - { id: a, run: ls }\n`;
  const { text, budget, prices } = await budgets(file);
  assertEquals(text.split("\n").filter((line) => line.startsWith("warning")), [
    'warning[unused-key]: No step asks a model, so "budget" is not used',
    'warning[unused-key]: No step asks a model, so "models" is not used',
  ]);
  assertEquals([budget, prices], [{ turns: 50, usd: 1 }, undefined]);
});

Deno.test("planText() shows all budgets of the run, and the prices that they are counted with", async () => {
  const { plan } = await compiled(flow(
    "budget: { turns: 1, tokens: 9000, usd: 0.5, usd_per_day: 2 }",
    "  - { id: a, prompt: Go }\n  - { id: b, prompt: Go, model: openai:gpt-5.4 }",
  ));
  if (plan === undefined) throw new Error("no plan");
  const lines = planText(plan, { color: false, cwd: "/" }).split("\n");
  const at = lines.findIndex((line) => line.trim().startsWith("budget"));
  assertEquals(lines.slice(at, at + 3).map((line) => line.trim().replace(/\s+/g, " ")), [
    "budget 1 turn of the model, 9000 tokens, $0.50, $2.00 a day",
    "prices openai:gpt-4.1: $2.00 in, $8.00 out for a million tokens",
    "openai:gpt-5.4: $2.50 in, $15.00 out for a million tokens; of requests above 271999 tokens " +
    "$5.00 in, $22.50 out",
  ]);
});
