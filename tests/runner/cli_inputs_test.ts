import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { writePlay } from "./_played.ts";

const PROJECT = join(import.meta.dirname ?? "", "../..");

const FLOW = {
  description: "Says where.",
  inputs: {
    city: { required: true },
    count: { type: "number" },
    dry: { type: "boolean", default: true },
  },
  steps: [{
    id: "say",
    run: 'echo "$C $N $D"',
    env: { C: "${{ inputs.city }}", N: "${{ inputs.count }}", D: "${{ inputs.dry }}" },
  }],
  outputs: { said: "${{ steps.say.output }}" },
};

/** Runs the command line as the task of deno.json does. */
async function task(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cwd = await Deno.makeTempDir({ prefix: "routebook-cli-" });
  try {
    await writePlay(cwd, {
      flow: FLOW,
      files: { "values.yaml": "city: Rome\ncount: 2\n", "wrong.yaml": "city: Rome\ncount: many\n" },
    });
    const { tasks } = JSON.parse(await Deno.readTextFile(join(PROJECT, "deno.json")));
    const words = String(tasks.run.command).split(" ").slice(1)
      .map((word) => word === "runner/main.ts" ? join(PROJECT, word) : word);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...words, "flow.yaml", ...args],
      cwd,
      env: { NO_COLOR: "1", OPENAI_API_KEY: "", LOG_STREAM: "1", LOG_TOKENS: "1", ...env },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("deno task run takes inputs from options, a file and the environment, and prints outputs alone", async () => {
  const { code, out, err } = await task(["--input", "city=Oslo", "--inputs", "values.yaml"], {
    ROUTEBOOK_INPUT_DRY: "false",
    ROUTEBOOK_INPUT_COUNT: "9",
  });
  assertEquals(code, 0, err);
  assertEquals(out.slice(0, out.indexOf("\n\n")), "said\n  Oslo 2 false");
  assertStringIncludes(err, "Oslo 2 false");
  const json = await task(["--inputs", "values.yaml", "--json"]);
  assertEquals(JSON.parse(json.out.trim().split("\n").at(-1) ?? "").outputs, {
    said: "Rome 2 true",
  });
});

Deno.test("deno task run tells of a wrong value in the file that it is in", async () => {
  const { code, out, err } = await task(["--inputs", "wrong.yaml"]);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(
    err,
    'error[invalid-input]: Input "count" must be a number\n --> wrong.yaml:2:8\n',
  );
});

Deno.test("deno task run FILE --help needs no inputs, and runs nothing", async () => {
  const { code, out, err } = await task(["--help"]);
  assertEquals([code, err], [0, ""]);
  assertStringIncludes(out, "played\nSays where.\n\nUsage\n  deno task run flow.yaml [options]\n");
  assertStringIncludes(out, "--input city=...   ROUTEBOOK_INPUT_CITY   string   required");
});
