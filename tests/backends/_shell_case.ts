/**
 * What the cases of the shell contract are written with.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";
import type { ExecuteOptions, ExecuteResult, Shell } from "../../backends/shells/shell.ts";

/** What differs between shells that all keep the contract. */
export interface ShellTraits {
  /** Whether the machine, or the shell itself, has `jq`. */
  readonly jq: boolean;
  /** Whether `&` runs a command beside the next one, in a process of its own. */
  readonly background: boolean;
  /** Whether what a command prints is told while it runs, not when it is over. */
  readonly streams: boolean;
}

/**
 * A shell and its tree. The tree is memory, but for two mounts of another backend: `/project/`, empty
 * and writable, and `/readonly/`, which may only be read and holds `fixed.txt` (`fixed\n`) and
 * `inner/deep.txt` (`deep\n`).
 */
export interface ShellSubject extends AsyncDisposable {
  readonly shell: Shell;
  readonly backend: Backend;
}

/** One case of the contract. */
export interface ShellCase {
  /** Goes on from the shell's name: `execute() …`. */
  readonly name: string;
  /** A trait without which there is nothing to test. */
  readonly needs?: keyof ShellTraits;
  readonly run: (subject: ShellTree) => Promise<void>;
}

/** The subject of a case, with what cases do again and again. */
export class ShellTree {
  readonly shell: Shell;
  readonly backend: Backend;

  constructor(subject: ShellSubject) {
    this.shell = subject.shell;
    this.backend = subject.backend;
  }

  /** Runs a command, whatever comes of it. */
  run(command: string | readonly string[], options?: ExecuteOptions): Promise<ExecuteResult> {
    return this.shell.execute(command, options);
  }

  /** Runs a command that must succeed without a word of complaint. */
  async ok(command: string | readonly string[], options?: ExecuteOptions): Promise<string> {
    const { exitCode, stdout, stderr, timedOut, notes } = await this.run(command, options);
    assertEquals(
      { exitCode, stderr: stderr.text, timedOut, notes },
      { exitCode: 0, stderr: "", timedOut: false, notes: [] },
    );
    return stdout.text;
  }

  /** Runs a command that must fail, and say so. */
  async fails(command: string | readonly string[], options?: ExecuteOptions): Promise<number> {
    const { exitCode, stdout, stderr } = await this.run(command, options);
    const said = stderr.text !== "";
    assertEquals({ failed: exitCode !== 0, said }, { failed: true, said: true }, stdout.text);
    return exitCode;
  }

  /** What a file holds, as text. */
  async text(path: string): Promise<string> {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      await this.bytes(path),
    );
  }

  /** What a file holds. */
  async bytes(path: string): Promise<Uint8Array> {
    return await this.backend.readBytes(path);
  }

  /** What is at a path: `nothing` if nothing is. */
  async type(path: string): Promise<string> {
    try {
      return (await this.backend.stat(path)).type;
    } catch (error) {
      if (error instanceof BackendError && error.code === "not_found") return "nothing";
      throw error;
    }
  }

  /** Everything in the tree but the read-only mount: files with what they hold, empty directories. */
  async all(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const visit = async (directory: string) => {
      const entries = await this.backend.ls(directory);
      if (entries.length === 0 && directory !== "/project") found[`${directory}/`] = "";
      for (const { path, type } of entries) {
        if (path === "/readonly") continue;
        if (type === "directory") await visit(path);
        else found[path] = await this.text(path);
      }
    };
    await visit("/");
    return found;
  }
}

/** The error that a call must fail with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("The call did not fail");
}

/** The code of the `BackendError` that a call must fail with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await failureOf(call);
  if (error instanceof BackendError) return error.code;
  throw error;
}
