/**
 * What an engine tells while it builds or pulls an image: a stream of JSON, one value a line.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";

/** Something that an engine tells. */
export interface EngineMessage {
  /** What a build printed, in pieces of any size. */
  readonly stream?: string | undefined;
  /** What a pull does. */
  readonly status?: string | undefined;
  /** The layer that it does it to. */
  readonly id?: string | undefined;
  /** Why it failed. */
  readonly error?: string | undefined;
}

/** The longest line that is believed. */
const LONGEST = 8 * 1024 * 1024;

/**
 * Reads what an engine tells.
 *
 * @param stream The body of its answer.
 * @yields Each message.
 */
export async function* engineMessages(
  stream: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<EngineMessage> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST) throw new TypeError("The engine's answer has no end of line");
    for (const line of lines) if (line.trim() !== "") yield message(line);
  }
  if (rest.trim() !== "") yield message(rest);
}

/**
 * Makes a line of a program fit to be shown: no colours, and of a progress bar what it says last.
 *
 * @param line The line, without its end.
 * @returns The words.
 */
export function plainLine(line: string): string {
  const words = stripVTControlCharacters(line).replace(/\r+$/, "");
  return words.slice(words.lastIndexOf("\r") + 1)
    .replace(/\t/g, "    ").replace(/\p{Cc}/gu, "").trimEnd();
}

function message(line: string): EngineMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new TypeError("The engine's answer is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null) return {};
  return {
    stream: text("stream" in value ? value.stream : undefined),
    status: text("status" in value ? value.status : undefined),
    id: text("id" in value ? value.id : undefined),
    error: text("error" in value ? value.error : undefined),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
