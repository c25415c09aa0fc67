/**
 * The tool `execute`.
 *
 * @module
 */

import { z } from "zod";
import { BackendError } from "../../backends/errors.ts";
import {
  type ExecuteResult,
  SHELL_LIMITS,
  type ShellStream,
  type ShellType,
  SYSTEM_DIRECTORIES,
} from "../../backends/shells/shell.ts";
import { byteLength, count, grouped, RESULT_BYTES } from "../_text.ts";
import { defineTool, type Tool } from "../tool.ts";

/** Bytes of each stream that are asked of the shell: both fit a result. */
const STREAM_BYTES = 24 * 1024;
/** Bytes of a result that notes may take, all together. */
const NOTE_BYTES = 4 * 1024;
const DEFAULT_SECONDS = SHELL_LIMITS.milliseconds / 1_000;
const LONGEST_SECONDS = SHELL_LIMITS.longestMilliseconds / 1_000;

const KINDS: Readonly<Record<ShellType, string>> = {
  virtual: "It is a bash that is interpreted, with the usual tools for text and files (cat, ls, " +
    "cp, mv, rm, find, grep, sed, awk, sort, uniq, cut, tr, diff, jq, xargs, tar, gzip...) and no " +
    "other program: no git, python, node, make or compiler, no background processes",
  sandbox: "It is a real shell with the programs of this machine, such as git and python3 where " +
    "they are installed, confined to the files of this run and to limits of time, memory and " +
    "processes",
  docker: "It is a real shell in a container, with the programs of its image, confined to the " +
    "files of this run and to limits of time, memory and processes",
};

/**
 * Makes the tool that runs commands. A command that fails is a result with its exit code, no failed
 * call: a test that does not pass is what the model wanted to know.
 *
 * @param type The kind of shell, which decides what the model is told of it.
 * @param options Whether its commands reach a network.
 * @returns The tool; its calls need a {@linkcode ToolContext.shell}.
 */
export function executeTool(
  type: ShellType,
  { network = false }: { readonly network?: boolean | undefined } = {},
): Tool {
  return defineTool({
    name: "execute",
    description:
      `Run a command and wait until it ends. ${KINDS[type]}. It sees the same files at the same ` +
      `paths as the other tools, and its changes are seen by them. There is ${
        network ? "a" : "no"
      } network, and nobody to answer a question at a prompt. Each call starts anew: directory and variables do not last ` +
      `from one to the next. ${
        SYSTEM_DIRECTORIES.join(", ")
      } are the system's own: what is written ` +
      `there is gone afterwards. The result is the exit code, then what was printed, of long output ` +
      `the first and the last part: send it to a file and search that with grep where you need all.`,
    parameters: z.strictObject({
      command: z.string().min(1).max(SHELL_LIMITS.commandCharacters).describe(
        "What to run, as a script for sh: one command or several lines.",
      ),
      cwd: z.string().default("/").describe(
        "The absolute path of the directory to run it in. Default: /, the root.",
      ),
      env: z.record(z.string(), z.string()).default({}).describe(
        "Variables that it shall see, by their names. Default: none.",
      ),
      stdin: z.string().max(SHELL_LIMITS.stdinCharacters).default("").describe(
        "What it reads from its standard input. Default: nothing.",
      ),
      timeout: z.number().min(1).max(LONGEST_SECONDS).default(DEFAULT_SECONDS).describe(
        `Seconds after which it is killed with all that it started. Default: ${DEFAULT_SECONDS}; ` +
          `at most ${grouped(LONGEST_SECONDS)}.`,
      ),
    }),
    command: ({ command, cwd, env, stdin }) => ({ script: command, cwd, env, stdin }),
    async execute({ command, cwd, env, stdin, timeout }, { shell, signal }) {
      if (shell === undefined) {
        throw new BackendError("unsupported", cwd, "Cannot run a command: there is no shell here");
      }
      const result = await shell.execute(command, {
        cwd,
        env,
        stdin,
        timeout: Math.round(timeout * 1_000),
        outputBytes: STREAM_BYTES,
        signal,
      });
      return resultText(result, timeout);
    },
  });
}

function resultText(result: ExecuteResult, seconds: number): string {
  const { exitCode, stdout, stderr, timedOut } = result;
  const killed = timedOut
    ? ` (killed after ${count(seconds, "second")}; what it printed and wrote by then is kept)`
    : "";
  const printed = [...streamLines("stdout", stdout), ...streamLines("stderr", stderr)];
  return [
    `Exit code: ${exitCode}${killed}`,
    ...printed.length === 0 ? ["(no output)"] : printed,
    ...noteLines(result.notes),
  ].join("\n");
}

function streamLines(name: string, stream: ShellStream): readonly string[] {
  if (stream.bytes === 0) return [];
  const text = middleCut(stream.text.replace(/\n$/, ""));
  const whole = stream.omitted === 0
    ? ""
    : ` (${count(stream.bytes, "byte")}: the first and the last part)`;
  return [`${name}${whole}:`, text];
}

/** What is no UTF-8 takes three times its bytes, so that a stream may still be too long. */
function middleCut(text: string): string {
  const most = (RESULT_BYTES - NOTE_BYTES) / 2;
  if (text.length * 3 <= most || byteLength(text) <= most) return text;
  const half = Math.floor(most / 6) - 20;
  const left = `\n[... ${count(text.length - 2 * half, "character")} left out ...]\n`;
  return text.slice(0, half) + left + text.slice(-half);
}

function noteLines(notes: readonly string[]): readonly string[] {
  let left = NOTE_BYTES - 1024;
  const shown = notes.map((note) => `(${note})`)
    .filter((line) => (left -= byteLength(line) + 1) >= 0);
  const more = notes.length - shown.length;
  return more === 0 ? shown : [...shown, `(and ${count(more, "other note")})`];
}
