/**
 * The loop: ask the model, run the tools it calls, tell it the results, until it is done.
 *
 * @module
 */

import { observeBackend } from "../backends/observe.ts";
import type { Backend } from "../backends/protocol.ts";
import type { Shell } from "../backends/shells/shell.ts";
import { abortable } from "./_abort.ts";
import { checkCall, runCalls } from "./_calls.ts";
import { recordedCall, withUniqueIds } from "./_history.ts";
import type { AgentEvent } from "./events.ts";
import {
  type Message,
  type Model,
  type ModelAnswer,
  ModelError,
  type ModelErrorCode,
  type Usage,
} from "./model.ts";
import type { Tool } from "./tool.ts";

/** What a run of the loop works with. */
export interface LoopOptions {
  readonly model: Model;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly backend: Backend;
  /** Runs commands, if the agent has a shell; or makes it, over the files as they are observed. */
  readonly shell?: Shell | ((backend: Backend) => Shell) | undefined;
  /** The conversation, to which everything said is added; at each await it may be sent on as it is. */
  readonly conversation: Message[];
  /** How many requests of the model it may make. */
  readonly maxTurns: number;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: ((event: AgentEvent) => void) | undefined;
}

/** How the loop ended. */
export interface LoopResult {
  /** `failed` where `error` says why. */
  readonly finish: "done" | "turn_limit" | "failed";
  /** The model's last text. */
  readonly output: string;
  readonly turns: number;
  readonly usage: Usage;
  readonly error?: unknown;
}

/** How often in a row a cut answer is asked for again. */
const MAX_CUT = 2;
/** How often in a row an empty answer is asked for again. */
const MAX_EMPTY = 1;

/** Failures before the model itself was asked; after any other, what it took is unknown. */
const UNASKED: ReadonlySet<ModelErrorCode> = new Set([
  "authentication",
  "not_found",
  "bad_request",
  "rate_limit",
  "denied",
  "rehearsal",
]);

const CUT =
  "Your last answer was cut because it was too long, and none of its tool calls was run. " +
  "Work in smaller pieces: fewer tool calls at once, shorter texts, and large files in several steps.";
const EMPTY = "Your last answer was empty. Go on with the task, or say in a sentence what you did.";

/** Runs the loop. Never rejects: a failure is in the result, beside what was done before it. */
export async function runLoop(options: LoopOptions): Promise<LoopResult> {
  // Ends what still runs when the loop ends, and the loop when a listener fails.
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...options.signal ? [options.signal] : []]);
  const emit = (event: AgentEvent) => {
    if (stop.signal.aborted) return;
    try {
      options.onEvent?.(event);
    } catch (error) {
      stop.abort(error);
    }
  };
  const backend = observeBackend(
    options.backend,
    (change) => emit({ type: "file.changed", ...change }),
  );
  const shell = typeof options.shell === "function" ? options.shell(backend) : options.shell;
  const loop = new Loop({ ...options, backend, files: options.backend, shell, signal }, emit);
  try {
    const finish = await loop.run();
    signal.throwIfAborted();
    return { finish, ...loop.progress() };
  } catch (thrown) {
    const error = stop.signal.aborted
      ? stop.signal.reason
      : signal.aborted
      ? new ModelError("aborted", "The run was interrupted", { cause: signal.reason })
      : thrown;
    return { finish: "failed", ...loop.progress(), error };
  } finally {
    stop.abort();
  }
}

interface RunningOptions extends LoopOptions {
  /** The files that `backend` observes. */
  readonly files: Backend;
  readonly shell: Shell | undefined;
  readonly signal: AbortSignal;
}

class Loop {
  readonly #options: RunningOptions;
  readonly #emit: (event: AgentEvent) => void;
  #turns = 0;
  #output = "";
  #inputTokens: number | null = 0;
  #outputTokens: number | null = 0;
  #cut = 0;
  #empty = 0;

  constructor(options: RunningOptions, emit: (event: AgentEvent) => void) {
    this.#options = options;
    this.#emit = emit;
  }

  progress(): { readonly output: string; readonly turns: number; readonly usage: Usage } {
    const usage = { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens };
    return { output: this.#output, turns: this.#turns, usage };
  }

  async run(): Promise<"done" | "turn_limit"> {
    while (this.#turns < this.#options.maxTurns) {
      const answer = await this.#ask();
      if (await this.#take(answer)) return "done";
    }
    return "turn_limit";
  }

  async #ask(): Promise<ModelAnswer> {
    const { model, tools, conversation, signal } = this.#options;
    signal.throwIfAborted();
    const turn = ++this.#turns;
    this.#emit({ type: "model.asked", turn });
    const request = {
      messages: [...conversation],
      tools: [...tools.values()].map((tool) => tool.describe()),
    };
    const responding = model.respond(request, {
      signal,
      onText: (text) => this.#emit({ type: "model.text", turn, text }),
      onRetry: (retry) => this.#emit({ type: "model.retried", turn, ...retry }),
    });
    let answer: ModelAnswer;
    try {
      answer = await abortable(responding, signal);
    } catch (error) {
      if (!(error instanceof ModelError && UNASKED.has(error.code))) {
        this.#inputTokens = this.#outputTokens = null;
      }
      throw error;
    }
    this.#inputTokens = plus(this.#inputTokens, answer.usage.inputTokens);
    this.#outputTokens = plus(this.#outputTokens, answer.usage.outputTokens);
    const { text, finish, usage } = answer;
    this.#emit({
      type: "model.answered",
      turn,
      text,
      toolCalls: answer.toolCalls.length,
      finish,
      usage,
    });
    return answer;
  }

  /** Does what an answer asks for; whether the model is done. */
  async #take(answer: ModelAnswer): Promise<boolean> {
    const { text, toolCalls, finish } = answer;
    if (text !== "") this.#output = text;
    if (finish === "refusal") {
      this.#say(text);
      const reason = text === "" ? "" : `: ${text}`;
      throw new ModelError("refusal", `The model declined to answer${reason}`);
    }
    if (finish === "length") {
      if (++this.#cut > MAX_CUT) {
        throw new ModelError(
          "protocol",
          `The model's answer was cut for its length ${this.#cut} times in a row: ` +
            "ask for less in one step, or raise the server's limit for answers",
        );
      }
      this.#say(text);
      this.#options.conversation.push({ role: "user", content: CUT });
      return false;
    }
    this.#cut = 0;
    if (toolCalls.length === 0 && text.trim() === "") {
      if (++this.#empty > MAX_EMPTY) {
        throw new ModelError(
          "protocol",
          `The model's answer was empty ${this.#empty} times in a row: ` +
            "neither text nor a tool call. Try again, or use another model",
        );
      }
      this.#options.conversation.push({ role: "user", content: EMPTY });
      return false;
    }
    this.#empty = 0;
    if (toolCalls.length === 0) {
      this.#say(text);
      return true;
    }
    await this.#runTools(answer);
    return false;
  }

  /** Adds an answer without calls; one that is empty is not a message that servers accept. */
  #say(text: string): void {
    if (text === "") return;
    this.#options.conversation.push({ role: "assistant", content: text, toolCalls: [] });
  }

  async #runTools(answer: ModelAnswer): Promise<void> {
    const { tools, backend, files, shell, conversation, signal } = this.#options;
    const turn = this.#turns;
    const toolCalls = withUniqueIds(answer.toolCalls, turn);
    const calls = await Promise.all(toolCalls.map((call) => checkCall(call, tools)));
    for (const call of calls) {
      this.#emit({
        type: "tool.called",
        turn,
        callId: call.id,
        tool: call.tool,
        arguments: call.arguments,
      });
    }
    const results = await runCalls(calls, {
      backend,
      files,
      shell,
      signal,
      onOutput: (callId, output) => this.#emit({ type: "command.output", callId, ...output }),
      onResult: ({ id, text, ...told }) =>
        this.#emit({ type: "tool.finished", turn, callId: id, ...told, result: text }),
    });
    const recorded = toolCalls.map((call, index) => recordedCall(call, calls[index]?.arguments));
    conversation.push(
      { role: "assistant", content: answer.text, toolCalls: recorded },
      ...results.map(({ id, text }): Message => ({ role: "tool", toolCallId: id, content: text })),
    );
  }
}

function plus(total: number | null, more: number | null): number | null {
  return total === null || more === null ? null : total + more;
}
