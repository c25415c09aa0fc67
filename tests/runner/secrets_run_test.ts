import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import type { RunEvent } from "../../runner/events.ts";
import { played, writePlay } from "./_played.ts";

const PROJECT = join(import.meta.dirname ?? "", "../..");

const SECRET = 'hunter2/+ "x"-5ecret';
const LINES = "-----BEGIN-KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END-KEY-----\n";

/** Prints a secret in each of its forms and in pieces, and writes it down. */
const LEAK = `\
printf 'plain %s\\n' "$T"
printf '%s' "$T" | base64
printf 'user:%s@host' "$T" | base64
printf 'us:%s' "$T" | base64 -w 0 | tr '+/' '-_' | tr -d '='
echo
printf '%s' "$U"
printf 'first half %s' "$(printf '%s' "$T" | cut -c 1-9)"
printf '%s\\n' "$(printf '%s' "$T" | cut -c 10-)"
printf '{"t":"%s"}\\n' "$(printf '%s' "$T" | sed 's/"/\\\\"/g')"
printf '%s' "$K" >&2
printf 'token %s, key %s' "$T" "$K" > /leak.txt
`;

const FLOW = {
  shell: "virtual",
  secrets: { TOKEN: null, PRIVATE_KEY: null, OTHER: { required: false } },
  env: { SHOWN: {}, FIXED: "in ${{ inputs.city }}" },
  inputs: { city: { default: "Oslo" } },
  steps: [
    {
      id: "leak",
      run: LEAK,
      env: {
        T: "${{ secrets.TOKEN }}",
        U: "url ${{ env.SHOWN }}\n",
        K: "${{ secrets.PRIVATE_KEY }}",
      },
    },
    {
      id: "read",
      prompt: "It printed: ${{ steps.leak.output }}",
      assert: [{ file: "/leak.txt", equals: "nothing" }],
    },
  ],
  outputs: { said: "${{ steps.leak.output }}" },
};

/** What may be nowhere. */
function formsOf(secret: string): readonly string[] {
  const encode = (text: string) => new TextEncoder().encode(text).toBase64();
  const inner = ["", "a", "ab"].map((before) => encode(before + secret).slice(4, -4));
  return [
    ...[secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)],
    new URLSearchParams({ "": secret }).toString().slice(1),
    ...inner,
    ...inner.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    ...secret.split("\n").filter((line) => line.length >= 8),
    // Half of it is half of it.
    secret.trim().slice(0, 9),
    secret.trim().slice(-9),
  ];
}

const FORMS = [...formsOf(SECRET), ...formsOf(LINES)];

function assertNone(text: string, where: string): void {
  for (const form of FORMS) assert(!text.includes(form), `${where} has ${form}`);
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** All bytes that the run left of its own. */
  readonly kept: string;
  readonly events: readonly RunEvent[];
}

async function run(
  flow: Readonly<Record<string, unknown>>,
  args: readonly string[],
): Promise<Ran> {
  const cwd = await Deno.makeTempDir({ prefix: "routebook-secrets-" });
  try {
    await writePlay(cwd, {
      flow,
      turns: {
        read: [[["read_file", { path: "/leak.txt" }]], [["grep", {
          query: "token",
          path: "/",
        }]]],
      },
    });
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-all", "--no-check"],
        ...[join(PROJECT, "runner/main.ts"), "run", "flow.yaml", ...args],
      ],
      cwd,
      env: {
        ...{ NO_COLOR: "1", OPENAI_API_KEY: "", TOKEN: SECRET, PRIVATE_KEY: LINES },
        SHOWN: encodeURIComponent(SECRET),
      },
      stdin: "null",
    }).output();
    const folder = join(cwd, ".routebook");
    let kept = "";
    for await (const { name } of Deno.readDir(folder)) {
      // Byte by byte: a database is no text.
      const bytes = await Deno.readFile(join(folder, name));
      for (let at = 0; at < bytes.length; at += 8_192) {
        kept += String.fromCharCode(...bytes.subarray(at, at + 8_192));
      }
    }
    using database = new DatabaseSync(join(folder, "runs.db"));
    const rows = database.prepare("SELECT body FROM events ORDER BY seq").all();
    const events = rows.map((row): RunEvent => JSON.parse(String(row["body"])));
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr), kept, events };
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("a run shows and keeps no form of its secrets, whatever its steps print, write and read", async () => {
  const { code, out, err, kept, events } = await run(FLOW, ["--json"]);
  assertEquals(code, 1, err);
  assertNone(out, "--json");
  assertNone(err, "stderr");
  assertNone(kept, "the journal");
  // What is compared above was there to be masked.
  const leak = events.find((event) => event.type === "step.finished" && event.step === "leak");
  assert(leak?.type === "step.finished");
  assertStringIncludes(leak.output, "plain ***\n");
  assertStringIncludes(leak.output, '{"t":"***"}');
  const read = events.filter((event) => event.type === "tool.finished");
  assertEquals(read.length, 2);
  for (const event of read) {
    assert(event.type === "tool.finished" && event.ok);
    assertStringIncludes(event.result, "token ***, key ***");
  }
  const pieces = events.flatMap((event) => event.type === "command.output" ? [event.text] : []);
  assertStringIncludes(pieces.join(""), "plain ***");
  const checked = events.find((event) => event.type === "step.checked" && event.step === "read");
  assert(checked?.type === "step.checked");
  assertEquals(checked.results.map(({ ok, found }) => [ok, found?.includes("***")]), [[
    false,
    true,
  ]]);
});

Deno.test("a run's screen, report and outputs have no form of its secrets", async () => {
  const steps = FLOW.steps.map(({ assert: _, ...step }) => step);
  const { code, out, err, kept } = await run({ ...FLOW, steps }, []);
  assertEquals(code, 0, err);
  assertNone(out, "stdout");
  assertNone(err, "the screen");
  assertNone(kept, "the journal");
  assertStringIncludes(out, "said\n  plain ***\n");
  assertStringIncludes(err, "plain ***");
});

Deno.test("a run that waits keeps no form of its secrets, nor shows them to who is asked", async () => {
  const flow = { ...FLOW, tools: { ask: ["execute *"] } };
  const { code, out, err, kept } = await run(flow, []);
  assertEquals(code, 6, err);
  assertNone(out, "stdout");
  assertNone(err, "the screen");
  assertNone(kept, "the journal");
  assertStringIncludes(err, "T='***'");
});

Deno.test("every command sees the workflow's variables, and the model's commands no secret", async () => {
  const steps = [
    {
      id: "first",
      run: 'echo "$FIXED $OVER"; env | grep -c TOKEN',
      env: { OVER: "mine" },
      continue_on_error: true,
    },
    { id: "read", prompt: "Look" },
  ];
  const cwd = await Deno.makeTempDir({ prefix: "routebook-secrets-" });
  try {
    const env = { FIXED: "in ${{ inputs.city }}", OVER: "file", SHOWN: {} };
    await writePlay(cwd, {
      flow: { ...FLOW, env, steps, outputs: {} },
      turns: {
        read: [[["execute", { command: "echo $FIXED $OVER $SHOWN; env | sort | cut -d = -f 1" }]]],
      },
    });
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-all", "--no-check"],
        ...[join(PROJECT, "runner/main.ts"), "run", "flow.yaml", "--json"],
      ],
      cwd,
      env: {
        ...{ NO_COLOR: "1", OPENAI_API_KEY: "", TOKEN: SECRET, PRIVATE_KEY: LINES },
        ...{ SHOWN: "shown", ROUTEBOOK_INPUT_CITY: "Rome" },
      },
      stdin: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    const events = lines.map((line): RunEvent => JSON.parse(line));
    const first = events.find((event) => event.type === "step.finished");
    assert(first?.type === "step.finished", new TextDecoder().decode(stderr));
    assertEquals(first.output, "in Rome mine\n0");
    const tool = events.find((event) => event.type === "tool.finished");
    assert(tool?.type === "tool.finished");
    assertStringIncludes(tool.result, "in Rome file shown\n");
    assert(!/TOKEN|PRIVATE_KEY|ROUTEBOOK|OPENAI/.test(tool.result), tool.result);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("a run whose secrets are ordinary words is understood all the same, and hides them", async () => {
  // Words of the events and of the messages of the processes, as their names and as their values.
  const words = [
    ...[
      "success",
      "stop",
      "tool",
      "file",
      "path",
      "pass",
      "step",
      "text",
      "name",
      "type",
      "output",
    ],
    ...["assistant", "execute", "write", "stdout", "model", "arguments", "results", "true", "size"],
    ...["outcome", "usage", "turns", "granted", "verdict", "wishes", "what", "rule", "verb"],
  ];
  const names = words.map((_, index) => `S${index}`);
  const { result, events } = await played({
    flow: {
      shell: "virtual",
      tools: { ask: ["write /asked/**", "execute touch *"] },
      secrets: Object.fromEntries(names.map((name) => [name, { required: false }])),
      steps: [
        { id: "say", run: `echo ${words.join(" ")}` },
        { id: "step", prompt: "Go", assert: [{ file: "/asked/x", contains: "y" }] },
        { id: "last", prompt: "Go", assert: [{ judge: "ok" }] },
      ],
    },
    turns: {
      step: [[["write_file", { path: "/asked/x", content: "y" }]], [["execute", {
        command: "touch /z",
      }]]],
      last: [],
    },
    judges: { last: [{ pass: true, reason: "Fine" }] },
    options: {
      secrets: Object.fromEntries(names.map((name, index) => [name, words[index] ?? ""])),
      approver: () => Promise.resolve({ verdict: "granted" }),
    },
  });
  assertEquals([result.outcome, result.error], ["success", undefined]);
  const said = events.find((event) => event.type === "step.finished" && event.step === "say");
  assert(said?.type === "step.finished");
  assertEquals(said.output, words.map(() => "***").join(" "));
});
