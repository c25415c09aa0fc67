import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Journal } from "../../runner/journal.ts";
import { showLog } from "../../runner/log.ts";
import type { Plan } from "../../runner/plan.ts";
import { cli, Clone } from "../support/cli.ts";

Deno.test("log lists the runs of a directory and shows one again as it was", async () => {
  await using clone = await Clone.make();
  const cwd = clone.directory;
  const none = await cli("log", [], { cwd });
  assertEquals([none.code, none.stdout], [2, ""]);
  assertStringIncludes(none.stderr, "There is no journal here");
  assertEquals(await clone.files(), {});

  const run = await cli("run", ["workflows/review.yaml"], { cwd });
  await cli("run", ["workflows/flask.yaml", "--input", "framework=Quart"], { cwd });
  const list = await cli("log", [], { cwd });
  assertEquals(list.code, 0, list.stderr);
  const lines = list.stdout.trimEnd().split("\n");
  assertMatch(lines[0] ?? "", /^\S+ {2}flask {2}workflows\/flask\.yaml {2}mismatch, exit code 7$/);
  assertMatch(lines[1] ?? "", /^\S+ {2}review {2}workflows\/review\.yaml {2}success, exit code 0$/);

  const [id = ""] = (lines[1] ?? "").split(" ");
  const again = await cli("log", [id], { cwd });
  assertEquals(again.stdout, `${run.stderr}${run.stdout}`);
  const events = await cli("log", [id, "--json"], { cwd });
  const types = events.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assertEquals([types[0], types.at(-1)], ["run.started", "run.finished"]);

  const unknown = await cli("log", ["nothing"], { cwd });
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.stderr, "There is no run 'nothing' in this journal");
});

Deno.test("showLog() names the newest few of many runs that begin alike", async () => {
  await using clone = await Clone.make();
  const cwd = clone.directory;
  const plan: Plan = {
    name: "demo",
    description: "",
    file: "demo.yaml",
    fingerprint: "0",
    model: { type: "rehearsal", name: "openai:m", file: "demo.rehearsal.yaml", steps: {} },
    inputs: {},
    instructions: [],
    backends: [],
    routes: [],
    roots: [],
    deny: [],
    ask: [],
    grants: [],
    budget: { turns: 1 },
    steps: [],
    outputs: {},
    processes: [],
  };
  {
    using journal = Journal.open(cwd);
    for (let run = 1; run <= 7; run++) journal.begin(`2026-${run}`, plan, "2026-01-01T00:00:00Z");
  }
  let text = "";
  const options = { cwd, write: (part: string) => text += part, color: false, json: false };
  assertEquals(
    await showLog("2026", options),
    "'2026' is the beginning of several runs: 2026-7, 2026-6, 2026-5, 2026-4, 2026-3 and 2 more",
  );
  assertEquals(text, "");
});
