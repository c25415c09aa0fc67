import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
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
