import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import type { RunCheckpoint } from "../../runner/checkpoint.ts";
import type { RunEvent } from "../../runner/events.ts";
import { Journal, JournalError } from "../../runner/journal.ts";
import type { Plan } from "../../runner/plan.ts";

const PLAN: Plan = {
  name: "demo",
  description: "",
  file: "demo.yaml",
  fingerprint: "0".repeat(64),
  model: { type: "rehearsal", name: "openai:gpt-4.1", file: "demo.rehearsal.yaml", steps: {} },
  inputs: {},
  instructions: [],
  backends: [],
  routes: [],
  roots: [],
  deny: [],
  ask: [],
  grants: [],
  budget: { turns: 1 },
  steps: [],
  outputs: {},
  processes: [],
};

function event(run: string, seq: number): RunEvent {
  return { seq, time: "2026-01-01T00:00:00.000Z", run, type: "model.asked", step: "a", turn: seq };
}

async function temporary(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "routebook-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("Journal keeps the events of each run in order, in a folder of its owner", async () => {
  await using cwd = await temporary();
  {
    using journal = Journal.open(cwd.path);
    journal.begin("one", PLAN, "2026-01-01T00:00:00.000Z");
    journal.begin("two", PLAN, "2026-01-02T00:00:00.000Z");
    for (const seq of [1, 2, 3]) journal.append(event("one", seq));
    journal.append({
      ...event("two", 1),
      type: "model.text",
      step: "a",
      turn: 1,
      text: "left out",
    });
  }
  using journal = Journal.open(cwd.path);
  assertEquals(journal.events("one"), [1, 2, 3].map((seq) => event("one", seq)));
  assertEquals(journal.events("two"), []);
  assertEquals(journal.plan("one"), PLAN);
  assertEquals(journal.plan("three"), undefined);
  assertEquals(
    journal.runs().map(({ id, last }) => [id, last?.seq]),
    [["two", undefined], ["one", 3]],
  );
  const { mode } = await Deno.stat(join(cwd.path, ".routebook"));
  assertEquals((mode ?? 0) & 0o777, 0o700);
});

Deno.test("Journal.open() refuses a newer format and says what a folder that is a file is", async () => {
  await using cwd = await temporary();
  Journal.open(cwd.path)[Symbol.dispose]();
  const database = new DatabaseSync(join(cwd.path, ".routebook/runs.db"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  const error = assertThrows(() => Journal.open(cwd.path), JournalError);
  assertStringIncludes(error.message, "has format 99, and this version knows 3");

  await using other = await temporary();
  await Deno.writeTextFile(join(other.path, ".routebook"), "");
  const inTheWay = assertThrows(() => Journal.open(other.path), JournalError);
  assertEquals(
    inTheWay.message,
    `Cannot keep a journal in '${other.path}/.routebook/runs.db' (File exists (os error 17)): ` +
      "run in a directory that may be written to, or move away what is there",
  );
});

Deno.test("Journal.append() throws a JournalError where an event cannot be written", async () => {
  await using cwd = await temporary();
  using journal = Journal.open(cwd.path);
  assertThrows(
    () => journal.append(event("a run that was never begun", 1)),
    JournalError,
    "Cannot write the journal any more: FOREIGN KEY constraint failed",
  );
});

const SAID = { conversation: [{ role: "user", content: "Go." }], answers: 1, ids: 2 } as const;

const CHECKPOINT: RunCheckpoint = {
  waiting: [{
    step: "a[1]",
    pending: [{ step: "a[1]", callId: "1", tool: "ls", wishes: [], detail: "" }],
    attempt: 1,
    prompt: "Go.",
    agent: SAID,
    changed: ["/x"],
  }],
  agent: { ended: { b: SAID.conversation }, conversation: [], answers: 0, ids: 2 },
  ended: { b: { end: "success", values: { output: "done", outputs: {}, status: "success" } } },
  items: { a: { items: [1, 2], ended: { 0: { output: "x", outputs: {} } }, played: 1 } },
  judged: {},
  spent: { turns: 3, inputTokens: null, outputTokens: 0 },
  written: ["/x", "/y"],
};

Deno.test("Journal.keep() keeps a waiting run with its files, all of it or nothing", async () => {
  await using cwd = await temporary();
  const files = [
    { backend: "memory", path: "/a", bytes: Uint8Array.of(0, 255) },
    { backend: "memory", path: "/empty", bytes: new Uint8Array() },
    { backend: "memory", path: "/gone", bytes: null },
    { backend: "other", path: "/a", bytes: Uint8Array.of(1) },
  ];
  {
    using journal = Journal.open(cwd.path);
    journal.begin("one", PLAN, "");
    journal.begin("two", PLAN, "");
    journal.keep("one", CHECKPOINT, files.toReversed());
    const twice = [...files, ...files.slice(0, 1)];
    const error = assertThrows(() => journal.keep("two", CHECKPOINT, twice), JournalError);
    assertStringIncludes(error.message, "Cannot keep the waiting run 'two': UNIQUE constraint");
  }
  using journal = Journal.open(cwd.path);
  assertEquals(journal.checkpoint("one"), CHECKPOINT);
  assertEquals(journal.checkpointFiles("one"), files);
  assertEquals([journal.checkpoint("two"), journal.checkpointFiles("two")], [undefined, []]);
});

Deno.test("Journal.begin() lets one run claim a waiting one, and another only in its stead", async () => {
  await using cwd = await temporary();
  using journal = Journal.open(cwd.path);
  journal.begin("waits", PLAN, "");
  journal.keep("waits", CHECKPOINT, []);
  assertEquals(journal.resumedBy("waits"), undefined);
  journal.begin("one", PLAN, "", { run: "waits" });
  assertEquals(journal.resumedBy("waits"), "one");
  for (const instead of [undefined, "three"]) {
    assertThrows(
      () => journal.begin("two", PLAN, "", { run: "waits", instead }),
      JournalError,
      "Run 'waits' is gone on with by run 'one' already",
    );
  }
  // Nothing is left of a run that could not begin.
  assertEquals(journal.find("two"), []);
  journal.begin("two", PLAN, "", { run: "waits", instead: "one" });
  assertEquals(journal.resumedBy("waits"), "two");
  assertThrows(() => journal.begin("three", PLAN, "", { run: "waits", instead: "one" }));
});

Deno.test("Journal.open() brings a journal of the first format up to this one", async () => {
  await using cwd = await temporary();
  {
    using journal = Journal.open(cwd.path);
    journal.begin("old", PLAN, "2026-01-01T00:00:00.000Z");
    journal.append(event("old", 1));
  }
  const database = new DatabaseSync(join(cwd.path, ".routebook/runs.db"));
  database.exec(
    "DROP TABLE resumes; DROP TABLE checkpoint_files; DROP TABLE checkpoints; " +
      "PRAGMA user_version = 1",
  );
  database.close();
  using journal = Journal.open(cwd.path);
  assertEquals(journal.events("old"), [event("old", 1)]);
  assertEquals(journal.last("old"), event("old", 1));
  journal.keep("old", CHECKPOINT, []);
  assertEquals(journal.checkpoint("old"), CHECKPOINT);
});

Deno.test("Journal.checkpoint() refuses what an older version left to wait", async () => {
  await using cwd = await temporary();
  {
    using journal = Journal.open(cwd.path);
    journal.begin("old", PLAN, "");
    journal.keep("old", CHECKPOINT, []);
    journal.begin("new", PLAN, "");
  }
  const database = new DatabaseSync(join(cwd.path, ".routebook/runs.db"));
  database.exec("ALTER TABLE checkpoints DROP COLUMN format; PRAGMA user_version = 2");
  database.close();
  using journal = Journal.open(cwd.path);
  assertThrows(
    () => journal.checkpoint("old"),
    JournalError,
    "Run 'old' cannot be gone on with: an older version left it to wait, in format 2, and this " +
      "version knows 3. Start it anew without --resume",
  );
  assertEquals([journal.waits("old"), journal.waits("new")], [true, false]);
  journal.keep("new", CHECKPOINT, []);
  assertEquals(journal.checkpoint("new"), CHECKPOINT);
});

Deno.test("Journal loses nothing that it acknowledged when its process is killed", async () => {
  await using cwd = await temporary();
  const module = fromFileUrl(new URL("../../runner/journal.ts", import.meta.url));
  const source = `
    import { Journal } from ${JSON.stringify(module)};
    const journal = Journal.open(${JSON.stringify(cwd.path)});
    const run = Deno.args[0];
    journal.begin(run, ${JSON.stringify(PLAN)}, "2026-01-01T00:00:00.000Z");
    for (let seq = 1;; seq++) {
      journal.append({ seq, time: "", run, type: "model.asked", step: "a", turn: seq });
      Deno.stdout.writeSync(new TextEncoder().encode(seq + "\\n"));
    }`;
  const script = join(cwd.path, "append.ts");
  await Deno.writeTextFile(script, source);
  for (const [round, lines] of [1, 3, 10, 40, 100].entries()) {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--config",
        fromFileUrl(new URL("../../deno.json", import.meta.url)),
        script,
        `run${round}`,
      ],
      stdout: "piped",
    }).spawn();
    let text = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.split("\n").length > lines) break;
    }
    child.kill("SIGKILL");
    await child.status;
    const acknowledged = text.split("\n").length - 1;
    using journal = Journal.open(cwd.path);
    const events = journal.events(`run${round}`);
    assertEquals(
      events.slice(0, acknowledged).map(({ seq }) => seq),
      [
        ...Array(acknowledged).keys(),
      ].map((index) => index + 1),
    );
  }
});
