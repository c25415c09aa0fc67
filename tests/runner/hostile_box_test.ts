import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { PROJECT } from "../support/cli.ts";
import { DOCKER, testOn } from "../support/engine.ts";
import { boxed } from "./_boxed.ts";
import type { Hostility } from "./_hostile_agent.ts";

testOn(
  DOCKER,
  "runPlan() gives an agent of a container what routes grant, whatever it asks",
  async (engine) => {
    const call = (operation: string, fields: object, backend = "store") => ({
      backend,
      operation,
      ...fields,
    });
    const calls: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
      [call("write", { path: "/workspace/open/new.txt" }), "done"],
      [call("read", { path: "/workspace/open/new.txt" }), "done"],
      [call("write", { path: "/workspace/fixed/x" }), "grants reading alone"],
      [
        call("move", { path: "/workspace/open/new.txt", to: "/workspace/fixed/x" }),
        "grants reading alone",
      ],
      [call("write", { path: "/workspace/other" }), "no route leads there"],
      [call("delete", { path: "/workspace", recursive: true }), "no route leads there"],
      [call("ls", { path: "/" }), "no route leads there"],
      [call("glob", { pattern: "**" }), "no route leads there"],
      [call("read", { path: "/etc/passwd" }), "no route leads there"],
      [call("read", { path: "/workspace/open/.env" }), "denied"],
      [call("read", { path: "/x" }, "none"), "There is no backend 'none'"],
    ];
    const command = { id: 1, command: "id > /workspace/open/ran", output: false };
    const requests = [
      { method: "shell.execute", params: command },
      { method: "stage.reset", params: {} },
      { method: "docker.start", params: { engine: engine.address, boxes: [] } },
      { method: "docker.snapshot", params: { box: "store" } },
    ];
    const hostility: Hostility = { calls: calls.map(([each]) => each), requests };
    const { result, events, left } = await boxed(engine, {
      flow: {
        backends: {
          store: { type: "docker", image: engine.image },
          memory: { type: "state" },
        },
        default: "memory",
        routes: {
          "/open/": { backend: "store", path: "/workspace/open" },
          "/fixed/": { backend: "store", path: "/workspace/fixed", access: "read" },
        },
        tools: { deny: ["read **/.env"] },
        steps: [{ id: "a", prompt: "Go." }],
      },
      turns: { a: [] },
      onPlan: (plan) => ({
        ...plan,
        processes: plan.processes.map((process) =>
          process.name !== "agent" ? process : {
            ...process,
            command: [
              ...[Deno.execPath(), "run", "--no-prompt", "--cached-only", "--no-remote"],
              ...[join(PROJECT, "tests/runner/_hostile_agent.ts"), JSON.stringify(hostility)],
            ],
          }
        ),
      }),
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    const finished = events.find((event) => event.type === "step.finished");
    assert(finished?.type === "step.finished");
    const lines = finished.output.split("\n");
    assertEquals(lines.length, calls.length + requests.length);
    for (const [index, [each, expected]] of calls.entries()) {
      assertStringIncludes(lines[index] ?? "", expected, JSON.stringify(each));
    }
    for (const [index, { method }] of requests.entries()) {
      assertEquals(lines[calls.length + index], `There is no method '${method}'`);
    }
    assertEquals(left, []);
  },
);
