/** The runner's side of an agent that runs in this process, over a real channel. */

import { serveAgent } from "../../agent/_serve.ts";
import type { AgentEvent } from "../../agent/events.ts";
import {
  AGENT_PROCESS,
  type ApprovalParams,
  type ApprovalResult,
  type Checkpoint,
  type CommandParams,
  type EventNotice,
  type JudgeParams,
  type JudgeResult,
  type StartParams,
  type StartResult,
  type StepEndResult,
  type StepParams,
  type StepResult,
} from "../../agent/process.ts";
import type { RehearsalTurn } from "../../agent/rehearsal.ts";
import { Channel } from "../../backends/channel.ts";
import { RemoteBackend, serveBackends } from "../../backends/remote.ts";
import { StateBackend } from "../../backends/state.ts";
import type { ExecuteResult } from "../../backends/shells/shell.ts";
import type { ChatRequest, OpenAiServer } from "../support/openai_server.ts";

/** A run with memory at the root and files of the runner below `/project/`. */
export const START: StartParams = {
  model: { type: "rehearsal", name: "openai:gpt-4.1" },
  instructions: "Be brief.",
  backends: [{ name: "memory", type: "state" }, { name: "disk", type: "local" }],
  routes: [
    { prefix: "/project/", backend: "disk", path: "/", access: "read-write" },
    { prefix: "/", backend: "memory", path: "/", access: "read-write" },
  ],
  deny: [],
  ask: [],
};

/** The model of a run that asks a server. */
export function liveModel({ baseUrl, key }: OpenAiServer): StartParams["model"] {
  return { type: "openai", name: "gpt-4.1", baseUrl, apiKey: key };
}

/** A turn of a rehearsal. */
export function turn(
  text: string,
  ...calls: readonly [string, Record<string, unknown>][]
): RehearsalTurn {
  return { text, calls: calls.map(([tool, args]) => ({ tool, arguments: args })) };
}

/** What a request says, message by message. */
export function said({ messages }: ChatRequest): string[] {
  return messages.map(({ role, content }) => `${role}: ${content}`);
}

/** Asks an agent as the runner does. */
export class Served implements AsyncDisposable {
  readonly events: EventNotice[] = [];
  readonly asked: ApprovalParams[] = [];
  /** The files below `/project/`. */
  readonly disk = new StateBackend();
  readonly channel: Channel;
  /** What every question is answered with. */
  answer: ApprovalResult = { verdict: "granted" };

  constructor() {
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    serveAgent(new Channel({ readable: there.readable, writable: back.writable }));
    this.channel = new Channel({ readable: back.readable, writable: there.writable });
    this.channel.onNotice(AGENT_PROCESS.event, (notice) => this.events.push(notice as EventNotice));
    this.channel.handle(AGENT_PROCESS.approve, ({ params }) => {
      this.asked.push(params as ApprovalParams);
      return { value: this.answer };
    });
    serveBackends(this.channel, (name) => name === "disk" ? this.disk : undefined);
  }

  /** The files of memory. */
  get memory(): RemoteBackend {
    return new RemoteBackend({ channel: this.channel, name: "memory" });
  }

  async start(params: Partial<StartParams> = {}): Promise<StartResult> {
    return await this.#ask(AGENT_PROCESS.start, { ...START, ...params }) as StartResult;
  }

  async step(params: Partial<StepParams>, signal?: AbortSignal): Promise<StepResult> {
    const whole: StepParams = { step: "one", attempt: 1, prompt: "Go.", maxTurns: 9, ...params };
    return await this.#ask(AGENT_PROCESS.step, whole, signal) as StepResult;
  }

  async end(step: string): Promise<StepEndResult> {
    return await this.#ask(AGENT_PROCESS.stepEnd, { step }) as StepEndResult;
  }

  async execute(params: Partial<CommandParams>, signal?: AbortSignal): Promise<ExecuteResult> {
    const whole: CommandParams = { step: "one", command: "true", cwd: "/", env: {}, ...params };
    return await this.#ask(AGENT_PROCESS.execute, whole, signal) as ExecuteResult;
  }

  async judge(params: Partial<JudgeParams>): Promise<JudgeResult> {
    const whole: JudgeParams = {
      ...{ step: "one", rubric: "It is polite.", label: "/letter.txt", text: "Dear all," },
      ...params,
    };
    return await this.#ask(AGENT_PROCESS.judge, whole) as JudgeResult;
  }

  async checkpoint(): Promise<Checkpoint> {
    return await this.#ask(AGENT_PROCESS.checkpoint, {}) as Checkpoint;
  }

  async restore(checkpoint: Checkpoint): Promise<void> {
    await this.#ask(AGENT_PROCESS.restore, checkpoint);
  }

  /** The events of one kind, with their steps. */
  told<T extends AgentEvent["type"]>(
    type: T,
  ): readonly { readonly step: string; readonly event: AgentEvent & { readonly type: T } }[] {
    return this.events.flatMap(({ step, event }) => isOf(event, type) ? [{ step, event }] : []);
  }

  async #ask(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    return (await this.channel.request(method, params, { signal })).value;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.channel.close();
  }
}

function isOf<T extends AgentEvent["type"]>(
  event: AgentEvent,
  type: T,
): event is AgentEvent & { readonly type: T } {
  return event.type === type;
}
