/**
 * What one command of the virtual shell has written so far, and its limits.
 *
 * @module
 */

import { isWithin } from "../paths.ts";

/** Limits of {@linkcode Usage}. */
export interface UsageLimits {
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes of all files that it leaves. */
  readonly bytes: number;
  /** Files that it changes, makes or deletes. */
  readonly files: number;
}

/** Counts the changes of one command. */
export class Usage {
  readonly #limits: UsageLimits;
  readonly #exceed: (message: string) => never;
  readonly #changed = new Set<string>();
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  /**
   * @param limits How much it may write.
   * @param exceed Ends the command.
   */
  constructor(limits: UsageLimits, exceed: (message: string) => never) {
    this.#limits = limits;
    this.#exceed = exceed;
  }

  /** Counts a file before it is written. */
  write(path: string, size: number): void {
    const { fileBytes, bytes } = this.#limits;
    if (size > fileBytes) this.#exceed(`file size limit exceeded (${fileBytes} bytes)`);
    const total = this.#bytes + size - (this.#sizes.get(path) ?? 0);
    if (total > bytes) this.#exceed(`written bytes limit exceeded (${bytes} bytes)`);
    this.change(path);
    this.#sizes.set(path, size);
    this.#bytes = total;
  }

  /** Counts any change of a path before it is made. */
  change(path: string): void {
    this.#changed.add(path);
    if (this.#changed.size <= this.#limits.files) return;
    this.#exceed(`changed files limit exceeded (${this.#limits.files})`);
  }

  /** Gives back what is gone: everything at and below a path. */
  release(path: string): void {
    for (const [written, size] of this.#sizes) {
      if (!isWithin(written, path)) continue;
      this.#sizes.delete(written);
      this.#bytes -= size;
    }
  }
}
