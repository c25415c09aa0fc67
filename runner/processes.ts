/**
 * The agent, the host, the shell and the containers of one run: started as the plan says, joined by the
 * runner's relay, ended together.
 *
 * @module
 */

import { AGENT_PROCESS, type ApprovalResult, type CommandParams } from "../agent/process.ts";
import { agentStart, type AgentStartOptions } from "./_agent_start.ts";
import { Channel } from "../backends/channel.ts";
import { CompositeBackend, type Mount } from "../backends/composite.ts";
import { GuardedBackend } from "../backends/guard.ts";
import type { Rules } from "../backends/policy.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteBackend, serveBackends } from "../backends/remote.ts";
import { RemoteShell, serveShell } from "../backends/shells/remote_shell.ts";
import { serveStage } from "../backends/shells/remote_stage.ts";
import type { Shell } from "../backends/shells/shell.ts";
import { Child } from "./child.ts";
import { CommandGate, GatedBackend, GatedShell } from "./_command_gate.ts";
import { Containers } from "./_containers.ts";
import type { RunEventBody } from "./events.ts";
import { cacheHostCode, hostStart } from "./_host_start.ts";
import { unless } from "./_interruption.ts";
import { OwnCommands } from "./_own_commands.ts";
import type { Plan, PlanBackend, PlanProcess, PlanShell } from "./plan.ts";
import { type Grants, relayOf, relayShell } from "./relay.ts";
import { ShellProcess } from "./_shell_process.ts";

/** Options of {@linkcode Processes}. */
export interface ProcessesOptions extends AgentStartOptions {
  /** Told of what the agent notes while it works. */
  readonly onEvent: (notice: unknown) => void;
  /** Answers what the agent wants to be approved. */
  readonly onApproval: (params: unknown, signal: AbortSignal) => Promise<ApprovalResult>;
  /** What was approved for now: the agent is given no more than that. */
  readonly grants: Grants;
  /** Told of containers while they come up. */
  readonly onBox: (event: RunEventBody) => void;
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
  /** The containers, if the plan has some. */
  readonly containers: Containers | undefined;
  /** Set where commands of a container may change the host's files while the host looks at them. */
  readonly #gate: CommandGate | undefined;
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
    const docker = processOf(plan, "docker");
    this.containers = docker && new Containers(docker, plan, options.onBox);
    this.#gate = hasOpenMounts(plan) ? new CommandGate() : undefined;
    this.tree = this.#composeTree();
    const relays = new Map<string, Backend | Channel>();
    for (const { name, type } of plan.backends) {
      const source = type === "state" ? undefined : this.#filesOf(name, type);
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
      // The files of memory, and others that are brought, as commands of real programs see them.
      const real = shell.type === "sandbox" ? this.#host : this.containers;
      if (shell.type !== "virtual") serveStage(this.agent.channel, () => real?.channel);
    }
    this.agent.channel.onNotice(AGENT_PROCESS.event, options.onEvent);
    this.agent.channel.handle(
      AGENT_PROCESS.approve,
      async ({ params, signal }) => ({ value: await options.onApproval(params, signal) }),
    );
  }

  /**
   * Tells the processes what they are for. Images are pulled and built meanwhile.
   *
   * @throws {Error} If a process does not come up.
   */
  async ready(): Promise<void> {
    await Promise.all([
      agentStart(this.#plan, this.#options).then((params) =>
        this.agent.ask(AGENT_PROCESS.start, params)
      ),
      this.#host?.ask("host.start", hostStart(this.#plan)),
      this.containers?.start(),
    ]);
  }

  /**
   * Asks the agent something, for as long as the host and the containers are there too.
   *
   * @param method The request.
   * @param params What it says.
   * @param signal Ends it.
   * @returns The agent's answer, not checked.
   * @throws {Error} What the agent throws, or how it or another process ended, or the reason of the signal.
   */
  async ask(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    const answer = this.agent.ask(method, params, signal);
    const others = [this.#host, this.containers].filter((other) => other !== undefined);
    return await Promise.race([answer, ...others.map((other) => other.lost())]);
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
      this.containers?.end(),
      cacheHostCode(this.#plan),
    ]);
  }

  /** Whoever runs the commands of the plan's shell. */
  #shellOf({ type }: PlanShell): Shell {
    if (type === "virtual" && this.#shellProcess !== undefined) return this.#shellProcess;
    if (type === "sandbox" && this.#host !== undefined) {
      return new RemoteShell({ channel: this.#host.channel, type });
    }
    if (type === "docker" && this.containers !== undefined) {
      const { containers } = this;
      const remote = new RemoteShell({ channel: containers.channel, type });
      if (this.#gate === undefined) return remote;
      return new GatedShell({ shell: remote, gate: this.#gate, ended: () => containers.idle() });
    }
    throw new TypeError(`The plan has no process for its ${type} shell`);
  }

  /** Whoever has the files of a backend that is not in memory. */
  #filesOf(
    name: string,
    type: Exclude<PlanBackend["type"], "state">,
  ): Backend | Channel | undefined {
    if (type === "caller") return this.#options.callerTree;
    if (type === "docker") {
      // A container serves all of itself: what routes grant of it is judged here.
      const { channel } = this.containers ?? {};
      return channel && new RemoteBackend({ channel, name });
    }
    const channel = this.#host?.channel;
    if (channel === undefined || this.#gate === undefined) return channel;
    return new GatedBackend(new RemoteBackend({ channel, name }), this.#gate);
  }

  #composeTree(): Backend {
    const backends = new Map<string, Backend>();
    for (const { name, type } of this.#plan.backends) {
      const found = type === "state" ? this.agent.channel : this.#filesOf(name, type);
      if (found === undefined) continue;
      backends.set(
        name,
        found instanceof Channel ? new RemoteBackend({ channel: found, name }) : found,
      );
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

/**
 * Whether commands of a container may change directories of the host whose files the host serves with
 * Deno's flags alone around it.
 */
function hasOpenMounts({ confinement, backends }: Plan): boolean {
  return confinement?.type === "flags" &&
    backends.some((backend) =>
      backend.type === "docker" &&
      (backend.box.mounts ?? []).some(({ access }) => access === "read-write")
    );
}
