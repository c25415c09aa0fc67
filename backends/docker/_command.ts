/**
 * One command in a container, from its start until nothing of it runs any more.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { OutputBuffer } from "../shells/_output.ts";
import { longScript, processNotes, refusedStart, STARTED } from "../shells/_real_command.ts";
import { abortedCommand, type ShellRequest } from "../shells/_request.ts";
import type { ExecuteResult, ShellLimits } from "../shells/shell.ts";
import type { Container } from "./container.ts";
import { follow, MarkedStream } from "./_demux.ts";
import { newToken } from "./_files.ts";
import type { Helper } from "./_helper.ts";
import { filling, OWN_DIRECTORY } from "./_prelude.ts";
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
/** Milliseconds in which the file server has to end a command before others do. */
const QUELL_MILLISECONDS = 2_000;
/** How many times as long it may say nothing while it does what others asked for. */
const BUSY_ROUNDS = 8;
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
export interface CommandPlace {
  readonly container: Container;
  readonly helper: Helper;
  readonly user: string;
  readonly limits: ShellLimits;
  /** Bytes of memory that everything in the container may take. */
  readonly memoryBytes: number;
  readonly variables: Readonly<Record<string, string>>;
  /** Ends everything by force: the container begins anew, with its files. */
  readonly restart: () => Promise<void>;
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
  const { container, helper, user, limits } = place;
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
  const stream = await container.exec({ words, user });
  const drained = follow(stream, (bytes) => stdout.push(bytes), (bytes) => errors.push(bytes));
  drained.then(() => ended.resolve({ code: 137 }));
  const timer = setTimeout(() => ended.resolve({ killed: "timeout" }), timeout);
  const onAbort = () => ended.resolve({ killed: "aborted" });
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  let ending: Ending;
  try {
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

/** Kills what the command left, and says how many processes had no memory until now. */
async function quell(place: CommandPlace): Promise<string> {
  const { helper, restart } = place;
  // Where the command killed it, another one does it.
  const asked = quelled(helper);
  let done = await answered(helper, asked, 1);
  if (done === undefined) {
    // The command may have stopped it.
    await signalAll(place, "CONT");
    done = await answered(helper, asked, helper.isBusy ? BUSY_ROUNDS : 1);
  }
  if (done === undefined) {
    helper.drop();
    if (await signalAll(place, "KILL")) done = await answered(helper, quelled(helper), 1);
  }
  if (done === undefined) {
    // Whatever is to end it is ended by it: but for what comes from outside of the container.
    helper.drop();
    await restart();
    done = (await helper.ask("quell")).bytes;
  }
  return new TextDecoder().decode(done).trim();
}

async function quelled(helper: Helper): Promise<Uint8Array | undefined> {
  const asked = helper.ask("quell").catch(() => helper.ask("quell"));
  return await asked.then(({ bytes }) => bytes, () => undefined);
}

/** An answer of the file server, which first does what others asked for: it is heard meanwhile. */
async function answered<T>(
  helper: Helper,
  asked: Promise<T>,
  rounds: number,
): Promise<T | undefined> {
  for (let silent = 0; silent < rounds; silent++) {
    const before = helper.heard;
    const answer = await within(asked.then((value) => ({ value })), QUELL_MILLISECONDS);
    if (answer !== undefined) return answer.value;
    if (helper.heard !== before) silent = -1;
  }
  return undefined;
}

/** Sends all processes of the user a signal; says whether that was possible in time. */
async function signalAll({ container, user }: CommandPlace, signal: string): Promise<boolean> {
  const words = ["/bin/sh", "-c", `kill -${signal} -1`];
  const sent = container.exec({ words, user }).then(async (stream) => {
    const done = await within(follow(stream, () => {}, () => {}), QUELL_MILLISECONDS);
    stream.destroy();
    return done === true;
  }, (error) => {
    if (error instanceof BackendError) return false;
    throw error;
  });
  // A program that is stopped before it has begun holds up the engine too.
  return await within(sent, 2 * QUELL_MILLISECONDS) ?? false;
}

/** What comes in time, or `undefined`. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
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
