/**
 * The shell whose programs are real: each command runs in namespaces of its own that bubblewrap sets
 * up, over directories of the host at their prefixes and a directory that holds the files of memory.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { isWithin } from "../paths.ts";
import { abortedCommand, checkRequest, CommandQueue, type ShellRequest } from "./_request.ts";
import { INIT_SCRIPT, type KillCause, runSandboxed } from "./_sandbox_process.ts";
import {
  bubblewrapArguments,
  ETC_FILES,
  ETC_NAMES,
  MountPoints,
  PROGRAM_DIRECTORIES,
  type SandboxMount,
  type SandboxPlaces,
  sandboxPlaces,
} from "./_sandbox_root.ts";
import { filterArchitecture, systemCallFilter } from "./system_calls.ts";
import {
  type ExecuteOptions,
  type ExecuteResult,
  type Shell,
  SHELL_LIMITS,
  type ShellLimits,
  SYSTEM_DIRECTORIES,
} from "./shell.ts";

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

/** The variables that every command has. */
const VARIABLES = {
  HOME: "/run/home",
  LANG: "C.UTF-8",
  PATH: "/usr/local/bin:/usr/bin:/bin",
} as const;

/**
 * Prints which of the system's directories are there and copies what of `/etc` anybody may read. A
 * program that may be run and not read cannot be taken over by the command that it watches.
 */
const SET_UP_SCRIPT = `for d in $3; do [ -d "$d" ] && echo "$d"; done
cp /bin/sh "$1" && chmod 111 "$1" || exit
cd /etc; for n in $4; do [ -e "$n" ] && cp -r -d --parents -- "$n" "$2" 2>/dev/null; done; :`;

/** Files that a process may have open. */
const OPEN_FILES = 1_024;
/** Programs such as Node reserve much more than they ever use: address space bounds what is absurd. */
const ADDRESSES_PER_BYTE = 16;

/**
 * Runs commands under bubblewrap.
 *
 * A command sees the mounts at their prefixes, the system's programs read-only, its own processes, and
 * nothing else: no network, no other file, no variable of this program. With its end everything that
 * it started ends. What it leaves outside the mounts stays for the commands that follow.
 */
export class SandboxShell implements Shell {
  /** See {@linkcode Shell.type}. */
  readonly type = "sandbox";
  readonly #places: SandboxPlaces;
  readonly #points: MountPoints;
  readonly #limits: ShellLimits;
  readonly #bubblewrap: string;
  readonly #proc: string;
  readonly #stage: string;
  readonly #queue = new CommandQueue();
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
    this.#bubblewrap = bubblewrap;
    this.#proc = proc;
    this.#stage = stage;
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
    this.#system ??= await this.#setUp();
    this.#points.prepare();
    const architecture = filterArchitecture();
    if (architecture === undefined) {
      const message = `The sandbox is not built for processors of the kind '${Deno.build.arch}'`;
      throw new BackendError("unsupported", request.cwd, message);
    }
    const args = [
      ...bubblewrapArguments({
        places: this.#places,
        system: this.#system,
        binds: this.#points.binds(),
        limits: this.#limits,
      }),
      "--",
      ...commandArguments(request, this.#limits),
    ];
    const exit = await runSandboxed({
      bubblewrap: this.#bubblewrap,
      args: ["--seccomp", "3", ...args],
      attachments: [systemCallFilter(architecture)],
      request,
      limits: this.#limits,
      proc: this.#proc,
      kill: (pid) => this.#tool(["sh", "-c", 'kill -9 "$1"', "sh", `${pid}`]).then(() => {}),
    });
    const { exitCode, stdout, stderr, killed } = exit;
    if (killed === "aborted") throw abortedCommand(request.cwd, request.signal?.reason);
    const notes = limitNotes(killed, exitCode, this.#limits);
    return { exitCode, stdout, stderr, timedOut: killed === "timeout", notes };
  }

  /** Makes the sandbox's own files and finds out what the system has. */
  async #setUp(): Promise<ReadonlySet<string>> {
    const { tree, directory, file, etc, init } = this.#places;
    for (const path of [tree, etc]) Deno.mkdirSync(path, { mode: 0o755 });
    Deno.writeTextFileSync(file, "", { mode: 0 });
    Deno.mkdirSync(directory, { mode: 0 });
    const lists = [PROGRAM_DIRECTORIES.join(" "), ETC_NAMES.join(" ")];
    const found = await this.#tool(["sh", "-c", SET_UP_SCRIPT, "sh", init, etc, ...lists]);
    for (const [name, text] of Object.entries(ETC_FILES)) {
      Deno.writeTextFileSync(`${etc}/${name}`, text);
    }
    return new Set(found.trim().split("\n"));
  }

  /** Runs a program of the system that is no command of anybody's, outside of the sandbox. */
  async #tool(command: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command(this.#bubblewrap, {
      args: ["--dev-bind", "/", "/", "--die-with-parent", "--", ...command],
      clearEnv: true,
      env: { PATH: VARIABLES.PATH, LC_ALL: "C" },
      stdin: "null",
    }).output();
    if (code === 0) return new TextDecoder().decode(stdout);
    const cause = new Error(new TextDecoder().decode(stderr).trim());
    throw new BackendError("io", "/", "The sandbox failed", { cause });
  }
}

function commandArguments(request: ShellRequest, limits: ShellLimits): readonly string[] {
  const { command, cwd, env } = request;
  const bounds = Object.entries({
    core: 0,
    cpu: limits.cpuSeconds,
    data: limits.memoryBytes,
    as: limits.memoryBytes * ADDRESSES_PER_BYTE,
    fsize: limits.fileBytes,
    nproc: limits.processes,
    nofile: OPEN_FILES,
  }).map(([name, value]) => `--${name}=${value}:${name === "cpu" ? value + 1 : value}`);
  const variables = Object.entries({ ...VARIABLES, ...env, PWD: cwd })
    .map(([name, value]) => `${name}=${value}`);
  const words = typeof command === "string" ? ["/bin/sh", "-c", "--", command, "sh"] : command;
  // For env a word with an equals sign is a variable.
  const program = words[0]?.includes("=") === true
    ? ["/bin/sh", "-c", 'exec "$@"', "sh", ...words]
    : words;
  const init = ["/run/init", "-c", INIT_SCRIPT, "sh", cwd];
  return [
    "/usr/bin/prlimit",
    ...bounds,
    "--",
    ...init,
    "/usr/bin/env",
    "-i",
    ...variables,
    ...program,
  ];
}

function limitNotes(
  killed: KillCause | undefined,
  exitCode: number,
  limits: ShellLimits,
): readonly string[] {
  switch (killed) {
    case "memory":
      return [`The command was killed: it took more than ${limits.memoryBytes} bytes of memory`];
    case "processes":
      return [`The command was killed: it had more than ${limits.processes} processes`];
    case undefined:
      if (exitCode === 128 + 24) {
        return [`A process was ended: it took over ${limits.cpuSeconds} seconds of processor time`];
      }
      if (exitCode === 128 + 25) {
        return [`A process was ended: it wrote a file of more than ${limits.fileBytes} bytes`];
      }
      return [];
    default:
      return [];
  }
}

function checkPrefix(prefix: string): void {
  const problem = prefix === "/"
    ? "it is the root, which holds the files of memory"
    : !/^\/(?:[^/]+\/)+$/.test(prefix)
    ? "it must begin and end with a slash"
    : SYSTEM_DIRECTORIES.some((directory) =>
        isWithin(prefix.slice(0, -1), directory) || isWithin(directory, prefix.slice(0, -1))
      )
    ? "it is a directory of the system"
    : undefined;
  if (problem !== undefined) {
    throw new TypeError(`Cannot mount anything at '${prefix}': ${problem}`);
  }
}
