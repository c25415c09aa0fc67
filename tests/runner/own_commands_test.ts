import { assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import type { ExecuteResult, Shell } from "../../backends/shells/shell.ts";
import { OwnCommands } from "../../runner/_own_commands.ts";

/** A shell that takes down what it is asked. */
function shell() {
  const ran: string[] = [];
  const stream = { text: "", bytes: 0, omitted: 0 };
  const result: ExecuteResult = {
    exitCode: 0,
    stdout: stream,
    stderr: stream,
    timedOut: false,
    notes: [],
  };
  const taken: Shell = {
    type: "virtual",
    execute: (command) => (ran.push(String(command)), Promise.resolve(result)),
  };
  return { ran, own: new OwnCommands(taken) };
}

const command = (text: string) => ({ step: "a", command: text, cwd: "/", env: {} });

async function refused(work: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(work, BackendError);
  assertEquals(error.code, "denied");
}

Deno.test("OwnCommands.execute() runs the commands of several steps, each once", async () => {
  const { ran, own } = shell();
  await refused(() => own.execute("one"));
  const [one, two] = [own.grant(command("one")), own.grant(command("two"))];
  await own.execute("two");
  await refused(() => own.execute("two"));
  await refused(() => own.execute("one", { cwd: "/elsewhere" }));
  await refused(() => own.execute("one", { env: { A: "b" } }));
  await own.execute("one");
  two.end();
  one.end();
  await refused(() => own.execute("one"));
  assertEquals(ran, ["two", "one"]);
});

Deno.test("OwnCommands.execute() runs the same command as often as steps have it", async () => {
  const { ran, own } = shell();
  const [first, second] = [own.grant(command("same")), own.grant(command("same"))];
  await own.execute("same");
  first.end();
  await own.execute("same");
  await refused(() => own.execute("same"));
  second.end();
  await refused(() => own.execute("same"));
  assertEquals(ran.length, 2);
});

Deno.test("OwnCommands.execute() refuses what was granted and never run, once its step has ended", async () => {
  const { ran, own } = shell();
  own.grant(command("late")).end();
  await refused(() => own.execute("late"));
  assertEquals(ran, []);
});
