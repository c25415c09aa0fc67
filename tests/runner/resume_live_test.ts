import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { cli } from "../support/cli.ts";
import { answer, type OpenAiServer, startOpenAiServer } from "../support/openai_server.ts";
import { WaitingDirectory } from "./_waiting.ts";

const WORKFLOW = `name: live
model: openai:gpt-4.1
backends:
  memory: { type: state }
  disk: { type: local, root: ./site }
default: memory
routes: { /site/: { backend: disk } }
tools: { ask: ["write /site/**", "read /private.txt"] }
steps:
  - id: note
    prompt: Take a note.
  - id: publish
    prompt: Publish it.
    produces: [/site/page.txt]
`;

const call = (name: string, args: object) => ({ name, arguments: JSON.stringify(args) });

const SCRIPT = [
  answer({
    calls: [call("write_file", { path: "/note.txt", content: "Remember.\n" })],
    usage: { input: 10, output: 1 },
  }),
  answer({ text: "Noted.", usage: { input: 20, output: 2 } }),
  answer({
    text: "I publish.",
    calls: [
      call("write_file", { path: "/draft.txt", content: "d" }),
      call("write_file", { path: "/site/page.txt", content: "Page\n" }),
      call("read_file", { path: "/note.txt" }),
    ],
    usage: { input: 30, output: 3 },
  }),
];

const REST = [
  answer({ calls: [call("read_file", { path: "/note.txt" })], usage: { input: 40, output: 4 } }),
  answer({ text: "Published.", usage: { input: 50, output: 5 } }),
];

function live(directory: WaitingDirectory, server: OpenAiServer, ...args: string[]) {
  return cli("run", ["flow.yaml", ...args], {
    cwd: directory.path,
    env: { OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl },
  });
}

Deno.test("a live run waits and goes on with the conversation that a strict server accepts", async () => {
  await using directory = await WaitingDirectory.make({ workflow: WORKFLOW });
  await using server = startOpenAiServer({ script: SCRIPT });
  const first = await live(directory, server);
  assertEquals([first.code, server.rejections], [6, []], first.stderr + first.stdout);
  assertStringIncludes(first.stdout, "3 turns, 60 tokens in, 6 out, exit code 6");
  const id = directory.ids().at(-1) ?? "";
  // The key is needed anew: nothing that is kept has it.
  const journal = await Deno.readFile(join(directory.path, ".routebook/runs.db"));
  assert(!new TextDecoder("latin1").decode(journal).includes(server.key));
  await using rest = startOpenAiServer({ script: REST });
  const { code, stdout, stderr } = await live(directory, rest, "--resume", id, "--approve");
  assertEquals([code, rest.rejections], [0, []], stderr + stdout);
  assertEquals(await directory.text("site/page.txt"), "Page\n");
  assertStringIncludes(stdout, "Done: 2 steps, 5 turns, 150 tokens in, 15 out");
  // Each call has its result, in the order of the calls.
  const messages = rest.exchanges[0]?.request.messages ?? [];
  assertEquals(messages.map(({ role }) => role), [
    ...["system", "user", "assistant", "tool", "assistant"],
    ...["user", "assistant", "tool", "tool", "tool"],
  ]);
  const texts = messages.slice(-3).map(({ content }) => JSON.stringify(content));
  assertStringIncludes(texts[0] ?? "", "Wrote /draft.txt");
  assertStringIncludes(texts[1] ?? "", "Wrote /site/page.txt");
  assertStringIncludes(texts[2] ?? "", "Remember.");
});

Deno.test("a live run cannot go on without a key, and waits on for one", async () => {
  await using directory = await WaitingDirectory.make({ workflow: WORKFLOW });
  await using server = startOpenAiServer({ script: SCRIPT });
  assertEquals((await live(directory, server)).code, 6);
  const id = directory.ids().at(-1) ?? "";
  const { code, stderr } = await directory.run("--resume", id, "--approve");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "OPENAI_API_KEY");
  await using rest = startOpenAiServer({ script: REST });
  assertEquals((await live(directory, rest, "--resume", id, "--approve")).code, 0);
});
