/**
 * The shell whose programs are real: each command runs in namespaces of its own that bubblewrap sets
 * up, over directories of the host at their prefixes and a directory that holds the files of memory.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { isWithin } from "../paths.ts";
import { Policy, type Rules } from "../policy.ts";
import type { OperationOptions } from "../protocol.ts";
import { longScript } from "./_real_command.ts";
import { abortedCommand, checkRequest, CommandQueue, type ShellRequest } from "./_request.ts";
import { commandWords, INPUT_PATH, limitNotes, SCRIPT_PATH } from "./_sandbox_command.ts";
import { closingWords } from "./_sandbox_descriptors.ts";
import { isFull, removeFile } from "./_sandbox_files.ts";
import { type MaskedTree, SandboxMasks } from "./_sandbox_masks.ts";
import { runSandboxed, type SandboxExit } from "./_sandbox_process.ts";
import {
  bubblewrapArguments,
  MountPoints,
  type SandboxMount,
  type SandboxPlaces,
  sandboxPlaces,
} from "./_sandbox_root.ts";
import { nextTick, setUpSandbox } from "./_sandbox_setup.ts";
import { SandboxStage, type StageFindings } from "./_sandbox_stage.ts";
import { SandboxTools } from "./_sandbox_tools.ts";
import { filterArchitecture, systemCallFilter } from "./system_calls.ts";
import {
  type ExecuteOptions,
  type ExecuteResult,
  type Shell,
  SHELL_LIMITS,
  type ShellLimits,
  SYSTEM_DIRECTORIES,
} from "./shell.ts";
import type { Stage, StageChanges } from "./stage.ts";

export { serveStage } from "./remote_stage.ts";
export type { SandboxMount };

/** Options of {@linkcode SandboxShell}. */
export interface SandboxShellOptions {
  /** The directories of the host that commands see, and where. */
  readonly mounts: readonly SandboxMount[];
  /**
   * A directory of the host for the files of memory and what else the sandbox keeps, empty at the
   * start. A file system of limited size bounds what commands can leave in it.
   */
  readonly stage: string;
  /**
   * What commands may take.
   *
   * @default {SHELL_LIMITS}
   */
  readonly limits?: Partial<ShellLimits> | undefined;
  /**
   * Memory that others on the machine may come to share while a command runs: beyond it and the limit
   * of memory, what the machine shares is taken for the command's.
   *
   * @default {1024 ** 3}
   */
  readonly othersBytes?: number | undefined;
  /**
   * Rules about paths. What they ask about is denied to a command: nobody can be asked while it runs.
   * Rules about commands are not looked at.
   *
   * @default {{}}
   */
  readonly rules?: Rules | undefined;
  /**
   * The path of bubblewrap.
   *
   * @default {"/usr/bin/bwrap"}
   */
  readonly bubblewrap?: string | undefined;
  /**
   * Where the process file system is mounted: Deno refuses `/proc` itself to a program that may not do
   * everything.
   *
   * @default {"/proc"}
   */
  readonly proc?: string | undefined;
}

const encoder = new TextEncoder();

/**
 * Runs commands under bubblewrap.
 *
 * A command sees the mounts at their prefixes, the system's programs read-only, its own processes, and
 * nothing else: no network, no other file, no variable of this program. With its end everything that
 * it started ends. What it leaves outside the mounts stays for the commands that follow.
 *
 * It needs Linux, bubblewrap, and the permission to do everything, or another name for `/proc`. Alone it
 * knows nothing of files in memory: put a `StagingShell` in front.
 *
 * @example
 * ```ts ignore
 * import { SandboxShell } from "./sandbox.ts";
 *
 * const stage = await Deno.makeTempDir();
 * const shell = new SandboxShell({
 *   stage,
 *   mounts: [{ prefix: "/project/", directory: "/home/me/project", access: "read-write" }],
 *   rules: { deny: ["write /project/deploy/**"] },
 *   limits: { memoryBytes: 512 * 1024 ** 2 },
 * });
 * const { exitCode, stdout } = await shell.execute("python3 -m unittest", { cwd: "/project" });
 * console.log(exitCode, stdout.text);
 * ```
 */
export class SandboxShell implements Shell {
  /** See {@linkcode Shell.type}. */
  readonly type = "sandbox";
  readonly #places: SandboxPlaces;
  readonly #points: MountPoints;
  readonly #limits: ShellLimits;
  readonly #othersBytes: number;
  readonly #bubblewrap: string;
  readonly #proc: string;
  readonly #queue = new CommandQueue();
  readonly #tools: SandboxTools;
  readonly #files: SandboxStage;
  /** Absent where no rule is about any path. */
  readonly #masks: SandboxMasks | undefined;
  /** The files of memory, for whoever brings and fetches them. */
  readonly stage: Stage;
  /** When the first command ran whose changes nobody has asked for, in milliseconds. */
  #since: number | undefined;
  /** Whether anybody asks for what commands do in the stage. */
  #staging = false;
  /** What the last command did there, if nobody has asked yet. */
  #found: StageFindings | undefined;
  #system: ReadonlySet<string> | undefined;

  /**
   * Makes a shell. Nothing is started before its first command.
   *
   * @param options What commands see and may take.
   * @throws {TypeError} If a prefix cannot be mounted on.
   */
  constructor(options: SandboxShellOptions) {
    const { mounts, stage, limits = {}, bubblewrap = "/usr/bin/bwrap", proc = "/proc" } = options;
    for (const { prefix } of mounts) checkPrefix(prefix);
    this.#places = sandboxPlaces(stage);
    this.#points = new MountPoints(mounts, this.#places);
    this.#limits = { ...SHELL_LIMITS, ...limits };
    this.#othersBytes = options.othersBytes ?? 1024 ** 3;
    this.#bubblewrap = bubblewrap;
    this.#proc = proc;
    this.#tools = new SandboxTools(bubblewrap);
    const policy = new Policy(options.rules ?? {});
    if (policy.hasPathRules) {
      const [points, places, tools] = [this.#points, this.#places, this.#tools];
      this.#masks = new SandboxMasks({ policy, points, places, tools });
    }
    this.#files = new SandboxStage({
      tree: this.#places.tree,
      points: this.#points,
      tools: this.#tools,
      bytes: this.#limits.memoryBytes,
    });
    this.stage = {
      put: (entries, options) => this.#atStage(options, true, () => this.#files.put(entries)),
      delete: (paths, options) => this.#atStage(options, true, () => this.#files.delete(paths)),
      changes: (options) => this.#atStage(options, false, () => this.#changes()),
      read: (paths, options) =>
        this.#atStage(options, true, () => Promise.try(() => this.#files.read(paths))),
      reset: (options) => this.#atStage(options, false, () => this.#reset()),
    };
  }

  /**
   * Runs a command.
   *
   * @param command A script for `sh`, or a program with its arguments.
   * @param options Where and how.
   * @returns How it ended.
   * @throws {BackendError} See {@linkcode Shell}.
   */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const request = checkRequest(command, options, this.#limits.outputBytes);
    return await this.#queue.run(request, () => this.#execute(request));
  }

  async #execute(request: ShellRequest): Promise<ExecuteResult> {
    const system = await this.#ready();
    this.#points.prepare();
    const architecture = filterArchitecture();
    if (architecture === undefined) {
      const message = `The sandbox is not built for processors of the kind '${Deno.build.arch}'`;
      throw new BackendError("unsupported", request.cwd, message);
    }
    const script = longScript(request);
    const masked = await this.#masks?.prepare();
    const missing = this.#points.missing();
    const start = await nextTick(this.#places.clock);
    const since = this.#since ??= start;
    this.#found = undefined;
    let exit: SandboxExit;
    let removed: readonly string[];
    let look: (() => Promise<StageFindings>) | undefined;
    try {
      const args = [
        // Bubblewrap reads the filter from its input; the command's own comes as a file.
        ...["--seccomp", "0"],
        ...bubblewrapArguments({
          places: this.#places,
          system,
          binds: masked?.binds ?? this.#points.binds(),
          limits: this.#limits,
        }),
        ...this.#bring(request, script),
        "--",
        ...commandWords(request, {
          limits: this.#limits,
          closing: closingWords(this.#proc, system),
          long: script !== undefined,
        }),
      ];
      const ending = runSandboxed({
        bubblewrap: this.#bubblewrap,
        args,
        filter: systemCallFilter(architecture),
        request,
        limits: this.#limits,
        othersBytes: this.#othersBytes,
        proc: this.#proc,
        kill: (pid) => this.#tools.run(["sh", "-c", 'kill -9 "$1"', "sh", `${pid}`]),
      });
      try {
        // It starts while the command runs, and looks when that is over.
        if (this.#staging) look = this.#files.look(since);
      } finally {
        exit = await ending;
      }
    } finally {
      try {
        for (const path of [this.#places.input, this.#places.script]) removeFile(path);
        removed = await this.#enforce(masked, missing);
      } finally {
        this.#found = await look?.();
      }
    }
    const { exitCode, stdout, stderr, killed } = exit;
    if (killed === "aborted") throw abortedCommand(request.cwd, request.signal?.reason);
    const notes = [...limitNotes(killed, exitCode, this.#limits), ...removed];
    return { exitCode, stdout, stderr, timedOut: killed === "timeout", notes };
  }

  /** Writes what comes to the command as a file, and says where that stands. */
  #bring({ stdin, cwd }: ShellRequest, script: Uint8Array | undefined): readonly string[] {
    const { input, script: host } = this.#places;
    const words: string[] = [];
    try {
      if (stdin !== "") {
        Deno.writeTextFileSync(input, stdin);
        words.push("--ro-bind", input, INPUT_PATH);
      }
      if (script !== undefined) {
        Deno.writeFileSync(host, script);
        words.push("--ro-bind", host, SCRIPT_PATH);
      }
      return words;
    } catch (error) {
      if (!isFull(error)) throw error;
      const message = "The input of the command does not fit the sandbox: delete files of memory";
      throw new BackendError("too_large", cwd, message, { cause: error });
    }
  }

  /** Removes what no mount could keep a command from making. */
  async #enforce(
    masked: MaskedTree | undefined,
    missing: readonly string[],
  ): Promise<readonly string[]> {
    const still = new Set(this.#points.missing());
    const made = missing.filter((path) => !still.has(path));
    await this.#tools.remove(made.map((path) => encoder.encode(this.#points.source(path))));
    const notes = made.map((path) => `'${path}' was removed: it is protected`);
    if (masked === undefined || this.#masks === undefined) return notes;
    return [...notes, ...await this.#masks.enforce(masked)];
  }

  /** Stage and commands wait for one another. */
  #atStage<T>(
    { signal }: OperationOptions = {},
    known: boolean,
    perform: () => Promise<T>,
  ): Promise<T> {
    return this.#queue.run({ cwd: "/", signal }, async () => {
      await this.#ready();
      // What a command left may be links that lead anywhere.
      if (known && this.#since !== undefined) {
        throw new TypeError("What commands changed in the stage must be asked for first");
      }
      return await perform();
    });
  }

  async #changes(): Promise<StageChanges> {
    this.#staging = true;
    const found = this.#found ?? await this.#files.look(this.#since ?? Infinity)();
    const changes = await this.#files.changes(found);
    this.#since = this.#found = undefined;
    return changes;
  }

  async #reset(): Promise<void> {
    await this.#files.reset();
    this.#since = this.#found = undefined;
  }

  /** Makes the sandbox's own files and finds out which of the system's directories are there. */
  async #ready(): Promise<ReadonlySet<string>> {
    return this.#system ??= await setUpSandbox(this.#places, this.#tools, this.#proc);
  }
}

function checkPrefix(prefix: string): void {
  const problem = prefix === "/"
    ? "it is the root, which holds the files of memory"
    : !/^\/(?:[^/]+\/)+$/.test(prefix)
    ? "it must begin and end with a slash"
    : prefix.split("/").some((name) => name === "." || name === "..")
    ? "it has a name that no directory has"
    : SYSTEM_DIRECTORIES.some((directory) =>
        isWithin(prefix.slice(0, -1), directory) || isWithin(directory, prefix.slice(0, -1))
      )
    ? "it is a directory of the system"
    : undefined;
  if (problem !== undefined) {
    throw new TypeError(`Cannot mount anything at '${prefix}': ${problem}`);
  }
}
