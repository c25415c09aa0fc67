/**
 * One command in a container, from its start until nothing of it runs any more.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { BackendError } from "../errors.ts";
import { OutputBuffer } from "../shells/_output.ts";
import { longScript, processNotes, refusedStart, STARTED } from "../shells/_real_command.ts";
import { abortedCommand, type ShellRequest } from "../shells/_request.ts";
import type { ExecuteResult, ShellLimits } from "../shells/shell.ts";
import { follow, MarkedStream } from "./_demux.ts";
import { newToken } from "./_files.ts";
import type { Helper } from "./_helper.ts";
import { filling } from "./_filling.ts";
import { OWN_DIRECTORY } from "./_prelude.ts";
import { quell, type QuellPlace, within } from "./_quell.ts";
import { type Entry, parseRecord } from "./_records.ts";

/** The variables that every command has, unless its image or its box say otherwise. */
export const VARIABLES = {
  LANG: "C.UTF-8",
  PATH: "/usr/local/bin:/usr/bin:/bin",
} as const;

/** Bytes of a file in one script. */
const PIECE_BYTES = 1024 * 1024;
/** Bytes of a file's limit in a unit of `ulimit -f`. */
const BLOCK_BYTES = 512;
/** Files that a process may have open. */
const OPEN_FILES = 1_024;
/** Milliseconds in which the engine has to start a command. */
const START_MILLISECONDS = 60_000;
/** Milliseconds in which a command's output has to end once nothing of it runs. */
const DRAIN_MILLISECONDS = 5_000;

/**
 * The first process of each command. Its arguments are a word, the directory, the file of its input,
 * limits, variables and the command. What it says at the end, with the word and the
 * exit code, ends the command, whatever still runs.
 */
const SCRIPT = `t=$1 c=$2 f=$4 u=$5
exec < "$3"
shift 5
cd -- "$c" 2> /dev/null || {
  if [ ! -e "$c" ]; then s=0; elif [ ! -d "$c" ]; then s=1; else s=2; fi
  printf %s "$s" >&2
  exit 125
}
printf ${STARTED} >&2
exec 3>&2 2> /dev/null
(
  ulimit -c 0; ulimit -n ${OPEN_FILES}; ulimit -f "$f"; umask 022
  # At the first a process is told why it ends, at the second it is ended whatever it makes of that.
  ulimit -H -t $((u + 1)); ulimit -S -t "$u"
  exec env -i "$@" 2>&3 3>&-
)
printf '\\n%s %s\\n' "$t" $? >&3`;

/** Runs what its arguments say, the first of them being a program whatever it looks like. */
const PROGRAM = 'exec "$@"';

/** What a command runs in. */
export interface CommandPlace extends QuellPlace {
  readonly limits: ShellLimits;
  /** Bytes of memory that everything in the container may take. */
  readonly memoryBytes: number;
  readonly variables: Readonly<Record<string, string>>;
  /** Told what was made right before the command. */
  readonly onBegin: (mark: Entry | undefined) => void;
}

/**
 * Runs a command.
 *
 * @param place Where.
 * @param request What.
 * @returns How it ended; nothing that it started runs any more.
 * @throws {BackendError} `not_found`, `not_directory` or `denied` where it cannot start in its
 * directory, `aborted`, `too_large`, `io`.
 */
export async function runCommand(
  place: CommandPlace,
  request: ShellRequest,
): Promise<ExecuteResult> {
  const { helper, limits } = place;
  const { timeout, signal, cwd, outputBytes, onOutput } = request;
  const script = longScript(request);
  const { mark, killed: killedBefore } = await prepare(helper, request, script);
  place.onBegin(mark);
  const token = newToken();
  const tell = (stream: "stdout" | "stderr") =>
    onOutput && ((text: string) => onOutput({ stream, text }));
  const stdout = new OutputBuffer(outputBytes, tell("stdout"));
  const stderr = new OutputBuffer(outputBytes, tell("stderr"));
  const ended = Promise.withResolvers<Ending>();
  const errors = new FirstByte(
    new MarkedStream(
      `\n${token} `,
      (bytes) => stderr.push(bytes),
      // Whoever looks for the word can say it too.
      (code) => ended.resolve({ code: /^\d{1,3}$/.test(code) ? Number(code) : 137 }),
    ),
  );
  const words = ["/bin/sh", "-c", SCRIPT, "sh", token, ...argumentsOf(place, request, script)];
  const onAbort = () => ended.resolve({ killed: "aborted" });
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ending: Ending;
  let stream: Duplex;
  let drained: Promise<true>;
  try {
    stream = await begin(place, words, { cwd, signal, ended: ended.promise });
    timer = setTimeout(() => ended.resolve({ killed: "timeout" }), timeout);
    drained = follow(stream, (bytes) => stdout.push(bytes), (bytes) => errors.push(bytes));
    drained.then(() => ended.resolve({ code: 137 }));
    ending = await ended.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
  const killed = await quell(place);
  await within(drained, DRAIN_MILLISECONDS) ?? await place.restart();
  stream.destroy();
  errors.stream.flush();
  const refusal = refusedStart(errors.first, cwd);
  if (refusal !== undefined) throw refusal;
  if (ending.killed === "aborted") throw abortedCommand(cwd, signal?.reason);
  const timedOut = ending.killed === "timeout";
  const exitCode = timedOut ? 124 : ending.code ?? 137;
  if (errors.first !== STARTED && !timedOut && killed === killedBefore) {
    const said = `${errors.first}${stderr.result().text}${stdout.result().text}`.trim();
    throw new BackendError("io", cwd, `The command could not be started: ${said || "no reason"}`);
  }
  const notes = [
    ...(killed === killedBefore ? [] : [
      `A process was killed: everything in the container took more than ${place.memoryBytes} bytes ` +
      "of memory",
    ]),
    ...processNotes(exitCode, limits),
  ];
  return { exitCode, stdout: stdout.result(), stderr: stderr.result(), timedOut, notes };
}

/** How a command ended. */
interface Ending {
  readonly code?: number;
  readonly killed?: "timeout" | "aborted";
}

/** What there is before a command. */
interface Before {
  /** A file that was made right then. */
  readonly mark: Entry | undefined;
  /** How many processes had no memory until now. */
  readonly killed: string;
}

/** Brings what comes as a file, and looks at what there is. */
async function prepare(
  helper: Helper,
  { stdin, cwd, signal }: ShellRequest,
  script: Uint8Array | undefined,
): Promise<Before> {
  return await helper.together(async (ask) => {
    const { bytes } = await ask("before");
    const [mark = "", killed = ""] = new TextDecoder().decode(bytes).split("\n");
    const files = { input: stdin === "" ? undefined : new TextEncoder().encode(stdin), script };
    for (const [name, bytes] of Object.entries(files)) {
      if (bytes === undefined) continue;
      for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
        const piece = bytes.subarray(from, from + PIECE_BYTES);
        const { status } = await ask(`bring ${name}; ${filling(piece)}`);
        if (status === 0) continue;
        const message = "The input of the command does not fit the sandbox";
        throw new BackendError("too_large", cwd, message);
      }
    }
    return { mark: parseRecord(OWN_DIRECTORY, mark), killed };
  }, signal);
}

function argumentsOf(
  { limits, variables }: CommandPlace,
  { command, cwd, env, stdin }: ShellRequest,
  script: Uint8Array | undefined,
): readonly string[] {
  const all = { ...VARIABLES, ...variables, HOME: "/run/home", PWD: cwd, ...env };
  const set = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const words = typeof command !== "string"
    ? [PROGRAM, "sh", ...command]
    : ["--", script === undefined ? command : `. ${OWN_DIRECTORY}/script`, "sh"];
  return [
    cwd,
    stdin === "" ? "/dev/null" : `${OWN_DIRECTORY}/input`,
    `${Math.ceil(limits.fileBytes / BLOCK_BYTES)}`,
    `${limits.cpuSeconds}`,
    ...set,
    ...["/bin/sh", "-c", ...words],
  ];
}

/** What a start is waited for with. */
interface Beginning {
  readonly cwd: string;
  readonly signal: AbortSignal | undefined;
  /** Resolves where it is over before it has begun. */
  readonly ended: Promise<Ending>;
}

/** Has the engine start a command. */
async function begin(
  { container, user, restart }: CommandPlace,
  words: readonly string[],
  { cwd, signal, ended }: Beginning,
): Promise<Duplex> {
  const late = new AbortController();
  const opening = container.exec({ words, user, signal: late.signal });
  const stream = await Promise.race([
    within(opening, START_MILLISECONDS),
    // It is about to begin: then it is ended as others are.
    ended.then(() => within(opening, DRAIN_MILLISECONDS)),
  ]);
  if (stream !== undefined) return stream;
  // What begins later than that would run without an end.
  late.abort();
  opening.then((stream) => stream.destroy(), () => {});
  const isAnew = await within(restart().then(() => true), START_MILLISECONDS);
  if (signal?.aborted) throw abortedCommand(cwd, signal.reason);
  const what = isAnew === undefined
    ? "does not answer"
    : `did not start the command in ${START_MILLISECONDS / 1_000} s`;
  throw new BackendError("io", cwd, `The engine ${what}`);
}

/** The first byte of a stream is the setup's own word. */
class FirstByte {
  readonly stream: MarkedStream;
  first = "";

  constructor(stream: MarkedStream) {
    this.stream = stream;
  }

  push(bytes: Uint8Array): void {
    if (this.first === "" && bytes.length > 0) {
      this.first = String.fromCharCode(bytes[0] ?? 0);
      this.stream.push(bytes.subarray(1));
    } else {
      this.stream.push(bytes);
    }
  }
}
