/**
 * Programs of the system that look after the sandbox's own files, where Deno cannot: names that are no
 * text, trees of any depth, times to the nanosecond. They are no commands of anybody's.
 *
 * @module
 */

import { feed } from "./_sandbox_feed.ts";
import { BackendError } from "../errors.ts";

/** Options of {@linkcode SandboxTools.run}. */
export interface ToolOptions {
  /** What the program reads. */
  readonly stdin?: Uint8Array | undefined;
  /**
   * Told of what it prints; `false` ends it there.
   *
   * @default Nobody.
   */
  readonly onOutput?: ((bytes: Uint8Array) => boolean) | undefined;
  /**
   * Whether what the program complained of, when it failed, is no failure.
   *
   * @default {() => false}
   */
  readonly tolerates?: ((complaint: string) => boolean) | undefined;
}

/** Runs programs by way of bubblewrap, the one program that may be run, with everything in reach. */
export class SandboxTools {
  readonly #bubblewrap: string;

  /** @param bubblewrap Its path. */
  constructor(bubblewrap: string) {
    this.#bubblewrap = bubblewrap;
  }

  /**
   * Runs a program.
   *
   * @param words Its name and its arguments.
   * @param options What it reads, and who is told what it prints.
   * @throws {BackendError} `io` if it fails.
   */
  async run(words: readonly string[], options: ToolOptions = {}): Promise<void> {
    const failure = await this.#try(words, options);
    if (failure !== undefined) throw failed(new Error(failure.trim()));
  }

  /**
   * Starts a program that waits for a word: its start takes longer than what it does, and something else
   * can happen meanwhile.
   *
   * @param words Its name and its arguments.
   * @param options Who is told what it prints.
   * @returns Gives the word and waits for its end; fails as {@linkcode SandboxTools.run} does. It has to be
   * called, or the program waits for ever.
   */
  prepare(words: readonly string[], options: Omit<ToolOptions, "stdin">): () => Promise<void> {
    const child = this.#spawn(["sh", "-c", 'read -r go && exec "$@"', "sh", ...words], false);
    return async () => {
      const failure = await finish(child, { ...options, stdin: new TextEncoder().encode("go\n") });
      if (failure !== undefined) throw failed(new Error(failure.trim()));
    };
  }

  /** Runs a program and returns what it complains of, if it fails. */
  async #try(words: readonly string[], options: ToolOptions): Promise<string | undefined> {
    return await finish(this.#spawn(words, options.stdin === undefined), options);
  }

  #spawn(words: readonly string[], silent: boolean): Deno.ChildProcess {
    try {
      return new Deno.Command(this.#bubblewrap, {
        args: ["--dev-bind", "/", "/", "--die-with-parent", "--", ...words],
        clearEnv: true,
        env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
        stdin: silent ? "null" : "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      if (error instanceof Error) throw failed(error);
      throw error;
    }
  }

  /**
   * Removes files and directories, whatever their names and permissions.
   *
   * @param paths Absolute paths of the host, as bytes.
   */
  async remove(paths: readonly Uint8Array[]): Promise<void> {
    if (paths.length === 0) return;
    const options = { stdin: joinNames(paths) };
    const remove = "xargs -0 rm -rf --".split(" ");
    if (await this.#try(remove, options) === undefined) return;
    // What may not be entered is opened, from the top down.
    await this.#try("xargs -0 chmod -R u+rwx --".split(" "), options);
    await this.run(remove, options);
  }
}

/** Waits for a program and returns what it complains of, if it fails. */
async function finish(
  child: Deno.ChildProcess,
  { stdin, onOutput, tolerates = () => false }: ToolOptions,
): Promise<string | undefined> {
  const feeding = stdin === undefined ? undefined : feed(child.stdin, stdin);
  const complaints = new Response(child.stderr).text();
  let ended = false;
  let exited = false;
  child.status.then(() => exited = true);
  for await (const bytes of child.stdout) {
    if (ended || onOutput === undefined || onOutput(bytes)) continue;
    ended = true;
    // It may have printed all that it has and be gone.
    if (!exited) child.kill("SIGKILL");
  }
  const [{ code }] = await Promise.all([child.status, feeding]);
  const text = await complaints;
  if (ended || code === 0) return undefined;
  return !text.startsWith("bwrap: ") && tolerates(text) ? undefined : text;
}

/** What went wrong names places of the host: it stays in the cause. */
function failed(cause: Error): BackendError {
  return new BackendError("io", "/", "The sandbox could not look after its files", { cause });
}

/** Names, each with a NUL after it. */
export function joinNames(names: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(names.reduce((sum, { length }) => sum + length + 1, 0));
  let at = 0;
  for (const name of names) {
    all.set(name, at);
    at += name.length + 1;
  }
  return all;
}
