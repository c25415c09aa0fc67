/**
 * The backend that stands where a composite has no default.
 *
 * @module
 */

import { BackendError } from "./errors.ts";
import { canonicalPath } from "./paths.ts";
import type {
  Backend,
  EditResult,
  FileInfo,
  GlobOptions,
  GlobResult,
  GrepOptions,
  GrepResult,
  TextSlice,
} from "./protocol.ts";

/** An empty directory that cannot be changed. */
export class NoFiles implements Backend {
  ls(path: string): Promise<readonly FileInfo[]> {
    return answer(path, "list", () => []);
  }

  stat(path: string): Promise<FileInfo> {
    const root = { path: "/", type: "directory", size: 0, modified: 0, version: "" } as const;
    return answer(path, "find", () => root);
  }

  read(path: string): Promise<TextSlice> {
    return answer(path, "read", isDirectory);
  }

  readBytes(path: string): Promise<Uint8Array> {
    return answer(path, "read", isDirectory);
  }

  write(path: string): Promise<FileInfo> {
    return refuse(path, "write");
  }

  edit(path: string): Promise<EditResult> {
    return refuse(path, "edit");
  }

  delete(path: string): Promise<void> {
    return refuse(path, "delete");
  }

  move(from: string): Promise<FileInfo> {
    return refuse(from, "move");
  }

  glob(_pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    const nothing = { files: [], truncated: false, failures: [] };
    return answer(options.path ?? "/", "search", () => nothing);
  }

  grep(_query: string, options: GrepOptions = {}): Promise<GrepResult> {
    const counts = { filesSearched: 0, filesSkipped: 0 };
    const nothing = { matches: [], truncated: false, failures: [], ...counts };
    return answer(options.path ?? "/", "search", () => nothing);
  }
}

function isDirectory(): never {
  throw new BackendError("is_directory", "/", "Cannot read '/': it is a directory");
}

async function answer<T>(path: string, verb: string, root: () => T): Promise<T> {
  const at = canonicalPath(path);
  if (at === "/") return await root();
  throw new BackendError("not_found", at, `Cannot ${verb} '${at}': it does not exist`);
}

async function refuse(path: string, verb: string): Promise<never> {
  const at = await canonicalPath(path);
  throw new BackendError("denied", at, `Cannot ${verb} '${at}': nothing can be kept there`);
}
