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
  /** What it answers with. */
  readonly result?: unknown;
  /** Sends what is no message, and lives on, whoever hangs up. */
  readonly babbles?: boolean;
  /** Ends at once with this code. */
  readonly exits?: number;
}

if (import.meta.main) {
  const hostility: Hostility = JSON.parse(Deno.args[0] ?? "{}");
  const { events = [], calls = [], babbles = false, exits } = hostility;
  const channel = new Channel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
  const content = new TextEncoder().encode("taken over");
  channel.handle("agent.start", () => ({ value: { tools: [] } }));
  channel.handle("agent.step.end", () => ({ value: {} }));
  channel.handle("agent.step", async ({ params }) => {
    const { step } = params as { step: string };
    if (exits !== undefined) Deno.exit(exits);
    if (babbles) Deno.stdout.writeSync(content);
    for (const event of events) channel.notify("agent.event", { step, event });
    const answers: string[] = [];
    for (const call of calls) {
      const bytes = call.operation === "write" ? { bytes: content } : {};
      const answer = channel.request("backend.call", call, bytes);
      answers.push(await answer.then(() => "done", (error) => error.message));
    }
    const usage = { inputTokens: 1, outputTokens: 1 };
    const result = { outcome: "success", output: answers.join("\n"), turns: 1, usage };
    return { value: "result" in hostility ? hostility.result : result };
  });
  // This one stays until it is killed.
  if (babbles) setInterval(() => {}, 60_000);
  else await channel.closed.then(() => Deno.exit(0));
}
