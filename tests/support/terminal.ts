/**
 * The command line at a terminal of its own: a pseudo-terminal that `script` of util-linux makes.
 *
 * @module
 */

import { join } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { PROJECT } from "./cli.ts";

/** Whether this machine has what it takes. */
export const HAS_TERMINAL: boolean = await hasScript();

/** `deno task run ARGS` as a person sits in front of it. */
export class AtTerminal implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #output = "";
  #more: () => void = () => {};

  /**
   * Starts it.
   *
   * @param args What stands behind `deno task run`.
   * @param cwd The working directory.
   */
  constructor(args: readonly string[], cwd: string) {
    const [, ...words] = config.tasks.run.command.split(" ");
    const flags = words.map((word) => word.endsWith(".ts") ? join(PROJECT, word) : word);
    const line = [Deno.execPath(), ...flags, ...args].map(quoted).join(" ");
    const known = Object.fromEntries(
      ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR", "PATH"]
        .map((key) => [key, Deno.env.get(key)] as const)
        .filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
    );
    this.#process = new Deno.Command("script", {
      args: ["-qefc", `exec ${line}`, "/dev/null"],
      cwd,
      clearEnv: true,
      env: { ...known, NO_COLOR: "1", SHELL: "/bin/sh", TERM: "dumb" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#process.stdin.getWriter();
    this.#reading = this.#read();
  }

  /**
   * Waits until something is on the screen.
   *
   * @param text What is waited for.
   * @param times How often it has to be there.
   * @returns All that is on the screen by then.
   * @throws {Error} If it never comes.
   */
  async until(text: string, times = 1): Promise<string> {
    while (this.#output.split(text).length - 1 < times) {
      const { promise: more, resolve } = Promise.withResolvers<void>();
      this.#more = resolve;
      const ended = this.#reading.then(() => true);
      if (await Promise.race([more.then(() => false), ended]) && !this.#output.includes(text)) {
        throw new Error(`'${text}' never came:\n${this.#output}`);
      }
    }
    return this.#output;
  }

  /** Types something; `\x03` is Ctrl-C, `\x04` is Ctrl-D. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Waits for its end. */
  async end(): Promise<{ readonly code: number; readonly output: string }> {
    await this.#reading;
    const { code } = await this.#process.status;
    return { code, output: this.#output };
  }

  async #read(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      this.#output += text.replaceAll("\r\n", "\n");
      this.#more();
    }
  }

  /** Ends it, whatever it is doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Hanging up ends `script`, and with its terminal what runs there.
    await this.#keys.abort().catch(() => {});
    try {
      this.#process.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    await this.#reading;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

async function hasScript(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("script", {
      args: ["-qec", "true", "/dev/null"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
