import { assertEquals, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs";
import { join } from "@std/path";
import { Clone, PROJECT } from "../support/cli.ts";

/** Runs a test file of one call of testWorkflow beside the shipped workflows. */
async function testFile(clone: { readonly directory: string }, call: string) {
  const file = join(clone.directory, "flows_test.ts");
  const module = JSON.stringify(join(PROJECT, "runner/test_workflow.ts"));
  await Deno.writeTextFile(file, `import { testWorkflow } from ${module};\n${call}\n`);
  const config = join(PROJECT, "deno.json");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--allow-all", "--config", config, file],
    cwd: clone.directory,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("testWorkflow() refuses a fixture of a backend that the workflow does not have", async () => {
  await using clone = await Clone.make();
  const { code, text } = await testFile(
    clone,
    `testWorkflow("workflows/triage.yaml", { fixtures: { report: "workflows" } });`,
  );
  assertEquals(code, 1);
  assertStringIncludes(
    text,
    "There is no writable local backend 'report' for a fixture: the workflow has 'reports'",
  );
});

Deno.test("testWorkflow() gives a workflow the variables and secrets of the test, and no others", async () => {
  await using clone = await Clone.make();
  const flow = {
    name: "secret",
    shell: "virtual",
    env: ["CITY"],
    secrets: ["TOKEN"],
    steps: [{
      id: "ask",
      run: 'echo "$T $CITY ${#T}" > /said.txt',
      env: { T: "${{ secrets.TOKEN }}" },
      assert: [{ file: "/said.txt", equals: "hunter2-token Oslo 13\n" }],
    }],
  };
  await Deno.writeTextFile(join(clone.directory, "secret.yaml"), JSON.stringify(flow));
  const env = JSON.stringify({ CITY: "Oslo", TOKEN: "hunter2-token" });
  const good = await testFile(clone, `testWorkflow("secret.yaml", { env: ${env} });`);
  assertEquals(good.code, 0, good.text);
  const bad = await testFile(clone, `testWorkflow("secret.yaml", { env: { CITY: "Oslo" } });`);
  assertEquals(bad.code, 1);
  assertStringIncludes(bad.text, 'The environment has no secret "TOKEN"');
});

Deno.test("testWorkflow() fails the step that fails, and the test with it", async () => {
  await using clone = await Clone.make();
  const { code, text } = await testFile(
    clone,
    `testWorkflow("workflows/triage.yaml", { inputs: { date: "2026-01-01" } });`,
  );
  assertEquals(code, 1);
  assertStringIncludes(text, "collect ... ok");
  assertStringIncludes(text, "report ... FAILED");
  assertStringIncludes(text, "The rehearsal does not match");
});

Deno.test("testWorkflow() has a step for each step of a graph, its items and those after it, and tells what is skipped", async () => {
  await using clone = await Clone.make();
  const run = (id: string, run: string, more: object = {}) => ({ id, run, ...more });
  const flow = (each: string) => ({
    name: "graph",
    shell: "virtual",
    steps: [
      run("last", "true", { needs: ["each", "shaky"] }),
      run("each", each, { foreach: ["a", "b"], env: { I: "${{ item }}" } }),
      run("shaky", "false", { continue_on_error: true }),
      run("never", "true", { needs: ["shaky"], if: false }),
    ],
    on_success: [run("good", "true")],
    on_failure: [run("bad", "true")],
  });
  const file = join(clone.directory, "graph.yaml");
  await Deno.writeTextFile(file, JSON.stringify(flow("true")));
  const good = await testFile(clone, `testWorkflow("graph.yaml");`);
  assertEquals(good.code, 0, good.text);
  for (const line of ["each[0] ... ok", "each[1] ... ok", "last ... ok", "shaky ... ok"]) {
    assertStringIncludes(good.text, line);
  }
  assertStringIncludes(good.text, "never ... ignored");
  assertStringIncludes(good.text, "good ... ok");
  assertEquals(good.text.includes("bad"), false);

  await Deno.writeTextFile(file, JSON.stringify(flow("test $I = a")));
  const bad = await testFile(clone, `testWorkflow("graph.yaml");`);
  assertEquals(bad.code, 1);
  for (const line of ["each[0] ... ok", "each[1] ... FAILED", "each ... FAILED", "bad ... ok"]) {
    assertStringIncludes(bad.text, line);
  }
  assertStringIncludes(bad.text, "last ... ignored");
  assertEquals(bad.text.includes("good"), false);
});

Deno.test("testWorkflow() copies artifacts to a directory of its own, and not to where they go", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-tested-" }));
  try {
    await Deno.writeTextFile(
      join(directory, "flow.yaml"),
      `\
name: made
steps: [{ id: a, run: "mkdir /out; echo hi > /out/a.txt" }]
artifacts: [{ path: "/out/*", to: ../elsewhere/ }, { path: /out/a.txt, to: ./b.txt }]
`,
    );
    const { code, text } = await testFile(
      { directory },
      `testWorkflow("flow.yaml", {
        after: async ({ artifacts }) => {
          for (const name of ["up/elsewhere/a.txt", "b.txt"]) {
            console.log(name, JSON.stringify(await Deno.readTextFile(artifacts + "/" + name)));
          }
        },
      });`,
    );
    assertEquals(code, 0, text);
    assertStringIncludes(text, 'up/elsewhere/a.txt "hi\\n"\nb.txt "hi\\n"\n');
    const left = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
    assertEquals(left, ["flow.yaml", "flows_test.ts"]);
    assertEquals(await exists(join(directory, "../elsewhere")), false);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
