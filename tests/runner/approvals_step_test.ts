// What is asked about by the rules of one step.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { ApprovalParams } from "../../agent/process.ts";
import { compileWorkflow } from "../../runner/compile.ts";
import { runPlan } from "../../runner/supervise.ts";
import { PROJECT } from "../support/cli.ts";
import { WaitingDirectory } from "./_waiting.ts";

const WORKFLOW = `name: w
model: openai:m
rehearsal: ./flow.rehearsal.yaml
backends: { disk: { type: local, root: ./site } }
routes: { /site/: { backend: disk } }
tools:
  ask: ["write /site/live/**"]
  deny: ["write /site/kept/**"]
steps:
  - id: a
    prompt: Go
    tools: { ask: ["write /site/**"], deny: ["write /site/live/no"] }
  - id: b
    prompt: Go on
`;

const write = (name: string) => `write_file: { path: /site/${name}, content: "x" }`;
const REHEARSAL = `name: w
steps:
  a:
    - calls:
        - ${write("free")}
        - ${write("live/yes")}
        - ${write("live/no")}
        - ${write("kept/no")}
    - text: Done.
  b:
    - calls:
        - ${write("other")}
        - ${write("live/no")}
    - text: Done.
`;

const options = { workflow: WORKFLOW, rehearsal: REHEARSAL };

Deno.test("a run asks about what the rules of one step ask about, in that step alone", async () => {
  await using directory = await WaitingDirectory.make(options);
  const { plan } = await compileWorkflow("flow.yaml", { cwd: directory.path });
  assert(plan !== undefined);
  const asked: ApprovalParams[] = [];
  const { outcome, error } = await runPlan(plan, {
    sinks: [],
    runId: "test",
    approver: (question) => {
      asked.push(question);
      return Promise.resolve({ verdict: "granted" });
    },
  });
  assertEquals([outcome, error], ["success", undefined]);
  assertEquals(asked.map(({ step, wishes }) => [step, ...wishes.map(({ what }) => what)]), [
    ["a", "/site/free"],
    ["a", "/site/live/yes"],
    ["b", "/site/live/no"],
  ]);
  assertEquals(asked.map(({ wishes }) => wishes[0]?.rule), [
    ...["write /site/**", "write /site/live/**", "write /site/live/**"],
  ]);
  for (const name of ["free", "live/yes", "live/no", "other"]) {
    assertEquals(await directory.text(`site/${name}`), "x");
  }
  assertEquals(await directory.text("site/kept/no"), undefined);
});

Deno.test("a hostile agent cannot ask about what a step's own rules deny, nor by another step's", async () => {
  for (const [step, path] of [["a", "live/no"], ["a", "kept/no"], ["b", "free"]] as const) {
    await using directory = await WaitingDirectory.make(options);
    const { plan } = await compileWorkflow("flow.yaml", { cwd: directory.path });
    assert(plan !== undefined);
    const call = { type: "tool.called", turn: 1, callId: "1", tool: "write_file", arguments: {} };
    const wishes = [{ verb: "write", what: `/site/${path}`, rule: "any" }];
    const question = { step, callId: "1", tool: "write_file", wishes, detail: "" };
    const acts = [["event", call], ["approve", question]];
    const hostile = join(PROJECT, "tests/runner/_hostile_agent.ts");
    const flags = ["run", "--no-prompt", "--cached-only", "--no-remote"];
    const processes = plan.processes.map((process) =>
      process.name !== "agent" ? process : {
        ...process,
        command: [Deno.execPath(), ...flags, hostile, JSON.stringify({ acts })],
      }
    );
    const outputs: string[] = [];
    const steps = plan.steps.filter(({ id }) => id === step).map((step) => ({
      ...step,
      needs: [],
    }));
    await runPlan({ ...plan, processes, steps }, {
      sinks: [(event) => event.type === "step.finished" && outputs.push(event.output)],
      runId: "test",
      approver: () => Promise.reject(new Error("nobody may be asked")),
    });
    assertStringIncludes(outputs.join(), `No rule asks about 'write /site/${path}'`);
  }
});
