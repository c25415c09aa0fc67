/**
 * A tree of files in a container, and commands over it.
 *
 * @module
 */

import { joinBytes } from "../_bytes.ts";
import { checkLimit, checkOffset, throwIfAborted } from "../_checks.ts";
import { localError } from "../_local_errors.ts";
import { applyEdit, decodeText, encodeContent, encodeText, LineSlicer } from "../_text.ts";
import { LIMITS } from "../limits.ts";
import { canonicalPath } from "../paths.ts";
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
} from "../protocol.ts";
import { CommandQueue } from "../shells/_request.ts";
import type { ExecuteOptions, ExecuteResult, Shell } from "../shells/shell.ts";
import type { Stage } from "../shells/stage.ts";
import { DockerBox } from "./_box.ts";
import type { DockerFiles } from "./_files.ts";
import type { BoxOptions, EngineAddress } from "./options.ts";
import { searchFiles, searchLines } from "./_search.ts";

/** Options of {@linkcode DockerSandbox}. */
export interface DockerSandboxOptions extends BoxOptions {
  /**
   * The engine.
   *
   * @default {the one that `DOCKER_HOST` names, or the first that answers}
   */
  readonly engine?: EngineAddress | undefined;
  /** Told of what the engine says while an image is pulled or built, a line each. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** What it is for, for the list of sandboxes. */
  readonly purpose?: string | undefined;
}

/** How often an edit is tried whose file others change meanwhile. */
const EDIT_ATTEMPTS = 5;

/**
 * A container: a backend whose files are in it, at the paths that they have there, and a shell whose
 * commands run in it.
 *
 * The tree is the container's root without the system's own directories and without what its image
 * has in `/var`, `/opt` and their like. Commands run as an ordinary user without capabilities and, unless
 * the options say otherwise, without network. The container is made at the first use and removed by
 * `dispose`; where this program is killed it ends by itself, and a later run removes it.
 *
 * @example A container for everything, with a directory of the machine in it
 * ```ts ignore
 * import { CompositeBackend, DockerSandbox, LocalBackend } from "@routebook/routebook";
 *
 * await using box = new DockerSandbox({
 *   runtime: "python-datascience",
 *   mounts: [{ prefix: "/local/", directory: "/home/me/local", access: "read" }],
 * });
 * const local = new LocalBackend({ rootDir: "/home/me/local", access: "read" });
 * const backend = new CompositeBackend({ default: box, routes: { "/local/": local } });
 * await backend.write("/count.py", "print(len(open('/local/sales.csv').readlines()))\n");
 * console.log((await box.execute("python3 /count.py")).stdout.text);
 * ```
 */
export class DockerSandbox implements Backend, Shell, AsyncDisposable {
  /** See {@linkcode Shell.type}. */
  readonly type = "docker";
  /** See {@linkcode Shell.network}. */
  readonly network: boolean;
  /** Files of elsewhere at the prefixes of `staged`, for whoever brings and fetches them. */
  readonly stage: Stage;
  readonly #box: DockerBox;
  readonly #edits = new CommandQueue();

  /**
   * Makes a sandbox. Nothing is started before its first use.
   *
   * @param options What it is made of, and what it may take.
   * @throws {TypeError} If an option is not what it must be.
   * @throws {UnknownRuntimeError} If no runtime has the name that is given.
   */
  constructor(options: DockerSandboxOptions) {
    this.#box = new DockerBox(options);
    this.stage = this.#box.stage;
    this.network = options.network === "bridge";
  }

  /** The container's id, once it is there. */
  get id(): string | undefined {
    return this.#box.id;
  }

  /**
   * Starts the container, if it does not run.
   *
   * @param signal Ends the start, and the pull or build of the image.
   * @throws {BackendError} `unsupported` if there is no engine or the image cannot be a sandbox, `io` if
   * the engine fails or there is no image.
   */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#box.use(() => Promise.resolve(), signal);
  }

  /** See {@linkcode Backend.ls}. */
  async ls(path: string, options: OperationOptions = {}): Promise<readonly FileInfo[]> {
    return await this.#run(path, options, (files, path) => files.list(path, options.signal));
  }

  /** See {@linkcode Backend.stat}. */
  async stat(path: string, options: OperationOptions = {}): Promise<FileInfo> {
    const { signal } = options;
    return await this.#run(path, options, (files, path) => {
      return files.look({ verb: "find", path, signal });
    });
  }

  /** See {@linkcode Backend.read}. The whole file passes by, and no more of it is kept than asked for. */
  async read(path: string, options: ReadOptions = {}): Promise<TextSlice> {
    const { signal } = options;
    return await this.#run(path, options, async (files, path) => {
      const slicer = new LineSlicer(path, options);
      const subject = { verb: "read", path, signal } as const;
      const all = { offset: 0, length: undefined };
      const { version } = await files.read(subject, all, (bytes) => slicer.push(bytes));
      return { ...slicer.finish(), version };
    });
  }

  /** See {@linkcode Backend.readBytes}. */
  async readBytes(path: string, options: ReadBytesOptions = {}): Promise<Uint8Array> {
    const { signal } = options;
    return await this.#run(path, options, async (files, path) => {
      const offset = checkOffset(options.offset);
      const wanted = checkLimit("Length", options.length, Infinity, 0);
      const length = Math.min(wanted, LIMITS.contentBytes + 1);
      return await readAll(files, { verb: "read", path, signal }, { offset, length });
    });
  }

  /** See {@linkcode Backend.write}. */
  async write(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<FileInfo> {
    const { overwrite = true, signal } = options;
    return await this.#run(path, options, async (files, path) => {
      const bytes = encodeContent(path, content);
      if (path === "/") throw localError("is_directory", "write", path, "it is a directory");
      const info = await files.write({ verb: "write", path, signal }, bytes, { overwrite });
      if (info === undefined) throw new TypeError("A write without a condition has a result");
      return info;
    });
  }

  /** See {@linkcode Backend.edit}. */
  async edit(path: string, edit: TextEdit, options: OperationOptions = {}): Promise<EditResult> {
    const { signal } = options;
    const canonical = canonicalPath(path);
    throwIfAborted(signal, canonical);
    // One at a time: they would overtake each other.
    const turn = { cwd: canonical, signal };
    return await this.#edits.run(turn, () => this.#edit(canonical, edit, options));
  }

  async #edit(path: string, edit: TextEdit, options: OperationOptions): Promise<EditResult> {
    const { signal } = options;
    return await this.#run(path, options, async (files, path) => {
      const subject = { verb: "edit", path, signal } as const;
      for (let attempt = 0; attempt < EDIT_ATTEMPTS; attempt++) {
        const parts: Uint8Array[] = [];
        const range = { offset: 0, length: LIMITS.textBytes + 1 };
        const { version, size } = await files.read(
          subject,
          range,
          (part) => parts.push(part.slice()),
        );
        if (size > LIMITS.textBytes) {
          const why = `it has ${size} bytes, and at most ${LIMITS.textBytes} can be edited`;
          throw localError("too_large", "edit", path, why);
        }
        const { text, replacements } = applyEdit(path, decodeText(path, joinBytes(parts)), edit);
        const bytes = encodeText(path, text);
        const file = await files.write(subject, bytes, { overwrite: true, expected: version });
        if (file !== undefined) return { file, replacements };
      }
      throw localError("io", "edit", path, "a command changes it all the time");
    });
  }

  /** See {@linkcode Backend.delete}. Of a symbolic link, the link is deleted. */
  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    const { recursive = false, signal } = options;
    await this.#run(path, options, (files, path) => files.delete(path, recursive, signal));
  }

  /** See {@linkcode Backend.move}. Of a symbolic link, the link is renamed. */
  async move(from: string, to: string, options: MoveOptions = {}): Promise<FileInfo> {
    const { overwrite = false, signal } = options;
    return await this.#run(from, options, (files, from) => {
      return files.move(from, canonicalPath(to), overwrite, signal);
    });
  }

  /** See {@linkcode Backend.glob}. */
  async glob(pattern: string, options: GlobOptions = {}): Promise<GlobResult> {
    const limit = checkLimit("Limit", options.limit, LIMITS.globFiles);
    const { signal } = options;
    return await this.#run(options.path ?? "/", options, (files, path) => {
      return searchFiles(files, pattern, path, { limit, signal });
    });
  }

  /** See {@linkcode Backend.grep}. */
  async grep(query: string, options: GrepOptions = {}): Promise<GrepResult> {
    return await this.#run(options.path ?? "/", options, (files, path) => {
      return searchLines(files, query, path, options);
    });
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    return await this.#box.execute(command, options);
  }

  /**
   * Packs the files, directories and links that its image did not bring. Those of mounts and of `volumes`
   * are not among them, nor are sockets and pipes, whose other ends are gone with the container.
   *
   * @returns An archive for {@linkcode DockerSandbox.restore}, or `undefined` where it would be over 64 MiB.
   * @throws {BackendError} `denied` or `io` if something that is new cannot be read.
   */
  async snapshot(): Promise<Uint8Array | undefined> {
    return await this.#box.snapshot();
  }

  /**
   * Unpacks what another container of the same image packed.
   *
   * @param archive What {@linkcode DockerSandbox.snapshot} returned.
   * @throws {BackendError} `io` if it is none, or does not fit.
   */
  async restore(archive: Uint8Array): Promise<void> {
    await this.#box.restore(archive);
  }

  /** Ends everything in the container and removes it, unless it is kept under a name. */
  async dispose(): Promise<void> {
    await this.#box.dispose();
  }

  /** The same as {@linkcode DockerSandbox.dispose}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #run<T>(
    path: string,
    { signal }: OperationOptions,
    work: (files: DockerFiles, path: string) => Promise<T>,
  ): Promise<T> {
    const canonical = canonicalPath(path);
    throwIfAborted(signal, canonical);
    return await this.#box.use((files) => work(files, canonical), signal);
  }
}

async function readAll(
  files: DockerFiles,
  subject: Parameters<DockerFiles["read"]>[0],
  range: { readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await files.read(subject, range, (part) => parts.push(part.slice()));
  const bytes = joinBytes(parts);
  if (bytes.length <= LIMITS.contentBytes) return bytes;
  const why = `it is over ${LIMITS.contentBytes} bytes: use offset and length`;
  throw localError("too_large", "read", subject.path, why);
}
