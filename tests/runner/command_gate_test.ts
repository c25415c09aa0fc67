import { assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";
import type { ExecuteResult, Shell } from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";
import { CommandGate, GatedBackend, GatedShell } from "../../runner/_command_gate.ts";

const DONE: ExecuteResult = {
  exitCode: 0,
  stdout: { text: "", bytes: 0, omitted: 0 },
  stderr: { text: "", bytes: 0, omitted: 0 },
  timedOut: false,
  notes: [],
};

/** A shell whose commands end when they are told to, by their names. */
class HeldShell implements Shell {
  readonly type = "docker";
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  execute(command: string | readonly string[]): Promise<ExecuteResult> {
    this.begun.push(`${command}`);
    return new Promise((resolve) => this.#ends.set(`${command}`, () => resolve(DONE)));
  }

  end(command: string): void {
    this.#ends.get(command)?.();
  }
}

/** Everything that can happen by now has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("GatedBackend waits for the command that runs, and for those that wait", async () => {
  const gate = new CommandGate();
  const held = new HeldShell();
  const shell = new GatedShell({ shell: held, gate, ended: () => Promise.resolve() });
  const files = new GatedBackend(new StateBackend({ files: { "/a": "a" } }), gate);
  assertEquals(shell.type, "docker");
  const order: string[] = [];
  const note = (what: string) => () => order.push(what);
  const first = shell.execute("first").then(note("first"));
  const reads = [files.stat("/a"), files.read("/a"), files.glob("**"), files.grep("a")].map(
    (operation) => operation.then(note("files")),
  );
  const second = shell.execute("second").then(note("second"));
  await settled();
  assertEquals([held.begun, order], [["first"], []]);
  held.end("first");
  await settled();
  assertEquals([held.begun, order], [["first", "second"], ["first"]]);
  held.end("second");
  await Promise.all([first, second, ...reads]);
  assertEquals(order, ["first", "second", "files", "files", "files", "files"]);
  assertEquals((await files.read("/a")).text, "a");
});

Deno.test("GatedShell waits for the operations under way", async () => {
  const gate = new CommandGate();
  const held = new HeldShell();
  const shell = new GatedShell({ shell: held, gate, ended: () => Promise.resolve() });
  const { promise: written, resolve: write } = Promise.withResolvers<void>();
  const memory = new StateBackend();
  const slow = new StateBackend();
  slow.write = async (path, content, options) => {
    await written;
    return await memory.write(path, content, options);
  };
  const files = new GatedBackend(slow, gate);
  const writing = files.write("/a", "a");
  const failing = assertRejects(() => files.read("/none"), BackendError);
  const running = shell.execute("command");
  await failing;
  await settled();
  assertEquals(held.begun, []);
  write();
  await writing;
  await settled();
  assertEquals(held.begun, ["command"]);
  held.end("command");
  assertEquals(await running, DONE);
});

Deno.test("CommandGate lets go of what is aborted while it waits", async () => {
  const gate = new CommandGate();
  const held = new HeldShell();
  const shell = new GatedShell({ shell: held, gate, ended: () => Promise.resolve() });
  const files = new GatedBackend(new StateBackend(), gate);
  const first = shell.execute("first");
  const [reading, waiting] = [new AbortController(), new AbortController()];
  const read = assertRejects(
    () => files.read("/a", { signal: reading.signal }),
    BackendError,
    "The operation on '/a' was aborted",
  );
  const second = assertRejects(
    () => shell.execute("second", { signal: waiting.signal }),
    BackendError,
  );
  reading.abort();
  waiting.abort();
  await Promise.all([read, second]);
  const third = shell.execute("third");
  await settled();
  assertEquals(held.begun, ["first"]);
  held.end("first");
  await first;
  await settled();
  assertEquals(held.begun, ["first", "third"]);
  held.end("third");
  await third;
  await assertRejects(() => files.ls("/none"), BackendError, "not");
});

Deno.test("GatedShell holds the gate until a command that was given up has ended", async () => {
  const gate = new CommandGate();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const shell = new GatedShell({
    shell: {
      type: "docker",
      execute: () => Promise.reject(new BackendError("aborted", "/", "The command was aborted")),
    },
    gate,
    ended: () => ended,
  });
  const order: string[] = [];
  const running = assertRejects(() => shell.execute("slow"), BackendError, "was aborted");
  const read = new GatedBackend(new StateBackend(), gate).ls("/").then(() => order.push("read"));
  await settled();
  order.push("end");
  end();
  await Promise.all([running, read]);
  assertEquals(order, ["end", "read"]);
});

Deno.test("GatedBackend does to the files what it is asked to", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const files = new GatedBackend(new LocalBackend({ rootDir: directory }), new CommandGate());
    await files.write("/a.txt", "one\n");
    await files.edit("/a.txt", { oldText: "one", newText: "two" });
    await files.move("/a.txt", "/d/b.txt");
    assertEquals(await Deno.readTextFile(`${directory}/d/b.txt`), "two\n");
    assertEquals((await files.readBytes("/d/b.txt")).length, 4);
    assertEquals((await files.ls("/d")).map(({ path }) => path), ["/d/b.txt"]);
    await files.delete("/d", { recursive: true });
    assertEquals(await files.ls("/"), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
