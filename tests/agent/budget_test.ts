import { assertEquals, assertThrows } from "@std/assert";
import { Budget, BudgetError } from "../../agent/budget.ts";
import fc from "../support/fast_check.ts";

const MODEL = "openai:gpt-4.1";
const PRICES = { [MODEL]: { input: 2, output: 8 }, "openai:local": { input: 0, output: 0 } };
const RAISE = "if it was too small";

function usage(inputTokens: number | null, outputTokens: number | null) {
  return { inputTokens, outputTokens };
}

/** What a refusal says. */
function said(work: () => void): string {
  return assertThrows(work, BudgetError).message;
}

Deno.test("Budget.reserve() grants as many turns as there are, whatever fails", () => {
  const budget = new Budget({ turns: 2 });
  budget.reserve(MODEL);
  // The first request failed, and nobody knows what it took.
  budget.charge(MODEL, usage(null, null));
  budget.reserve(MODEL);
  assertEquals(
    said(() => budget.reserve(MODEL)),
    `The budget of 2 turns is used up: raise budget: { turns } ${RAISE}`,
  );
  assertEquals(budget.spent, { turns: 2, tokens: null, usd: null });
});

Deno.test("Budget.reserve() counts a turn in no budget where one refuses", () => {
  const run = new Budget({ turns: 5 });
  const step = new Budget({ turns: 1 }, { of: "step", within: run });
  step.reserve(MODEL);
  assertEquals(
    said(() => step.reserve(MODEL)),
    `The step's budget of 1 turn is used up: raise its budget: { turns } ${RAISE}`,
  );
  assertEquals([run.spent.turns, step.spent.turns], [1, 1]);
  const other = new Budget({}, { of: "step", within: run });
  for (let turn = 0; turn < 4; turn++) other.reserve(MODEL);
  const third = new Budget({ turns: 1 }, { of: "step", within: run });
  assertEquals(
    said(() => third.reserve(MODEL)),
    `The budget of 5 turns is used up: raise budget: { turns } ${RAISE}`,
  );
  assertEquals([run.spent.turns, third.spent.turns], [5, 0]);
});

Deno.test("Budget.reserve() refuses once the tokens are reached, and charge() once exceeded", () => {
  const budget = new Budget({ tokens: 100 });
  budget.reserve(MODEL);
  budget.charge(MODEL, usage(90, 10));
  const reached = `The budget of 100 tokens is used up, 100 were taken: raise budget: { tokens }`;
  assertEquals(said(() => budget.reserve(MODEL)), `${reached} ${RAISE}`);
  const exceeded = `The budget of 100 tokens is used up, 101 were taken: raise budget: { tokens }`;
  assertEquals(said(() => budget.charge(MODEL, usage(1, 0))), `${exceeded} ${RAISE}`);
});

Deno.test("Budget.charge() says which of the budgets is exceeded, the step's first", () => {
  const run = new Budget({ usd: 0.01, prices: PRICES });
  const step = new Budget({ tokens: 10 }, { of: "step", within: run });
  step.reserve(MODEL);
  assertEquals(
    said(() => step.charge(MODEL, usage(10_000, 0))),
    "The step's budget of 10 tokens is used up, 10000 were taken: " +
      `raise its budget: { tokens } ${RAISE}`,
  );
  const other = new Budget({}, { of: "step", within: run });
  assertEquals(
    said(() => other.reserve(MODEL)),
    `The budget of $0.01 is used up, $0.02 was spent: raise budget: { usd } ${RAISE}`,
  );
});

Deno.test("Budget.charge() does not take an unknown count for none", () => {
  const text = "The budget of 100 tokens cannot be kept: the model 'openai:gpt-4.1' did not say " +
    "how many an answer took. Leave tokens out and limit budget: { turns }, or use a model whose " +
    "tokens and price are known";
  for (const unknown of [usage(null, 3), usage(3, null), usage(null, null)]) {
    const budget = new Budget({ tokens: 100 });
    budget.reserve(MODEL);
    assertEquals(said(() => budget.charge(MODEL, unknown)), text);
    assertEquals(said(() => budget.reserve(MODEL)), text);
    assertEquals(said(() => budget.charge(MODEL, usage(1, 1))), text);
  }
});

Deno.test("Budget.charge() does not take an unknown cost for none", () => {
  const text =
    "The step's budget of $0.50 cannot be kept: the model 'openai:gpt-4.1' did not say " +
    "how many tokens an answer took. Leave usd out and limit budget: { turns }, or use a model " +
    "whose tokens and price are known";
  const step = new Budget({ usd: 0.5, prices: PRICES }, { of: "step" });
  step.reserve(MODEL);
  assertEquals(said(() => step.charge(MODEL, usage(1, null))), text);
  assertEquals(said(() => step.reserve(MODEL)), text);
});

Deno.test("Budget counts what is free for nothing, though its tokens are unknown", () => {
  const budget = new Budget({ usd: 0, prices: PRICES });
  budget.reserve("openai:local");
  budget.charge("openai:local", usage(null, null));
  budget.reserve("openai:local");
  assertEquals(budget.spent, { turns: 2, tokens: null, usd: 0 });
  assertEquals(
    said(() => budget.reserve(MODEL)),
    `The budget of $0.00 is used up, $0.00 was spent: raise budget: { usd } ${RAISE}`,
  );
});

Deno.test("Budget.reserve() refuses a model whose price it does not know", () => {
  for (const name of ["openai:unknown", "constructor", "__proto__"]) {
    const budget = new Budget({ usd: 1, prices: PRICES });
    assertEquals(
      said(() => budget.reserve(name)),
      `The budget of $1.00 cannot be kept: the price of the model '${name}' is not known. ` +
        "Leave usd out and limit budget: { turns }, or use a model whose tokens and price are known",
    );
    assertEquals(budget.spent.turns, 0);
  }
});

Deno.test("Budget takes the prices of the one that it is a part of", () => {
  const run = new Budget({ prices: PRICES });
  const step = new Budget({ usd: 1 }, { of: "step", within: run });
  step.reserve(MODEL);
  step.charge(MODEL, usage(1_000, 100));
  assertEquals(step.spent, { turns: 1, tokens: 1_100, usd: 0.0028 });
  assertEquals(run.spent, { turns: 1, tokens: 1_100, usd: 0.0028 });
});

Deno.test("Budget.reserve() keeps to what the day has left", () => {
  const budget = new Budget({ usd: 1, usdToday: 0.002, prices: PRICES });
  budget.reserve(MODEL);
  budget.charge(MODEL, usage(1_000, 0));
  const text = "The $0.002 that the day had left are used up, $0.002 was spent: raise " +
    "budget: { usd_per_day } if it was too small, or wait until 00:00 UTC";
  assertEquals(said(() => budget.reserve(MODEL)), text);
  // What a run spent that this one goes on with is none of the rest.
  const used = { turns: 3, tokens: 5_000, usd: 0.9 };
  const resumed = new Budget({ usd: 1, usdToday: 0.002, prices: PRICES, used });
  resumed.reserve(MODEL);
  resumed.charge(MODEL, usage(1_000, 0));
  assertEquals(said(() => resumed.reserve(MODEL)), text);
  const unpriced = new Budget({ usdToday: 0.002 });
  assertEquals(
    said(() => unpriced.reserve(MODEL)),
    "The budget of $0.002 cannot be kept: the price of the model 'openai:gpt-4.1' is not known. " +
      "Leave usd_per_day out and limit budget: { turns }, or use a model whose tokens and price " +
      "are known",
  );
});

Deno.test("Budget goes on with what was used up before", () => {
  const used = { turns: 1, tokens: 60, usd: 0.25 };
  const budget = new Budget({ turns: 2, tokens: 100, usd: 0.5, prices: PRICES, used });
  budget.reserve(MODEL);
  assertEquals(
    said(() => budget.charge(MODEL, usage(41, 0))),
    `The budget of 100 tokens is used up, 101 were taken: raise budget: { tokens } ${RAISE}`,
  );
  assertEquals(budget.spent, { turns: 2, tokens: 101, usd: 0.250082 });
  const unknown = new Budget({ tokens: 100, used: { turns: 1, tokens: null, usd: null } });
  assertEquals(
    said(() => unknown.reserve(MODEL)),
    "The budget of 100 tokens cannot be kept: an answer before was not counted. " +
      "Leave tokens out and limit budget: { turns }, or use a model whose tokens and price are known",
  );
});

Deno.test("Budget takes what a script does not count for nothing, and what it counts for that", () => {
  const budget = new Budget({ tokens: 100, usd: 1, prices: PRICES }, { rehearsed: true });
  budget.reserve(MODEL);
  budget.charge(MODEL, usage(null, null));
  budget.reserve(MODEL);
  budget.charge(MODEL, usage(50, null));
  assertEquals(budget.spent, { turns: 2, tokens: 50, usd: 0.0001 });
  assertEquals(
    said(() => budget.charge(MODEL, usage(51, null))),
    `The budget of 100 tokens is used up, 101 were taken: raise budget: { tokens } ${RAISE}`,
  );
  const resumed = new Budget(
    { tokens: 100, used: { turns: 1, tokens: null, usd: null } },
    { rehearsed: true },
  );
  resumed.reserve(MODEL);
  assertEquals(resumed.spent, { turns: 2, tokens: 0, usd: 0 });
});

Deno.test("Budget.charge() takes more for requests that are longer than a model's limit", () => {
  const long = { above: 200, input: 4, output: 16 };
  const budget = new Budget({ prices: { [MODEL]: { input: 2, output: 8, long } } });
  budget.charge(MODEL, usage(200, 1_000));
  assertEquals(budget.spent.usd, 0.0084);
  budget.charge(MODEL, usage(201, 1_000));
  assertEquals(budget.spent.usd, 0.025204);
  // Whether it was long is not known.
  budget.charge(MODEL, usage(null, 1));
  assertEquals(budget.spent.usd, null);
  const outputs = { input: 0, output: 1, long: { above: 200, input: 0, output: 2 } };
  const unclear = new Budget({ prices: { [MODEL]: outputs } });
  unclear.charge(MODEL, usage(null, 0));
  assertEquals(unclear.spent.usd, 0);
  unclear.charge(MODEL, usage(null, 1));
  assertEquals(unclear.spent.usd, null);
  const free = { input: 0, output: 0 };
  const prices = { [MODEL]: { ...free, long: { ...long, ...free, output: 1 } } };
  const limited = new Budget({ usd: 0, prices });
  assertThrows(() => limited.reserve(MODEL), BudgetError, "is used up");
});

Deno.test("Budget adds up what floating point would not", () => {
  const prices = { [MODEL]: { input: 0.1, output: 0.7 } };
  const budget = new Budget({ usd: 0.0000003, prices });
  // 0.1 + 0.1 + 0.1 is more than 0.3 in floating point.
  for (let turn = 0; turn < 3; turn++) {
    budget.reserve(MODEL);
    budget.charge(MODEL, usage(1, 0));
  }
  assertEquals(budget.spent.usd, 0.0000003);
  assertThrows(() => budget.reserve(MODEL), BudgetError, "The budget of $0.0000003 is used up");
});

Deno.test("Budget does not round a small price down to none", () => {
  const budget = new Budget({
    usd: 1e-12,
    prices: { [MODEL]: { input: 1e-9, output: 0 } },
  });
  budget.reserve(MODEL);
  assertThrows(() => budget.charge(MODEL, usage(2, 0)), BudgetError, "is used up");
});

/** Something that happens to the budgets: a step asks, or has an answer of so many tokens. */
const happening = fc.record({
  step: fc.nat(2),
  input: fc.option(fc.nat(500), { nil: null, freq: 20 }),
  output: fc.option(fc.nat(500), { nil: null, freq: 20 }),
});
const limits = fc.record({
  turns: fc.nat(12),
  tokens: fc.integer({ min: 1, max: 4_000 }),
  usd: fc.integer({ min: 0, max: 20_000 }).map((millionths) => millionths / 1e6),
}, { requiredKeys: [] });
const price = fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1_000);

Deno.test("Budget grants no request beyond any limit, of steps that run at a time", () => {
  fc.assert(fc.property(
    limits,
    fc.tuple(limits, limits, limits),
    fc.record({ input: price, output: price }),
    fc.array(happening, { maxLength: 40 }),
    fc.integer({ min: 1, max: 4 }),
    (ofRun, ofSteps, cost, happenings, width) => {
      const run = new Budget({ ...ofRun, prices: { [MODEL]: cost } });
      const steps = ofSteps.map((limit) => new Budget(limit, { of: "step", within: run }));
      // The same in whole numbers: a billionth of a dollar for a token is a price of a thousandth.
      const [input, output] = [cost.input, cost.output].map((usd) => Math.round(usd * 1_000));
      const counts = [run, ...steps].map(() => ({ turns: 0, tokens: 0, cost: 0, known: true }));
      for (let at = 0; at < happenings.length; at += width) {
        // All requests of a round are under way before any is answered.
        const round = happenings.slice(at, at + width).filter(({ step }) => {
          const own = [ofRun, ofSteps[step] ?? {}];
          const mine = [counts[0], counts[step + 1]];
          const granted = own.every((limit, index) => {
            const count = mine[index];
            if (count === undefined) return false;
            const free = input === 0 && output === 0;
            const { turns, tokens, usd } = limit;
            if (turns !== undefined && count.turns >= turns) return false;
            if (tokens !== undefined && (!count.known || count.tokens >= tokens)) return false;
            if (usd === undefined || free) return true;
            return !Number.isNaN(count.cost) && count.cost < Math.round(usd * 1e9);
          });
          const budget = steps[step];
          if (granted) {
            budget?.reserve(MODEL);
            for (const count of mine) if (count !== undefined) count.turns++;
          } else {
            assertThrows(() => budget?.reserve(MODEL), BudgetError);
          }
          return granted;
        });
        for (const { step, input: asked, output: answered } of round) {
          for (const count of [counts[0], counts[step + 1]]) {
            if (count === undefined) continue;
            count.known &&= asked !== null && answered !== null;
            count.tokens += (asked ?? 0) + (answered ?? 0);
            count.cost += input === 0 ? 0 : (asked ?? NaN) * (input ?? 0);
            count.cost += output === 0 ? 0 : (answered ?? NaN) * (output ?? 0);
          }
          const problem = (limit: { tokens?: number; usd?: number }, index: number) => {
            const count = counts[index];
            if (count === undefined) return true;
            return limit.tokens !== undefined && (!count.known || count.tokens > limit.tokens) ||
              limit.usd !== undefined && !(count.cost <= Math.round(limit.usd * 1e9));
          };
          const charge = () =>
            steps[step]?.charge(MODEL, { inputTokens: asked, outputTokens: answered });
          if (problem(ofRun, 0) || problem(ofSteps[step] ?? {}, step + 1)) {
            assertThrows(charge, BudgetError);
          } else charge();
        }
      }
      for (const [index, budget] of [run, ...steps].entries()) {
        const count = counts[index];
        assertEquals(budget.spent.turns, count?.turns);
        assertEquals(budget.spent.tokens, count?.known ? count.tokens : null);
        const usd = Number.isNaN(count?.cost) ? null : (count?.cost ?? 0) / 1e9;
        assertEquals(budget.spent.usd, usd);
      }
    },
  ));
});
