/**
 * Backends that tests put between: failing ones, and wrappers that count.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import { joinPaths } from "../../backends/paths.ts";
import type { Backend, FileInfo } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";

/** Called before each operation of a {@linkcode spiedBackend}; what it throws is the result. */
export type Spy = (operation: keyof Backend, paths: readonly string[]) => void;

/** The same backend, with a word before each operation. */
export function spiedBackend(backend: Backend, spy: Spy): Backend {
  const before = (operation: keyof Backend, ...paths: string[]) => spy(operation, paths);
  return {
    async ls(path, options) {
      before("ls", path);
      return await backend.ls(path, options);
    },
    async stat(path, options) {
      before("stat", path);
      return await backend.stat(path, options);
    },
    async read(path, options) {
      before("read", path);
      return await backend.read(path, options);
    },
    async readBytes(path, options) {
      before("readBytes", path);
      return await backend.readBytes(path, options);
    },
    async write(path, content, options) {
      before("write", path);
      return await backend.write(path, content, options);
    },
    async edit(path, edit, options) {
      before("edit", path);
      return await backend.edit(path, edit, options);
    },
    async delete(path, options) {
      before("delete", path);
      await backend.delete(path, options);
    },
    async move(from, to, options) {
      before("move", from, to);
      return await backend.move(from, to, options);
    },
    async glob(pattern, options) {
      before("glob", options?.path ?? "/");
      return await backend.glob(pattern, options);
    },
    async grep(query, options) {
      before("grep", options?.path ?? "/");
      return await backend.grep(query, options);
    },
  };
}

/** A backend whose storage is gone. */
export function brokenBackend(backend: Backend): Backend {
  return spiedBackend(backend, (operation, [path = "/"]) => {
    throw new BackendError("io", path, `Cannot ${operation} '${path}': the disk is gone`);
  });
}

/** Every file of a tree and every directory, with the files' text. */
export async function everything(
  backend: Backend,
  path = "/",
): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {};
  for (const entry of await backend.ls(path)) {
    if (entry.type === "directory") {
      found[entry.path] = null;
      Object.assign(found, await everything(backend, entry.path));
    } else {
      found[entry.path] = new TextDecoder().decode(await backend.readBytes(entry.path));
    }
  }
  return found;
}

/** Directories without end, as links that lead back to where they are show them. */
export class EndlessBackend extends StateBackend {
  override stat(path: string): Promise<FileInfo> {
    return Promise.resolve({ path, type: "directory", size: 0, modified: 0, version: "" });
  }
  override ls(path: string): Promise<readonly FileInfo[]> {
    return Promise.all(["a", "b", "c"].map((name) => this.stat(joinPaths(path, `/${name}`))));
  }
}
