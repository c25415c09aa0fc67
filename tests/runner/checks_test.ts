import { assertEquals } from "@std/assert";
import { StateBackend } from "../../backends/state.ts";
import { checkStep, feedbackPrompt, versionsBefore } from "../../runner/checks.ts";
import type { PlanFileAssertion, PlanStep } from "../../runner/plan.ts";
import { expressionOf, expressionValues } from "./_expression_values.ts";

const PLACE = { file: "demo.yaml", line: 7, column: 3 };
const VALUES = expressionValues({ inputs: { name: "Flask" } });

function step(
  produces: readonly string[],
  assertions: readonly Omit<PlanFileAssertion, "place">[] = [],
): PlanStep {
  return {
    id: "app",
    name: "app",
    prompt: ["Do it"],
    needs: [],
    produces: produces.map((path) => ({ path: [path], place: PLACE })),
    assertions: assertions.map((assertion) => ({ ...assertion, place: PLACE })),
    attempts: 1,
    feedback: true,
    place: PLACE,
  };
}

Deno.test("checkStep() takes a file as produced only if it is new or changed since", async () => {
  const tree = new StateBackend();
  await tree.write("/stale.txt", "old");
  await tree.write("/rewritten.txt", "same");
  await tree.write("/directory/a.txt", "");
  const promised = step(["/new.txt", "/stale.txt", "/rewritten.txt", "/directory", "/missing.txt"]);
  const before = await versionsBefore(tree, promised, VALUES);
  await tree.write("/new.txt", "new");
  await tree.write("/rewritten.txt", "same");
  const results = await checkStep(tree, promised, VALUES, before);
  assertEquals(results.map(({ ok, message }) => [ok, message]), [
    [true, "'/new.txt' was written in this step"],
    [false, "'/stale.txt' was not produced: the file that is there is older than this step"],
    [true, "'/rewritten.txt' was written in this step"],
    [false, "'/directory' was not produced: it is a directory"],
    [false, "'/missing.txt' was not produced: it does not exist"],
  ]);
  assertEquals(results.map(({ check, place }) => [check, place])[0], ["produces", PLACE]);
});

Deno.test("checkStep() says what each assertion expected and what it found", async () => {
  const tree = new StateBackend();
  await tree.write("/app.py", "import flask\napp = Flask(__name__)\n");
  await tree.write("/empty", "");
  await tree.write("/image.png", new Uint8Array([0x89, 0x50, 0, 0xff]));
  const file = ["/app.py"];
  const cases: [Omit<PlanFileAssertion, "place">, boolean, string][] = [
    [
      { file, kind: "contains", value: [expressionOf("inputs.name"), "("] },
      true,
      "'/app.py' contains 'Flask('",
    ],
    [
      { file, kind: "contains", value: ["Quart("] },
      false,
      "'/app.py' should contain 'Quart('; it has 2 lines, the first 'import flask'",
    ],
    [
      { file: ["/empty"], kind: "contains", value: ["x"] },
      false,
      "'/empty' should contain 'x'; it has nothing in it",
    ],
    [{ file, kind: "not_contains", value: ["eval("] }, true, "'/app.py' does not contain 'eval('"],
    [
      { file, kind: "not_contains", value: ["Flask("] },
      false,
      "'/app.py' should not contain 'Flask('; line 2 does",
    ],
    [{ file, kind: "matches", value: ["^app = \\w+"] }, true, "'/app.py' matches '^app = \\w+'"],
    [
      { file, kind: "matches", value: ["^Flask"] },
      false,
      "'/app.py' should match '^Flask'; it has 2 lines, the first 'import flask'",
    ],
    [
      { file, kind: "equals", value: ["import flask\napp = None\n"] },
      false,
      "'/app.py' differs from the expected text in line 2: " +
      "expected 'app = None', found 'app = Flask(__name__)'",
    ],
    [{ file: ["/empty"], kind: "equals", value: [""] }, true, "'/empty' equals the expected text"],
    [{ file, kind: "exists" }, true, "'/app.py' exists"],
    [{ file, kind: "not_exists" }, false, "'/app.py' exists, and should not"],
    [{ file: ["/none"], kind: "not_exists" }, true, "'/none' does not exist"],
    [{ file: ["/none"], kind: "exists" }, false, "'/none' does not exist"],
  ];
  const results = await checkStep(
    tree,
    step([], cases.map(([assertion]) => assertion)),
    VALUES,
    new Map(),
  );
  assertEquals(
    results.map(({ ok, message }) => [ok, message]),
    cases.map(([, ok, message]) => [ok, message]),
  );
  const unreadable = await checkStep(
    tree,
    step([], [
      { file: ["/image.png"], kind: "contains", value: ["x"] },
      { file: ["/none"], kind: "equals", value: [""] },
    ]),
    VALUES,
    new Map(),
  );
  assertEquals(unreadable.map(({ ok }) => ok), [false, false]);
});

Deno.test("feedbackPrompt() names the failed checks and no others", () => {
  const result = { check: "contains", path: "/a", place: PLACE };
  assertEquals(
    feedbackPrompt([
      { ...result, ok: true, message: "'/a' contains 'x'" },
      { ...result, ok: false, message: "'/b' does not exist" },
    ]),
    "The step is not finished. These checks, made on the files themselves, failed:\n\n" +
      "- '/b' does not exist\n\n" +
      "Mend what they name, then say what you changed.",
  );
});
