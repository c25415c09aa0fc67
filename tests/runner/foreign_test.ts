import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { copy } from "@std/fs";
import { join, relative } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { PROJECT } from "../support/cli.ts";

/** A folder of somebody's own: a deno.json, a workflow with its rehearsal, and nothing else. */
async function foreignFolder(denoJson: object): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-foreign-" }));
  await Deno.mkdir(join(path, "flows"));
  await Deno.mkdir(join(path, "logs"));
  await copy(join(PROJECT, "workflows/samples/logs"), join(path, "flows/samples/logs"));
  for (const name of ["triage.yaml", "triage.rehearsal.yaml"]) {
    await copy(join(PROJECT, "workflows", name), join(path, "flows", name));
  }
  await Deno.writeTextFile(join(path, "deno.json"), JSON.stringify(denoJson));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function deno(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { OPENAI_API_KEY: "", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("a task of another project runs its workflows by the path of this entry point", async () => {
  const flags = config.tasks.run.command.split(" ").filter((word) => word.startsWith("--"));
  const entry = (cwd: string) => relative(cwd, join(PROJECT, "runner/main.ts"));
  await using folder = await foreignFolder({});
  await Deno.writeTextFile(
    join(folder.path, "deno.json"),
    JSON.stringify({
      tasks: { nightly: `deno run ${flags.join(" ")} ${entry(folder.path)} run flows/triage.yaml` },
      imports: { "@std/path": "./not_there.ts", "zod": "./not_there.ts" },
    }),
  );
  const { code, stdout, stderr } = await deno(folder.path, "task", "nightly");
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, "workspace/reports/2026-11-21.md");
  // Roots and rehearsals are relative to the workflow's file, the journal to the working directory.
  assert((await Deno.stat(join(folder.path, "workspace/reports/2026-11-21.md"))).isFile);
  assert((await Deno.stat(join(folder.path, ".routebook/runs.db"))).isFile);
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
  assertEquals(names, [".routebook", "deno.json", "flows", "logs", "workspace"]);
});

Deno.test("another project's own deno test imports testWorkflow and plays its workflow", async () => {
  await using folder = await foreignFolder({});
  const here = relative(folder.path, PROJECT);
  await Deno.writeTextFile(
    join(folder.path, "deno.json"),
    JSON.stringify({
      imports: { "@routebook/routebook": `jsr:@routebook/routebook@^${config.version}` },
      links: [here, ...config.links.map((link) => join(here, link))],
    }),
  );
  await Deno.writeTextFile(
    join(folder.path, "flows_test.ts"),
    `import { testWorkflow } from "@routebook/routebook";
     testWorkflow(new URL("./flows/triage.yaml", import.meta.url));`,
  );
  const { code, stdout, stderr } = await deno(
    folder.path,
    "test",
    "--allow-read",
    "--allow-write",
    "--allow-run",
    "--allow-env",
  );
  assertEquals(code, 0, stdout + stderr);
  assertStringIncludes(stdout, "collect ... ok");
  assertStringIncludes(stdout, "report ... ok");
  // Nothing is left where the workflow itself would write.
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
  assertEquals(names.filter((name) => name === "workspace" || name === ".routebook"), []);
});
