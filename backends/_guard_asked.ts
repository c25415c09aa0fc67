/**
 * What a search passes over because somebody would have to approve it first.
 *
 * @module
 */

import type { Judge } from "./judge.ts";
import { comparePaths, isWithin, parentPath } from "./paths.ts";
import type { SearchFailure } from "./protocol.ts";

/** More of them are only counted. */
const NAMED = 20;

/** Takes what a search meets, and tells what it could not open. */
export class AskedFor {
  readonly #judge: Judge;
  readonly #path: string;
  readonly #places = new Map<string, string>();

  /**
   * @param judge Who decides.
   * @param path The canonical path that is searched.
   */
  constructor(judge: Judge, path: string) {
    this.#judge = judge;
    this.#path = path;
  }

  /** Whether a file may be opened. One that somebody would have to approve is remembered. */
  isReadable(file: string): boolean {
    const { verdict } = this.#judge.judge("read", file);
    if (verdict === "ask") this.#add(file);
    return verdict === "allow";
  }

  /**
   * What could not be searched.
   *
   * @param others The failures of the search itself: those of hidden places are left out.
   */
  failures(others: readonly SearchFailure[] = []): readonly SearchFailure[] {
    const all = new Map<string, SearchFailure>();
    for (const failure of others) {
      if (this.#isShown(failure.path)) all.set(`${failure.path}\n${failure.message}`, failure);
    }
    const places = [...this.#places].sort(([a], [b]) => comparePaths(a, b));
    for (const [path, reason] of places.slice(0, NAMED)) {
      all.set(path, { path, message: `Cannot search '${path}': ${reason}` });
    }
    if (places.length > NAMED) {
      const path = this.#path;
      const message = `${places.length - NAMED} more files or directories were not searched: ` +
        "rules ask for an approval first";
      all.set("", { path, message });
    }
    return [...all.values()].sort((a, b) => comparePaths(a.path, b.path));
  }

  /** The topmost directory that has to be approved stands for all that is in it. */
  #add(file: string): void {
    let top = file;
    for (let up = parentPath(file); isWithin(up, this.#path); up = parentPath(up)) {
      if (this.#places.has(up)) return;
      if (this.#judge.judge("read", up).verdict === "ask") top = up;
      if (up === "/") break;
    }
    this.#places.set(top, this.#judge.judge("read", top).reason);
  }

  #isShown(path: string): boolean {
    return this.#judge.judge("read", path).verdict !== "deny" || this.#judge.leadsTo(path);
  }
}
