/**
 * The end of everything that a command started, also where the command works against it.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import type { Container } from "./container.ts";
import { follow } from "./_demux.ts";
import type { Helper } from "./_helper.ts";

/** Milliseconds in which the file server has to end a command before others do. */
const QUELL_MILLISECONDS = 2_000;
/** How many times as long it may say nothing while it does what others asked for. */
const BUSY_ROUNDS = 8;
/** How many times as long altogether: what it is heard saying may be what a command says in its place. */
const ALL_ROUNDS = 10;
/** Where it is ended. */
export interface QuellPlace {
  readonly container: Container;
  readonly helper: Helper;
  readonly user: string;
  /** Ends everything by force: the container begins anew, with its files. */
  readonly restart: () => Promise<void>;
}

/**
 * Kills what a command left.
 *
 * @param place Where.
 * @returns How many processes had no memory until now.
 */
export async function quell(place: QuellPlace): Promise<string> {
  const { helper, restart } = place;
  const patience = { rounds: ALL_ROUNDS };
  // Where the command killed it, another one does it.
  const asked = quelled(helper);
  let done = await answered(helper, asked, 1, patience);
  if (done === undefined) {
    // The command may have stopped it.
    await signalAll(place, "CONT");
    done = await answered(helper, asked, helper.isBusy ? BUSY_ROUNDS : 1, patience);
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

/**
 * An answer of the file server, which first does what others asked for: it is heard meanwhile.
 *
 * @param helper The file server.
 * @param asked What it was asked for.
 * @param rounds How many times it may say nothing.
 * @param patience How many times it is waited for at most, here and elsewhere.
 */
async function answered<T>(
  helper: Helper,
  asked: Promise<T>,
  rounds: number,
  patience = { rounds: ALL_ROUNDS },
): Promise<T | undefined> {
  for (let silent = 0; silent < rounds && patience.rounds > 0; silent++, patience.rounds--) {
    const before = helper.heard;
    const answer = await within(asked.then((value) => ({ value })), QUELL_MILLISECONDS);
    if (answer !== undefined) return answer.value;
    if (helper.heard !== before) silent = -1;
  }
  return undefined;
}

/** Sends all processes of the user a signal; says whether that was possible in time. */
async function signalAll({ container, user }: QuellPlace, signal: string): Promise<boolean> {
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

/**
 * What comes in time, or `undefined`.
 *
 * @param promise What is to come.
 * @param milliseconds How long it is waited for.
 */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
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
