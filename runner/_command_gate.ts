/**
 * Keeps the host's files and the commands of a container apart in time, where nothing else does.
 *
 * A path that the host has checked may lead elsewhere a moment later if a program changes its directories
 * meanwhile. Inside bubblewrap there is nothing elsewhere; under Deno's flags alone there is, so that
 * there nobody looks at those files while a command runs that may change them.
 *
 * @module
 */

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
} from "../backends/protocol.ts";
import { BackendError } from "../backends/errors.ts";
import type { ExecuteOptions, ExecuteResult, Shell, ShellType } from "../backends/shells/shell.ts";
import { unless } from "./_interruption.ts";

/** Lets operations through together, and commands alone. */
export class CommandGate {
  /** The operations under way. */
  readonly #operations = new Set<Promise<unknown>>();
  /** The commands that run or wait. */
  #commands = 0;
  /** Settles when the last of them has ended. */
  #idle: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Does something to the host's files, once no command runs.
   *
   * @param operate Does it to its end: what is given up may go on for a while, and no command starts
   * before it has ended.
   * @param path The path it is about, for the error.
   * @param signal Ends the waiting.
   * @returns What it returns.
   * @throws {BackendError} `aborted`, if the signal comes first.
   */
  async operate<T>(operate: () => Promise<T>, path: string, signal?: AbortSignal): Promise<T> {
    while (this.#commands > 0) await waited(this.#idle.promise, path, signal);
    const operation = operate();
    const ended = operation.then(() => {}, () => {}).then(() => {
      this.#operations.delete(ended);
    });
    this.#operations.add(ended);
    await waited(ended, path, signal);
    return await operation;
  }

  /**
   * Runs a command, once nobody is at the host's files and no other runs.
   *
   * @param command Runs it.
   * @param path Its directory, for the error.
   * @param signal Ends the waiting.
   * @returns What it returns.
   * @throws {BackendError} `aborted`, if the signal comes first.
   */
  async command<T>(command: () => Promise<T>, path: string, signal?: AbortSignal): Promise<T> {
    if (this.#commands++ === 0) this.#idle = Promise.withResolvers<void>();
    const before = this.#last;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#last = before.then(() => ended);
    try {
      await waited(Promise.all([before, ...this.#operations]), path, signal);
      return await command();
    } finally {
      end();
      if (--this.#commands === 0) this.#idle.resolve();
    }
  }
}

async function waited(until: Promise<unknown>, path: string, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) {
    await until;
    return;
  }
  try {
    await unless(signal, until);
  } catch (cause) {
    throw new BackendError("aborted", path, `The operation on '${path}' was aborted`, { cause });
  }
}

/** Options of {@linkcode GatedShell}. */
export interface GatedShellOptions {
  readonly shell: Shell;
  /** What keeps its commands alone. */
  readonly gate: CommandGate;
  /** Resolves once no command runs: one that was aborted is given up before it has ended. */
  readonly ended: () => Promise<unknown>;
}

/** A shell whose commands run while nobody is at the host's files. */
export class GatedShell implements Shell {
  /** See {@linkcode Shell.type}. */
  readonly type: ShellType;
  readonly #options: GatedShellOptions;

  /** @param options The shell and the gate. */
  constructor(options: GatedShellOptions) {
    this.type = options.shell.type;
    this.#options = options;
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const { shell, gate, ended } = this.#options;
    const { cwd = "/", signal } = options;
    const run = async () => {
      try {
        return await shell.execute(command, options);
      } catch (error) {
        // Where nobody can say, its process is gone, and its container with it.
        await ended().catch(() => {});
        throw error;
      }
    };
    return await gate.command(run, cwd, signal);
  }
}

/** Files of the host that nobody is at while a command runs. */
export class GatedBackend implements Backend {
  readonly #files: Backend;
  readonly #gate: CommandGate;

  /**
   * @param files The files.
   * @param gate What keeps commands away meanwhile.
   */
  constructor(files: Backend, gate: CommandGate) {
    this.#files = files;
    this.#gate = gate;
  }

  /** See {@linkcode Backend.ls}. */
  ls(path: string, options?: OperationOptions): Promise<readonly FileInfo[]> {
    return this.#do((rest) => this.#files.ls(path, rest), path, options);
  }

  /** See {@linkcode Backend.stat}. */
  stat(path: string, options?: OperationOptions): Promise<FileInfo> {
    return this.#do((rest) => this.#files.stat(path, rest), path, options);
  }

  /** See {@linkcode Backend.read}. */
  read(path: string, options?: ReadOptions): Promise<TextSlice> {
    return this.#do((rest) => this.#files.read(path, rest), path, options);
  }

  /** See {@linkcode Backend.readBytes}. */
  readBytes(path: string, options?: ReadBytesOptions): Promise<Uint8Array> {
    return this.#do((rest) => this.#files.readBytes(path, rest), path, options);
  }

  /** See {@linkcode Backend.write}. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<FileInfo> {
    return this.#do((rest) => this.#files.write(path, content, rest), path, options);
  }

  /** See {@linkcode Backend.edit}. */
  edit(path: string, edit: TextEdit, options?: OperationOptions): Promise<EditResult> {
    return this.#do((rest) => this.#files.edit(path, edit, rest), path, options);
  }

  /** See {@linkcode Backend.delete}. */
  delete(path: string, options?: DeleteOptions): Promise<void> {
    return this.#do((rest) => this.#files.delete(path, rest), path, options);
  }

  /** See {@linkcode Backend.move}. */
  move(from: string, to: string, options?: MoveOptions): Promise<FileInfo> {
    return this.#do((rest) => this.#files.move(from, to, rest), from, options);
  }

  /** See {@linkcode Backend.glob}. */
  glob(pattern: string, options?: GlobOptions): Promise<GlobResult> {
    return this.#do((rest) => this.#files.glob(pattern, rest), options?.path ?? "/", options);
  }

  /** See {@linkcode Backend.grep}. */
  grep(query: string, options?: GrepOptions): Promise<GrepResult> {
    return this.#do((rest) => this.#files.grep(query, rest), options?.path ?? "/", options);
  }

  #do<T, O extends OperationOptions>(
    operate: (options: O | undefined) => Promise<T>,
    path: string,
    options: O | undefined,
  ): Promise<T> {
    const rest = options && { ...options, signal: undefined };
    return this.#gate.operate(() => operate(rest), path, options?.signal);
  }
}
