/**
 * Writes an answer as the events of a stream, and cuts the stream where it hurts.
 *
 * @module
 */

/** An answer to stream. */
export interface ScriptedAnswer {
  /** What the model says. */
  readonly text?: string | undefined;
  /** What it says where it declines. */
  readonly refusal?: string | undefined;
  /** The tools it calls; their deltas are interleaved. */
  readonly calls?: readonly ScriptedCall[] | undefined;
  /** The token counts; by default a count of characters. `null` leaves them out. */
  readonly usage?: { readonly input: number; readonly output: number } | null | undefined;
  /**
   * Why it stopped.
   *
   * @default {"tool_calls" with calls, otherwise "stop"}
   */
  readonly finish?: string | undefined;
}

/** A tool call to stream. */
export interface ScriptedCall {
  /** The tool's name, which may be one that does not exist. */
  readonly name: string;
  /** The arguments as text, which may be no JSON. */
  readonly arguments: string;
  /**
   * The call's id.
   *
   * @default {`call_` and the numbers of the request and of the call}
   */
  readonly id?: string | undefined;
}

/** The events of an answer, in the parts between which a stream may end. */
export interface AnswerEvents {
  /** Only says that an assistant answers. */
  readonly start: readonly unknown[];
  /** All text and all calls. */
  readonly deltas: readonly unknown[];
  /** Says why the model stopped. */
  readonly finish: readonly unknown[];
  /** The token counts, if they were asked for. */
  readonly usage: readonly unknown[];
}

/** Lengths of the pieces into which text and arguments are cut, in turn. */
const DELTAS = [1, 2, 3, 5, 8, 13, 21, 34, 55];
/** Lengths of the pieces into which bytes are cut, in turn. */
const CHUNKS = [1, 2, 3, 5, 7, 11, 61, 127, 251];
/** How many characters and line endings are cut in two on purpose. */
const NASTY_CUTS = 32;

/** What the events of an answer say besides it. */
export interface AnswerContext {
  /** The number of the request. */
  readonly index: number;
  /** The model's name. */
  readonly model: string;
  /** Whether token counts were asked for. */
  readonly includeUsage: boolean;
  /** The length of the request's body. */
  readonly length: number;
}

/**
 * Writes an answer as events.
 *
 * @param answer The answer.
 * @param context What else the events say.
 * @returns The events, in parts.
 */
export function toEvents(answer: ScriptedAnswer, context: AnswerContext): AnswerEvents {
  const { text = "", refusal = "", calls = [] } = answer;
  const envelope = {
    id: `chatcmpl-${context.index}`,
    object: "chat.completion.chunk",
    created: 1_700_000_000 + context.index,
    model: context.model,
    system_fingerprint: null,
    ...context.includeUsage ? { usage: null } : {},
  };
  const chunk = (delta: unknown, finish: string | null = null) => ({
    ...envelope,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
  const finish = answer.finish ?? (calls.length > 0 ? "tool_calls" : "stop");
  const characters = [text, refusal, ...calls.map((call) => call.arguments)].join("").length;
  const counts = answer.usage ??
    { input: Math.ceil(context.length / 4), output: Math.ceil(characters / 4) };
  return {
    start: [chunk({ role: "assistant", content: calls.length > 0 ? null : "", refusal: null })],
    deltas: [
      ...pieces(text).map((content) => chunk({ content })),
      ...pieces(refusal).map((refusal) => chunk({ refusal })),
      ...callDeltas(calls, context.index).map((call) => chunk({ tool_calls: [call] })),
    ],
    finish: [chunk({}, finish)],
    usage: !context.includeUsage || answer.usage === null ? [] : [{
      ...envelope,
      choices: [],
      usage: {
        prompt_tokens: counts.input,
        completion_tokens: counts.output,
        total_tokens: counts.input + counts.output,
      },
    }],
  };
}

/** First all the names, then the arguments, a piece of each call in turn. */
function callDeltas(calls: readonly ScriptedCall[], request: number): readonly unknown[] {
  const begun = calls.map((call, index) => ({
    index,
    id: call.id ?? `call_${request}_${index}`,
    type: "function",
    function: { name: call.name, arguments: "" },
  }));
  const queues = calls.map((call) => pieces(call.arguments));
  const rounds = Math.max(0, ...queues.map((queue) => queue.length));
  const rest = Array.from({ length: rounds }, (_, round) =>
    queues.flatMap((queue, index) => {
      const written = queue[round];
      return written === undefined ? [] : [{ index, function: { arguments: written } }];
    })).flat();
  return [...begun, ...rest];
}

function pieces(text: string): readonly string[] {
  const characters = Array.from(text);
  const result: string[] = [];
  for (let start = 0; start < characters.length;) {
    const size = DELTAS[result.length % DELTAS.length] ?? 1;
    result.push(characters.slice(start, start + size).join(""));
    start += size;
  }
  return result;
}

/**
 * Writes events as bytes: by turns with `\n` and `\r\n`, with and without a space after the colon,
 * with a comment now and then, as the standard allows.
 *
 * @param events The events; a text is sent as it is.
 * @returns The bytes.
 */
export function toBytes(events: readonly unknown[]): Uint8Array {
  const written = events.map((event, index) => {
    if (typeof event === "string") return event;
    const end = index % 2 === 0 ? "\n" : "\r\n";
    const comment = index % 5 === 4 ? `: still here${end}${end}` : "";
    return `${comment}data:${index % 3 === 2 ? "" : " "}${JSON.stringify(event)}${end}${end}`;
  });
  return new TextEncoder().encode(written.join(""));
}

/**
 * Cuts bytes into chunks of odd sizes, also within characters and between `\r` and `\n`.
 *
 * @param bytes The bytes.
 * @returns The chunks; together they are the bytes.
 */
export function toChunks(bytes: Uint8Array): readonly Uint8Array[] {
  const cuts = new Set([0, bytes.length]);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    at += CHUNKS[turn % CHUNKS.length] ?? 1;
    cuts.add(Math.min(at, bytes.length));
  }
  let nasty = 0;
  for (let at = 1; at < bytes.length && nasty < NASTY_CUTS; at++) {
    const [before, after] = [bytes[at - 1] ?? 0, bytes[at] ?? 0];
    const withinCharacter = (after & 0xc0) === 0x80;
    const withinLineEnding = before === 0x0d && after === 0x0a;
    if (!withinCharacter && !withinLineEnding) continue;
    cuts.add(at);
    nasty++;
  }
  const places = [...cuts].toSorted((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
