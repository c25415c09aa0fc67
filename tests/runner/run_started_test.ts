import { assertEquals } from "@std/assert";
import type { Plan, PlanModel } from "../../runner/plan.ts";
import { isRehearsed, runStarted } from "../../runner/_run_started.ts";

const SCRIPTED: PlanModel = { type: "rehearsal", name: "openai:m", file: "r.yaml", steps: {} };
const LIVE: PlanModel = { type: "openai", name: "n", baseUrl: "http://x/v1", netHost: "x:80" };

function plan(model: PlanModel, used: readonly Plan[] = []): Plan {
  return {
    ...{ name: "w", description: "", file: "w.yaml", fingerprint: "", model, inputs: {} },
    ...{ instructions: [], roots: [], deny: [], ask: [], grants: [], outputs: {} },
    ...{ processes: [], budget: { turns: 1 }, backends: [], routes: [] },
    steps: used.map((each, index) => ({
      ...{ id: `s${index}`, name: `s${index}`, needs: [], produces: [], assertions: [] },
      ...{ attempts: 1, feedback: true, place: { file: "w.yaml", line: 1, column: 1 } },
      uses: { file: each.file, plan: each, with: {} },
    })),
  };
}

function modelOf(of: Plan): readonly [model: unknown, rehearsed: unknown] {
  const event = runStarted(of, undefined);
  assertEquals(event.rehearsed, isRehearsed(of));
  return [event.model, event.rehearsed];
}

Deno.test("runStarted() names the run's model, and where it has none those of what it uses", () => {
  const none: PlanModel = { type: "none" };
  assertEquals(modelOf(plan(none)), ["none", false]);
  assertEquals(modelOf(plan(LIVE)), ["openai:n", false]);
  assertEquals(modelOf(plan(SCRIPTED, [plan(LIVE)])), ["openai:m", true]);
  assertEquals(modelOf(plan(none, [plan(none)])), ["none", false]);
  assertEquals(modelOf(plan(none, [plan(SCRIPTED), plan(SCRIPTED)])), ["openai:m", true]);
  assertEquals(modelOf(plan(none, [plan(none, [plan(LIVE)])])), ["openai:n", false]);
  assertEquals(modelOf(plan(none, [plan(LIVE), plan(SCRIPTED)])), ["openai:n, openai:m", true]);
});
