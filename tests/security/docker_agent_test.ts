/**
 * An agent that somebody else has taken over, in a run that has containers.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { RunEvent } from "../../runner/events.ts";
import { runPlan } from "../../runner/supervise.ts";
import { ENGINES } from "../backends/_docker_subject.ts";
import { removeBoxes } from "../runner/_boxed.ts";
import type { Hostility } from "../runner/_hostile_agent.ts";
import { PROJECT } from "../support/cli.ts";
import { type TestEngine, testOn } from "../support/engine.ts";
import { CANARY, World } from "./_world.ts";

interface Attempt {
  readonly method?: string;
  readonly params: unknown;
  /** What the answer has to say. */
  readonly answer: string;
}

/** A call of a backend's. */
const call = (backend: string, operation: string, fields: object, answer: string): Attempt => ({
  params: { backend, operation, ...fields },
  answer,
});

/** Lets a hostile process make requests in the agent's place, and checks each answer. */
async function attempt(
  engine: TestEngine,
  world: World,
  flow: Readonly<Record<string, unknown>>,
  attempts: readonly Attempt[],
): Promise<void> {
  const name = `taken-${crypto.randomUUID()}`;
  const requests = attempts.map(({ method = "backend.call", params }) => ({ method, params }));
  const hostility: Hostility = { requests };
  const findEngine = () => Promise.resolve({ engine: engine.address });
  const { plan, diagnostics } = await world.compile({ ...flow, name }, [], { findEngine });
  assert(plan !== undefined, JSON.stringify(diagnostics));
  const command = [
    ...[Deno.execPath(), "run", "--no-prompt", "--cached-only", "--no-remote"],
    ...[join(PROJECT, "tests/runner/_hostile_agent.ts"), JSON.stringify(hostility)],
  ];
  const processes = plan.processes.map((each) =>
    each.name === "agent" ? { ...each, command } : each
  );
  const events: RunEvent[] = [];
  try {
    const result = await runPlan({ ...plan, processes }, {
      sinks: [(event) => events.push(event)],
      runId: "test",
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
  } finally {
    await removeBoxes(engine, name);
  }
  const finished = events.find((event) => event.type === "step.finished");
  assert(finished?.type === "step.finished");
  const answers = finished.output.split("\n");
  assertEquals(answers.length, attempts.length, finished.output);
  for (const [index, { params, answer }] of attempts.entries()) {
    const said = answers[index] ?? "";
    assertStringIncludes(said, answer, JSON.stringify(params));
    for (const word of [world.directory, engine.address.path, CANARY]) assert(!said.includes(word));
  }
}

/** What only the runner may ask of the process that holds the containers, and of a host. */
const RUNNERS: readonly Attempt[] = [
  "docker.start",
  "docker.snapshot",
  "docker.restore",
  "docker.idle",
  "host.start",
].map((method) => ({ method, params: { box: "box" }, answer: `no method '${method}'` }));

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `runPlan() gives an agent nothing of a container of ${name} but what routes lead to`,
    async (on) => {
      await using world = await World.make();
      const flow = {
        backends: {
          box: { type: "docker", image: on.image },
          memory: { type: "state" },
        },
        default: "memory",
        routes: {
          "/work/": { backend: "box", path: "/work" },
          "/fixed/": { backend: "box", path: "/fixed", access: "read" },
        },
      };
      const outside = "no route leads";
      await attempt(on, world, flow, [
        ...RUNNERS,
        {
          method: "shell.execute",
          params: { id: 0, command: "id", output: false },
          answer: "no method",
        },
        { method: "stage.put", params: {}, answer: "no method 'stage.put'" },
        { method: "stage.changes", params: {}, answer: "no method 'stage.changes'" },
        call("other", "ls", { path: "/" }, "There is no backend 'other'"),
        call("docker", "ls", { path: "/" }, "There is no backend 'docker'"),
        call("/", "ls", { path: "/" }, "There is no backend '/'"),
        call("box", "read", { path: "/etc/passwd" }, outside),
        call("box", "read", { path: "/proc/1/environ" }, outside),
        call("box", "read", { path: "/work/../run/image/hidden" }, outside),
        call("box", "ls", { path: "/workspace" }, outside),
        call("box", "edit", { path: "/tmp/x", oldText: "a", newText: "b" }, outside),
        call("box", "glob", { pattern: "/etc/*", path: "/" }, outside),
        call("box", "delete", { path: "/fixed/x" }, "grants reading alone"),
        call("box", "move", { path: "/work/a", to: "/tmp/a" }, outside),
        call("box", "read", { path: "/work/a\0" }, "NUL"),
      ]);
      world.assertUntouched();
    },
  );
}
