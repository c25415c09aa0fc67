/**
 * The virtual shell: commands interpreted over a backend, without any program of the machine.
 *
 * @module
 */

import type { Bash, BashExecResult, ExecOptions } from "just-bash";
import { BackendError } from "../errors.ts";
import type { Backend } from "../protocol.ts";
import { OutputBuffer } from "./_output.ts";
import { abortedCommand, checkRequest, CommandQueue, type ShellRequest } from "./_request.ts";
import { CommandEnd, limitErrorOf } from "./_virtual_end.ts";
import { decodeReads } from "./_virtual_reads.ts";
import { markRedirects, withoutMarks } from "./_virtual_redirects.ts";
import { Usage } from "./_virtual_usage.ts";
import { VirtualFiles } from "./_virtual_files.ts";
import { BUILT_IN, customCommands } from "./_virtual_commands.ts";
import {
  type ExecuteOptions,
  type ExecuteResult,
  type Shell,
  SHELL_LIMITS,
  type ShellLimits,
} from "./shell.ts";

const MEBIBYTE = 1024 * 1024;

/** What every command sees of the machine. */
const VARIABLES = {
  HOME: "/run/home",
  LANG: "C.UTF-8",
  PATH: "/usr/local/bin:/usr/bin:/bin",
} as const;

/** Where the interpreter's hardened limits are too narrow for honest work over some thousand files. */
const EXECUTION_LIMITS = {
  maxCommandCount: 200_000,
  maxLoopIterations: 1_000_000,
  maxAwkIterations: 1_000_000,
  maxSedIterations: 100_000,
  maxJqIterations: 1_000_000,
  maxQueryElements: 1_000_000,
  maxWorkUnits: 50_000_000,
  maxTraversalEntries: 1_000_000,
  maxTraversalWork: 5_000_000,
  maxGlobOperations: 1_000_000,
  maxArrayElements: 1_000_000,
  maxStringLength: 64 * MEBIBYTE,
  maxHeredocSize: 10 * MEBIBYTE,
  maxOutputSize: 64 * MEBIBYTE,
  maxInputBytes: 512 * MEBIBYTE,
} as const;

/** Memory of the interpreter's own buffers at most, whatever the shell's limit. */
const LIVE_BYTES = 256 * MEBIBYTE;

/** A script that may ask for files not to be overwritten: then the interpreter has to look for itself. */
const KEEPS_FILES = /noclobber|set\s+-\w*C/;

/** Milliseconds that a command has to end by itself, with what it printed, when its time is up. */
const GRACE_MILLISECONDS = 500;

/** Options of {@linkcode VirtualShell}. */
export interface VirtualShellOptions {
  /** The tree that the commands see. */
  readonly backend: Backend;
  /**
   * Limits other than {@linkcode SHELL_LIMITS}: `outputBytes`, `fileBytes` and `memoryBytes`, which holds
   * for the interpreter's buffers and for all that a command writes. There are no processes to count.
   */
  readonly limits?: Partial<ShellLimits> | undefined;
}

/**
 * A shell that interprets its commands over a backend and starts no program: it needs no permission.
 *
 * It knows the language of `bash` and the usual tools for text and files, `grep`, `sed`, `awk`, `jq`,
 * `find`, `tar` and about eighty more, but no program of the machine such as `python3` or `git`. What it
 * prints is told when the command is over, and `&` runs a command before the next one. The tree keeps
 * neither modes nor links: every file may be run, `chmod` changes nothing and `ln` fails.
 *
 * @example
 * ```ts
 * import { StateBackend } from "../state.ts";
 * import { VirtualShell } from "./virtual.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new StateBackend();
 * await backend.write("/words.txt", "pear\napple\npear\n");
 * const shell = new VirtualShell({ backend });
 * const { stdout } = await shell.execute("sort words.txt | uniq -c | sort -rn | awk '{ print $2 }' > top.txt; cat top.txt");
 * assertEquals(stdout.text, "pear\napple\n");
 * assertEquals((await backend.read("/top.txt")).text, "pear\napple\n");
 * ```
 */
export class VirtualShell implements Shell {
  /** `virtual`. */
  readonly type = "virtual";
  readonly #backend: Backend;
  readonly #limits: ShellLimits;
  readonly #queue = new CommandQueue();

  /**
   * Makes a shell. Nothing is loaded before its first command.
   *
   * @param options The tree, and limits.
   */
  constructor(options: VirtualShellOptions) {
    this.#backend = options.backend;
    this.#limits = { ...SHELL_LIMITS, ...options.limits };
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const request = checkRequest(command, options, this.#limits.outputBytes);
    return await this.#queue.run(request, () => this.#run(request));
  }

  async #run(request: ShellRequest): Promise<ExecuteResult> {
    await this.#checkDirectory(request);
    const justBash = await import("just-bash");
    const limitError = await limitErrorOf(justBash);
    using end = new CommandEnd(request, limitError, GRACE_MILLISECONDS);
    const files = new VirtualFiles({
      backend: this.#backend,
      system: new justBash.InMemoryFs({}, { maxTotalBytes: LIVE_BYTES }),
      signal: end.signal,
      check: () => end.check(),
      usage: new Usage({
        fileBytes: this.#limits.fileBytes,
        bytes: this.#limits.memoryBytes,
        files: SHELL_LIMITS.changedFiles,
      }, (message) => end.exceed(message)),
      byteString: justBash.unsafeBytesFromLatin1,
    });
    const { command, cwd } = request;
    const script = typeof command === "string" ? command : command.map(quote).join(" ");
    const variables = { ...VARIABLES, PWD: cwd, ...request.env };
    files.mkdirSync(VARIABLES.HOME, { recursive: true });
    const bash = new justBash.Bash({
      fs: files,
      cwd,
      env: variables,
      commands: BUILT_IN,
      customCommands: customCommands(files),
      executionLimitProfile: "hardened",
      executionLimits: {
        ...EXECUTION_LIMITS,
        maxLiveBytes: Math.min(LIVE_BYTES, this.#limits.memoryBytes),
        maxExecutionTimeMs: request.timeout + GRACE_MILLISECONDS,
      },
      coverage: { hit: () => end.check() },
      sleep: (milliseconds) => end.sleep(milliseconds),
      defenseInDepth: false,
    });
    bash.registerTransformPlugin({
      name: "reads",
      transform: ({ ast }) => ({ ast: decodeReads(ast, justBash.parse) }),
    });
    if (!KEEPS_FILES.test(script)) {
      bash.registerTransformPlugin({
        name: "redirects",
        transform: ({ ast }) => ({ ast: markRedirects(ast) }),
      });
    }
    const result = await run(bash, script, {
      cwd,
      env: variables,
      replaceEnv: true,
      stdin: request.stdin,
      signal: end.hardSignal,
      rawScript: true,
    });
    if (end.reason === "aborted") throw abortedCommand(cwd, request.signal?.reason);
    return resultOf(result, request, end);
  }

  async #checkDirectory({ cwd, signal }: ShellRequest): Promise<void> {
    const { type } = await this.#backend.stat(cwd, { signal });
    if (type === "directory") return;
    const message = `Cannot start in '${cwd}': it is not a directory`;
    throw new BackendError("not_directory", cwd, message);
  }
}

async function run(bash: Bash, script: string, options: ExecOptions): Promise<BashExecResult> {
  try {
    return await bash.exec(script, options);
  } catch (error) {
    // A redirection in a script that is parsed late, such as that of `eval`, could not be opened.
    const why = error instanceof Error ? /^E[A-Z]+: (.*), \w+ '(.*)'$/s.exec(error.message) : null;
    if (why === null) throw error;
    return { stdout: "", stderr: `bash: ${why[2]}: ${why[1]}\n`, exitCode: 1, env: {} };
  }
}

/** A word that the shell takes as it is. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function resultOf(
  result: BashExecResult,
  { outputBytes, onOutput }: ShellRequest,
  end: CommandEnd,
): ExecuteResult {
  const stdout = new OutputBuffer(outputBytes, (text) => onOutput?.({ stream: "stdout", text }));
  const stderr = new OutputBuffer(outputBytes, (text) => onOutput?.({ stream: "stderr", text }));
  const timedOut = end.reason === "timeout";
  const encoder = new TextEncoder();
  const isBytes = result.stdoutKind === "bytes";
  stdout.push(
    isBytes
      ? Uint8Array.from(result.stdout, (character) => character.charCodeAt(0))
      : encoder.encode(result.stdout),
  );
  const errors = withoutMarks(result.stderr);
  stderr.push(encoder.encode(timedOut ? end.withoutItsWords(errors) : errors));
  return {
    exitCode: timedOut ? 124 : end.exceeded === undefined ? result.exitCode : 126,
    stdout: stdout.result(),
    stderr: stderr.result(),
    timedOut,
    notes: timedOut ? [] : limitNotes(result, end.exceeded),
  };
}

/** The interpreter ends a command that is over a limit with 126 and a last line that says which. */
function limitNotes({ exitCode, stderr }: BashExecResult, exceeded: string | undefined): string[] {
  const last = exceeded ?? stderr.trimEnd().split("\n").at(-1) ?? "";
  const isLimit = exitCode === 126 && /limit|exceeded|too many/.test(last);
  if (exceeded === undefined && !isLimit) return [];
  return [`A limit of the virtual shell ended the command: ${last.replace(/^bash: /, "")}`];
}
