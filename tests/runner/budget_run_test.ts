import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { RunEvent } from "../../runner/events.ts";
import { cli, Clone } from "../support/cli.ts";
import { answer, failure, type OpenAiServer, startOpenAiServer } from "../support/openai_server.ts";

/** A workflow whose step writes a file on disk, with some keys of its own. */
function flow(keys: string, step = ""): string {
  return `name: tiny
model: openai:gpt-4.1
${keys}
backends:
  disk: { type: local, root: ./out }
routes:
  /out/: disk
steps:
  - id: hello
    prompt: Write hello to /out/hello.txt.
${step}`;
}

/** An answer that writes the file; without counts where the server leaves them out. */
function write(content: string, usage: { input: number; output: number } | null) {
  const args = JSON.stringify({ path: "/out/hello.txt", content });
  return answer({ calls: [{ name: "write_file", arguments: args }], usage });
}

/** Runs the workflow against a server, and gives back its events too. */
async function live(clone: Clone, server: OpenAiServer, text: string) {
  await Deno.mkdir(join(clone.directory, "out"), { recursive: true });
  await Deno.writeTextFile(join(clone.directory, "tiny.yaml"), text);
  const { code, stdout, stderr } = await cli("run", ["--json", "tiny.yaml"], {
    cwd: clone.directory,
    env: { OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl },
  });
  const events = stdout.trim().split("\n").map((line): RunEvent => JSON.parse(line));
  const last = events.at(-1);
  if (last?.type !== "run.finished") throw new Error(stderr);
  return { code, events, last, stderr };
}

/** What the step wrote, and whatever else lies beside it. */
async function written(clone: Clone): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(join(clone.directory, "out"))) {
    files[name] = await Deno.readTextFile(join(clone.directory, "out", name));
  }
  return files;
}

Deno.test("a budget of tokens ends the step with exit code 4, and leaves its files whole", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({
    script: [
      write("one\n", { input: 100, output: 20 }),
      // Once this is answered there are more tokens than granted: its call is not done any more.
      write("two\n", { input: 130, output: 20 }),
      answer({ text: "Never asked for." }),
    ],
  });
  const { code, events, last } = await live(clone, server, flow("budget: { tokens: 200 }"));
  const error =
    "The budget of 200 tokens is used up, 270 were taken: raise budget: { tokens } if " +
    "it was too small";
  assertEquals([code, last.outcome, last.exitCode], [4, "budget", 4]);
  assertEquals(last.error, `Step 'hello' failed: ${error}`);
  assertEquals([last.turns, last.inputTokens, last.outputTokens], [2, 230, 40]);
  assertEquals(server.exchanges.length, 2);
  assertEquals(await written(clone), { "hello.txt": "one\n" });
  const ends = events.filter(({ type }) => type === "step.finished");
  assertEquals(ends.length, 1);
});

Deno.test("a step's budget of tokens is not asked beyond where it is reached exactly", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({
    script: [write("one\n", { input: 100, output: 20 }), answer({ text: "Never asked for." })],
  });
  const text = flow("", "    budget: { tokens: 120 }\n    retry: { attempts: 3 }\n");
  const { code, last } = await live(clone, server, text);
  assertEquals([code, server.exchanges.length], [4, 1]);
  assertStringIncludes(last.error ?? "", "The step's budget of 120 tokens is used up, 120 were");
  assertEquals(await written(clone), { "hello.txt": "one\n" });
});

Deno.test("a missing count of tokens ends a step whose budget needs it, and no other", async () => {
  const script = () => [write("one\n", null), answer({ text: "Written.", usage: null })];
  await using clone = await Clone.make();
  for (const [budget, key] of [["tokens: 100000", "tokens"], ["usd: 1", "usd"]]) {
    await using server = startOpenAiServer({ script: script() });
    const { code, last } = await live(clone, server, flow(`budget: { ${budget} }`));
    assertEquals([code, last.outcome, last.inputTokens], [4, "budget", null]);
    assertStringIncludes(
      last.error ?? "",
      "cannot be kept: the model 'openai:gpt-4.1' did not say",
    );
    assertStringIncludes(last.error ?? "", `Leave ${key} out and limit budget: { turns }`);
    assertEquals(server.exchanges.length, 1);
  }
  await using server = startOpenAiServer({ script: script() });
  const { code, last } = await live(clone, server, flow("budget: { turns: 9 }"));
  assertEquals([code, last.outcome, last.inputTokens], [0, "success", null]);
});

Deno.test("a budget of dollars is counted with the prices of the file", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({
    script: [
      write("one\n", { input: 100, output: 20 }),
      answer({ text: "Written.", usage: { input: 100, output: 20 } }),
    ],
  });
  const prices = "models: { openai:gpt-4.1: { usd_per_million: { input: 1000, output: 5000 } } }\n";
  const text = flow(`${prices}budget: { usd: 0.2 }`);
  const { code, last } = await live(clone, server, text);
  assertEquals([code, last.usd, server.exchanges.length], [4, 0.2, 1]);
  assertStringIncludes(last.error ?? "", "The budget of $0.20 is used up, $0.20 was spent");
});

Deno.test("what a failed request took is unknown, unless the server refused it", async () => {
  await using clone = await Clone.make();
  const prices = "models: { openai:gpt-4.1: { usd_per_million: { input: 1, output: 1 } } }";
  const first = write("one\n", { input: 100, output: 20 });
  await using refusing = startOpenAiServer({ script: [first, failure(400)] });
  const refused = await live(clone, refusing, flow(prices));
  assertEquals([refused.code, refused.last.turns, refused.last.usd], [1, 2, 0.00012]);
  // The server failed each time that it was asked, whatever the model had done by then.
  const failed = failure(500, { headers: { "retry-after-ms": "1" } });
  await using broken = startOpenAiServer({ script: [first, ...Array(9).fill(failed)] });
  const unknown = await live(clone, broken, flow(prices));
  assertEquals([unknown.code, unknown.last.turns, unknown.last.usd], [1, 2, null]);
});

/** Tries again where a day, UTC, ends in the middle: what was spent before is of another one then. */
async function onOneDay(test: () => Promise<void>): Promise<void> {
  const day = () => new Date().toISOString().slice(0, "2026-01-01".length);
  const before = day();
  try {
    await test();
  } catch (error) {
    if (day() === before) throw error;
    await test();
  }
}

Deno.test("usd_per_day counts the runs of the file before, and then starts nothing", () =>
  onOneDay(async () => {
    await using clone = await Clone.make();
    const usage = { input: 100_000, output: 12_500 };
    await using server = startOpenAiServer({
      script: [answer({ text: "Hello.", usage }), answer({ text: "Hello.", usage })],
    });
    const text = flow("budget: { usd_per_day: 0.5 }");
    const first = await live(clone, server, text);
    assertEquals([first.code, first.last.usd], [0, 0.3]);
    // What is left is granted; that the answer takes more ends the step.
    const second = await live(clone, server, text);
    assertEquals([second.code, second.last.usd, server.exchanges.length], [4, 0.3, 2]);
    assertStringIncludes(second.last.error ?? "", "The $0.20 that the day had left are used up");
    const third = await live(clone, server, text);
    assertEquals([third.code, third.last.usd, server.exchanges.length], [4, 0, 2]);
    assertEquals(third.events.map(({ type }) => type), ["run.started", "run.finished"]);
    assertEquals(
      third.last.error,
      "The budget of $0.50 a day is used up, $0.60 was spent: raise budget: { usd_per_day } if it was " +
        "too small, or wait until 00:00 UTC",
    );
    const { stdout } = await cli("log", [], { cwd: clone.directory });
    const ends = stdout.trim().split("\n").map((line) => line.split("  ").at(-1)).toSorted();
    assertEquals(ends, [
      "budget, exit code 4, 0 turns, 0 tokens in, 0 out, $0.00",
      "budget, exit code 4, 1 turn, 100000 tokens in, 12500 out, $0.30",
      "success, exit code 0, 1 turn, 100000 tokens in, 12500 out, $0.30",
    ]);
  }));

Deno.test("a rehearsal is held to the counts of its script, and without any to none", async () => {
  await using clone = await Clone.make();
  const run = async (usage: string) => {
    await Deno.mkdir(join(clone.directory, "out"), { recursive: true });
    await Deno.writeTextFile(
      join(clone.directory, "tiny.rehearsal.yaml"),
      `name: tiny\nsteps:\n  hello:\n    - text: Hello.${usage}\n`,
    );
    await Deno.writeTextFile(
      join(clone.directory, "tiny.yaml"),
      flow(
        "rehearsal: ./tiny.rehearsal.yaml\nbudget: { usd: 0.01, usd_per_day: 0.02, tokens: 9000 }",
      ),
    );
    return await cli("run", ["tiny.yaml"], { cwd: clone.directory });
  };
  const none = await run("");
  assertEquals(none.code, 0, none.stderr);
  const little = await run("\n      usage: { input: 1000, output: 1000 }");
  assertEquals(little.code, 0, little.stderr);
  const much = await run("\n      usage: { input: 6000, output: 1000 }");
  assertEquals(much.code, 4);
  assertStringIncludes(much.stdout, "The budget of $0.01 is used up, $0.02 was spent");
});
