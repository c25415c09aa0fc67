/**
 * The agent, the host and the shell of one run: started as the plan says, joined by the runner's relay, ended
 * together.
 *
 * @module
 */

import {
  AGENT_PROCESS,
  type ApprovalResult,
  type CommandParams,
  type StartBudget,
  type StartParams,
} from "../agent/process.ts";
import type { Channel } from "../backends/channel.ts";
import { CompositeBackend, type Mount } from "../backends/composite.ts";
import { GuardedBackend } from "../backends/guard.ts";
import type { Rules } from "../backends/policy.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteBackend, serveBackends } from "../backends/remote.ts";
import { RemoteShell, serveShell } from "../backends/shells/remote_shell.ts";
import { serveStage } from "../backends/shells/remote_stage.ts";
import type { Shell } from "../backends/shells/shell.ts";
import { Child } from "./child.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { renderTemplate } from "./expressions/template.ts";
import { cacheHostCode, hostStart } from "./_host_start.ts";
import { unless } from "./_interruption.ts";
import { OwnCommands } from "./_own_commands.ts";
import type { Plan, PlanProcess, PlanShell } from "./plan.ts";
import { type Grants, relayOf, relayShell } from "./relay.ts";
import { ShellProcess } from "./_shell_process.ts";

/** Options of {@linkcode Processes}. */
export interface ProcessesOptions {
  /** The model's key; a live run needs it, a rehearsed one never sees it. */
  readonly apiKey?: string | undefined;
  /** What the instructions refer to. */
  readonly context: ExpressionContext;
  /** Told of what the agent notes while it works. */
  readonly onEvent: (notice: unknown) => void;
  /** Answers what the agent wants to be approved. */
  readonly onApproval: (params: unknown, signal: AbortSignal) => Promise<ApprovalResult>;
  /** What was approved for now: the agent is given no more than that. */
  readonly grants: Grants;
  /**
   * Texts that the agent masks.
   *
   * @default {none}
   */
  readonly secrets?: readonly string[] | undefined;
  /**
   * What all steps together may use up.
   *
   * @default {as much as they want}
   */
  readonly budget?: StartBudget | undefined;
  /**
   * The tree of the run that uses this one.
   *
   * @default {there is none}
   */
  readonly callerTree?: Backend | undefined;
}

/** The processes of a run. */
export class Processes {
  /** The agent, once it is started. */
  readonly agent: Child;
  /** The tree as the runner sees it: every route, read-only, and no rule in the way of a check. */
  readonly tree: Backend;
  readonly #host: Child | undefined;
  readonly #shellProcess: ShellProcess | undefined;
  readonly #ownCommands: OwnCommands | undefined;
  /** The commands of the workflow's own that are under way or wait for their turn. */
  #commands: Promise<unknown> = Promise.resolve();
  readonly #plan: Plan;
  readonly #options: ProcessesOptions;
  /** The tree behind the rules of the run, once somebody wants it. */
  #readable: Backend | undefined;

  /**
   * Makes the writable roots, which have to be there before the host is confined to them, and starts
   * the processes.
   *
   * @param plan What the run needs.
   * @param options The key, and who is told.
   * @throws {Deno.errors.PermissionDenied} If a root may not be made.
   * @throws {Error} If a root cannot be made.
   * @throws {TypeError} If the plan has no agent.
   */
  constructor(plan: Plan, options: ProcessesOptions) {
    const agent = processOf(plan, "agent");
    if (agent === undefined) throw new TypeError("The plan has no agent process");
    this.#plan = plan;
    this.#options = options;
    for (const { access, directory } of plan.roots) {
      if (access === "read-write") makeRoot(directory);
    }
    this.agent = new Child(agent);
    const host = processOf(plan, "host");
    this.#host = host === undefined ? undefined : new Child(host);
    this.tree = this.#composeTree();
    const relays = new Map<string, Backend | Channel>();
    for (const { name, type } of plan.backends) {
      const source = type === "caller"
        ? options.callerTree
        : type === "local"
        ? this.#host?.channel
        : undefined;
      if (source !== undefined) relays.set(name, relayOf(plan, name, source, options.grants));
    }
    // The agent reaches local files only through here, and by the names of local backends alone.
    serveBackends(this.agent.channel, (name) => relays.get(name));
    const { shell } = plan;
    if (shell !== undefined) {
      const planned = processOf(plan, "shell");
      const { limits } = shell;
      this.#shellProcess = planned &&
        new ShellProcess({ planned, tree: this.agent.channel, limits });
      const granted = relayShell(plan, this.#shellOf(shell), options.grants);
      this.#ownCommands = shell.tool ? undefined : new OwnCommands(granted);
      serveShell(this.agent.channel, () => this.#ownCommands ?? granted);
      // The files of memory, as commands of real programs see them.
      if (shell.type === "sandbox") serveStage(this.agent.channel, () => this.#host?.channel);
    }
    this.agent.channel.onNotice(AGENT_PROCESS.event, options.onEvent);
    this.agent.channel.handle(
      AGENT_PROCESS.approve,
      async ({ params, signal }) => ({ value: await options.onApproval(params, signal) }),
    );
  }

  /**
   * Tells both processes what they are for.
   *
   * @throws {Error} If a process does not come up.
   */
  async ready(): Promise<void> {
    await Promise.all([
      this.#agentStart().then((params) => this.agent.ask(AGENT_PROCESS.start, params)),
      this.#host?.ask("host.start", hostStart(this.#plan)),
    ]);
  }

  /**
   * Asks the agent something, for as long as the host is there too.
   *
   * @param method The request.
   * @param params What it says.
   * @param signal Ends it.
   * @returns The agent's answer, not checked.
   * @throws {Error} What the agent throws, or how it or the host ended, or the reason of the signal.
   */
  async ask(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    const answer = this.agent.ask(method, params, signal);
    return await Promise.race(this.#host === undefined ? [answer] : [answer, this.#host.lost()]);
  }

  /**
   * Runs a command of the workflow's own, over the agent, which keeps the tree. As a shell does, it
   * runs them one at a time, in the order in which they come.
   *
   * @param params The command.
   * @param signal Ends it.
   * @param begin Told when its turn has come.
   * @returns The agent's answer, not checked.
   * @throws {BackendError} If it cannot be run.
   * @throws {Error} How a process ended, or the reason of the signal.
   */
  async execute(
    params: CommandParams,
    signal: AbortSignal,
    begin: () => void = () => {},
  ): Promise<unknown> {
    const before = this.#commands;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#commands = before.then(() => ended);
    try {
      await unless(signal, before);
      begin();
      return await this.#execute(params, signal);
    } finally {
      end();
    }
  }

  async #execute(params: CommandParams, signal: AbortSignal): Promise<unknown> {
    const granted = this.#ownCommands?.grant(params);
    try {
      return await this.ask(AGENT_PROCESS.execute, params, signal);
    } finally {
      granted?.end();
    }
  }

  /**
   * The tree as far as the model may read it: for what is told to it. What a rule asks about is not
   * told. (What symbolic links lead to, the host holds against the rules for everybody.)
   *
   * @param rules A step's own rules, besides those of the run.
   * @returns The files, read-only.
   */
  readable(rules?: Rules): Backend {
    const { deny, ask, allow } = this.#plan;
    this.#readable ??= allow === undefined && deny.length + ask.length === 0
      ? this.tree
      : new GuardedBackend({ backend: this.tree, deny, ask, allow });
    return rules === undefined
      ? this.#readable
      : new GuardedBackend({ backend: this.#readable, ...rules });
  }

  /** Ends all of them. They have ended when this resolves. */
  async end(): Promise<void> {
    await Promise.all([
      this.agent.end(),
      this.#host?.end(),
      this.#shellProcess?.end(),
      cacheHostCode(this.#plan),
    ]);
  }

  /** Whoever runs the commands of the plan's shell. */
  #shellOf({ type }: PlanShell): Shell {
    if (type === "virtual" && this.#shellProcess !== undefined) return this.#shellProcess;
    if (type === "sandbox" && this.#host !== undefined) {
      return new RemoteShell({ channel: this.#host.channel, type });
    }
    throw new TypeError(`The plan has no process for its ${type} shell`);
  }

  async #agentStart(): Promise<StartParams> {
    const { model, instructions, backends, routes, deny, ask, allow, shell } = this.#plan;
    const { apiKey = "", context, secrets = [], budget } = this.#options;
    return {
      model: model.type === "openai"
        ? { type: "openai", name: model.name, baseUrl: model.baseUrl, apiKey }
        : model.type === "rehearsal"
        ? { type: "rehearsal", name: model.name }
        : { type: "none" },
      instructions: await renderTemplate(instructions, context),
      backends: backends.map(({ name, type }) => ({
        name,
        type: type === "state" ? type : "local",
      })),
      routes,
      deny,
      ask,
      ...(allow === undefined ? {} : { allow }),
      ...(shell === undefined ? {} : { shell }),
      ...(secrets.length === 0 ? {} : { secrets }),
      ...(budget === undefined ? {} : { budget }),
    };
  }

  #composeTree(): Backend {
    const backends = new Map<string, Backend>();
    for (const { name, type } of this.#plan.backends) {
      const channel = type === "state" ? this.agent.channel : this.#host?.channel;
      const { callerTree } = this.#options;
      const found = type === "caller"
        ? callerTree
        : channel && new RemoteBackend({ channel, name });
      if (found !== undefined) backends.set(name, found);
    }
    const mounts: Record<string, Mount> = {};
    for (const { prefix, backend, path } of this.#plan.routes) {
      const found = backends.get(backend);
      if (found !== undefined) mounts[prefix] = { backend: found, path, access: "read" };
    }
    const { "/": fallback, ...routes } = mounts;
    return new CompositeBackend(
      fallback === undefined ? { routes } : { default: fallback, routes },
    );
  }
}

function makeRoot(directory: string): void {
  try {
    Deno.mkdirSync(directory, { recursive: true });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Without what Deno was doing: the path is in the message already.
    const message = `Cannot make the root '${directory}': ${
      error.message.replace(/: \w+ '.*$/s, "")
    }`;
    throw error instanceof Deno.errors.PermissionDenied
      ? new Deno.errors.PermissionDenied(message, { cause: error })
      : new Error(message, { cause: error });
  }
}

function processOf(plan: Plan, name: PlanProcess["name"]): PlanProcess | undefined {
  return plan.processes.find((process) => process.name === name);
}
