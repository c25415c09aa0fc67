/**
 * The loop: ask the model, run the tools it calls, tell it the results, until it is done.
 *
 * @module
 */

import { observeBackend } from "../backends/observe.ts";
import type { Backend } from "../backends/protocol.ts";
import type { Shell } from "../backends/shells/shell.ts";
import { abortable } from "./_abort.ts";
import { type Approve, Gate } from "./_approval.ts";
import { checkCall, type CheckedCall, runCalls } from "./_calls.ts";
import {
  isResult,
  pendingAnswer,
  recordedCall,
  type ToolMessage,
  withUniqueIds,
} from "./_history.ts";
import { type Budget, BudgetError } from "./budget.ts";
import type { AgentEvent } from "./events.ts";
import {
  type AnswerFormat,
  type Message,
  type Model,
  type ModelAnswer,
  ModelError,
  type ModelErrorCode,
  type ToolCall,
  type Usage,
} from "./model.ts";
import type { Tool } from "./tool.ts";

/** What a run of the loop works with. */
export interface LoopOptions {
  readonly model: Model;
  /** What the model is told before the conversation, which has no such message itself. */
  readonly system: string;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly backend: Backend;
  /** Runs commands, if the agent has a shell; or makes it, over the files as they are observed. */
  readonly shell?: Shell | ((backend: Backend) => Shell) | undefined;
  /**
   * The conversation, to which everything said is added; at each await it may be sent on as it is.
   * Where its last answer has calls without results, these come first.
   */
  readonly conversation: Message[];
  /** Asks somebody about what the rules of a guarded `backend` want to be approved. */
  readonly approve?: Approve | undefined;
  /** How many requests of the model it may make. */
  readonly maxTurns: number;
  /** What else limits its requests. */
  readonly budget?: Budget | undefined;
  /** The form that the last answer must have. It is asked for, and not checked. */
  readonly format?: AnswerFormat | undefined;
  /**
   * Hides in results what the model is not shown.
   *
   * @default {hides nothing}
   */
  readonly mask?: ((text: string) => string) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: ((event: AgentEvent) => void) | undefined;
}

/** How the loop ended. */
export interface LoopResult {
  /**
   * `failed` where `error` says why; `waiting` where a call needs an approval that nobody can give
   * now: it has no result in the conversation, nor has what depends on it.
   */
  readonly finish: "done" | "turn_limit" | "waiting" | "failed";
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

const UNKNOWN: Usage = { inputTokens: null, outputTokens: null };

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
  const observe = (files: Backend) =>
    observeBackend(files, (change) => emit({ type: "file.changed", ...change }));
  const shell = typeof options.shell === "function"
    ? options.shell(observe(options.backend))
    : options.shell;
  const { approve } = options;
  const gate = new Gate(
    options.backend,
    approve && (async (question, signal) => {
      try {
        return await approve(question, signal);
      } catch (error) {
        // Whoever is asked may be gone with the run, which has ended then.
        stop.abort(error);
        throw error;
      }
    }),
  );
  const loop = new Loop({ ...options, observe, gate, shell, signal }, emit);
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
  /** Tells of changes to some files. */
  readonly observe: (files: Backend) => Backend;
  readonly gate: Gate;
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

  async run(): Promise<"done" | "turn_limit" | "waiting"> {
    const { conversation, maxTurns } = this.#options;
    const pending = pendingAnswer(conversation);
    if (pending !== undefined) {
      this.#output = pending.answer.content;
      if (!await this.#answerCalls(pending.answer.toolCalls, pending.index)) return "waiting";
    }
    while (this.#turns < maxTurns) {
      const ended = await this.#take(await this.#ask());
      if (ended !== undefined) return ended;
    }
    return "turn_limit";
  }

  async #ask(): Promise<ModelAnswer> {
    const { model, system, tools, conversation, budget, format, signal } = this.#options;
    signal.throwIfAborted();
    budget?.reserve(model.name);
    const turn = ++this.#turns;
    this.#emit({ type: "model.asked", turn });
    const request = {
      messages: [{ role: "system", content: system } as const, ...conversation],
      tools: [...tools.values()].map((tool) => tool.describe()),
      ...format === undefined ? {} : { format },
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
        this.#chargeUnknown();
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
    try {
      budget?.charge(model.name, usage);
    } catch (error) {
      if (text !== "") this.#output = text;
      throw error;
    }
    return answer;
  }

  /** Charges a request of which nobody knows what it took. */
  #chargeUnknown(): void {
    try {
      this.#options.budget?.charge(this.#options.model.name, UNKNOWN);
    } catch (error) {
      // Why the request failed says more. The next one is refused.
      if (!(error instanceof BudgetError)) throw error;
    }
  }

  /** Does what an answer asks for; how the loop ends with it, if it does. */
  async #take(answer: ModelAnswer): Promise<"done" | "waiting" | undefined> {
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
      return undefined;
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
      return undefined;
    }
    this.#empty = 0;
    if (toolCalls.length === 0) {
      this.#say(text);
      return "done";
    }
    return await this.#runTools(answer) ? undefined : "waiting";
  }

  /** Adds an answer without calls; one that is empty is not a message that servers accept. */
  #say(text: string): void {
    if (text === "") return;
    this.#options.conversation.push({ role: "assistant", content: text, toolCalls: [] });
  }

  /** Runs the calls of a new answer; whether all of them have results. */
  async #runTools({ text, toolCalls: asked }: ModelAnswer): Promise<boolean> {
    const { tools, conversation } = this.#options;
    const toolCalls = withUniqueIds(asked, this.#turns, conversation);
    const calls = await Promise.all(toolCalls.map((call) => checkCall(call, tools)));
    const results = await this.#runCalls(calls);
    const recorded = toolCalls.map((call, index) => recordedCall(call, calls[index]?.arguments));
    conversation.push({ role: "assistant", content: text, toolCalls: recorded }, ...results);
    return results.length === calls.length;
  }

  /** Runs the calls without results of an answer in the conversation; whether all have one now. */
  async #answerCalls(toolCalls: readonly ToolCall[], index: number): Promise<boolean> {
    const { tools, conversation } = this.#options;
    const earlier = conversation.slice(index + 1).filter(isResult);
    const open = toolCalls.filter(({ id }) => !earlier.some(({ toolCallId }) => toolCallId === id));
    const calls = await Promise.all(open.map((call) => checkCall(call, tools)));
    const results = [...earlier, ...await this.#runCalls(calls)];
    const inOrder = toolCalls.flatMap(({ id }) =>
      results.filter(({ toolCallId }) => toolCallId === id)
    );
    conversation.splice(index + 1, Infinity, ...inOrder);
    return inOrder.length === toolCalls.length;
  }

  /** Runs calls and tells of them; the results of those that need not wait. */
  async #runCalls(calls: readonly CheckedCall[]): Promise<readonly ToolMessage[]> {
    const { backend: files, observe, gate, shell, signal, mask = same } = this.#options;
    const turn = this.#turns;
    for (const { id: callId, tool, arguments: args } of calls) {
      this.#emit({ type: "tool.called", turn, callId, tool, arguments: args });
    }
    const results = await runCalls(calls, {
      observe,
      files,
      gate,
      shell,
      signal,
      mask,
      onOutput: (callId, output) => this.#emit({ type: "command.output", callId, ...output }),
      onResult: ({ id, text, ...told }) =>
        this.#emit({ type: "tool.finished", turn, callId: id, ...told, result: text }),
    });
    return results.filter((result) => result !== undefined)
      .map(({ id, text }): ToolMessage => ({ role: "tool", toolCallId: id, content: text }));
  }
}

function same(text: string): string {
  return text;
}

function plus(total: number | null, more: number | null): number | null {
  return total === null || more === null ? null : total + more;
}
