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
import { type ExecuteResult, SYSTEM_DIRECTORIES } from "../backends/shells/shell.ts";
import { AgentShell } from "./_agent_shell.ts";
import { CallShell } from "./_call_shell.ts";
import { type LoopResult, runLoop } from "./_loop.ts";
import { mask } from "./_mask.ts";
import {
  approvalResult,
  checkpoint,
  commandParams,
  readParams,
  startParams,
  stepEndParams,
  stepParams,
} from "./_params.ts";
import { offeredTools } from "./_offered.ts";
import { systemMessage } from "./_system.ts";
import { makeTemporaryDirectory } from "./_temporary.ts";
import type { AgentEvent } from "./events.ts";
import { type Message, type Model, ModelError } from "./model.ts";
import { RehearsalModel } from "./models/rehearsal.ts";
import {
  AGENT_PROCESS,
  type ApprovalParams,
  type ApprovalResult,
  type Checkpoint,
  type CommandParams,
  type EventNotice,
  type StartModel,
  type StartParams,
  type StartResult,
  type StartRoute,
  type StartShell,
  type StepEndParams,
  type StepEndResult,
  type StepParams,
  type StepResult,
} from "./process.ts";
import { BUILT_IN_TOOLS } from "./tools/built_in.ts";
import type { Tool } from "./tool.ts";
import { executeTool } from "./tools/execute.ts";

/** The name under which commands that are interpreted elsewhere reach the whole tree. */
const WHOLE_TREE = "/";

/**
 * Answers the runner's requests on a channel, as `agent/process.ts` describes them.
 *
 * @param channel The channel to the runner. Nothing was asked over it yet.
 * @returns Hides the model's key in a text: for whatever else leaves the process.
 */
export function serveAgent(channel: Channel): (text: string) => string {
  let key = "";
  let session: Promise<Session> | undefined;
  let served: () => Backend | undefined = () => undefined;
  const states = new Map<string, StateBackend>();
  serveBackends(channel, (name) => name === WHOLE_TREE ? served() : states.get(name));

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
    const approve = async (question: ApprovalParams, signal: AbortSignal) => {
      const asked = mask(question, key);
      const { value } = await channel.request(AGENT_PROCESS.approve, asked, { signal });
      return readParams(AGENT_PROCESS.approve, approvalResult, value);
    };
    const tree = composeTree(start, channel, states);
    session = makeTemporaryDirectory(start, states)
      .then(() => createSession(start, { tree, channel, notify, approve }));
    const { tools, shell } = await session;
    served = () => shell?.served;
    const result: StartResult = { tools: [...tools.keys()] };
    return result;
  });
  handle(AGENT_PROCESS.step, async ({ params, signal }) => {
    const step = readParams(AGENT_PROCESS.step, stepParams, params);
    return await (await started()).runStep(step, signal);
  });
  handle(AGENT_PROCESS.execute, async ({ params, signal }) => {
    const command = readParams(AGENT_PROCESS.execute, commandParams, params);
    return await (await started()).runCommand(command, signal);
  });
  handle(AGENT_PROCESS.stepEnd, async ({ params }) => {
    const step = readParams(AGENT_PROCESS.stepEnd, stepEndParams, params);
    return (await started()).endStep(step);
  });
  handle(AGENT_PROCESS.checkpoint, async () => (await started()).checkpoint());
  handle(AGENT_PROCESS.restore, async ({ params }) => {
    (await started()).restore(readParams(AGENT_PROCESS.restore, checkpoint, params));
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
  const { allow, ask, deny, shell } = start;
  const reserved = shell === undefined ? [] : SYSTEM_DIRECTORIES;
  if (allow === undefined && ask.length + deny.length + reserved.length === 0) return tree;
  return new GuardedBackend({ backend: tree, allow, ask, deny, reserved });
}

async function createSession(
  { model, instructions, backends, routes, shell }: StartParams,
  surroundings: Surroundings,
): Promise<Session> {
  const live = model.type === "openai" ? await liveModel(model) : undefined;
  return new Session({
    name: model.type === "none" ? "none" : model.name,
    live,
    instructions,
    shell,
    routes,
    local: routes.filter(({ backend }) =>
      backends.some(({ name, type }) => name === backend && type === "local")
    ).map(({ prefix }) => prefix),
    ...surroundings,
  });
}

async function liveModel(
  { name, apiKey, baseUrl }: StartModel & { readonly type: "openai" },
): Promise<Model> {
  const { OpenAiModel } = await import("./models/openai.ts");
  return new OpenAiModel({ model: name, apiKey, baseUrl });
}

/** What a session works with. */
interface Surroundings {
  /** The files, with the rules in front of them. */
  readonly tree: Backend;
  readonly channel: Channel;
  readonly notify: (notice: EventNotice) => void;
  readonly approve: (question: ApprovalParams, signal: AbortSignal) => Promise<ApprovalResult>;
}

interface SessionOptions extends Surroundings {
  /** The model's name. */
  readonly name: string;
  /** `undefined` where each step is rehearsed. */
  readonly live: Model | undefined;
  readonly instructions: string;
  readonly shell: StartShell | undefined;
  readonly routes: readonly StartRoute[];
  /** The prefixes of the routes to local backends. */
  readonly local: readonly string[];
}

/** What the agent is busy with. */
interface Work {
  readonly step: string;
  readonly signal: AbortSignal;
  readonly ended: Promise<unknown>;
}

/** A started agent: one conversation, step after step. */
class Session {
  readonly #options: SessionOptions;
  readonly #conversation: Message[];
  /** What the model is offered, by name. */
  readonly tools: ReadonlyMap<string, Tool>;
  /** Where commands run, if the run has a shell. */
  readonly shell: AgentShell | undefined;
  #rehearsed: { readonly step: string; readonly model: RehearsalModel } | undefined;
  /** Answers that the newest step has taken. */
  #answers: { readonly step: string; count: number } = { step: "", count: 0 };
  #ids = 0;
  #current: Work | undefined;

  constructor(options: SessionOptions) {
    const { tree, routes, local, shell, channel } = options;
    this.#options = options;
    const tools = shell?.tool ? [...BUILT_IN_TOOLS, executeTool(shell.type)] : BUILT_IN_TOOLS;
    const policy = tree instanceof GuardedBackend ? tree.policy : undefined;
    const offered = offeredTools(tools, policy, routes);
    this.tools = new Map(offered.map((tool) => [tool.name, tool]));
    this.shell = shell && new AgentShell({
      ...{ shell, channel, tree, local },
      onChange: (change) => this.#tell({ type: "file.changed", ...change }),
    });
    this.#conversation = [{ role: "system", content: systemMessage(options.instructions) }];
  }

  async runStep(params: StepParams, signal: AbortSignal): Promise<StepResult> {
    const result = await this.#alone(params.step, signal, () => this.#run(params, signal));
    return result.finish === "waiting"
      ? { ...waitingResult(result), checkpoint: this.checkpoint() }
      : stepResult(result, params.maxTurns);
  }

  /** All that was said so far. */
  checkpoint(): Checkpoint {
    return { conversation: this.#conversation, answers: this.#answers.count, ids: this.#ids };
  }

  /** Goes on with what was said before, in another process. */
  restore({ conversation, ids }: Checkpoint): void {
    if (this.#conversation.length > 1) {
      throw new TypeError("Something was said already: what was said before must come first");
    }
    this.#conversation.splice(0, Infinity, ...conversation);
    this.#ids = ids;
  }

  /** Runs a command of the workflow's own. */
  async runCommand(params: CommandParams, signal: AbortSignal): Promise<ExecuteResult> {
    const { step, command, cwd, env, timeout } = params;
    const { shell } = this;
    if (shell === undefined) throw new TypeError("There is no shell in this run");
    const told = new CallShell(
      shell,
      (output) => this.#tell({ type: "command.output", callId: "", ...output }),
    );
    const execute = () => told.execute(command, { cwd, env, timeout, signal });
    return await this.#alone(step, signal, execute);
  }

  /** Does one thing at a time. */
  async #alone<T>(step: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    // One that was cancelled may take a moment until its last words are in the conversation.
    while (this.#current?.signal.aborted) await this.#current.ended;
    if (this.#current !== undefined) {
      throw new TypeError("A step is under way: they run one at a time");
    }
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#current = { step, signal, ended };
    try {
      return await work();
    } finally {
      this.#current = undefined;
      end();
    }
  }

  /** Tells of what a command did; after its step nobody asks for that any more. */
  #tell(event: AgentEvent): void {
    if (this.#current === undefined || this.#current.signal.aborted) return;
    this.#options.notify({ step: this.#current.step, event });
  }

  #run(params: StepParams, signal: AbortSignal): Promise<LoopResult> {
    const { step, prompt, maxTurns, resume } = params;
    if (this.#answers.step !== step) this.#answers = { step, count: resume?.answers ?? 0 };
    if (resume === undefined) this.#conversation.push({ role: "user", content: prompt });
    else this.restore(resume);
    return runLoop({
      model: this.#options.live ?? this.#rehearsal(params),
      tools: this.tools,
      backend: this.#options.tree,
      shell: this.shell,
      conversation: this.#conversation,
      maxTurns,
      signal,
      approve: (question, signal) => this.#options.approve({ step, ...question }, signal),
      onEvent: (event) => {
        if (event.type === "model.answered") this.#answers.count++;
        this.#options.notify({ step, event });
      },
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
      const { name } = this.#options;
      const played = this.#answers.count;
      const model = new RehearsalModel({ name, turns: rehearsal, played, newId });
      this.#rehearsed = { step, model };
    }
    return this.#rehearsed.model;
  }
}

function waitingResult({ output, turns, usage }: LoopResult): StepResult {
  return { outcome: "waiting", output, turns, usage, error: "A call waits for an approval" };
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
