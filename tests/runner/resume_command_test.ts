import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RunEvent } from "../../runner/events.ts";
import { WaitingDirectory } from "./_waiting.ts";

const WORKFLOW = `name: commands
model: openai:gpt-4.1
rehearsal: ./flow.rehearsal.yaml
backends: { memory: { type: state } }
default: memory
shell: virtual
tools: { ask: ["execute rm *"] }
steps:
  - id: write
    prompt: Write something.
  - id: clean
    run: |
      cat /old.txt
      rm /old.txt
    env: { WHAT: "\${{ steps.write.output }}" }
  - id: look
    prompt: Look.
outputs: { said: "\${{ steps.clean.output }}|\${{ steps.look.output }}" }
`;

const REHEARSAL = `name: commands
steps:
  write:
    - calls:
        - write_file: { path: /old.txt, content: "old\\n" }
        - write_file: { path: /new.txt, content: "new\\n" }
    - text: Written.
  look:
    - expect: { prompt: Look. }
      calls:
        - execute: { command: "ls /; rm /new.txt", stdin: "beside it" }
        - ls: {}
    - expect: { results: ["new.txt", "/tmp/"] }
      text: Gone.
`;

function requested(events: readonly RunEvent[]) {
  return events.flatMap((event) => event.type === "approval.requested" ? [event] : []);
}

Deno.test("a command of a run step waits and goes on, and so does one of the model's", async () => {
  await using directory = await WaitingDirectory.make({ workflow: WORKFLOW, rehearsal: REHEARSAL });
  const first = await directory.run();
  assertEquals(first.code, 6, first.stderr);
  assertStringIncludes(
    first.stdout,
    "Step 'clean' waits for an approval of run: execute a command (the rule 'execute rm *')\n",
  );
  assertStringIncludes(first.stdout, "memory (in memory, kept with the run until it goes on)");
  const [waiting = ""] = directory.ids();
  assertEquals(requested(directory.events(waiting)).map(({ detail }) => detail), [
    "cat /old.txt\nrm /old.txt\n(in /)\nWHAT=Written.",
  ]);

  const next = await directory.waiting("--resume", waiting, "--approve");
  assertEquals(requested(directory.events(next)).map(({ tool, detail }) => [tool, detail]), [
    ["run", "cat /old.txt\nrm /old.txt\n(in /)\nWHAT=Written."],
    ["execute", 'ls /; rm /new.txt\n(in /)\n(standard input: "beside it")'],
  ]);
  const { code, stdout, stderr } = await directory.run("--resume", next, "--approve");
  assertEquals(code, 0, stderr + stdout);
  assertStringIncludes(stdout, "said\n  old|Gone.\n");
  assertStringIncludes(stdout, "No files written");
});

Deno.test("a command of a run step that is refused ends the run with exit code 3", async () => {
  await using directory = await WaitingDirectory.make({ workflow: WORKFLOW, rehearsal: REHEARSAL });
  const waiting = await directory.waiting();
  const refused = await directory.run("--resume", waiting, "--refuse", "keep it");
  assertEquals(refused.code, 3);
  assertStringIncludes(
    refused.stdout,
    "Not done (denied): Step 'clean' failed: The command was not approved: keep it\n",
  );
  const events = directory.events(directory.ids().at(-1) ?? "");
  assert(!events.some(({ type }) => type === "command.output" || type === "command.finished"));
  // It came to nothing: somebody may think better of it.
  assertEquals((await directory.run("--resume", waiting, "--approve")).code, 6);
});
