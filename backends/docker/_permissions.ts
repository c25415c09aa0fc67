/**
 * What is known of the permissions of files in a container: to ask for them takes as long as a write.
 *
 * @module
 */

/** How many are remembered. */
const MOST = 10_000;

/** The permissions of files that were written, as long as nobody else can have changed them. */
export class KnownPermissions {
  readonly #isShared: boolean;
  readonly #known = new Map<string, number>();
  #others = 0;

  /** @param isShared Whether others may change them at any time. */
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /**
   * @param path The path of a file.
   * @returns Its permissions in octal; `undefined` if they are not known.
   */
  of(path: string): string | undefined {
    return this.#known.get(path)?.toString(8).padStart(3, "0");
  }

  /**
   * @param path The path of a file.
   * @param permissions What was seen right now.
   */
  set(path: string, permissions: number): void {
    if (this.#isShared || this.#others > 0) return;
    if (this.#known.size >= MOST) this.forget();
    this.#known.set(path, permissions);
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#known.clear();
  }

  /**
   * Does something that may change them.
   *
   * @param work What.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#others += 1;
    this.forget();
    try {
      return await work();
    } finally {
      this.#others -= 1;
    }
  }
}
