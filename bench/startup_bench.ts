/**
 * A whole rehearsed run from the command line, against the least that any program with npm:yaml
 * takes to start.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";

const project = fromFileUrl(new URL("..", import.meta.url));

async function deno(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: project,
    env: { OPENAI_API_KEY: "" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

Deno.bench({
  name: "deno run of a script that imports npm:yaml",
  group: "start-up",
  baseline: true,
  n: 20,
  async fn() {
    await deno(
      "run",
      "--no-prompt",
      "--ignore-env",
      "--allow-env=NO_COLOR",
      "bench/_import_yaml.ts",
    );
  },
});

Deno.bench({
  name: "deno task run workflows/flask.yaml, rehearsed",
  group: "start-up",
  n: 20,
  async fn() {
    await deno("task", "--quiet", "run", "workflows/flask.yaml");
  },
});
