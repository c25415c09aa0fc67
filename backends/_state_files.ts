/**
 * The files of a `StateBackend` as a program reads them, without a promise.
 *
 * @module
 */

import { type DirectoryNode, type FileNode, lookUp, walkFiles } from "./_state_tree.ts";
import { BackendError } from "./errors.ts";

/** A file in memory, as it was when it was looked up. */
export interface StateFile {
  /** A copy of its bytes. */
  readonly bytes: Uint8Array;
  /** Its bytes as text; reading it throws a `BackendError` with `not_text` if they are not UTF-8. */
  readonly text: string;
  /** When it last changed, in milliseconds since the epoch. */
  readonly modified: number;
  /** An opaque word that is another one after each change. */
  readonly version: string;
}

class StateFileView implements StateFile {
  readonly #path: string;
  readonly #node: FileNode;

  constructor(path: string, node: FileNode) {
    this.#path = path;
    this.#node = node;
  }

  get bytes(): Uint8Array {
    return this.#node.bytes.slice();
  }

  get text(): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#node.bytes);
    } catch (error) {
      throw new BackendError(
        "not_text",
        this.#path,
        `Cannot read '${this.#path}' as text: it is not UTF-8`,
        { cause: error },
      );
    }
  }

  get modified(): number {
    return this.#node.modified;
  }

  get version(): string {
    return this.#node.version;
  }
}

/** The live map of a tree's files, sorted by path. Keys are canonical paths. */
export class StateFiles implements ReadonlyMap<string, StateFile> {
  readonly #root: DirectoryNode;

  /** @param root The root of the tree. */
  constructor(root: DirectoryNode) {
    this.#root = root;
  }

  get size(): number {
    let size = 0;
    for (const _ of this.#walk()) size++;
    return size;
  }

  get(path: string): StateFile | undefined {
    const node = path.startsWith("/") ? lookUp(this.#root, path) : null;
    if (node === null || node === "in_file" || node.type !== "file") return undefined;
    return new StateFileView(path, node);
  }

  has(path: string): boolean {
    return this.get(path) !== undefined;
  }

  *keys(): MapIterator<string> {
    for (const { path } of this.#walk()) yield path;
  }

  *values(): MapIterator<StateFile> {
    for (const { path, node } of this.#walk()) yield new StateFileView(path, node);
  }

  *entries(): MapIterator<[string, StateFile]> {
    for (const { path, node } of this.#walk()) yield [path, new StateFileView(path, node)];
  }

  [Symbol.iterator](): MapIterator<[string, StateFile]> {
    return this.entries();
  }

  forEach(
    callback: (file: StateFile, path: string, files: ReadonlyMap<string, StateFile>) => void,
    thisArgument?: unknown,
  ): void {
    for (const [path, file] of this) callback.call(thisArgument, file, path, this);
  }

  #walk() {
    return walkFiles(this.#root, "/", () => true);
  }
}
