/**
 * What was said in each step. A step has a conversation of its own: it begins as another step's was
 * when that one ended, or anew, and all its attempts go on with it. The messages themselves are shared.
 *
 * @module
 */

import type { Message } from "./model.ts";

/** `ID[0]`: an item of a step with `foreach`. */
const ITEM = /^(.*)\[\d+\]$/s;

/** The step of a key: that of an item is the step whose item it is. */
export function stepOf(key: string): string {
  return ITEM.exec(key)?.[1] ?? key;
}

/** The conversations of all steps, by the steps' keys. None has a system message. */
export class Conversations {
  readonly #all = new Map<string, Message[]>();
  /** Those that are not at their end: their step is under way, or waits. */
  readonly #open = new Set<string>();

  /**
   * The conversation that an attempt goes on with. Until {@linkcode Conversations.settle} it is the
   * attempt's alone.
   *
   * @param key The step's key.
   * @param continues The step that a first attempt goes on from. One that said nothing leaves nothing
   * to go on with.
   * @throws {TypeError} If that one has not ended.
   */
  begin(key: string, continues: string | undefined): Message[] {
    let own = this.#all.get(key);
    if (own === undefined) {
      if (continues !== undefined && this.#open.has(continues)) {
        throw new TypeError(`Step '${key}' cannot go on with '${continues}': it has not ended`);
      }
      own = [...continues === undefined ? [] : this.#all.get(continues) ?? []];
      this.#all.set(key, own);
    }
    this.#open.add(key);
    return own;
  }

  /**
   * The conversation of a step that waited in another process.
   *
   * @throws {TypeError} If the step has said something here.
   */
  resume(key: string, said: readonly Message[]): Message[] {
    if (this.#all.has(key)) {
      throw new TypeError(`Something was said already in step '${key}': it cannot be gone back to`);
    }
    const own = [...said];
    this.#all.set(key, own);
    this.#open.add(key);
    return own;
  }

  /** Ends an attempt, after which others may go on from it. */
  settle(key: string): void {
    this.#open.delete(key);
  }

  /** Ends a step. Of an item nobody goes on. */
  end(key: string): void {
    if (ITEM.test(key)) this.#all.delete(key);
  }

  /** What was said in the steps that others may go on from. */
  ended(): Readonly<Record<string, readonly Message[]>> {
    const ended = [...this.#all].filter(([key]) => !this.#open.has(key) && !ITEM.test(key));
    return Object.fromEntries(ended.map(([key, said]) => [key, [...said]]));
  }

  /** Takes what was said in another process; what was said here stands. */
  restore(ended: Readonly<Record<string, readonly Message[]>>): void {
    for (const [key, said] of Object.entries(ended)) {
      if (!this.#all.has(key)) this.#all.set(key, [...said]);
    }
  }

  /** Whether nothing was said yet. */
  get isEmpty(): boolean {
    return this.#all.size === 0;
  }
}
