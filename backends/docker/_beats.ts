/**
 * What tells others that a container which is stopped is not left behind.
 *
 * @module
 */

import type { EngineContainer } from "./engine.ts";
import { idleName, newToken } from "./labels.ts";

/**
 * The signs of life of an owner whose container is stopped, which the container itself can give no more:
 * its name has the time of the last one.
 */
export class Beats {
  readonly #container: EngineContainer;
  readonly #milliseconds: number;
  readonly #token = newToken();
  #timer: ReturnType<typeof setInterval> | undefined;
  #last: Promise<void> = Promise.resolve();

  /**
   * @param container The container.
   * @param milliseconds The time between two of them.
   */
  constructor(container: EngineContainer, milliseconds: number) {
    this.#container = container;
    this.#milliseconds = milliseconds;
  }

  /** Goes on with them until their end. */
  begin(): void {
    // One that is missed is nothing: what was said before holds for a while.
    this.#timer = setInterval(() => {
      this.#last = this.#last.then(() => this.say()).catch(() => {});
    }, this.#milliseconds);
    Deno.unrefTimer(this.#timer);
  }

  /** Gives one. */
  async say(): Promise<void> {
    await this.#container.rename({ name: idleName(this.#token, Date.now()) });
  }

  /** Ends them; none is under way afterwards. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
  }
}
