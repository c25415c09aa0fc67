/**
 * Puts an answer together from the chunks of a chat completion.
 *
 * @module
 */

import type { ModelAnswer, Usage } from "../model.ts";
import { CallAssembler, isRecord } from "./_openai_calls.ts";
import { MalformedAnswer } from "./_openai_failure.ts";

/** One answer in the making. What servers add to the API (reasoning, logprobs) is passed over. */
export class AnswerAssembler {
  readonly #calls: CallAssembler;
  #text = "";
  #refusal = "";
  #finish = "";
  #usage: Usage = { inputTokens: null, outputTokens: null };

  /** @param newId Makes an id for a tool call that came without one. */
  constructor(newId: () => string) {
    this.#calls = new CallAssembler(newId);
  }

  /** Whether the server has said why the model stopped: no more of the answer is to come. */
  get finished(): boolean {
    return this.#finish !== "";
  }

  /**
   * Takes one chunk.
   *
   * @param chunk The chunk, parsed.
   * @returns The text that it adds to the answer.
   * @throws {MalformedAnswer} If it is not of the API's form.
   */
  add(chunk: unknown): string {
    if (!isRecord(chunk)) throw new MalformedAnswer("a chunk is not an object");
    if (isRecord(chunk.usage)) {
      this.#usage = {
        inputTokens: readCount(chunk.usage.prompt_tokens),
        outputTokens: readCount(chunk.usage.completion_tokens),
      };
    }
    const choices = chunk.choices ?? [];
    if (!Array.isArray(choices)) throw new MalformedAnswer("a chunk's choices are not a list");
    return choices.map((choice: unknown) => this.#addChoice(choice)).join("");
  }

  #addChoice(choice: unknown): string {
    if (!isRecord(choice)) throw new MalformedAnswer("a choice is not an object");
    // One answer was asked for; another one is not ours.
    if ((choice.index ?? 0) !== 0) return "";
    const delta = choice.delta ?? {};
    if (!isRecord(delta)) throw new MalformedAnswer("a choice's delta is not an object");
    const text = readText(delta.content, "content");
    const refusal = readText(delta.refusal, "refusal");
    this.#text += text;
    this.#refusal += refusal;
    const calls = delta.tool_calls ?? [];
    if (!Array.isArray(calls)) throw new MalformedAnswer("a delta's tool calls are not a list");
    for (const call of calls) this.#calls.add(call);
    const finish = readText(choice.finish_reason, "finish_reason");
    if (finish !== "") this.#finish = finish;
    return text + refusal;
  }

  /**
   * The whole answer. Calls of an answer that was declined or cut at the token limit are left out:
   * the last of them may be half of what was meant.
   *
   * @returns The answer.
   * @throws {MalformedAnswer} If it is not one.
   */
  finish(): ModelAnswer {
    const usage = this.#usage;
    const finish = this.#finish;
    if (this.#refusal !== "" || finish === "content_filter") {
      return { text: this.#refusal || this.#text, toolCalls: [], finish: "refusal", usage };
    }
    if (finish === "length") return { text: this.#text, toolCalls: [], finish, usage };
    const known = finish === "stop" || finish === "tool_calls";
    if (this.#calls.any && (known || this.#calls.whole)) {
      return { text: this.#text, toolCalls: this.#calls.finish(), finish: "tool_calls", usage };
    }
    if (finish === "stop") return { text: this.#text, toolCalls: [], finish, usage };
    if (finish === "tool_calls" || finish === "function_call") {
      throw new MalformedAnswer(`its finish_reason is '${finish}', and it calls no tool`);
    }
    if (this.#calls.any || this.#text === "") {
      throw new MalformedAnswer(`its finish_reason '${finish.slice(0, 40)}' is none of the API's`);
    }
    return { text: this.#text, toolCalls: [], finish: "stop", usage };
  }
}

function readText(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new MalformedAnswer(`its ${field} is not text`);
}

function readCount(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}
