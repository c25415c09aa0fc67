/**
 * Stages of another process: a {@linkcode Stage} over a {@linkcode Channel}.
 *
 * @module
 */

import type { Call, Channel, Reply } from "../channel.ts";
import { BackendError } from "../errors.ts";
import type { OperationOptions } from "../protocol.ts";
import {
  encodeEntries,
  encodeFiles,
  parseChanges,
  parseEntries,
  parseFiles,
  parsePaths,
} from "./_stage_calls.ts";
import type { Stage, StageChanges, StagedEntry } from "./stage.ts";

/** The methods of all calls of a stage: a process in between passes them on as they are. */
export const STAGE_METHODS = {
  put: "stage.put",
  delete: "stage.delete",
  changes: "stage.changes",
  read: "stage.read",
  reset: "stage.reset",
} as const;

/**
 * Answers calls of a stage that arrive on a channel.
 *
 * @param channel Where the calls come from.
 * @param stage Asked for each call: the stage, or the channel that it is passed on to, or `undefined`,
 * which refuses it.
 */
export function serveStage(channel: Channel, stage: () => Stage | Channel | undefined): void {
  const handle = (method: string, perform: (stage: Stage, call: Call) => Promise<Reply>) =>
    channel.handle(method, async (call) => {
      const target = stage();
      if (target === undefined) throw new TypeError("There is no stage here");
      if (isStage(target)) return await guarded(() => perform(target, call));
      return await target.request(method, call.params, { bytes: call.bytes, signal: call.signal });
    });
  handle(STAGE_METHODS.put, async (stage, call) => {
    await stage.put(parseEntries(call.params, call.bytes), call);
    return {};
  });
  handle(STAGE_METHODS.delete, async (stage, call) => {
    await stage.delete(parsePaths(call.params), call);
    return {};
  });
  handle(STAGE_METHODS.changes, async (stage, call) => ({ value: await stage.changes(call) }));
  handle(STAGE_METHODS.read, async (stage, call) => {
    return encodeFiles(await stage.read(parsePaths(call.params), call));
  });
  handle(STAGE_METHODS.reset, async (stage, call) => {
    await stage.reset(call);
    return {};
  });
}

/** The stage of another process. */
export class RemoteStage implements Stage {
  readonly #channel: Channel;

  /** @param options The channel to the process. */
  constructor(options: { readonly channel: Channel }) {
    this.#channel = options.channel;
  }

  /** See {@linkcode Stage.put}. */
  async put(entries: readonly StagedEntry[], options: OperationOptions = {}): Promise<void> {
    const { params, bytes } = encodeEntries(entries);
    await this.#ask("put", params, options, bytes);
  }

  /** See {@linkcode Stage.delete}. */
  async delete(paths: readonly string[], options: OperationOptions = {}): Promise<void> {
    await this.#ask("delete", { paths }, options);
  }

  /** See {@linkcode Stage.changes}. */
  async changes(options: OperationOptions = {}): Promise<StageChanges> {
    return parseChanges((await this.#ask("changes", {}, options)).value);
  }

  /** See {@linkcode Stage.read}. */
  async read(
    paths: readonly string[],
    options: OperationOptions = {},
  ): Promise<readonly (Uint8Array | undefined)[]> {
    return parseFiles(await this.#ask("read", { paths }, options), paths.length);
  }

  /** See {@linkcode Stage.reset}. */
  async reset(options: OperationOptions = {}): Promise<void> {
    await this.#ask("reset", {}, options);
  }

  async #ask(
    method: keyof typeof STAGE_METHODS,
    params: unknown,
    { signal }: OperationOptions,
    bytes?: Uint8Array,
  ): Promise<Reply> {
    try {
      return await this.#channel.request(STAGE_METHODS[method], params, { bytes, signal });
    } catch (error) {
      if (signal?.aborted) {
        const cause = signal.reason;
        throw new BackendError("aborted", "/", "The operation on '/' was aborted", { cause });
      }
      if (error instanceof BackendError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new BackendError("io", "/", `The shell cannot be reached: ${reason}`, { cause: error });
    }
  }
}

function isStage(target: Stage | Channel): target is Stage {
  return "changes" in target;
}

/** What went wrong with the host's own files stays in this process. */
async function guarded(perform: () => Promise<Reply>): Promise<Reply> {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof BackendError || error instanceof TypeError) throw error;
    const reason = error instanceof Error ? error.name : "Error";
    throw new BackendError("io", "/", `The stage failed (${reason})`, { cause: error });
  }
}
