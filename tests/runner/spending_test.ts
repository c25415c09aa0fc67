import { assertEquals, assertThrows } from "@std/assert";
import type { PlanStep } from "../../runner/plan.ts";
import { type DaySpent, Spending, type SpentBefore } from "../../runner/spending.ts";
import { compiled } from "./_compiled.ts";

const STEPS =
  "  - { id: a, prompt: Go }\n  - { id: b, prompt: Go, budget: { turns: 2, tokens: 50 } }\n";

/** The plan of a workflow of these steps, with a budget. */
async function planOf(budget: string, steps = STEPS) {
  const { plan, text } = await compiled(
    `name: demo\nmodel: openai:gpt-4.1\n${budget}\nsteps:\n${steps}`,
  );
  if (plan === undefined) throw new Error(text);
  return plan;
}

async function spendingOf(
  budget: string,
  options: { before?: SpentBefore; today?: () => DaySpent } = {},
) {
  return new Spending(await planOf(budget), options);
}

function asked(step: string) {
  return { type: "model.asked", step, turn: 1 } as const;
}

function answered(step: string, inputTokens: number | null, outputTokens: number | null) {
  const usage = { inputTokens, outputTokens };
  return {
    type: "model.answered",
    step,
    turn: 1,
    text: "",
    toolCalls: 0,
    finish: "stop",
    usage,
  } as const;
}

/** A question and its answer; why the step is to be ended, if it is. */
function turn(spending: Spending, step: string, input: number | null, output: number | null) {
  const problem = spending.note(asked(step));
  spending.note(answered(step, input, output));
  return problem;
}

Deno.test("Spending.totals adds up what all steps took, in dollars where prices are known", async () => {
  const spending = await spendingOf("budget: { usd: 1 }");
  turn(spending, "a", 1_000, 100);
  turn(spending, "b", 10, 1);
  assertEquals(spending.totals, {
    turns: 2,
    inputTokens: 1_010,
    outputTokens: 101,
    usd: 0.002828,
  });
  const unpriced = await spendingOf("");
  turn(unpriced, "a", 5, 6);
  assertEquals(unpriced.totals, { turns: 1, inputTokens: 5, outputTokens: 6 });
});

Deno.test("Spending.totals takes no unknown count for none", async () => {
  const spending = await spendingOf("budget: { usd: 1 }");
  turn(spending, "a", null, 7);
  turn(spending, "a", 1, 7);
  assertEquals(spending.totals, { turns: 2, inputTokens: null, outputTokens: 14, usd: null });
});

Deno.test("Spending.ended() counts what a request took that nobody counted", async () => {
  const usage = { inputTokens: 3, outputTokens: 4 };
  const known = await spendingOf("budget: { usd: 1 }");
  turn(known, "a", 3, 4);
  known.note(asked("a"));
  // A request that the server refused took nothing: the result says so.
  known.ended("a", usage);
  assertEquals(known.totals, { turns: 2, inputTokens: 3, outputTokens: 4, usd: 0.000038 });
  for (const result of [undefined, { inputTokens: null, outputTokens: null }]) {
    const cut = await spendingOf("budget: { usd: 1 }");
    turn(cut, "a", 3, 4);
    cut.note(asked("a"));
    cut.ended("a", result);
    assertEquals(cut.totals, { turns: 2, inputTokens: null, outputTokens: null, usd: null });
  }
  // All requests of an attempt that was cut short were answered.
  const between = await spendingOf("budget: { usd: 1 }");
  turn(between, "a", 3, 4);
  between.ended("a");
  assertEquals(between.totals.usd, 0.000038);
});

Deno.test("Spending.note() says when a model is asked although the run's budget is used up", async () => {
  const spending = await spendingOf("budget: { turns: 2 }");
  assertEquals(turn(spending, "a", 1, 1), undefined);
  assertEquals(turn(spending, "b", 1, 1), undefined);
  assertEquals(
    turn(spending, "a", 1, 1),
    "The budget of 2 turns is used up: raise budget: { turns } if it was too small",
  );
  assertEquals(spending.totals.turns, 3);
});

Deno.test("Spending.note() lets pass what was under way when a budget was reached", async () => {
  const spending = await spendingOf("budget: { tokens: 100 }");
  assertEquals([spending.note(asked("a")), spending.note(asked("b"))], [undefined, undefined]);
  assertEquals(spending.note(answered("a", 100, 1)), undefined);
  assertEquals(spending.note(answered("b", 10, 1)), undefined);
  assertEquals(
    spending.note(asked("b")),
    "The budget of 100 tokens is used up, 112 were taken: raise budget: { tokens } if it was too small",
  );
});

Deno.test("Spending.note() holds all items of a step to the one budget that it has", async () => {
  const spending = await spendingOf("");
  turn(spending, "b[0]", 10, 10);
  turn(spending, "b[1]", 10, 10);
  assertEquals(
    spending.note(asked("b[2]")),
    "The step's budget of 2 turns is used up: raise its budget: { turns } if it was too small",
  );
  assertEquals(spending.note(asked("a")), undefined);
});

Deno.test("Spending.note() refuses events of steps that there are not", async () => {
  const spending = await spendingOf("");
  for (const key of ["c", "a/b", "", "a[x]", "__proto__"]) {
    assertThrows(() => spending.note(asked(key)), TypeError, "that the plan does not have");
  }
});

Deno.test("Spending.attempt() grants what is left of all budgets", async () => {
  const spending = await spendingOf("budget: { turns: 3, usd: 1 }");
  assertEquals(spending.attempt("a"), { maxTurns: 3, budget: undefined });
  const prices = { "openai:gpt-4.1": { input: 2, output: 8 } };
  assertEquals(spending.attempt("b"), {
    maxTurns: 2,
    budget: { turns: 2, tokens: 50, prices, used: { turns: 0, tokens: 0, usd: 0 } },
  });
  turn(spending, "b", 10, 1);
  turn(spending, "a", 10, 1);
  assertEquals(spending.attempt("b"), {
    maxTurns: 1,
    budget: { turns: 2, tokens: 50, prices, used: { turns: 1, tokens: 11, usd: 0.000028 } },
  });
  assertEquals(spending.attempt("a").maxTurns, 1);
  turn(spending, "a", 10, 1);
  turn(spending, "a", 10, 1);
  assertEquals(spending.attempt("a").maxTurns, 0);
});

Deno.test("Spending.refusal() says why a step cannot ask at all, and of a command nothing", async () => {
  const plan = await planOf(
    "shell: virtual\nbudget: { turns: 1 }",
    `${STEPS}  - { id: c, run: ls }\n`,
  );
  const spending = new Spending(plan);
  assertEquals(["a", "b"].map((key) => spending.refusal(key)), [undefined, undefined]);
  turn(spending, "a", 1, 1);
  const used = "The budget of 1 turn is used up: raise budget: { turns } if it was too small";
  assertEquals(["a", "b", "c"].map((key) => spending.refusal(key)), [used, used, undefined]);
});

Deno.test("Spending goes on with what a waiting run used up", async () => {
  const budget = "budget: { turns: 9, tokens: 100, usd: 1 }";
  const first = await spendingOf(budget);
  turn(first, "a", 30, 5);
  turn(first, "b", 30, 5);
  const kept: SpentBefore = JSON.parse(JSON.stringify(first.kept));
  const second = await spendingOf(budget, { before: kept });
  assertEquals(second.totals, first.totals);
  assertEquals(second.runLimits(), {
    turns: 9,
    tokens: 100,
    usd: 1,
    prices: { "openai:gpt-4.1": { input: 2, output: 8 } },
    used: { turns: 2, tokens: 70, usd: 0.0002 },
  });
  assertEquals(second.attempt("b").maxTurns, 1);
  turn(second, "b", 15, 1);
  assertEquals(
    second.note(asked("b")),
    "The step's budget of 2 turns is used up: raise its budget: { turns } if it was too small",
  );
  turn(second, "a", 15, 0);
  assertEquals(
    second.note(asked("a")),
    "The budget of 100 tokens is used up, 101 were taken: raise budget: { tokens } if it was too small",
  );
});

Deno.test("Spending keeps to what other runs leave of the day, looking again each time", async () => {
  let spent: DaySpent = { usd: 1.5 };
  const spending = await spendingOf("budget: { usd_per_day: 2 }", { today: () => spent });
  assertEquals([spending.dayProblem(), spending.refusal("a")], [undefined, undefined]);
  assertEquals(spending.runLimits().usdToday, 0.5);
  spent = { usd: 1.75 };
  assertEquals(spending.attempt("a").budget?.usdToday, 0.25);
  spent = { usd: 2 };
  const used = "The budget of $2.00 a day is used up, $2.00 was spent: raise budget: " +
    "{ usd_per_day } if it was too small, or wait until 00:00 UTC";
  assertEquals([spending.dayProblem(), spending.refusal("a")], [used, used]);
  spent = { usd: 2.5 };
  assertEquals(spending.attempt("a").budget?.usdToday, 0);
  spent = { unknown: "nobody knows how many tokens an answer took in run 'r1'" };
  assertEquals(
    spending.refusal("a"),
    "The budget of $2.00 a day cannot be kept: nobody knows how many tokens an answer took in run " +
      "'r1'. Leave usd_per_day out of budget, or wait until 00:00 UTC",
  );
});

Deno.test("Spending holds a run that nothing is known of to a day's budget by itself", async () => {
  const spending = await spendingOf("budget: { usd_per_day: 0.002 }");
  assertEquals(spending.dayProblem(), undefined);
  turn(spending, "a", 1_000, 0);
  assertEquals(
    spending.dayProblem()?.split(":")[0],
    "The budget of $0.002 a day is used up, $0.002 was spent",
  );
});

Deno.test("Spending asks for no day's budget where nothing that is asked costs anything", async () => {
  const free = "models: { openai:gpt-4.1: { usd_per_million: { input: 0, output: 0 } } }\n";
  const spending = await spendingOf(`${free}budget: { usd_per_day: 0 }`, {
    today: () => ({ unknown: "nobody knows" }),
  });
  assertEquals([spending.dayProblem(), spending.refusal("a")], [undefined, undefined]);
});

/** A step that uses another workflow, as the compiler makes it. */
async function using(inner: string, callers: string): Promise<PlanStep> {
  const { plan, text } = await compiled(inner);
  if (plan === undefined) throw new Error(text);
  const [step] = (await planOf("", `  - { id: ${callers}, prompt: Go }\n`)).steps;
  if (step === undefined) throw new Error("no step");
  const { prompt: _, ...base } = step;
  return { ...base, prompt: undefined, run: undefined, uses: { file: "i.yaml", plan, with: {} } };
}

Deno.test("Spending counts a used workflow's steps in its budget and in its caller's", async () => {
  const inner = "name: inner\nmodel: openai:gpt-4.1-mini\nbudget: { turns: 2, usd: 1 }\n" +
    "steps:\n  - { id: x, prompt: Go, budget: { tokens: 40 } }\n";
  const outer = await planOf("budget: { turns: 5, usd: 1 }");
  const prices = { ...outer.prices, "openai:gpt-4.1-mini": { input: 0.4, output: 1.6 } };
  const plan = { ...outer, prices, steps: [...outer.steps, await using(inner, "u")] };
  const spending = new Spending(plan);
  turn(spending, "a", 1_000, 0);
  assertEquals(spending.usedLimits("u[0]"), { budget: { turns: 2, usd: 0.998 }, prices });
  assertEquals(turn(spending, "u[0]/x", 1_000, 0)?.split(":")[0], undefined);
  assertEquals(spending.totals.usd, 0.0024);
  assertEquals(
    spending.note(asked("u[0]/x")),
    "The step's budget of 40 tokens is used up, 1000 were taken: raise its budget: { tokens } if " +
      "it was too small",
  );
  spending.note(answered("u[0]/x", 1, 0));
  // Another item has a run of its own.
  assertEquals(spending.note(asked("u[1]/x")), undefined);
  spending.note(answered("u[1]/x", 10, 0));
  assertEquals(spending.note(asked("u[1]/x")), undefined);
  assertEquals(
    spending.note(asked("u[1]/x")),
    "The budget of 2 turns is used up: raise budget: { turns } if it was too small",
  );
  // And so has another attempt of the first one.
  const started = {
    type: "step.started",
    step: "u[0]",
    name: "u",
    attempt: 2,
    prompt: "",
  } as const;
  assertEquals(spending.note({ ...started, uses: "i.yaml" }), undefined);
  assertEquals(spending.note(asked("u[0]/x")), undefined);
  spending.note(answered("u[0]/x", 10, 0));
  assertEquals(
    spending.note(asked("a")),
    "The budget of 5 turns is used up: raise budget: { turns } if it was too small",
  );
});

Deno.test("Spending.ended() takes a used workflow's requests with it", async () => {
  const inner = "name: inner\nmodel: openai:gpt-4.1\nsteps:\n  - { id: x, prompt: Go }\n";
  const outer = await planOf("budget: { usd: 1 }");
  const spending = new Spending({ ...outer, steps: [...outer.steps, await using(inner, "u")] });
  spending.note(asked("u/x"));
  spending.ended("u", { inputTokens: 0, outputTokens: 0 });
  spending.note(asked("u/x"));
  assertEquals(spending.totals, { turns: 2, inputTokens: 0, outputTokens: 0, usd: 0 });
  spending.ended("u", { inputTokens: null, outputTokens: null });
  assertEquals(spending.totals.inputTokens, null);
  assertEquals(
    spending.refusal("b"),
    "The budget of $1.00 cannot be kept: the model 'openai:gpt-4.1' did not say how many tokens an " +
      "answer took. Leave usd out and limit budget: { turns }, or use a model whose tokens and price " +
      "are known",
  );
});

Deno.test("Spending lends a used workflow what is left of the day, and refuses it without", async () => {
  const inner = "name: inner\nmodel: openai:gpt-4.1\nbudget: { usd_per_day: 9 }\n" +
    "steps:\n  - { id: x, prompt: Go }\n";
  const outer = await planOf("budget: { usd_per_day: 2 }");
  const commands = "name: inner\nshell: virtual\nsteps:\n  - { id: x, run: ls }\n";
  const plan = {
    ...outer,
    steps: [...outer.steps, await using(inner, "u"), await using(commands, "v")],
  };
  let spent = { usd: 1.5 };
  const spending = new Spending(plan, { today: () => spent });
  assertEquals(spending.refusal("u"), undefined);
  assertEquals(spending.usedLimits("u"), {
    budget: { turns: 50, usd: 0.5 },
    ...(plan.prices === undefined ? {} : { prices: plan.prices }),
  });
  spent = { usd: 3 };
  assertEquals(spending.refusal("u"), spending.dayProblem());
  assertEquals(spending.refusal("v"), undefined);
});

Deno.test("Spending takes what a rehearsal does not count for nothing, but does not say so", async () => {
  const rehearsal = "name: demo\nsteps:\n  a: [{ text: Done. }]\n  b: [{ text: Done. }]\n";
  const { plan, text } = await compiled(
    "name: demo\nmodel: openai:gpt-4.1\nrehearsal: ./r.yaml\n" +
      `budget: { usd: 1, tokens: 100, usd_per_day: 1 }\nsteps:\n${STEPS}`,
    { mode: "rehearse", files: { "r.yaml": rehearsal } },
  );
  if (plan === undefined) throw new Error(text);
  const spending = new Spending(plan, { today: () => ({ usd: 99 }) });
  assertEquals(spending.dayProblem(), undefined);
  assertEquals(turn(spending, "a", null, null), undefined);
  assertEquals(turn(spending, "a", 60, 1), undefined);
  assertEquals(spending.totals, { turns: 2, inputTokens: null, outputTokens: null, usd: null });
  assertEquals(turn(spending, "a", 60, 1), undefined);
  assertEquals(
    spending.note(asked("a")),
    "The budget of 100 tokens is used up, 122 were taken: raise budget: { tokens } if it was too small",
  );
  assertEquals(spending.runLimits().usdToday, 1);
});
