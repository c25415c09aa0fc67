/**
 * Agents: a model, instructions and tools, to be run over any backend.
 *
 * @module
 */

import type { Backend } from "../backends/protocol.ts";
import type { Shell } from "../backends/shells/shell.ts";
import { runLoop } from "./_loop.ts";
import { systemMessage } from "./_system.ts";
import type { AgentEvent } from "./events.ts";
import type { AnswerFormat, Message, Model, Usage } from "./model.ts";
import type { ApprovalParams } from "./process.ts";
import { resolveModel } from "./models/resolve.ts";
import type { Tool } from "./tool.ts";
import { BUILT_IN_TOOLS } from "./tools/built_in.ts";
import { executeTool } from "./tools/execute.ts";

/** What {@linkcode createDeepAgent} makes an agent of. */
export interface DeepAgentOptions {
  /** A provider and a model's name, such as `openai:gpt-4.1`, or a model of your own. */
  readonly model: string | Model;
  /**
   * What the agent is and how it shall work.
   *
   * @default {""}
   */
  readonly instructions?: string | undefined;
  /**
   * Tools beside the built-in ones. {@linkcode defineTool} makes them.
   *
   * @default {[]}
   */
  readonly tools?: readonly Tool[] | undefined;
  /**
   * The key of the model's provider, where `model` is a name.
   *
   * @default {the environment variable OPENAI_API_KEY}
   */
  readonly apiKey?: string | undefined;
  /**
   * The server that speaks the provider's API, where `model` is a name.
   *
   * @default {the environment variable OPENAI_BASE_URL, or the provider's own server}
   */
  readonly baseUrl?: string | undefined;
  /**
   * How many requests of the model one run may make.
   *
   * @default {50}
   */
  readonly maxTurns?: number | undefined;
}

/** Options of {@linkcode DeepAgent.run}. */
export interface AgentRunOptions {
  /** The files that the agent works on. */
  readonly backend: Backend;
  /**
   * Runs commands for the agent, which then has the tool `execute`. Make it over the same files, as
   * `new VirtualShell({ backend })` does. What commands change is not told as `file.changed`.
   *
   * @default {undefined, no shell}
   */
  readonly shell?: Shell | undefined;
  /** Ends the run, its request of the model and its tools at once. */
  readonly signal?: AbortSignal | undefined;
  /** Told of everything that happens, in order. */
  readonly onEvent?: ((event: AgentEvent) => void) | undefined;
  /**
   * How many requests of the model this run may make.
   *
   * @default {the agent's maxTurns}
   */
  readonly maxTurns?: number | undefined;
  /**
   * The form of the last answer. The model is asked for it and may fail to keep to it: `output` is for
   * you to check.
   *
   * @default {undefined, any text}
   */
  readonly format?: AnswerFormat | undefined;
  /** A conversation to continue: the `messages` of an earlier result. */
  readonly messages?: readonly Message[] | undefined;
  /**
   * Asks somebody about a call that a rule of `ask` is for, where `backend` is a `GuardedBackend` with
   * such rules. One call at a time is asked about, and nothing of it is done before. What it throws
   * ends the run.
   *
   * @default {refuses all of them}
   */
  readonly approve?:
    | ((
      request: ApprovalRequest,
      options: { readonly signal: AbortSignal },
    ) => ApprovalAnswer | Promise<ApprovalAnswer>)
    | undefined;
}

/** A call that somebody has to approve: {@linkcode AgentRunOptions.approve}. */
export type ApprovalRequest = Omit<ApprovalParams, "step">;

/** The answer to an {@linkcode ApprovalRequest}. */
export interface ApprovalAnswer {
  /** `granted` does it this once, `refused` tells the model that it was refused. */
  readonly verdict: "granted" | "refused";
  /** Why it was refused, for the model. */
  readonly reason?: string | undefined;
}

/** What a run of an agent came to. */
export interface AgentResult {
  /** The model's last text. */
  readonly output: string;
  /** The whole conversation, the system message first. */
  readonly messages: readonly Message[];
  /** How many requests of the model were made. */
  readonly turns: number;
  /** Their tokens; `null` where any answer left its count unknown. */
  readonly usage: Usage;
  /** Whether the model was done or its turns were used up. */
  readonly finish: "done" | "turn_limit";
}

/** An agent. {@linkcode createDeepAgent} makes one; it holds no state between runs. */
export interface DeepAgent {
  /**
   * Gives the agent a task and waits until it is done.
   *
   * @param prompt The task.
   * @param options The backend, and what else the run needs.
   * @returns What it came to.
   * @throws {ModelError} If the model gives no usable answer, declines (`refusal`), or the signal
   * ends the run (`aborted`).
   * @throws {RangeError} If `maxTurns` is not a whole number from 1 on.
   */
  run(prompt: string, options: AgentRunOptions): Promise<AgentResult>;
}

/**
 * Makes an agent that works on files with the tools `ls`, `read_file`, `write_file`, `edit_file`,
 * `delete_file`, `move_file`, `glob` and `grep`, with `execute` where a run has a shell, and with
 * tools of your own.
 *
 * @param options Its model, its instructions and its tools.
 * @returns The agent.
 * @throws {TypeError} If the model's provider is unknown or two tools have one name.
 * @throws {ModelError} `authentication` if `model` is a name and there is no key for it.
 * @throws {RangeError} If `maxTurns` is not a whole number from 1 on.
 *
 * @example
 * ```ts
 * import { createDeepAgent } from "./agent.ts";
 * import { RehearsalModel } from "./models/rehearsal.ts";
 * import { StateBackend } from "../backends/state.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // A scripted model; "openai:gpt-4.1" takes its place where there is a key.
 * const model = new RehearsalModel({
 *   name: "openai:gpt-4.1",
 *   turns: [
 *     {
 *       text: "",
 *       calls: [{ tool: "write_file", arguments: { path: "/hello.txt", content: "Hello\n" } }],
 *     },
 *     { text: "I wrote /hello.txt.", calls: [] },
 *   ],
 * });
 * const backend = new StateBackend();
 * const agent = createDeepAgent({ model, instructions: "You are a project assistant." });
 * const result = await agent.run("Say hello in /hello.txt.", { backend });
 * assertEquals(result.output, "I wrote /hello.txt.");
 * assertEquals([...backend.files.keys()], ["/hello.txt"]);
 * ```
 */
export function createDeepAgent(options: DeepAgentOptions): DeepAgent {
  const tools = toolsByName(options.tools ?? []);
  const defaultTurns = checkedTurns(options.maxTurns ?? 50);
  const model = typeof options.model === "string"
    ? resolveModel(options.model, { apiKey: options.apiKey, baseUrl: options.baseUrl })
    : options.model;
  const system = systemMessage(options.instructions ?? "");
  return {
    async run(
      prompt,
      { backend, shell, signal, onEvent, approve, maxTurns, format, messages = [] },
    ) {
      const earlier = messages[0]?.role === "system" ? messages.slice(1) : messages;
      const conversation: Message[] = [...earlier, { role: "user", content: prompt }];
      const { finish, error, ...result } = await runLoop({
        model,
        system,
        tools: shell === undefined ? tools : withExecute(tools, shell),
        backend,
        shell,
        conversation,
        maxTurns: maxTurns === undefined ? defaultTurns : checkedTurns(maxTurns),
        format,
        signal,
        onEvent,
        approve: approve && ((request, signal) => approve(request, { signal })),
      });
      if (finish === "failed") throw error;
      if (finish === "waiting") {
        throw new TypeError("Cannot wait for an approval here: 'approve' must grant or refuse");
      }
      return {
        ...result,
        finish,
        messages: [{ role: "system", content: system }, ...conversation],
      };
    },
  };
}

function toolsByName(own: readonly Tool[]): ReadonlyMap<string, Tool> {
  const tools = new Map(BUILT_IN_TOOLS.map((tool) => [tool.name, tool]));
  for (const tool of own) {
    if (tools.has(tool.name)) {
      const hint = BUILT_IN_TOOLS.some(({ name }) => name === tool.name)
        ? "a built-in tool has that name"
        : "two of its tools have that name";
      throw new TypeError(`Cannot give the agent the tool '${tool.name}': ${hint}`);
    }
    tools.set(tool.name, tool);
  }
  return tools;
}

/** A tool of the program's own that is called `execute` stands, and has the shell in its context. */
function withExecute(tools: ReadonlyMap<string, Tool>, shell: Shell): ReadonlyMap<string, Tool> {
  if (tools.has("execute")) return tools;
  const { type, network } = shell;
  return new Map([...tools, ["execute", executeTool(type, { network })]]);
}

function checkedTurns(turns: number): number {
  if (Number.isSafeInteger(turns) && turns >= 1) return turns;
  throw new RangeError(`Cannot run an agent for ${turns} turns: 'maxTurns' must be 1 or more`);
}
