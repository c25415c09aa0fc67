/**
 * Starts the agent and the host as processes of their own and ends them.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import { environment } from "./_host_paths.ts";
import { auditFile, commandFor } from "./permissions.ts";
import type { PlanProcess } from "./plan.ts";

/** Variables that the Deno program itself needs to find its cache; a script there cannot see them. */
const PASSED_ON = ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"] as const;

/** Milliseconds between hanging up on a process and killing it. */
const GRACE_MS = 200;

/** Milliseconds that a process which has broken off has to end by itself. */
const OBITUARY_MS = 1_000;

/** Characters of a process's standard error that are kept for messages. */
const STDERR_KEPT = 4_096;

/** A process of a run, and the channel to it. */
export class Child {
  /** Its name in the plan. */
  readonly name: string;
  /** The way to talk to it. */
  readonly channel: Channel;
  /** Its process id. */
  readonly pid: number;
  readonly #process: Deno.ChildProcess;
  readonly #status: Promise<Deno.CommandStatus>;
  readonly #stderr: Promise<void>;
  #errorText = "";
  #dismissed = false;

  /**
   * Starts it with exactly the command and the permissions of the plan, and almost no environment.
   *
   * @param planned What the plan says of it.
   */
  constructor(planned: PlanProcess) {
    const { program, args } = commandFor(planned);
    this.name = planned.name;
    this.#process = new Deno.Command(program, {
      args: [...args],
      clearEnv: true,
      env: isBubblewrap(program) ? confinedEnvironment(planned) : childEnvironment(planned),
      // Bubblewrap would end at the Ctrl-C that a terminal sends to the whole group.
      detached: isBubblewrap(program),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#process.pid;
    this.#status = this.#process.status;
    this.#stderr = this.#keepErrorText(this.#process.stderr);
    this.channel = new Channel({
      readable: this.#process.stdout,
      writable: this.#process.stdin,
    });
  }

  /** How it ended, once it has. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#status;
  }

  /**
   * Asks it something.
   *
   * @param method The request.
   * @param params What it says.
   * @param signal Ends it: then nobody waits for an answer any more.
   * @returns The answer.
   * @throws {Error} What it throws; or a sentence that says how it ended, and with which last words,
   * where it ended or broke off instead; or the reason of the signal.
   */
  async ask(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    try {
      const options = signal === undefined ? {} : { signal };
      return (await this.channel.request(method, params, options)).value;
    } catch (error) {
      signal?.throwIfAborted();
      // The end of a channel rejects what is under way and settles `closed` in the same turn.
      const turn = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 0));
      const over = await Promise.race([this.channel.closed.then(() => true), turn]);
      throw over ? new Error(await this.#obituary()) : error;
    }
  }

  /**
   * Waits for it to end before it is told to.
   *
   * @returns Never: as long as it goes on, and after `end`, nothing comes of it.
   * @throws {Error} How it ended, in a sentence.
   */
  async lost(): Promise<never> {
    await this.channel.closed;
    if (this.#dismissed) await new Promise<never>(() => {});
    throw new Error(await this.#obituary());
  }

  async #obituary(): Promise<string> {
    // It is most likely ending by itself, and how it does is what is asked.
    await this.end(OBITUARY_MS);
    const { code, signal } = await this.#status;
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const words = [this.channel.failure?.message, this.#errorText.trim()]
      .filter((text) => text !== undefined && text !== "");
    return [`The ${this.name} process ended unexpectedly (${how})`, ...words].join(": ");
  }

  /**
   * Hangs up, and kills it if it does not end by itself. It has ended when this resolves.
   *
   * @param grace Milliseconds that it has to end by itself.
   */
  async end(grace: number = GRACE_MS): Promise<void> {
    this.#dismissed = true;
    const killer = setTimeout(() => {
      try {
        this.#process.kill("SIGKILL");
      } catch (error) {
        // It ended between the timer and the signal.
        if (!(error instanceof TypeError)) throw error;
      }
    }, grace);
    const hungUp = this.channel.close();
    await this.#status;
    clearTimeout(killer);
    await Promise.allSettled([hungUp, this.#stderr]);
  }

  async #keepErrorText(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#errorText = (this.#errorText + text).slice(-STDERR_KEPT);
    }
  }
}

function isBubblewrap(program: string): boolean {
  return program.endsWith("/bwrap");
}

/** What Deno is to see in a namespace stands in the command that makes it. */
function confinedEnvironment({ name }: PlanProcess): Record<string, string> {
  const audit = auditFile(name);
  // What is written from inside has to be there before.
  if (audit !== undefined) Deno.writeTextFileSync(audit, "", { append: true });
  return {};
}

function childEnvironment({ name }: PlanProcess): Record<string, string> {
  // What asks after newer versions is Deno itself, whatever its script may reach.
  const env: Record<string, string> = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  for (const key of PASSED_ON) {
    const value = environment(key);
    if (value !== undefined) env[key] = value;
  }
  const audit = auditFile(name);
  if (audit !== undefined) env["DENO_AUDIT_PERMISSIONS"] = audit;
  return env;
}
