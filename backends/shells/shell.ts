/**
 * What a shell is: commands over the same tree of files that the tools see.
 *
 * Three kinds, one behaviour, proven by one contract suite, `tests/backends/shell_contract.ts`:
 * `virtual` interprets the command over a backend and starts no program, `sandbox` runs real programs
 * in a namespace of the operating system, and `docker` runs them in a container.
 *
 * @module
 */

/** Which kind of shell. */
export type ShellType = "virtual" | "sandbox" | "docker";

/** A piece of what a command prints, as it comes. */
export interface ShellOutput {
  /** Where it was printed. */
  readonly stream: "stdout" | "stderr";
  /** Decoded as UTF-8; a character is never cut in two. */
  readonly text: string;
}

/** How a command is run. */
export interface ExecuteOptions {
  /**
   * The directory of the tree that it starts in.
   *
   * @default {"/"}
   */
  readonly cwd?: string | undefined;
  /** Variables that it sees beside those of the shell itself. No other is passed on. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * What it reads from its standard input.
   *
   * @default {""}
   */
  readonly stdin?: string | undefined;
  /**
   * Milliseconds after which it is killed with everything that it started; at most
   * `SHELL_LIMITS.longestMilliseconds`.
   *
   * @default {120_000}
   */
  readonly timeout?: number | undefined;
  /**
   * Bytes of each stream that are kept: the first and the last half of what is more.
   *
   * @default {262_144}
   */
  readonly outputBytes?: number | undefined;
  /** Kills it with everything that it started; the call then fails with code `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Told of what it prints while it runs, as far as it is kept from the start. */
  readonly onOutput?: ((output: ShellOutput) => void) | undefined;
}

/** One stream of a command, as much of it as is kept. */
export interface ShellStream {
  /** Decoded as UTF-8, what is no UTF-8 as U+FFFD; where bytes are left out a line says so. */
  readonly text: string;
  /** How many bytes the command printed. */
  readonly bytes: number;
  /** How many of them are not in `text`. */
  readonly omitted: number;
}

/** How a command ended. */
export interface ExecuteResult {
  /**
   * Its exit code; 128 and the signal's number where a signal ended it, 124 where its time was up,
   * 127 where its program was not found.
   */
  readonly exitCode: number;
  /** What it printed as its results. */
  readonly stdout: ShellStream;
  /** What it printed beside them: problems, progress. */
  readonly stderr: ShellStream;
  /** Whether it was killed because its time was up. What it printed and wrote by then is kept. */
  readonly timedOut: boolean;
  /**
   * What the shell itself has to say, a sentence each: a limit that ended the command, files that it
   * left and that the tree cannot hold.
   */
  readonly notes: readonly string[];
}

/**
 * Runs commands over a tree of files. Commands of one shell run one at a time, in the order they
 * came.
 *
 * A command that fails is a result, not an exception. Exceptions are `BackendError`: `denied` where a
 * rule refuses the command, `invalid_path`, `not_found` or `not_directory` for `cwd`, `too_large`
 * for what is over a limit, `aborted`, `unsupported` and `io`; and `RangeError` for a timeout or an
 * output size that is no number of at least 1.
 *
 * The system's own directories are the shell's, not part of the tree: {@linkcode SYSTEM_DIRECTORIES}.
 */
export interface Shell {
  /** Which kind it is. */
  readonly type: ShellType;
  /**
   * Whether commands reach a network.
   *
   * @default {false}
   */
  readonly network?: boolean | undefined;
  /**
   * Runs a command.
   *
   * @param command A script for `sh`, or a program with its arguments, which no shell looks at.
   * @param options Where and how.
   * @returns How it ended.
   */
  execute(command: string | readonly string[], options?: ExecuteOptions): Promise<ExecuteResult>;
}

/**
 * The directories of a shell that are the system's own. They are in no tree that has a shell: file
 * tools refuse them, a route for one is an error, and what a command leaves there is gone after it.
 * `/tmp`, `/home`, `/opt`, `/var` and everything else are ordinary directories of the tree.
 */
export const SYSTEM_DIRECTORIES: readonly string[] = [
  ..."/bin /sbin /usr /lib /lib32 /lib64 /libx32 /etc".split(" "),
  ..."/proc /sys /dev /run".split(" "),
];

/** Limits of every shell, unless the call or the workflow says otherwise. */
export const SHELL_LIMITS = {
  /** Milliseconds that a command may take: two minutes. */
  milliseconds: 120_000,
  /** The longest time that may be asked for: an hour. */
  longestMilliseconds: 3_600_000,
  /** Bytes of each stream that are kept: 256 KiB. */
  outputBytes: 256 * 1024,
  /** Characters of a command, or of all its arguments together. */
  commandCharacters: 128 * 1024,
  /** Characters of the standard input. */
  stdinCharacters: 16 * 1024 * 1024,
  /** Bytes of memory of a command and all that it started, and of the memory files it may leave: 2 GiB. */
  memoryBytes: 2 * 1024 * 1024 * 1024,
  /** Seconds of processor time of each process. */
  cpuSeconds: 300,
  /** Processes and threads at a time. */
  processes: 256,
  /** Bytes of a file that a command writes: 1 GiB. */
  fileBytes: 1024 * 1024 * 1024,
  /** Files of a state backend that one command may change, create or delete. */
  changedFiles: 10_000,
} as const;

/** The limits that a workflow's `limits:` sets for its shell. */
export interface ShellLimits {
  /** Seconds of processor time of each process. */
  readonly cpuSeconds: number;
  /** Bytes of memory of a command and all that it started. */
  readonly memoryBytes: number;
  /** Processes and threads at a time. */
  readonly processes: number;
  /** Bytes of a file that a command writes. */
  readonly fileBytes: number;
  /** Bytes of each stream that are kept. */
  readonly outputBytes: number;
}
