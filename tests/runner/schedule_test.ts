import { assertEquals, assertRejects } from "@std/assert";
import { inTurn, schedule, type ScheduledStep, type StepEnd } from "../../runner/_schedule.ts";
import fc from "../support/fast_check.ts";

/** Steps that end when the test says so. */
class Stage {
  readonly started: string[] = [];
  readonly skipped: string[] = [];
  readonly failed: Record<string, boolean> = {};
  readonly result: Promise<ReadonlyMap<string, StepEnd>>;
  readonly #ends = new Map<string, PromiseWithResolvers<StepEnd>>();

  constructor(
    steps: readonly ScheduledStep[],
    concurrency = 4,
    ended?: ReadonlyMap<string, StepEnd>,
  ) {
    this.result = schedule({
      steps,
      concurrency,
      ended,
      run: (step, failed) => {
        this.started.push(step.id);
        this.failed[step.id] = failed;
        const end = Promise.withResolvers<StepEnd>();
        this.#ends.set(step.id, end);
        return end.promise;
      },
      skip: (step, because) => void this.skipped.push(`${step.id} because ${because}`),
    });
  }

  /** Lets what is ready begin. */
  async settled(): Promise<readonly string[]> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return this.started;
  }

  async end(id: string, end: StepEnd = "success"): Promise<readonly string[]> {
    this.#ends.get(id)?.resolve(end);
    return await this.settled();
  }

  async fail(id: string, error: Error): Promise<readonly string[]> {
    this.#ends.get(id)?.reject(error);
    return await this.settled();
  }
}

function step(id: string, ...needs: string[]): ScheduledStep {
  return { id, needs };
}

const ALWAYS = { if: { asksStatus: true } };

Deno.test("schedule() begins what is ready, in the order of the file, and no more than may run", async () => {
  const stage = new Stage([step("a"), step("b"), step("c"), step("d", "a", "b")], 2);
  assertEquals(await stage.settled(), ["a", "b"]);
  assertEquals(await stage.end("b"), ["a", "b", "c"]);
  assertEquals(await stage.end("a"), ["a", "b", "c", "d"]);
  await stage.end("c");
  await stage.end("d");
  assertEquals([...(await stage.result).keys()].sort(), ["a", "b", "c", "d"]);
});

Deno.test("schedule() lets a step need one that stands after it", async () => {
  const stage = new Stage([step("late", "early"), step("early")]);
  assertEquals(await stage.settled(), ["early"]);
  assertEquals(await stage.end("early"), ["early", "late"]);
  await stage.end("late");
  await stage.result;
});

Deno.test("schedule() skips what needs a failed step, over others too, and goes on elsewhere", async () => {
  const stage = new Stage([
    step("a"),
    step("b", "a"),
    step("c", "b"),
    step("other"),
    step("after", "other"),
  ]);
  await stage.settled();
  assertEquals(await stage.end("a", "failure"), ["a", "other"]);
  assertEquals(stage.skipped, ["b because a", "c because a"]);
  assertEquals(await stage.end("other"), ["a", "other", "after"]);
  await stage.end("after");
  assertEquals(Object.fromEntries(await stage.result), {
    a: "failure",
    b: "skipped",
    c: "skipped",
    other: "success",
    after: "success",
  });
});

Deno.test("schedule() runs a step that asks for the status, and tells it of the failure", async () => {
  const stage = new Stage([
    step("a"),
    step("b", "a"),
    { ...step("clean", "b"), ...ALWAYS },
    step("last", "clean"),
  ]);
  await stage.settled();
  assertEquals(await stage.end("a", "failure"), ["a", "clean"]);
  assertEquals(stage.failed, { a: false, clean: true });
  await stage.end("clean");
  // Its own success does not undo what failed before it.
  assertEquals(stage.skipped, ["b because a", "last because a"]);
  await stage.result;
});

Deno.test("schedule() goes on after a step that was skipped by itself, or that failed and is continued", async () => {
  const stage = new Stage([step("a"), step("b", "a"), step("c", "b")]);
  await stage.settled();
  await stage.end("a", "skipped");
  await stage.end("b", "continued");
  assertEquals(stage.started, ["a", "b", "c"]);
  assertEquals(stage.failed, { a: false, b: false, c: false });
  await stage.end("c");
  assertEquals(stage.skipped, []);
  await stage.result;
});

Deno.test("schedule() lets nothing begin once a step waits, and those under way end", async () => {
  const stage = new Stage([step("a"), step("b"), step("c", "b")]);
  await stage.settled();
  await stage.end("a", "waiting");
  await stage.end("b");
  assertEquals(stage.started, ["a", "b"]);
  assertEquals(Object.fromEntries(await stage.result), { b: "success" });
});

Deno.test("schedule() throws what a step throws, after those under way have ended", async () => {
  const stage = new Stage([step("a"), step("b"), step("c", "b")]);
  let over = false;
  const result = assertRejects(() => stage.result, Error, "gone").finally(() => over = true);
  await stage.settled();
  await stage.fail("a", new Error("gone"));
  assertEquals(over, false);
  await stage.fail("b", new Error("gone too"));
  await result;
  assertEquals(stage.started, ["a", "b"]);
});

Deno.test("schedule() goes on with what had ended", async () => {
  const ended = new Map<string, StepEnd>([["a", "failure"], ["b", "success"]]);
  const stage = new Stage(
    [step("skip", "a"), step("a"), step("b"), step("c", "b")],
    4,
    ended,
  );
  assertEquals(await stage.settled(), ["c"]);
  assertEquals(stage.skipped, ["skip because a"]);
  await stage.end("c");
  assertEquals((await stage.result).size, 4);
});

Deno.test("schedule() refuses steps that wait for one another", async () => {
  const run = () => Promise.resolve<StepEnd>("success");
  const options = { concurrency: 1, run, skip: () => {} };
  await assertRejects(
    () => schedule({ steps: [step("a", "b"), step("b", "a"), step("c")], ...options }),
    TypeError,
    "'a', 'b'",
  );
  await assertRejects(
    () => schedule({ steps: [step("a", "nowhere")], ...options }),
    TypeError,
    "'a'",
  );
});

interface Case {
  readonly steps: readonly (ScheduledStep & { readonly end: StepEnd })[];
  readonly concurrency: number;
  readonly order: readonly number[];
}

const graphs: fc.Arbitrary<Case> = fc.record({
  shape: fc.array(
    fc.record({
      needs: fc.array(fc.nat(), { maxLength: 4 }),
      asks: fc.boolean(),
      end: fc.constantFrom<StepEnd>("success", "failure", "continued", "skipped"),
    }),
    { minLength: 1, maxLength: 14 },
  ),
  concurrency: fc.integer({ min: 1, max: 5 }),
  order: fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
  reversed: fc.boolean(),
}).map(({ shape, concurrency, order, reversed }) => {
  const steps = shape.map(({ needs, asks, end }, index) => ({
    id: `s${index}`,
    needs: index === 0 ? [] : [...new Set(needs.map((need) => `s${need % index}`))],
    end,
    ...asks ? ALWAYS : {},
  }));
  return { steps: reversed ? steps.reverse() : steps, concurrency, order };
});

/** The ids of all that a step waits for. */
function ancestors(steps: readonly ScheduledStep[], id: string): ReadonlySet<string> {
  const found = new Set<string>();
  const collect = (id: string) => {
    for (const need of steps.find((step) => step.id === id)?.needs ?? []) {
      if (!found.has(need)) {
        found.add(need);
        collect(need);
      }
    }
  };
  collect(id);
  return found;
}

Deno.test("schedule() runs any graph by the rules, however its steps end", async () => {
  await fc.assert(fc.asyncProperty(graphs, async ({ steps, concurrency, order }) => {
    const started: string[] = [];
    const over = new Set<string>();
    const skipped = new Map<string, string>();
    const open: { id: string; end: () => void }[] = [];
    let most = 0;
    const result = schedule({
      steps,
      concurrency,
      run: ({ id, needs, end }, failed) => {
        for (const need of needs) if (!over.has(need)) throw new Error(`${id} before ${need}`);
        started.push(id);
        const blamed = [...ancestors(steps, id)].some((other) =>
          started.includes(other) && steps.find((step) => step.id === other)?.end === "failure"
        );
        assertEquals(failed, blamed);
        const { promise, resolve } = Promise.withResolvers<StepEnd>();
        open.push({
          id,
          end: () => (over.add(id), resolve(end)),
        });
        most = Math.max(most, open.length);
        return promise;
      },
      skip: ({ id, needs }, because) => {
        for (const need of needs) if (!over.has(need)) throw new Error(`${id} before ${need}`);
        over.add(id);
        skipped.set(id, because);
      },
    });
    for (let turn = 0; over.size < steps.length && turn < 1_000; turn++) {
      for (let tick = 0; tick < 10; tick++) await Promise.resolve();
      const [next] = open.splice((order[turn % order.length] ?? 0) % Math.max(open.length, 1), 1);
      next?.end();
    }
    const ends = await result;
    assertEquals(ends.size, steps.length);
    assertEquals(new Set(started).size, started.length);
    assertEquals(most <= concurrency, true);
    for (const { id, if: condition, end } of steps) {
      const failed = [...ancestors(steps, id)].filter((other) => ends.get(other) === "failure");
      const isSkipped = failed.length > 0 && condition === undefined;
      assertEquals(skipped.has(id), isSkipped, id);
      assertEquals(started.includes(id), !isSkipped, id);
      assertEquals(ends.get(id), isSkipped ? "skipped" : end);
      if (isSkipped) assertEquals(failed.includes(skipped.get(id) ?? ""), true);
    }
  }));
});

Deno.test("inTurn() does each number once, in order, and no more at a time than may", async () => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const done = inTurn({
    count: 5,
    concurrency: 2,
    run: (index) => {
      begun.push(index);
      return new Promise((resolve) => ends.push(() => resolve(true)));
    },
  });
  assertEquals(begun, [0, 1]);
  while (ends.length > 0) {
    ends.shift()?.();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
  await done;
  assertEquals(begun, [0, 1, 2, 3, 4]);
});

Deno.test("inTurn() begins nothing more after one that says so, or that throws", async () => {
  const begun: number[] = [];
  await inTurn({
    count: 4,
    concurrency: 1,
    run: (index) => Promise.resolve(begun.push(index) < 2),
  });
  assertEquals(begun, [0, 1]);
  const ended: number[] = [];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const both = inTurn({
    count: 4,
    concurrency: 2,
    run: async (index) => {
      if (index === 1) throw new Error("the second");
      await promise;
      ended.push(index);
      return true;
    },
  });
  const rejected = assertRejects(() => both, Error, "the second");
  resolve(true);
  await rejected;
  assertEquals(ended, [0]);
  await inTurn({ count: 0, concurrency: 3, run: () => Promise.reject(new Error("never")) });
});
