/**
 * Commands between processes: a call of a shell as one request, and its result.
 *
 * What is long travels as an attachment. What arrives is checked field by field: the other process
 * may be a hostile one.
 *
 * @module
 */

import type { Call, Channel, Reply } from "../channel.ts";
import type { ExecuteResult, ShellOutput, ShellStream } from "./shell.ts";

/** The notice of what a command prints. */
export const SHELL_OUTPUT = "shell.output";

/** The fields of a call; its standard input is the attachment. */
export interface ShellCall {
  /** A number that the caller gave: its notices carry it. */
  readonly id: number;
  readonly command: string | readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly stdin: string | undefined;
  readonly timeout: number | undefined;
  readonly outputBytes: number | undefined;
  /** Whether the caller wants notices. */
  readonly output: boolean;
}

/** How many notes a result may have, and how long each may be. */
const NOTES = 1_000;
const NOTE_CHARACTERS = 16 * 1024;
/** What a result may say beside what is kept of a stream: that something was left out. */
const OMISSION_BYTES = 256;

const FIELDS: readonly string[] = "id command cwd env timeout outputBytes output".split(" ");

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The parameters of a call, for the wire, and their attachment. */
export function encodeShellCall(
  call: ShellCall,
): { readonly params: unknown; readonly bytes: Uint8Array | undefined } {
  const { stdin, ...rest } = call;
  const params = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined),
  );
  return { params, bytes: stdin === undefined ? undefined : encoder.encode(stdin) };
}

/**
 * Checks a call.
 *
 * @throws {TypeError} If it is none.
 */
export function parseShellCall({ params, bytes }: Call): ShellCall {
  if (!isObject(params)) throw new TypeError("A command's call must be an object");
  for (const name of Object.keys(params)) {
    if (!FIELDS.includes(name)) throw new TypeError(`A command's call has no argument '${name}'`);
  }
  const { id, command, cwd, env, timeout, outputBytes, output } = params;
  if (!isCount(id)) throw wrong("id");
  if (typeof command !== "string" && !isTexts(command)) throw wrong("command");
  if (cwd !== undefined && typeof cwd !== "string") throw wrong("cwd");
  if (env !== undefined && !isVariables(env)) throw wrong("env");
  if (timeout !== undefined && typeof timeout !== "number") throw wrong("timeout");
  if (outputBytes !== undefined && typeof outputBytes !== "number") throw wrong("outputBytes");
  if (typeof output !== "boolean") throw wrong("output");
  const stdin = bytes === undefined ? undefined : decodeStdin(bytes);
  return { id, command, cwd, env, stdin, timeout, outputBytes, output };
}

/** A result, for the wire: the two texts are its attachment. */
export function encodeShellResult(result: ExecuteResult): Reply {
  const { exitCode, timedOut, notes } = result;
  const stdout = encoder.encode(result.stdout.text);
  const stderr = encoder.encode(result.stderr.text);
  const bytes = new Uint8Array(stdout.length + stderr.length);
  bytes.set(stdout);
  bytes.set(stderr, stdout.length);
  const describe = ({ bytes, omitted }: ShellStream, length: number) => ({
    bytes,
    omitted,
    length,
  });
  return {
    value: {
      exitCode,
      timedOut,
      notes,
      stdout: describe(result.stdout, stdout.length),
      stderr: describe(result.stderr, stderr.length),
    },
    bytes,
  };
}

/**
 * Checks a result.
 *
 * @param reply What came.
 * @param outputBytes How much of each stream was asked for: more is no result.
 */
export function parseShellResult(reply: Reply, outputBytes: number): ExecuteResult {
  const { value, bytes } = reply;
  if (!isObject(value) || bytes === undefined) throw malformed();
  const { exitCode, timedOut, notes } = value;
  if (!isCount(exitCode) || exitCode > 255 || typeof timedOut !== "boolean") throw malformed();
  if (!isTexts(notes) || notes.length > NOTES) throw malformed();
  if (notes.some((note) => note.length > NOTE_CHARACTERS)) throw malformed();
  const { stream: stdout, end } = parseStream(value.stdout, bytes, 0, outputBytes);
  const { stream: stderr, end: all } = parseStream(value.stderr, bytes, end, outputBytes);
  if (all !== bytes.length) throw malformed();
  return { exitCode, stdout, stderr, timedOut, notes: [...notes] };
}

/** A notice, checked. */
export function parseShellOutput(params: unknown): ShellOutput & { readonly id: number } {
  if (!isObject(params)) throw malformed();
  const { id, stream, text } = params;
  if (!isCount(id) || typeof text !== "string") throw malformed();
  if (stream !== "stdout" && stream !== "stderr") throw malformed();
  return { id, stream, text };
}

type Listener = (output: ShellOutput) => void;

const LISTENERS = new WeakMap<Channel, Map<number, Listener>>();

/**
 * Who is told of the output that a channel's notices tell, by the number of the call. All that use
 * one channel share it.
 */
export function outputListeners(channel: Channel): Map<number, Listener> {
  const known = LISTENERS.get(channel);
  if (known !== undefined) return known;
  const listeners = new Map<number, Listener>();
  LISTENERS.set(channel, listeners);
  channel.onNotice(SHELL_OUTPUT, (params) => {
    const { id, stream, text } = parseShellOutput(params);
    // Without a listener the call is over: it was cancelled while this was on its way.
    listeners.get(id)?.({ stream, text });
  });
  return listeners;
}

function parseStream(
  value: unknown,
  all: Uint8Array,
  start: number,
  outputBytes: number,
): { readonly stream: ShellStream; readonly end: number } {
  if (!isObject(value)) throw malformed();
  const { bytes, omitted, length } = value;
  if (!isCount(bytes) || !isCount(omitted) || !isCount(length) || omitted > bytes) {
    throw malformed();
  }
  // What is no UTF-8 is three bytes as U+FFFD.
  if (start + length > all.length || length > 3 * outputBytes + OMISSION_BYTES) throw malformed();
  try {
    const text = decoder.decode(all.subarray(start, start + length));
    return { stream: { text, bytes, omitted }, end: start + length };
  } catch (cause) {
    throw malformed(cause);
  }
}

function decodeStdin(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new TypeError("The standard input of a command must be text", { cause });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isVariables(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === "string");
}

function wrong(name: string): TypeError {
  return new TypeError(`The argument '${name}' of a command's call is missing or of another type`);
}

function malformed(cause?: unknown): Error {
  return new Error("The other process sent an answer of no known form", { cause });
}
