/**
 * The models of a run: those behind a server, one for each name, and the scripted ones, one for each
 * step.
 *
 * @module
 */

import { stepOf } from "./_conversations.ts";
import { type Model, ModelError } from "./model.ts";
import { RehearsalModel } from "./models/rehearsal.ts";
import type { StartModel } from "./process.ts";
import type { RehearsalTurn } from "./rehearsal.ts";

const PROVIDER = "openai:";

/** Finds models by their names. */
export class Models {
  readonly #start: StartModel;
  readonly #live = new Map<string, Promise<Model>>();
  readonly #scripted = new Map<string, RehearsalModel>();
  /** Answers taken in each step; in one with `foreach`, by all its items. */
  readonly #answers = new Map<string, number>();
  #ids = 0;

  /** @param start The model of the run. */
  constructor(start: StartModel) {
    this.#start = start;
  }

  /** Whether scripts answer. */
  get rehearsed(): boolean {
    return this.#start.type === "rehearsal";
  }

  /** The ids that were given to calls so far. */
  get ids(): number {
    return this.#ids;
  }

  /** Answers that a step has taken. */
  answersOf(key: string): number {
    return this.#answers.get(stepOf(key)) ?? 0;
  }

  /** Counts an answer of a step. */
  answered(key: string): void {
    this.#answers.set(stepOf(key), this.answersOf(key) + 1);
  }

  /** Goes on where another process was: ids, and what a step has taken. */
  restore(ids: number, key?: string, answers = 0): void {
    this.#ids = Math.max(this.#ids, ids);
    if (key !== undefined && this.answersOf(key) < answers) this.#answers.set(stepOf(key), answers);
  }

  /**
   * The model that a step asks.
   *
   * @param key The step's key.
   * @param name Another model than the run's.
   * @param turns The step's script. Its attempts and its items take from it one after the other.
   */
  async of(key: string, name?: string, turns: readonly RehearsalTurn[] = []): Promise<Model> {
    if (this.#start.type !== "rehearsal") return await this.#liveModel(name);
    const step = stepOf(key);
    let model = this.#scripted.get(step);
    if (model === undefined) {
      model = this.#script(turns, name, this.answersOf(key));
      this.#scripted.set(step, model);
    }
    return model;
  }

  /** A model for one request that is no step's. */
  async forOne(name?: string, turns: readonly RehearsalTurn[] = []): Promise<Model> {
    return this.#start.type === "rehearsal"
      ? this.#script(turns, name)
      : await this.#liveModel(name);
  }

  /** What is wrong where a step is over and not all of its script was played. */
  leftOver(key: string): string | undefined {
    try {
      // Others may still take from the script of an item.
      this.#scripted.get(key)?.assertFinished();
      return undefined;
    } catch (error) {
      if (error instanceof ModelError) return error.message;
      throw error;
    }
  }

  #script(turns: readonly RehearsalTurn[], name?: string, played = 0): RehearsalModel {
    const { name: own = "" } = this.#start.type === "none" ? {} : this.#start;
    return new RehearsalModel({
      name: name === undefined ? own : PROVIDER + bareName(name),
      turns,
      played,
      newId: () => `call_${++this.#ids}`,
    });
  }

  #liveModel(name?: string): Promise<Model> {
    const start = this.#start;
    if (start.type !== "openai") throw new TypeError("There is no model in this run");
    const wanted = bareName(name ?? start.name);
    let model = this.#live.get(wanted);
    if (model === undefined) {
      model = makeModel({ model: wanted, apiKey: start.apiKey, baseUrl: start.baseUrl });
      this.#live.set(wanted, model);
    }
    return model;
  }
}

/** A model's name at its server. */
function bareName(name: string): string {
  return name.startsWith(PROVIDER) ? name.slice(PROVIDER.length) : name;
}

async function makeModel(
  options: { readonly model: string; readonly apiKey: string; readonly baseUrl: string },
): Promise<Model> {
  const { OpenAiModel } = await import("./models/openai.ts");
  return new OpenAiModel(options);
}
