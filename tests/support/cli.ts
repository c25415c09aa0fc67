/**
 * The command line as a person uses it: a process of its own, with the flags of deno.json's tasks.
 *
 * @module
 */

import { copy } from "@std/fs";
import { fromFileUrl, join } from "@std/path";
import config from "../../deno.json" with { type: "json" };

/** The checkout. */
export const PROJECT = fromFileUrl(new URL("../..", import.meta.url));

/** How a command ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A task that is a command of the command line. */
export type Command = "run" | "plan" | "check" | "graph" | "log" | "sandboxes";

/** Options of {@linkcode startCli}. */
export interface CliOptions {
  /** The working directory. */
  readonly cwd: string;
  /** Variables beside those that Deno needs to find its cache; no key unless it is here. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that starts the command that follows them. */
  readonly through?: readonly string[];
}

/**
 * Starts `deno task NAME ARGS`, without the task runner in between.
 *
 * @param name The task: run, plan or check.
 * @param args Its arguments.
 * @param options Where and with which variables.
 * @returns The process.
 */
export function startCli(
  name: Command,
  args: readonly string[],
  options: CliOptions,
): Deno.ChildProcess {
  const [, ...words] = config.tasks[name].command.split(" ");
  const known = Object.fromEntries(
    ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR", "PATH"]
      .map((key) => [key, Deno.env.get(key)] as const)
      .filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
  );
  const flags = words.map((word) => word.endsWith(".ts") ? join(PROJECT, word) : word);
  const [program, ...rest] = [...options.through ?? [], Deno.execPath(), ...flags, ...args];
  return new Deno.Command(program ?? "", {
    args: rest,
    cwd: options.cwd,
    clearEnv: true,
    env: { ...known, NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Runs `deno task NAME ARGS` to its end.
 *
 * @param name The task: run, plan or check.
 * @param args Its arguments.
 * @param options Where and with which variables.
 * @returns What it printed, and its exit code.
 */
export async function cli(
  name: Command,
  args: readonly string[],
  options: CliOptions,
): Promise<CliResult> {
  const { code, stdout, stderr } = await startCli(name, args, options).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A temporary directory with a copy of the shipped workflows, as `workflows/` stands in a clone. */
export class Clone implements AsyncDisposable {
  /** Its absolute path. */
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Makes one.
   *
   * @returns The directory, which goes when it is disposed of.
   */
  static async make(): Promise<Clone> {
    const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-test-" }));
    await copy(join(PROJECT, "workflows"), join(directory, "workflows"));
    return new Clone(directory);
  }

  /**
   * Every file below the directory but the workflows, with its text.
   *
   * @returns Relative paths, sorted, with their contents.
   */
  async files(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const visit = async (relative: string) => {
      for await (const entry of Deno.readDir(join(this.directory, relative))) {
        const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
        if (path === "workflows") continue;
        if (entry.isDirectory) await visit(path);
        else found[path] = await Deno.readTextFile(join(this.directory, path));
      }
    };
    await visit("");
    return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a < b ? -1 : 1));
  }

  /** Removes the directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}
