/**
 * What of a container is of the tree of its box, and what is the image's or somebody else's.
 *
 * @module
 */

import { SYSTEM_DIRECTORIES } from "../shells/shell.ts";
import { type ImageEntries, SHARED } from "./_init.ts";
import type { BoxOptions } from "./options.ts";
import { checkMounts } from "./_places.ts";
import type { Territory } from "./_prelude.ts";
import { withoutSlash } from "./_settings.ts";

/** Whose the paths of a container are. */
export class BoxTree implements Territory {
  /** What the image brought, once that is known. */
  entries: ImageEntries = { hidden: [], top: [], made: [], server: "" };
  /** Where files of elsewhere are brought. */
  readonly staged: readonly string[];
  /** Where commands may change what is not brought. */
  readonly watched: readonly string[];
  readonly #mounts: readonly string[];
  readonly #volumes: readonly string[];
  readonly #native: readonly string[];

  /**
   * @param box What stands where.
   * @throws {TypeError} If something cannot stand where it is to.
   */
  constructor(box: BoxOptions) {
    const { mounts = [], native = [], staged = [], volumes = {}, readOnly = false } = box;
    checkMounts(box);
    this.staged = staged.map(withoutSlash);
    const isNative = !this.staged.includes("/");
    if (readOnly && !isNative) {
      throw new TypeError(
        "A sandbox that is read-only has no place for files that are staged at '/'",
      );
    }
    this.#mounts = mounts.map(({ prefix }) => withoutSlash(prefix));
    this.#volumes = Object.keys(volumes).map(withoutSlash);
    this.#native = native.map(withoutSlash);
    const written = mounts.filter(({ access }) => access === "read-write");
    this.watched = [
      ...(isNative ? ["/"] : this.#native),
      ...written.map(({ prefix }) => withoutSlash(prefix)),
    ];
  }

  /** What is not of the box's own tree. */
  get own(): readonly string[] {
    const staged = this.staged.filter((path) => path !== "/");
    return [...SYSTEM_DIRECTORIES, ...this.entries.hidden, ...this.#mounts, ...staged];
  }

  /** What a snapshot leaves out: volumes outlive the container, and others may use them meanwhile. */
  get unkept(): readonly string[] {
    return [...this.own, ...this.#volumes];
  }

  /** What is not brought, although it may be below what is. */
  get unstaged(): readonly string[] {
    const { hidden, top: all, made } = this.entries;
    const prefixes = [...this.#mounts, ...this.#native].filter((path) => path !== "/");
    const top = all.filter((path) => ![...this.staged, ...SHARED, ...made].includes(path));
    return [...SYSTEM_DIRECTORIES, ...hidden, ...prefixes, ...top];
  }
}
