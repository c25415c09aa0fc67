/**
 * The agent process behind its channel: it keeps the model, the memory files and the conversation,
 * and carries out the steps that the runner asks for.
 *
 * @module
 */

import type { Call, Channel } from "../backends/channel.ts";
import { CompositeBackend, type Mount } from "../backends/composite.ts";
import { GuardedBackend } from "../backends/guard.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteBackend, serveBackends } from "../backends/remote.ts";
import { StateBackend } from "../backends/state.ts";
import { type LoopResult, runLoop } from "./_loop.ts";
import { mask } from "./_mask.ts";
import { readParams, startParams, stepEndParams, stepParams } from "./_params.ts";
import { systemMessage } from "./_system.ts";
import { type Message, type Model, ModelError } from "./model.ts";
import { RehearsalModel } from "./models/rehearsal.ts";
import {
  AGENT_PROCESS,
  type EventNotice,
  type StartModel,
  type StartParams,
  type StartResult,
  type StepEndParams,
  type StepEndResult,
  type StepParams,
  type StepResult,
} from "./process.ts";
import { BUILT_IN_TOOLS } from "./tools/built_in.ts";

/**
 * Answers the runner's requests on a channel, as `agent/process.ts` describes them.
 *
 * @param channel The channel to the runner. Nothing was asked over it yet.
 * @returns Hides the model's key in a text: for whatever else leaves the process.
 */
export function serveAgent(channel: Channel): (text: string) => string {
  let key = "";
  let session: Promise<Session> | undefined;
  const states = new Map<string, StateBackend>();
  serveBackends(channel, (name) => states.get(name));

  const handle = (method: string, answer: (call: Call) => Promise<unknown>) =>
    channel.handle(method, async (call) => {
      try {
        return { value: mask(await answer(call), key) };
      } catch (error) {
        if (error instanceof Error) error.message = mask(error.message, key);
        throw error;
      }
    });
  const started = (): Promise<Session> => {
    if (session === undefined) throw new TypeError(`'${AGENT_PROCESS.start}' must come first`);
    return session;
  };

  handle(AGENT_PROCESS.start, async ({ params }) => {
    if (session !== undefined) throw new TypeError(`'${AGENT_PROCESS.start}' comes only once`);
    const start = readParams(AGENT_PROCESS.start, startParams, params);
    if (start.model.type === "openai") key = start.model.apiKey;
    const notify = (notice: EventNotice) => channel.notify(AGENT_PROCESS.event, mask(notice, key));
    session = createSession(start, composeTree(start, channel, states), notify);
    await session;
    const result: StartResult = { tools: BUILT_IN_TOOLS.map((tool) => tool.name) };
    return result;
  });
  handle(AGENT_PROCESS.step, async ({ params, signal }) => {
    const step = readParams(AGENT_PROCESS.step, stepParams, params);
    return await (await started()).runStep(step, signal);
  });
  handle(AGENT_PROCESS.stepEnd, async ({ params }) => {
    const step = readParams(AGENT_PROCESS.stepEnd, stepEndParams, params);
    return (await started()).endStep(step);
  });
  return (text) => mask(text, key);
}

/** Builds the tree of the plan. The state backends it makes are added to `states`. */
function composeTree(
  start: StartParams,
  channel: Channel,
  states: Map<string, StateBackend>,
): Backend {
  const backends = new Map<string, Backend>();
  for (const { name, type } of start.backends) {
    if (type === "state") states.set(name, new StateBackend());
    backends.set(name, states.get(name) ?? new RemoteBackend({ channel, name }));
  }
  const mounts = start.routes.map(({ prefix, backend: name, path, access }): [string, Mount] => {
    const backend = backends.get(name);
    if (backend === undefined) throw new TypeError(`Route '${prefix}' has no backend '${name}'`);
    return [prefix, { backend, path, access }];
  });
  const routes = Object.fromEntries(mounts.filter(([prefix]) => prefix !== "/"));
  const root = mounts.find(([prefix]) => prefix === "/")?.[1];
  const tree = new CompositeBackend(root === undefined ? { routes } : { default: root, routes });
  return start.deny.length === 0 ? tree : new GuardedBackend({ backend: tree, deny: start.deny });
}

async function createSession(
  { model, instructions }: StartParams,
  backend: Backend,
  notify: (notice: EventNotice) => void,
): Promise<Session> {
  const live = model.type === "openai" ? await liveModel(model) : undefined;
  return new Session({
    name: model.type === "none" ? "none" : model.name,
    live,
    instructions,
    backend,
    notify,
  });
}

async function liveModel(
  { name, apiKey, baseUrl }: StartModel & { readonly type: "openai" },
): Promise<Model> {
  const { OpenAiModel } = await import("./models/openai.ts");
  return new OpenAiModel({ model: name, apiKey, baseUrl });
}

interface SessionOptions {
  /** The model's name. */
  readonly name: string;
  /** `undefined` where each step is rehearsed. */
  readonly live: Model | undefined;
  readonly instructions: string;
  readonly backend: Backend;
  readonly notify: (notice: EventNotice) => void;
}

/** A started agent: one conversation, step after step. */
class Session {
  readonly #options: SessionOptions;
  readonly #conversation: Message[];
  readonly #tools = new Map(BUILT_IN_TOOLS.map((tool) => [tool.name, tool]));
  #rehearsed: { readonly step: string; readonly model: RehearsalModel } | undefined;
  #ids = 0;
  #current: { readonly signal: AbortSignal; readonly ended: Promise<unknown> } | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#conversation = [{ role: "system", content: systemMessage(options.instructions) }];
  }

  async runStep(params: StepParams, signal: AbortSignal): Promise<StepResult> {
    // One that was cancelled may take a moment until its last words are in the conversation.
    while (this.#current?.signal.aborted) await this.#current.ended;
    if (this.#current !== undefined) {
      throw new TypeError("A step is under way: they run one at a time");
    }
    const running = this.#run(params, signal);
    this.#current = { signal, ended: running };
    try {
      return stepResult(await running, params.maxTurns);
    } finally {
      this.#current = undefined;
    }
  }

  #run(params: StepParams, signal: AbortSignal): Promise<LoopResult> {
    const { step, prompt, maxTurns } = params;
    this.#conversation.push({ role: "user", content: prompt });
    return runLoop({
      model: this.#options.live ?? this.#rehearsal(params),
      tools: this.#tools,
      backend: this.#options.backend,
      conversation: this.#conversation,
      maxTurns,
      signal,
      onEvent: (event) => this.#options.notify({ step, event }),
    });
  }

  endStep({ step }: StepEndParams): StepEndResult {
    if (this.#rehearsed?.step !== step) return {};
    try {
      this.#rehearsed.model.assertFinished();
      return {};
    } catch (error) {
      if (error instanceof ModelError) return { error: error.message };
      throw error;
    }
  }

  /** The step's scripted model; further attempts go on with the same one. */
  #rehearsal({ step, rehearsal = [] }: StepParams): RehearsalModel {
    if (this.#rehearsed?.step !== step) {
      const newId = () => `call_${++this.#ids}`;
      const model = new RehearsalModel({ name: this.#options.name, turns: rehearsal, newId });
      this.#rehearsed = { step, model };
    }
    return this.#rehearsed.model;
  }
}

function stepResult(result: LoopResult, maxTurns: number): StepResult {
  const { finish, output, turns, usage, error } = result;
  const done = { output, turns, usage };
  if (finish === "done") return { outcome: "success", ...done };
  if (finish === "turn_limit") {
    const limit = maxTurns === 1 ? "its 1 request" : `its ${maxTurns} requests`;
    return {
      outcome: "budget",
      ...done,
      error: `The agent used up ${limit} of the model: raise budget: { turns } if it was too small`,
    };
  }
  if (!(error instanceof ModelError)) throw error;
  return { outcome: outcomeOf(error), ...done, error: error.message };
}

function outcomeOf(error: ModelError): StepResult["outcome"] {
  if (error.code === "rehearsal") return "mismatch";
  if (error.code === "denied") return "denied";
  return error.code === "aborted" ? "interrupted" : "failure";
}
