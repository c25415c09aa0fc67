import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { RunEvent, RunEventBody } from "../../runner/events.ts";
import { Journal } from "../../runner/journal.ts";
import type { Plan } from "../../runner/plan.ts";
import { spentToday } from "../../runner/spent_today.ts";

const DAY = "2026-11-22";
const PRICES = { "openai:gpt-4.1": { input: 2, output: 8 } };

const PLAN: Plan = {
  name: "demo",
  description: "",
  file: "demo.yaml",
  fingerprint: "0".repeat(64),
  model: {
    type: "openai",
    name: "gpt-4.1",
    baseUrl: "https://api.openai.com/v1",
    netHost: "api.openai.com:443",
  },
  inputs: {},
  instructions: [],
  backends: [],
  routes: [],
  roots: [],
  deny: [],
  ask: [],
  grants: [],
  budget: { turns: 50, usdPerDay: 1 },
  prices: PRICES,
  steps: [{
    id: "a",
    name: "a",
    prompt: ["Go"],
    needs: [],
    produces: [],
    assertions: [],
    attempts: 1,
    feedback: true,
    place: { file: "demo.yaml", line: 1, column: 1 },
  }],
  outputs: {},
  processes: [],
};

/** What happens in a run, and when. */
type Happening = RunEventBody & { readonly at?: string };

const asked: Happening = { type: "model.asked", step: "a", turn: 1 };

function answered(inputTokens: number | null, outputTokens: number | null = 0): Happening {
  const usage = { inputTokens, outputTokens };
  return {
    type: "model.answered",
    step: "a",
    turn: 1,
    text: "",
    toolCalls: 0,
    finish: "stop",
    usage,
  };
}

function finished(usd: number | null): Happening {
  return {
    type: "run.finished",
    outcome: "success",
    exitCode: 0,
    outputs: {},
    files: [],
    turns: 1,
    inputTokens: usd === null ? null : 1,
    outputTokens: usd === null ? null : 1,
    usd,
    rehearsed: false,
  };
}

/** A working directory with a journal and some files. */
async function workplace() {
  const cwd = await Deno.makeTempDir({ prefix: "routebook-spent-" });
  for (const name of ["demo.yaml", "other.yaml"]) await Deno.writeTextFile(join(cwd, name), "");
  const journal = Journal.open(cwd);
  let runs = 0;
  return {
    cwd,
    journal,
    /** Writes down a run of what happened. */
    run(
      happenings: readonly Happening[],
      plan: Partial<Plan> = {},
      start = `${DAY}T10:00:00.000Z`,
    ) {
      const id = `r${++runs}`;
      journal.begin(id, { ...PLAN, ...plan }, start);
      for (const [index, { at = start, ...body }] of happenings.entries()) {
        const event: RunEvent = { seq: index + 1, time: at, run: id, ...body };
        journal.append(event);
      }
    },
    spent: (time = `${DAY}T23:59:59.999Z`, plan: Plan = PLAN) =>
      spentToday(journal, plan, { cwd, now: new Date(time) }),
    async [Symbol.asyncDispose]() {
      journal[Symbol.dispose]();
      await Deno.remove(cwd, { recursive: true });
    },
  };
}

Deno.test("spentToday() adds up the answers of all runs of the file, those without an end too", async () => {
  await using place = await workplace();
  assertEquals(place.spent(), { usd: 0 });
  place.run([asked, answered(100_000, 10_000), asked, answered(50_000), finished(0.38)]);
  // This one was killed, or goes on now: what it waits for is not known yet.
  place.run([asked, answered(10_000), asked]);
  assertEquals(place.spent(), { usd: 0.4 });
});

Deno.test("spentToday() goes by the time of each answer, in UTC", async () => {
  await using place = await workplace();
  place.run(
    [
      { ...asked, at: "2026-11-21T23:59:59.998Z" },
      { ...answered(500_000), at: "2026-11-21T23:59:59.999Z" },
      { ...asked, at: `${DAY}T00:00:00.000Z` },
      { ...answered(50_000), at: `${DAY}T00:00:00.001Z` },
    ],
    {},
    "2026-11-21T23:00:00.000Z",
  );
  assertEquals(place.spent(`${DAY}T00:00:00.002Z`), { usd: 0.1 });
  assertEquals(place.spent("2026-11-21T12:00:00.000Z"), { usd: 1 });
  assertEquals(place.spent("2026-11-23T00:00:00.000Z"), { usd: 0 });
});

Deno.test("spentToday() knows a file by its real path, whatever it is called", async () => {
  await using place = await workplace();
  await Deno.symlink("demo.yaml", join(place.cwd, "link.yaml"));
  const names = ["demo.yaml", "./demo.yaml", "link.yaml", join(place.cwd, "demo.yaml")];
  for (const file of names) place.run([asked, answered(50_000)], { file });
  place.run([asked, answered(50_000)], { name: "renamed" });
  place.run([asked, answered(50_000)], { file: "other.yaml" });
  assertEquals(place.spent(), { usd: 0.5 });
  const elsewhere = { ...PLAN, file: "gone.yaml" };
  assertEquals(place.spent(undefined, elsewhere), { usd: 0 });
});

Deno.test("spentToday() counts no rehearsal", async () => {
  await using place = await workplace();
  const model = { type: "rehearsal", name: "openai:gpt-4.1", file: "r.yaml", steps: {} } as const;
  place.run([asked, answered(1_000_000), asked, answered(null), finished(null)], { model });
  assertEquals(place.spent(), { usd: 0 });
});

Deno.test("spentToday() counts with the prices that a run had, or else with those of now", async () => {
  await using place = await workplace();
  place.run([asked, answered(100_000)], { prices: { "openai:gpt-4.1": { input: 7, output: 8 } } });
  assertEquals(place.spent(), { usd: 0.7 });
  const { prices: _, ...unpriced } = PLAN;
  place.journal.begin("r2", unpriced, `${DAY}T10:00:00.000Z`);
  place.journal.append({
    ...{ seq: 1, time: `${DAY}T11:00:00.000Z`, run: "r2", type: "model.answered", step: "a" },
    ...{ turn: 1, text: "", toolCalls: 0, finish: "stop" },
    usage: { inputTokens: 100_000, outputTokens: 0 },
  });
  assertEquals(place.spent(), { usd: 0.9 });
});

Deno.test("spentToday() does not know a day with an answer whose tokens nobody counted", async () => {
  for (const answer of [answered(null), answered(1, null)]) {
    await using place = await workplace();
    place.run([asked, answered(1)]);
    place.run([asked, answer]);
    assertEquals(place.spent(), {
      unknown: "nobody knows how many tokens an answer took in run 'r2'",
    });
    assertEquals(place.spent("2026-11-23T00:00:00.000Z"), { usd: 0 });
  }
});

Deno.test("spentToday() does not know a day with a request that was cut off", async () => {
  await using place = await workplace();
  place.run([asked, answered(50_000), asked, finished(null)]);
  assertEquals(place.spent(), {
    unknown: "nobody knows what a request took that was not answered in run 'r1'",
  });
  // The server refused this one, which took nothing: the run knows.
  await using other = await workplace();
  other.run([asked, answered(50_000), asked, finished(0.1)]);
  assertEquals(other.spent(), { usd: 0.1 });
});

Deno.test("spentToday() does not know a day with a model whose price is not known", async () => {
  await using place = await workplace();
  const [step] = PLAN.steps;
  if (step === undefined) throw new Error("no step");
  place.run([asked, answered(1)], { steps: [{ ...step, model: "own" }] });
  assertEquals(place.spent(), {
    unknown: "nobody knows what the model 'openai:own' cost in run 'r1'",
  });
});

Deno.test("spentToday() takes an answer to what was asked the day before for no other's", async () => {
  await using place = await workplace();
  const before = "2026-11-21T23:59:59.999Z";
  place.run(
    [{ ...asked, at: before }, answered(50_000), asked, finished(null)],
    {},
    `${DAY}T00:00:00.000Z`,
  );
  assertEquals(place.spent(), {
    unknown: "nobody knows what a request took that was not answered in run 'r1'",
  });
});
