/**
 * The way from one call, or one `run` step, to the shell: what a command prints becomes events.
 *
 * @module
 */

import type {
  ExecuteOptions,
  ExecuteResult,
  Shell,
  ShellOutput,
  ShellType,
} from "../backends/shells/shell.ts";

/** Milliseconds after which what was printed is told, however little it is. */
const DELAY_MS = 50;
/** Characters of one stream that are told at once, whatever the time. */
const CHARACTERS = 4_096;

/** A shell as one call sees it. */
export class CallShell implements Shell {
  readonly #shell: Shell;
  readonly #onOutput: (output: ShellOutput) => void;
  #exitCode: number | undefined;

  /**
   * @param shell The shell that runs the commands.
   * @param onOutput Told of what they print, in pieces of some size and none after a command's end.
   */
  constructor(shell: Shell, onOutput: (output: ShellOutput) => void) {
    this.#shell = shell;
    this.#onOutput = onOutput;
  }

  /** See {@linkcode Shell.type}. */
  get type(): ShellType {
    return this.#shell.type;
  }

  /** The exit code of the last command that ended. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const pieces = new Pieces(this.#onOutput);
    try {
      const result = await this.#shell.execute(command, {
        ...options,
        onOutput: (output) => {
          pieces.add(output);
          options.onOutput?.(output);
        },
      });
      this.#exitCode = result.exitCode;
      return result;
    } finally {
      pieces.end();
    }
  }
}

/** A program may print a character at a time: that is no event each. */
class Pieces {
  readonly #tell: (output: ShellOutput) => void;
  readonly #waiting = new Map<ShellOutput["stream"], string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(tell: (output: ShellOutput) => void) {
    this.#tell = tell;
  }

  add({ stream, text }: ShellOutput): void {
    if (this.#over) return;
    const waiting = (this.#waiting.get(stream) ?? "") + text;
    this.#waiting.set(stream, waiting);
    if (waiting.length >= CHARACTERS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), DELAY_MS);
  }

  end(): void {
    this.#flush();
    this.#over = true;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [stream, text] of this.#waiting) this.#tell({ stream, text });
    this.#waiting.clear();
  }
}
