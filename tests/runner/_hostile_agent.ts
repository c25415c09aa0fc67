/**
 * An agent process that somebody else has taken over: it says what its first argument tells it to,
 * as JSON, and makes the calls of backends that are in it.
 *
 * @module
 */

import { Channel } from "../../backends/channel.ts";

/** What a hostile agent does in its first step. */
export interface Hostility {
  /** Events that it notes. */
  readonly events?: readonly unknown[];
  /** Params of calls of backends; their answers become the step's output, a line for each. */
  readonly calls?: readonly Readonly<Record<string, unknown>>[];
  /**
   * What it does first, one thing after the other: it notes an event, asks for an approval, makes a
   * call of a backend or runs a command. Each answer but to an event is a line of the output.
   */
  readonly acts?: readonly (readonly ["event" | "approve" | "call" | "execute", unknown])[];
  /**
   * Requests of any method, in a step or in place of a `run` step's command; their answers are lines of
   * the output.
   */
  readonly requests?: readonly { readonly method: string; readonly params: unknown }[];
  /** What it answers with. */
  readonly result?: unknown;
  /** Sends what is no message, and lives on, whoever hangs up. */
  readonly babbles?: boolean;
  /** Never answers its first step, and notes these events when that one is cancelled. */
  readonly hangs?: readonly unknown[];
  /** The step that its events of `acts` say that they are of; the one that is asked for without it. */
  readonly strays?: string;
  /** Ends at once with this code. */
  readonly exits?: number;
}

if (import.meta.main) {
  const hostility: Hostility = JSON.parse(Deno.args[0] ?? "{}");
  const { events = [], calls = [], acts = [], requests = [], babbles = false, exits } = hostility;
  let { hangs } = hostility;
  const channel = new Channel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
  const content = new TextEncoder().encode("taken over");
  channel.handle("agent.start", () => ({ value: { tools: [] } }));
  const makeRequests = async () => {
    const answers: string[] = [];
    for (const { method, params } of requests) {
      const answer = channel.request(method, params);
      answers.push(await answer.then(() => "done", (error) => error.message));
    }
    return answers;
  };
  channel.handle("agent.execute", async () => {
    const text = (await makeRequests()).join("\n");
    const empty = { text: "", bytes: 0, omitted: 0 };
    const stdout = { text, bytes: 0, omitted: 0 };
    return { value: { exitCode: 0, stdout, stderr: empty, timedOut: false, notes: [] } };
  });
  channel.handle("agent.step.end", () => ({ value: {} }));
  channel.handle("agent.step", async ({ params, signal }) => {
    const { step } = params as { step: string };
    if (exits !== undefined) Deno.exit(exits);
    if (babbles) Deno.stdout.writeSync(content);
    for (const event of events) channel.notify("agent.event", { step, event });
    if (hangs !== undefined) {
      const late = hangs;
      hangs = undefined;
      signal.addEventListener("abort", () => {
        for (const event of late) channel.notify("agent.event", { step, event });
      });
      await new Promise(() => {});
    }
    const answers: string[] = [];
    for (const [kind, what] of acts) {
      if (kind === "event") {
        channel.notify("agent.event", { step: hostility.strays ?? step, event: what });
        continue;
      }
      const [method, bytes] = kind === "approve"
        ? ["agent.approve"]
        : kind === "execute"
        ? ["shell.execute"]
        : ["backend.call", content];
      const writes = JSON.stringify(what).includes('"operation":"write"');
      const answer = channel.request(method ?? "", what, writes && bytes ? { bytes } : {});
      answers.push(
        await answer.then(
          ({ value }) => kind === "approve" ? JSON.stringify(value) : "done",
          (error) => error.message,
        ),
      );
    }
    for (const call of calls) {
      const bytes = call.operation === "write" ? { bytes: content } : {};
      const answer = channel.request("backend.call", call, bytes);
      answers.push(await answer.then(() => "done", (error) => error.message));
    }
    answers.push(...await makeRequests());
    const usage = { inputTokens: 1, outputTokens: 1 };
    const result = { outcome: "success", output: answers.join("\n"), turns: 1, usage };
    return { value: "result" in hostility ? hostility.result : result };
  });
  // This one stays until it is killed.
  if (babbles) setInterval(() => {}, 60_000);
  else await channel.closed.then(() => Deno.exit(0));
}
