/**
 * A person at the terminal, who is asked about a call.
 *
 * @module
 */

import type { ApprovalResult } from "../agent/process.ts";
import type { Approver } from "./approvals.ts";
import type { Write } from "./terminal.ts";

/** Milliseconds in which what was typed before the question is read, and left aside. */
const TYPED_AHEAD_MS = 30;

const PROMPT = "  Approve it? [y]es, [n]o, n and a reason, [w]ait for later: ";
const AGAIN = "  Please answer y, n, n and a reason, or w.\n";

/** What a person types on, a line at a time. */
export interface Keyboard {
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * Asks a person. The question itself is on the screen already: what is asked for here is the answer.
 *
 * @param keyboard Where the answer is typed: `Deno.stdin`.
 * @param write Where the prompt goes.
 * @returns Who asks. The end of the input, such as Ctrl-D, leaves the question to wait.
 */
export function personAt(keyboard: Keyboard, write: Write): Approver {
  const lines = new Lines(keyboard);
  return async (_question, signal) => {
    // An Enter that was meant for something else is no consent.
    await lines.dropTypedAhead();
    while (true) {
      write(PROMPT);
      const line = await lines.next(signal);
      if (line === undefined) write("\n");
      const answer = line === undefined ? { verdict: "wait" } as const : answerOf(line);
      if (answer !== undefined) return answer;
      write(AGAIN);
    }
  };
}

function answerOf(line: string): ApprovalResult | undefined {
  const words = line.trim();
  if (/^y(?:es)?$/i.test(words)) return { verdict: "granted" };
  if (/^w(?:ait)?$/i.test(words)) return { verdict: "wait" };
  const no = /^no?(?:[\s:,.;-]+(.*))?$/is.exec(words);
  if (no === null) return undefined;
  const reason = no[1]?.trim() ?? "";
  return reason === "" ? { verdict: "refused" } : { verdict: "refused", reason };
}

/** Lines as they are typed. */
class Lines {
  readonly #keyboard: Keyboard;
  readonly #decoder = new TextDecoder();
  #reading: Promise<string | undefined> | undefined;
  #typed = "";

  constructor(keyboard: Keyboard) {
    this.#keyboard = keyboard;
  }

  /** Reads what is there already and forgets it. What is typed from then on is kept. */
  async dropTypedAhead(): Promise<void> {
    this.#typed = "";
    while (true) {
      const { promise: quiet, resolve } = Promise.withResolvers<"quiet">();
      const timer = setTimeout(() => resolve("quiet"), TYPED_AHEAD_MS);
      const first = await Promise.race([this.#read(), quiet]);
      clearTimeout(timer);
      if (first === "quiet" || first === undefined) return;
      this.#reading = undefined;
    }
  }

  /** The next line; `undefined` at the end of the input. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
    try {
      while (!this.#typed.includes("\n")) {
        const more = await Promise.race([this.#read(), ended]);
        this.#reading = undefined;
        if (more === undefined) return undefined;
        this.#typed += more;
      }
    } finally {
      signal.removeEventListener("abort", end);
    }
    const [line = "", ...others] = this.#typed.split("\n");
    this.#typed = others.join("\n");
    return line;
  }

  /** The reading under way: one that nobody waits for any more cannot be taken back. */
  #read(): Promise<string | undefined> {
    return this.#reading ??= this.#readOnce();
  }

  async #readOnce(): Promise<string | undefined> {
    const buffer = new Uint8Array(4_096);
    const bytes = await this.#keyboard.read(buffer);
    return bytes === null ? undefined : this.#decoder.decode(buffer.subarray(0, bytes), {
      stream: true,
    });
  }
}
