/**
 * A model that plays scripted answers: what lets a workflow run without a key, and a test prove one.
 *
 * @module
 */

import {
  type Message,
  type Model,
  type ModelAnswer,
  ModelError,
  type ModelRequest,
  type RespondOptions,
} from "../model.ts";
import type { RehearsalTurn } from "../rehearsal.ts";
import { count } from "../_text.ts";
import { describeMismatch, quoteStart } from "./_mismatch.ts";

/** What a {@linkcode RehearsalModel} is made of. */
export interface RehearsalModelOptions {
  /** The name of the model that it stands in for: `openai:gpt-4.1`. */
  readonly name: string;
  /** What it answers, in order. */
  readonly turns: readonly RehearsalTurn[];
  /**
   * How many of them were played before.
   *
   * @default {0}
   */
  readonly played?: number | undefined;
  /**
   * Gives the id of each tool call.
   *
   * @default {call_1, call_2, ...}
   */
  readonly newId?: (() => string) | undefined;
}

/**
 * Plays scripted answers in order. What a turn expects is checked first; where it does not hold, or
 * where more is asked than was scripted, the error has code `rehearsal` and shows both sides.
 *
 * @example
 * ```ts
 * import { RehearsalModel } from "./rehearsal.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const model = new RehearsalModel({
 *   name: "openai:gpt-4.1",
 *   turns: [{ expect: { prompt: "Say hello." }, text: "Hello.", calls: [] }],
 * });
 * const answer = await model.respond({
 *   messages: [{ role: "user", content: "Say hello." }],
 *   tools: [],
 * });
 * assertEquals(answer.text, "Hello.");
 * model.assertFinished();
 * ```
 */
export class RehearsalModel implements Model {
  readonly name: string;
  readonly #turns: readonly RehearsalTurn[];
  readonly #newId: () => string;
  #played: number;
  #ids = 0;

  /**
   * Makes a model.
   *
   * @param options The name, the turns and where ids come from.
   */
  constructor(options: RehearsalModelOptions) {
    this.name = options.name;
    this.#turns = options.turns;
    this.#played = options.played ?? 0;
    this.#newId = options.newId ?? (() => `call_${++this.#ids}`);
  }

  /**
   * Plays the next turn.
   *
   * @throws {ModelError} `rehearsal` if what the turn expects does not hold or there is no turn
   * left, `aborted` if the signal says so.
   */
  respond(request: ModelRequest, options: RespondOptions = {}): Promise<ModelAnswer> {
    return new Promise((resolve) => resolve(this.#play(request.messages, options)));
  }

  /**
   * Checks that all turns were played.
   *
   * @throws {ModelError} `rehearsal` if turns are left.
   */
  assertFinished(): void {
    const next = this.#turns[this.#played];
    if (next === undefined) return;
    const left = this.#turns.length - this.#played;
    throw mismatch(`at ${placeOf(next, this.#played + 1)}`, {
      problem: left === 1 ? "the last turn was never played" : `${left} turns were never played`,
      expected: next.calls.length > 0
        ? `a turn that calls ${next.calls.map((call) => call.tool).join(", ")}`
        : `a turn that says ${JSON.stringify(next.text)}`,
      actual: `the end, after ${this.#played} of ${this.#turns.length} turns`,
    });
  }

  #play(messages: readonly Message[], { signal, onText }: RespondOptions): ModelAnswer {
    if (signal?.aborted) {
      throw new ModelError("aborted", "The rehearsal was interrupted", { cause: signal.reason });
    }
    const turn = this.#turns[this.#played];
    if (turn === undefined) {
      const last = this.#turns.at(-1);
      const where = last === undefined ? "at its start" : `after ${placeOf(last, this.#played)}`;
      throw mismatch(where, {
        problem: "the model is asked once more than was rehearsed",
        expected: `the end, after ${count(this.#turns.length, "turn")}`,
        actual: newest(messages),
      });
    }
    const difference = differenceOf(turn, messages);
    if (difference !== undefined) {
      throw mismatch(`at ${placeOf(turn, this.#played + 1)}`, difference);
    }
    this.#played++;
    if (turn.text !== "") onText?.(turn.text);
    return {
      text: turn.text,
      toolCalls: turn.calls.map((call) => ({
        id: this.#newId(),
        name: call.tool,
        arguments: JSON.stringify(call.arguments),
      })),
      finish: turn.calls.length > 0 ? "tool_calls" : "stop",
      usage: {
        inputTokens: turn.usage?.input ?? null,
        outputTokens: turn.usage?.output ?? null,
      },
    };
  }
}

interface Difference {
  readonly problem: string;
  readonly expected: string;
  readonly actual: string;
}

function differenceOf(
  turn: RehearsalTurn,
  messages: readonly Message[],
): Difference | undefined {
  const { prompt, results } = turn.expect ?? {};
  if (prompt !== undefined) {
    const actual = messages.findLast((message) => message.role === "user")?.content.trim() ?? "";
    if (prompt.trim() !== actual) {
      return { problem: "the prompt is another one", ...describeMismatch(prompt.trim(), actual) };
    }
  }
  if (results === undefined) return undefined;
  const actual = resultsOf(messages);
  if (actual.length !== results.length) {
    return {
      problem: "the number of results is another one",
      expected: count(results.length, "result"),
      actual: count(actual.length, "result"),
    };
  }
  for (const [index, expected] of results.entries()) {
    const result = actual[index] ?? "";
    if (result.includes(expected)) continue;
    return {
      problem: `result ${index + 1} of ${results.length} does not contain what is expected`,
      expected: quoteStart(expected),
      actual: quoteStart(result),
    };
  }
  return undefined;
}

/** The results of the calls of the newest answer. */
function resultsOf(messages: readonly Message[]): readonly string[] {
  const answer = messages.findLastIndex((message) => message.role === "assistant");
  return messages.slice(answer + 1)
    .flatMap((message) => message.role === "tool" ? [message.content] : []);
}

function newest(messages: readonly Message[]): string {
  const message = messages.at(-1);
  const text = quoteStart(message?.content ?? "");
  return message?.role === "tool"
    ? `a request after the result ${text}`
    : `a request after the prompt ${text}`;
}

function mismatch(where: string, { problem, expected, actual }: Difference): ModelError {
  return new ModelError(
    "rehearsal",
    `The rehearsal does not match ${where}: ${problem}\n` +
      `  expected: ${expected}\n    actual: ${actual}`,
  );
}

function placeOf(turn: RehearsalTurn, number: number): string {
  return turn.place === undefined ? `turn ${number}` : `${turn.place} (turn ${number})`;
}
