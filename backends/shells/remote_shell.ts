/**
 * Shells of another process: commands over a {@linkcode Channel}.
 *
 * One side serves, the other has a `RemoteShell`; a process in between may pass commands on, and
 * what they print back, without looking into them.
 *
 * @module
 */

import { type Call, Channel, type Reply } from "../channel.ts";
import { BackendError } from "../errors.ts";
import { abortedCommand, checkRequest } from "./_request.ts";
import {
  encodeShellCall,
  encodeShellResult,
  outputListeners,
  parseShellCall,
  parseShellResult,
  SHELL_OUTPUT,
  type ShellCall,
} from "./_shell_calls.ts";
import type { ExecuteOptions, ExecuteResult, Shell, ShellOutput, ShellType } from "./shell.ts";

/** The method of all commands. */
export const SHELL_EXECUTE = "shell.execute";

/** How much of a stream is taken where the call leaves that to the other process: 16 MiB. */
const UNSTATED_BYTES = 16 * 1024 * 1024;

/** The numbers of the calls that this process makes; one channel may have several shells. */
let calls = 0;

/**
 * Answers commands that arrive on a channel.
 *
 * @param channel Where the commands come from.
 * @param shell Asked for each command: the shell that runs it, or the channel that it is passed on to,
 * or `undefined`, which refuses it.
 *
 * @example
 * ```ts
 * import { Channel } from "../channel.ts";
 * import { StateBackend } from "../state.ts";
 * import { RemoteShell, serveShell } from "./remote_shell.ts";
 * import { VirtualShell } from "./virtual.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const there = new TransformStream<Uint8Array, Uint8Array>();
 * const back = new TransformStream<Uint8Array, Uint8Array>();
 * const server = new Channel({ readable: there.readable, writable: back.writable });
 * const virtual = new VirtualShell({ backend: new StateBackend() });
 * serveShell(server, () => virtual);
 *
 * const channel = new Channel({ readable: back.readable, writable: there.writable });
 * const shell = new RemoteShell({ channel, type: "virtual" });
 * assertEquals((await shell.execute("echo hello")).stdout.text, "hello\n");
 * await channel.close();
 * ```
 */
export function serveShell(channel: Channel, shell: () => Shell | Channel | undefined): void {
  channel.handle(SHELL_EXECUTE, (call) => {
    const fields = parseShellCall(call);
    const target = shell();
    if (target === undefined) throw new TypeError("There is no shell here");
    const tell = ({ stream, text }: ShellOutput) => {
      channel.notify(SHELL_OUTPUT, { id: fields.id, stream, text });
    };
    const onOutput = fields.output ? tell : undefined;
    if (target instanceof Channel) return passOn(target, fields, call, onOutput);
    return serve(target, fields, call, onOutput);
  });
}

async function serve(
  shell: Shell,
  fields: ShellCall,
  { signal }: Call,
  onOutput: ExecuteOptions["onOutput"],
): Promise<Reply> {
  const { command, cwd, env, stdin, timeout, outputBytes } = fields;
  const options = { cwd, env, stdin, timeout, outputBytes, signal, onOutput };
  try {
    return encodeShellResult(await shell.execute(command, options));
  } catch (error) {
    if (error instanceof BackendError || error instanceof RangeError) throw error;
    // What else went wrong may tell of the host: it stays in this process.
    const reason = error instanceof Error ? error.name : "Error";
    throw new BackendError("io", cwd ?? "/", `The shell failed (${reason})`, { cause: error });
  }
}

async function passOn(
  channel: Channel,
  fields: ShellCall,
  { bytes, signal }: Call,
  onOutput: ExecuteOptions["onOutput"],
): Promise<Reply> {
  const id = calls++;
  const { params } = encodeShellCall({ ...fields, id, stdin: undefined });
  const listeners = outputListeners(channel);
  if (onOutput !== undefined) listeners.set(id, onOutput);
  try {
    return await channel.request(SHELL_EXECUTE, params, { bytes, signal });
  } finally {
    listeners.delete(id);
  }
}

/** A shell of another process. */
export class RemoteShell implements Shell {
  /** See {@linkcode Shell.type}. */
  readonly type: ShellType;
  readonly #channel: Channel;

  /** @param options The channel to the process, and which kind of shell it serves. */
  constructor(options: { readonly channel: Channel; readonly type: ShellType }) {
    this.#channel = options.channel;
    this.type = options.type;
    outputListeners(this.#channel);
  }

  /** See {@linkcode Shell.execute}. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions = {},
  ): Promise<ExecuteResult> {
    const { cwd, signal } = checkRequest(command, options);
    const { env, stdin, timeout, outputBytes, onOutput } = options;
    const id = calls++;
    const output = onOutput !== undefined;
    const call = { id, command, cwd, env, stdin, timeout, outputBytes, output };
    const { params, bytes } = encodeShellCall(call);
    const kept = outputBytes ?? UNSTATED_BYTES;
    const listeners = outputListeners(this.#channel);
    if (onOutput !== undefined) listeners.set(id, boundedOutput(kept, onOutput));
    try {
      const reply = await this.#channel.request(SHELL_EXECUTE, params, { bytes, signal });
      return parseShellResult(reply, kept);
    } catch (error) {
      if (signal?.aborted) throw abortedCommand(cwd, signal.reason);
      if (error instanceof BackendError || error instanceof RangeError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new BackendError("io", cwd, `The shell cannot be reached: ${reason}`, { cause: error });
    } finally {
      listeners.delete(id);
    }
  }
}

/** Passes on as much as a command's streams may keep; what a hostile process tells beyond is dropped. */
function boundedOutput(
  limit: number,
  onOutput: (output: ShellOutput) => void,
): (output: ShellOutput) => void {
  const left = { stdout: limit, stderr: limit };
  return ({ stream, text }) => {
    const told = text.slice(0, left[stream]);
    left[stream] -= told.length;
    if (told !== "") onOutput({ stream, text: told });
  };
}
