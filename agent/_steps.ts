/**
 * The steps of a session, several at a time: each asks its model in its own conversation.
 *
 * @module
 */

import { runLoop } from "./_loop.ts";
import { stepResult } from "./_outcome.ts";
import type { Session } from "./_session.ts";
import type { Message } from "./model.ts";
import type {
  Checkpoint,
  StepEndParams,
  StepEndResult,
  StepParams,
  StepResult,
} from "./process.ts";

/** An attempt under way. */
interface Work {
  readonly signal: AbortSignal;
  readonly ended: Promise<unknown>;
}

/** Carries out steps. */
export class Steps {
  readonly #session: Session;
  /** By the steps' keys. */
  readonly #current = new Map<string, Work>();

  /** @param session What all steps have in common. */
  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Carries out an attempt.
   *
   * @throws {TypeError} If the step has one under way, or goes on with one that has.
   */
  async run(params: StepParams, signal: AbortSignal): Promise<StepResult> {
    const { step, continues } = params;
    // Those that were cancelled may take a moment until their last words are in the conversation.
    for (const key of [step, ...continues === undefined ? [] : [continues]]) {
      for (let work = this.#current.get(key); work?.signal.aborted; work = this.#current.get(key)) {
        await work.ended;
      }
    }
    if (this.#current.has(step)) throw new TypeError(`Step '${step}' is under way already`);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#current.set(step, { signal, ended });
    let waits = false;
    try {
      const conversation = this.#conversation(params);
      const result = await this.#ask(params, conversation, signal);
      waits = result.outcome === "waiting";
      return waits ? { ...result, checkpoint: this.#checkpointOf(step, conversation) } : result;
    } finally {
      // A step that waits has not ended: nobody goes on from it.
      if (!waits) this.#session.conversations.settle(step);
      this.#current.delete(step);
      end();
    }
  }

  /** Ends a step. */
  end({ step }: StepEndParams): StepEndResult {
    this.#session.conversations.end(step);
    const error = this.#session.models.leftOver(step);
    return error === undefined ? {} : { error };
  }

  /** What was said in the steps that have ended. */
  checkpoint(): Checkpoint {
    const { conversations, models } = this.#session;
    return { ended: conversations.ended(), conversation: [], answers: 0, ids: models.ids };
  }

  /**
   * Goes on with what was said before, in another process.
   *
   * @throws {TypeError} If something was said here already.
   */
  restore({ ended = {}, ids }: Checkpoint): void {
    const { conversations, models } = this.#session;
    if (!conversations.isEmpty) {
      throw new TypeError("Something was said already: what was said before must come first");
    }
    conversations.restore(ended);
    models.restore(ids);
  }

  #checkpointOf(step: string, conversation: readonly Message[]): Checkpoint {
    const answers = this.#session.models.answersOf(step);
    return { ...this.checkpoint(), conversation: [...conversation], answers };
  }

  /** The conversation that an attempt goes on with, its prompt at the end. */
  #conversation({ step, prompt, continues, resume }: StepParams): Message[] {
    const { conversations, models, mask } = this.#session;
    if (resume !== undefined) {
      const conversation = conversations.resume(step, resume.conversation);
      conversations.restore(resume.ended ?? {});
      models.restore(resume.ids, step, resume.answers);
      return conversation;
    }
    const conversation = conversations.begin(step, continues);
    conversation.push({ role: "user", content: mask.text(prompt) });
    return conversation;
  }

  async #ask(
    params: StepParams,
    conversation: Message[],
    signal: AbortSignal,
  ): Promise<StepResult> {
    const { step, maxTurns, model, instructions, rules, budget, format, rehearsal } = params;
    const session = this.#session;
    const teller = session.teller(step, signal);
    const { tree, tools, shell } = session.workplaces.of(
      rules,
      (change) => teller.tell({ type: "file.changed", ...change }),
    );
    try {
      const result = await runLoop({
        model: await session.models.of(step, model, rehearsal),
        system: session.system(instructions),
        tools,
        backend: tree,
        shell,
        conversation,
        maxTurns,
        budget: session.budget(step, budget),
        format,
        mask: (text) => session.mask.text(text),
        signal,
        approve: (question, signal) => session.approve({ step, ...question }, signal),
        onEvent: (event) => {
          if (event.type === "model.answered") session.models.answered(step);
          teller.tell(event);
        },
      });
      return stepResult(result, maxTurns);
    } finally {
      teller.close();
    }
  }
}
