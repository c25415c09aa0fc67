/**
 * Backends of another process: the ten operations over a {@linkcode Channel}.
 *
 * One side serves, the other has a `RemoteBackend`; a process in between may pass calls on without
 * looking into them. The serving side trusts no caller: it checks each call field by field.
 *
 * @module
 */

import {
  BACKEND_CALL,
  type CallFields,
  callTarget,
  encodeCall,
  type Operation,
  performCall,
} from "./_calls.ts";
import { throwIfAborted } from "./_checks.ts";
import { MessageSizeError } from "./_frames.ts";
import { isObject } from "./_messages.ts";
import {
  parseBytes,
  parseEditResult,
  parseFileInfo,
  parseFileInfos,
  parseGlobResult,
  parseGrepResult,
  parseTextSlice,
} from "./_results.ts";
import { encodeText } from "./_text.ts";
import { type Call, Channel, type Reply } from "./channel.ts";
import { BackendError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
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

/**
 * Answers backend calls that arrive on a channel.
 *
 * @param channel Where the calls come from.
 * @param route For the name in a call: the backend that performs it, or the channel that it is
 * passed on to as it is, or `undefined`, which refuses the call.
 */
export function serveBackends(
  channel: Channel,
  route: (name: string) => Backend | Channel | undefined,
): void {
  channel.handle(BACKEND_CALL, (call) => {
    const name = callTarget(call.params);
    const target = route(name);
    if (target === undefined) throw new TypeError(`There is no backend '${name}' here`);
    if (!(target instanceof Channel)) return serve(target, call);
    return target.request(BACKEND_CALL, call.params, { bytes: call.bytes, signal: call.signal });
  });
}

/** What the storage itself says may tell of the host: it stays in this process. */
async function serve(backend: Backend, call: Call): Promise<Reply> {
  try {
    return await performCall(backend, call);
  } catch (error) {
    if (
      error instanceof BackendError || error instanceof RangeError || error instanceof TypeError
    ) {
      throw error;
    }
    const path = isObject(call.params) && typeof call.params.path === "string"
      ? call.params.path
      : "/";
    const reason = error instanceof Error ? error.name : "Error";
    throw new BackendError("io", path, `The storage of '${path}' failed (${reason})`, {
      cause: error,
    });
  }
}

/**
 * A backend of another process.
 *
 * @example
 * ```ts
 * import { Channel } from "./channel.ts";
 * import { RemoteBackend, serveBackends } from "./remote.ts";
 * import { StateBackend } from "./state.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const there = new TransformStream<Uint8Array, Uint8Array>();
 * const back = new TransformStream<Uint8Array, Uint8Array>();
 * const memory = new StateBackend();
 * const server = new Channel({ readable: there.readable, writable: back.writable });
 * serveBackends(server, (name) => name === "memory" ? memory : undefined);
 *
 * const channel = new Channel({ readable: back.readable, writable: there.writable });
 * const backend = new RemoteBackend({ channel, name: "memory" });
 * await backend.write("/notes.txt", "remember");
 * assertEquals((await backend.read("/notes.txt")).text, "remember");
 * await channel.close();
 * ```
 */
export class RemoteBackend implements Backend {
  readonly #channel: Channel;
  readonly #name: string;

  /** @param options The channel to the process, and what it calls the backend. */
  constructor(options: { readonly channel: Channel; readonly name: string }) {
    this.#channel = options.channel;
    this.#name = options.name;
  }

  /** See {@linkcode Backend.ls}. */
  async ls(path: string, options: OperationOptions = {}): Promise<readonly FileInfo[]> {
    return await this.#call("ls", path, { path }, options, (reply) => parseFileInfos(reply.value));
  }

  /** See {@linkcode Backend.stat}. */
  async stat(path: string, options: OperationOptions = {}): Promise<FileInfo> {
    return await this.#call("stat", path, { path }, options, (reply) => parseFileInfo(reply.value));
  }

  /** See {@linkcode Backend.read}. */
  async read(path: string, options: ReadOptions = {}): Promise<TextSlice> {
    const { offset, limit } = options;
    return await this.#call("read", path, { path, offset, limit }, options, parseTextSlice);
  }

  /** See {@linkcode Backend.readBytes}. */
  async readBytes(path: string, options: ReadBytesOptions = {}): Promise<Uint8Array> {
    const { offset, length } = options;
    return await this.#call("readBytes", path, { path, offset, length }, options, parseBytes);
  }

  /** See {@linkcode Backend.write}. */
  async write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<FileInfo> {
    const { overwrite } = options;
    const text = typeof content === "string" ? true : undefined;
    // Refused here already, so that no message is built that is too large to send.
    if (content.length > LIMITS.contentBytes) throw tooLarge(path);
    const bytes = typeof content === "string" ? encodeText(canonicalPath(path), content) : content;
    const fields: CallFields = { path, overwrite, text };
    const parse = (reply: Reply) => parseFileInfo(reply.value);
    return await this.#call("write", path, fields, options, parse, bytes);
  }

  /** See {@linkcode Backend.edit}. */
  async edit(path: string, edit: TextEdit, options: OperationOptions = {}): Promise<EditResult> {
    const { oldText, newText, replaceAll } = edit;
    const fields = { path, oldText, newText, replaceAll };
    return await this.#call("edit", path, fields, options, (reply) => parseEditResult(reply.value));
  }

  /** See {@linkcode Backend.delete}. */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    await this.#call("delete", path, { path, recursive: options.recursive }, options, () => {});
  }

  /** See {@linkcode Backend.move}. */
  async move(from: string, to: string, options: MoveOptions = {}): Promise<FileInfo> {
    const fields = { path: from, to, overwrite: options.overwrite };
    return await this.#call("move", from, fields, options, (reply) => parseFileInfo(reply.value));
  }

  /** See {@linkcode Backend.glob}. */
  async glob(pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    const { path, limit } = options;
    const fields = { pattern, path, limit };
    const parse = (reply: Reply) => parseGlobResult(reply.value);
    return await this.#call("glob", path ?? "/", fields, options, parse);
  }

  /** See {@linkcode Backend.grep}. */
  async grep(query: string, options: GrepOptions = {}): Promise<GrepResult> {
    const { path, glob, regex, ignoreCase, limit } = options;
    const fields = { query, path, glob, regex, ignoreCase, limit };
    const parse = (reply: Reply) => parseGrepResult(reply.value);
    return await this.#call("grep", path ?? "/", fields, options, parse);
  }

  /** One request; whatever goes wrong comes out as what a backend throws. */
  async #call<T>(
    operation: Operation,
    path: string,
    fields: CallFields,
    options: OperationOptions,
    parse: (reply: Reply) => T,
    bytes?: Uint8Array,
  ): Promise<T> {
    const { signal } = options;
    throwIfAborted(signal, path);
    try {
      const params = encodeCall(this.#name, operation, fields);
      return parse(await this.#channel.request(BACKEND_CALL, params, { bytes, signal }));
    } catch (error) {
      throwIfAborted(signal, path);
      if (error instanceof MessageSizeError) throw tooLarge(path, error);
      if (
        error instanceof BackendError || error instanceof TypeError || error instanceof RangeError
      ) {
        throw error;
      }
      const reason = error instanceof Error ? error.message : String(error);
      throw new BackendError("io", path, `The storage of '${path}' cannot be reached: ${reason}`, {
        cause: error,
      });
    }
  }
}

function tooLarge(path: string, cause?: unknown): BackendError {
  return new BackendError(
    "too_large",
    path,
    `The operation on '${path}' is too large to cross between processes: do it in smaller parts`,
    { cause },
  );
}
