/**
 * Finds any of many byte sequences in one pass, however many there are (Aho and Corasick, 1975).
 *
 * @module
 */

/** A state is a number; 0 is the one in which nothing is begun. */
export class SecretTrie {
  readonly #root = new Int32Array(256);
  /** By state: the first of the states that one byte leads to, and the next one beside it. */
  readonly #child: Int32Array;
  readonly #sibling: Int32Array;
  readonly #label: Uint8Array;
  /** By state: the longest state that it ends with. */
  readonly #fail: Int32Array;
  readonly #depth: Int32Array;
  readonly #longest: Int32Array;
  /** By state: how many of the last bytes a sequence may go on with. */
  readonly #begun: Int32Array;
  #size = 1;

  /** @param patterns The sequences, none of them empty. */
  constructor(patterns: readonly Uint8Array[]) {
    const size = patterns.reduce((sum, pattern) => sum + pattern.length, 1);
    this.#child = new Int32Array(size);
    this.#sibling = new Int32Array(size);
    this.#label = new Uint8Array(size);
    this.#fail = new Int32Array(size);
    this.#depth = new Int32Array(size);
    this.#longest = new Int32Array(size);
    this.#begun = new Int32Array(size);
    for (const pattern of patterns) this.#add(pattern);
    this.#link();
  }

  /** The state after another byte. */
  next(state: number, byte: number): number {
    let from = state;
    while (from !== 0) {
      const child = this.#childOf(from, byte);
      if (child !== 0) return child;
      from = this.#fail[from] ?? 0;
    }
    return this.#root[byte] ?? 0;
  }

  /** How many of the last bytes are the beginning of a sequence, and not the whole of it. */
  begun(state: number): number {
    return this.#begun[state] ?? 0;
  }

  /** The length of the longest sequence that the last bytes are; 0 for none. */
  found(state: number): number {
    return this.#longest[state] ?? 0;
  }

  /** Whether a sequence begins with a byte. */
  begins(byte: number): boolean {
    return this.#root[byte] !== 0;
  }

  #childOf(state: number, byte: number): number {
    let child = this.#child[state] ?? 0;
    while (child !== 0 && this.#label[child] !== byte) child = this.#sibling[child] ?? 0;
    return child;
  }

  #add(pattern: Uint8Array): void {
    let state = 0;
    for (const byte of pattern) {
      let child = this.#childOf(state, byte);
      if (child === 0) {
        child = this.#size++;
        this.#label[child] = byte;
        this.#depth[child] = (this.#depth[state] ?? 0) + 1;
        this.#sibling[child] = this.#child[state] ?? 0;
        this.#child[state] = child;
        if (state === 0) this.#root[byte] = child;
      }
      state = child;
    }
    this.#longest[state] = pattern.length;
  }

  /** In order of length, so that what a state falls back to is linked before it. */
  #link(): void {
    const order = [0];
    for (const state of order) {
      for (let child = this.#child[state] ?? 0; child !== 0; child = this.#sibling[child] ?? 0) {
        const fail = state === 0 ? 0 : this.next(this.#fail[state] ?? 0, this.#label[child] ?? 0);
        this.#fail[child] = fail;
        this.#longest[child] = Math.max(this.found(child), this.found(fail));
        const goesOn = this.#child[child] !== 0;
        this.#begun[child] = (goesOn ? this.#depth[child] : this.#begun[fail]) ?? 0;
        order.push(child);
      }
    }
  }
}
