import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { RehearsalTurn } from "../../agent/rehearsal.ts";
import { compileWorkflow } from "../../runner/compile.ts";
import type { RunEvent } from "../../runner/events.ts";
import { cli, Clone } from "../support/cli.ts";
import {
  answer,
  cut,
  failure,
  type OpenAiServer,
  page,
  type Reply,
  replyFromTurn,
  startOpenAiServer,
} from "../support/openai_server.ts";

/** The turns that a shipped rehearsal gives, as a server's answers. */
async function rehearsedReplies(clone: Clone, name: string): Promise<Reply[]> {
  const { plan } = await compileWorkflow(join(clone.directory, `workflows/${name}.yaml`), {
    cwd: clone.directory,
    mode: "rehearse",
  });
  assert(plan?.model.type === "rehearsal");
  const { steps } = plan.model;
  return plan.steps.flatMap(({ id }): readonly RehearsalTurn[] => steps[id] ?? []).map(
    replyFromTurn,
  );
}

function live(clone: Clone, server: OpenAiServer, ...args: string[]) {
  return cli("run", args, {
    cwd: clone.directory,
    env: { OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl },
  });
}

const TINY = `name: tiny
model: openai:gpt-4.1
steps:
  - id: hello
    prompt: Write hello to /hello.txt.
    produces: [/hello.txt]
`;

async function tiny(clone: Clone, text = TINY): Promise<string> {
  await Deno.writeTextFile(join(clone.directory, "tiny.yaml"), text);
  return "tiny.yaml";
}

const WRITE = answer({
  calls: [{ name: "write_file", arguments: '{"path":"/hello.txt","content":"hello\\n"}' }],
  usage: { input: 100, output: 20 },
});
const DONE = answer({ text: "Written.", usage: { input: 130, output: 5 } });

Deno.test("run flask.yaml with a key asks the server and gives the same files as rehearsed", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({ script: await rehearsedReplies(clone, "flask") });
  const { code, stdout, stderr } = await live(clone, server, "workflows/flask.yaml");
  assertEquals([code, server.rejections], [0, []], stderr);
  assertStringIncludes(stderr, "Model: openai:gpt-4.1");
  assert(!stdout.includes("Rehearsed") && !stderr.includes("Rehears"));
  await using rehearsed = await Clone.make();
  await cli("run", ["workflows/flask.yaml"], { cwd: rehearsed.directory });
  const onDisk = async (of: Clone) =>
    Object.entries(await of.files()).filter(([path]) => path.startsWith("workspace/"));
  assertEquals(await onDisk(clone), await onDisk(rehearsed));
  const [first] = server.exchanges;
  assertEquals(first?.request.model, "gpt-4.1");
  assertEquals(server.exchanges.every(({ headers }) => headers.has("authorization")), true);
});

Deno.test("run --rehearse and --model do what they say where a key is set", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({ script: [WRITE, DONE] });
  const rehearsed = await live(clone, server, "--rehearse", "workflows/flask.yaml");
  assertEquals([rehearsed.code, server.exchanges.length], [0, 0], rehearsed.stderr);
  const named = await live(clone, server, "--model", "openai:gpt-4o-mini", await tiny(clone));
  assertEquals(named.code, 0, named.stderr);
  assertEquals(server.exchanges.map(({ request }) => request.model), [
    "gpt-4o-mini",
    "gpt-4o-mini",
  ]);
  assertStringIncludes(named.stdout, "230 tokens in, 25 out");
});

Deno.test("base_url in the file is asked where no variable says otherwise, and it alone is granted", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({ script: [WRITE, DONE] });
  const file = await tiny(clone, TINY.replace("steps:", `base_url: ${server.baseUrl}\nsteps:`));
  const options = { cwd: clone.directory, env: { OPENAI_API_KEY: server.key } };
  const planned = await cli("plan", ["--json", file], options);
  const { processes } = JSON.parse(planned.stdout);
  const agent = processes.find(({ name }: { name: string }) => name === "agent");
  assertEquals(agent.permissions.net, [server.host]);
  const { code, stderr } = await cli("run", [file], options);
  assertEquals(code, 0, stderr);
  assertEquals(server.exchanges.length, 2);
});

Deno.test("the model's key is in no event, nothing printed and no journal", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({ script: [WRITE, DONE] });
  const file = await tiny(clone);
  const { code, stdout, stderr } = await live(clone, server, "--json", file);
  assertEquals(code, 0, stderr);
  assert(!stdout.includes(server.key) && !stderr.includes(server.key));
  for await (const { name } of Deno.readDir(join(clone.directory, ".routebook"))) {
    const bytes = await Deno.readFile(join(clone.directory, ".routebook", name));
    assert(!new TextDecoder("latin1").decode(bytes).includes(server.key), name);
  }
});

/** Script, exit code, what is said, and how many requests arrive. */
const ANSWERS: Readonly<Record<string, readonly [readonly Reply[], number, string, number]>> = {
  "401": [[failure(401)], 1, "OPENAI_API_KEY", 1],
  "404": [[failure(404)], 1, "gpt-4.1", 1],
  "429 with Retry-After": [
    [failure(429, { headers: { "retry-after": "0" } }), WRITE, DONE],
    0,
    "Done: 1 step",
    3,
  ],
  "an exhausted quota": [[failure(429, { code: "insufficient_quota" })], 1, "quota", 1],
  "500": [[failure(500, { headers: { "retry-after-ms": "1" } }), WRITE, DONE], 0, "Done", 3],
  "a cut stream": [
    [cut({ calls: [{ name: "write_file", arguments: '{"path":"/bad.txt"' }] }), WRITE, DONE],
    0,
    "Done",
    3,
  ],
  "malformed arguments": [
    [answer({ calls: [{ name: "write_file", arguments: '{"path": "/hello' }] }), WRITE, DONE],
    0,
    "Done",
    3,
  ],
  "an unknown tool": [
    [answer({ calls: [{ name: "run_shell", arguments: "{}" }] }), WRITE, DONE],
    0,
    "Done",
    3,
  ],
  "an empty answer, twice": [[answer({}), answer({})], 1, "empty", 2],
  "a refusal": [[answer({ text: "I will not.", finish: "content_filter" })], 1, "I will not.", 1],
  "an answer cut at its length, three times": [
    [
      answer({ text: "To be", finish: "length" }),
      answer({ text: "To be", finish: "length" }),
      answer({ text: "To be", finish: "length" }),
    ],
    1,
    "cut",
    3,
  ],
  "a claim that is not true": [[DONE], 1, "'/hello.txt' was not produced: it does not exist", 1],
};

for (const [name, [script, exitCode, said, requests]] of Object.entries(ANSWERS)) {
  Deno.test(`run meets ${name} with exit code ${exitCode}`, async () => {
    await using clone = await Clone.make();
    await using server = startOpenAiServer({ script });
    const { code, stdout, stderr } = await live(clone, server, await tiny(clone));
    assertEquals(code, exitCode, stdout + stderr);
    assertStringIncludes(stdout + stderr, said);
    assertEquals(server.exchanges.length, requests);
    assertEquals(server.rejections, []);
    assert(!(stdout + stderr).includes(server.key));
  });
}

Deno.test("run ends a stubborn HTML page with a clear error and exit code 1", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({ script: () => page() });
  const { code, stdout } = await live(clone, server, await tiny(clone));
  assertEquals(code, 1);
  assertStringIncludes(stdout, server.baseUrl);
  // Whatever wrote the page, what it took nobody knows.
  assertStringIncludes(stdout, "1 turn, tokens unknown, exit code 1");
});

Deno.test("run stops at the budget of turns with exit code 4", async () => {
  await using clone = await Clone.make();
  await using server = startOpenAiServer({ script: () => WRITE });
  const file = await tiny(clone, TINY.replace("steps:", "budget: { turns: 3 }\nsteps:"));
  const { code, stdout, stderr } = await live(clone, server, "--json", file);
  assertEquals([code, server.exchanges.length], [4, 3], stderr);
  const last: RunEvent = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  assert(last.type === "run.finished");
  assertEquals([last.outcome, last.exitCode, last.turns], ["budget", 4, 3]);
});
