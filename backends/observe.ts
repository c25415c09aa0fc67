/**
 * A backend that tells of every change once it is made.
 *
 * @module
 */

import { canonicalPath } from "./paths.ts";
import type {
  Backend,
  DeleteOptions,
  EditResult,
  FileInfo,
  GlobOptions,
  GlobResult,
  GrepOptions,
  GrepResult,
  MoveOptions,
  OperationOptions,
  ReadBytesOptions,
  ReadOptions,
  TextEdit,
  TextSlice,
  WriteOptions,
} from "./protocol.ts";

/** A change that was made. */
export interface ObservedChange {
  /** The operation that made it. */
  readonly operation: "write" | "edit" | "delete" | "move";
  /** The canonical path that changed; for a move, the new one. */
  readonly path: string;
  /** Where a moved file or directory was before. */
  readonly from?: string;
}

/**
 * Watches a backend.
 *
 * @param backend The backend.
 * @param onChange Told of each change after it has succeeded, before its caller is.
 * @returns The same files, observed: what changes them by another way is not told of.
 *
 * @example
 * ```ts
 * import { observeBackend } from "./observe.ts";
 * import { StateBackend } from "./state.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const changes: string[] = [];
 * const memory = new StateBackend();
 * const backend = observeBackend(memory, ({ operation, path }) => {
 *   changes.push(`${operation} ${path}`);
 * });
 * await backend.write("/notes.txt", "remember");
 * assertEquals(changes, ["write /notes.txt"]);
 * ```
 */
export function observeBackend(
  backend: Backend,
  onChange: (change: ObservedChange) => void,
): Backend {
  return new ObservedBackend(backend, onChange);
}

class ObservedBackend implements Backend {
  readonly #backend: Backend;
  readonly #onChange: (change: ObservedChange) => void;

  constructor(backend: Backend, onChange: (change: ObservedChange) => void) {
    this.#backend = backend;
    this.#onChange = onChange;
  }

  ls(path: string, options?: OperationOptions): Promise<readonly FileInfo[]> {
    return this.#backend.ls(path, options);
  }

  stat(path: string, options?: OperationOptions): Promise<FileInfo> {
    return this.#backend.stat(path, options);
  }

  read(path: string, options?: ReadOptions): Promise<TextSlice> {
    return this.#backend.read(path, options);
  }

  readBytes(path: string, options?: ReadBytesOptions): Promise<Uint8Array> {
    return this.#backend.readBytes(path, options);
  }

  async write(
    path: string,
    content: string | Uint8Array,
    options?: WriteOptions,
  ): Promise<FileInfo> {
    const info = await this.#backend.write(path, content, options);
    this.#onChange({ operation: "write", path: info.path });
    return info;
  }

  async edit(path: string, edit: TextEdit, options?: OperationOptions): Promise<EditResult> {
    const result = await this.#backend.edit(path, edit, options);
    this.#onChange({ operation: "edit", path: result.file.path });
    return result;
  }

  async delete(path: string, options?: DeleteOptions): Promise<void> {
    await this.#backend.delete(path, options);
    this.#onChange({ operation: "delete", path: canonicalPath(path) });
  }

  async move(from: string, to: string, options?: MoveOptions): Promise<FileInfo> {
    const info = await this.#backend.move(from, to, options);
    this.#onChange({ operation: "move", path: info.path, from: canonicalPath(from) });
    return info;
  }

  glob(pattern: string, options?: GlobOptions): Promise<GlobResult> {
    return this.#backend.glob(pattern, options);
  }

  grep(query: string, options?: GrepOptions): Promise<GrepResult> {
    return this.#backend.grep(query, options);
  }
}
