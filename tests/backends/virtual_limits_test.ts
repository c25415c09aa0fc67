import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import { observeBackend } from "../../backends/observe.ts";
import { VirtualShell } from "../../backends/shells/virtual.ts";
import { codeOf } from "./_shell_case.ts";
import { type ShellChild, startShellProcess } from "./_shell_process.ts";

/** Milliseconds that a command has to use up what there is. */
const TIMEOUT = 5_000;

/** Runs a command in a process of its own and says how both ended. */
async function inProcess(script: string): Promise<string> {
  const backend = new StateBackend();
  await using started: ShellChild = startShellProcess(() => backend);
  // As the runner does where the process does not end the command itself.
  const killer = setTimeout(() => started.child.kill("SIGKILL"), 2 * TIMEOUT);
  try {
    const { exitCode } = await started.shell.execute(script, { timeout: TIMEOUT });
    assertEquals((await started.shell.execute("echo alive")).stdout.text, "alive\n");
    return exitCode === 0 ? "success" : "failure";
  } catch (error) {
    const { success } = await started.child.status;
    assert(!success, String(error));
    return "death";
  } finally {
    clearTimeout(killer);
  }
}

/** A backend that something is done before each operation of. */
function before(
  memory: StateBackend,
  act: (operation: string, path: string) => void | Promise<void>,
): Backend {
  return new Proxy(memory, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (path: string, ...rest: unknown[]) => {
        await act(String(name), path);
        return await value.call(target, path, ...rest);
      };
    },
  });
}

for (
  const [name, script] of [
    ["a text that doubles", "a=x; while :; do a=$a$a; done"],
    [
      "an array that grows",
      "i=0; while :; do a[i]=0123456789012345678901234567890123456789; i=$((i+1)); done",
    ],
    [
      "an endless sort",
      "awk 'BEGIN { while (1) print \"0123456789012345678901234567890123456789\" }' | sort",
    ],
    ["braces in braces", "echo {1..100}{1..100}{1..100}{1..100}"],
    ["a function that calls itself", "f() { f | f; }; f"],
    ["awk's own memory", "awk 'BEGIN { x = \"0123456789\"; while (1) x = x x }'"],
    ["jq's own memory", "jq -n '[range(1000000000)]'"],
    ["files without end", "mkdir /f; i=0; while :; do echo $i > /f/$i; i=$((i+1)); done"],
    ["a file that doubles", "echo 0123456789 > /a; while :; do cat /a /a > /b; mv /b /a; done"],
  ] as const
) {
  Deno.test(`VirtualShell.execute() in a process ends ${name} with an error, or itself`, async () => {
    assert(["failure", "death"].includes(await inProcess(script)));
  });
}

Deno.test("VirtualShell.execute() says which limit ended a command", async () => {
  const shell = new VirtualShell({ backend: new StateBackend() });
  const { exitCode, stdout, notes } = await shell.execute("echo a; x=x; while :; do x=$x$x; done");
  assertEquals([exitCode, stdout.text, notes.length], [126, "a\n", 1]);
  assert(notes[0]?.startsWith("A limit of the virtual shell ended the command: "));
  assert(notes[0]?.includes("string length limit exceeded"));
});

Deno.test("VirtualShell keeps as much output as its limits say, and what a call says before them", async () => {
  const shell = new VirtualShell({ backend: new StateBackend(), limits: { outputBytes: 10 } });
  assertEquals((await shell.execute("seq 1 100")).stdout.omitted, 282);
  assertEquals((await shell.execute("seq 1 100", { outputBytes: 1_000 })).stdout.omitted, 0);
});

Deno.test("VirtualShell.execute() writes no file over its limit", async () => {
  const backend = new StateBackend();
  const shell = new VirtualShell({ backend, limits: { fileBytes: 1_000 } });
  const { exitCode, stdout, notes } = await shell.execute("echo a; seq 1 270 > /b; seq 1 400 > /c");
  assertEquals([exitCode, stdout.text, notes], [126, "a\n", [
    "A limit of the virtual shell ended the command: file size limit exceeded (1000 bytes)",
  ]]);
  assertEquals([(await backend.stat("/b")).size, (await backend.stat("/c")).size], [972, 0]);
});

Deno.test("VirtualShell.execute() writes no more than its limits in all", async () => {
  const shell = new VirtualShell({
    backend: new StateBackend(),
    limits: { memoryBytes: 10_000_000 },
  });
  const make = "head -c 4000000 /big > /1; cp /1 /2; echo on; ";
  await shell.execute("i=0; printf '%4000000s' x > /big");
  const within = await shell.execute(`${make} rm /1; cp /2 /3; cat /2 > /3`);
  assertEquals([within.exitCode, within.stdout.text], [0, "on\n"]);
  const over = await shell.execute(`${make} cp /2 /4; echo off`);
  assertEquals([over.exitCode, over.stdout.text], [126, "on\n"]);
  assert(over.notes[0]?.endsWith("written bytes limit exceeded (10000000 bytes)"));
});

Deno.test("VirtualShell.execute() changes no more files than its limit", async () => {
  const backend = new StateBackend();
  const shell = new VirtualShell({ backend });
  const script = "mkdir /d; cd /d; touch $(seq 1 20000); echo after";
  const { exitCode, stdout, notes } = await shell.execute(script);
  assertEquals([exitCode, stdout.text, (await backend.ls("/d")).length], [126, "", 9_999]);
  assert(notes[0]?.endsWith("changed files limit exceeded (10000)"));
});

Deno.test("VirtualShell.execute() changes nothing more once it has failed with aborted", async () => {
  const memory = new StateBackend();
  const controller = new AbortController();
  let changes = 0;
  const backend = observeBackend(memory, () => {
    if (++changes === 5) controller.abort();
  });
  const shell = new VirtualShell({ backend });
  const script = "i=0; while [ $i -lt 1000 ]; do echo $i >> /log; i=$((i+1)); done";
  assertEquals(await codeOf(shell.execute(script, { signal: controller.signal })), "aborted");
  const before = changes;
  assertEquals((await shell.execute("wc -l < /log")).exitCode, 0);
  assertEquals([before, changes], [5, 5]);
});

Deno.test("VirtualShell.execute() reads a file again after the command changed it", async () => {
  const backend = new StateBackend();
  for (let index = 0; index < 20; index++) await backend.write(`/d/${index}`, `${index}\n`);
  const shell = new VirtualShell({ backend });
  const script = "ls /d > /dev/null; cat /d/0 /d/1 /d/10 > /dev/null; echo new > /d/9; cat /d/9";
  assertEquals((await shell.execute(script)).stdout.text, "new\n");
});

Deno.test("VirtualShell.execute() reads ahead what a listing told of, each file once", async () => {
  const memory = new StateBackend();
  for (let index = 100; index < 200; index++) await memory.write(`/d/${index}`, `${index}\n`);
  const reads: string[] = [];
  let most = 0;
  let open = 0;
  const backend = before(memory, async (operation, path) => {
    if (operation !== "readBytes") return;
    reads.push(path);
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 0));
    open--;
  });
  const shell = new VirtualShell({ backend });
  const { stdout } = await shell.execute("cat /d/*");
  assertEquals(stdout.bytes, 400);
  assertEquals([reads.length, new Set(reads).size], [100, 100]);
  assert(most > 8, `${most} at a time`);
});

Deno.test("VirtualShell.execute() sees what others change while it runs", async () => {
  const backend = new StateBackend();
  await backend.write("/d/flag", "no\n");
  await backend.write("/d/other", "no\n");
  const shell = new VirtualShell({ backend });
  const waiting = shell.execute(
    "ls /d; cat /d/*; until grep -q yes /d/flag; do sleep 0.01; done; echo seen",
  );
  await backend.write("/d/flag", "yes\n");
  assertEquals((await waiting).stdout.text.endsWith("seen\n"), true);
});

Deno.test("VirtualShell.execute() believes what it read ahead once, others may change it", async () => {
  const memory = new StateBackend();
  for (const name of "abcdef") await memory.write(`/d/${name}`, "old\n");
  const asked = Promise.withResolvers<void>();
  const backend = before(memory, (_operation, path) => {
    if (path === "/go") asked.resolve();
  });
  const script = "ls /d > /dev/null; cat /d/a /d/b /d/c /d/d; " +
    "until [ -e /go ]; do sleep 0.01; done; cat /d/c";
  const running = new VirtualShell({ backend }).execute(script);
  await asked.promise;
  await memory.write("/d/c", "new\n");
  await memory.write("/go", "");
  assertEquals((await running).stdout.text, "old\nold\nold\nold\nnew\n");
});

Deno.test("VirtualShell.execute() sees what others delete while it runs", async () => {
  const memory = new StateBackend();
  await memory.write("/flag", "");
  const asked = Promise.withResolvers<void>();
  const backend = before(memory, (operation, path) => {
    if (operation === "stat" && path === "/flag") asked.resolve();
  });
  const script = "while [ -e /flag ]; do sleep 0.01; done; echo gone";
  const running = new VirtualShell({ backend }).execute(script, { timeout: 20_000 });
  await asked.promise;
  await new Promise((resolve) => setTimeout(resolve, 0));
  await memory.delete("/flag");
  assertEquals((await running).stdout.text, "gone\n");
});
