/**
 * Starts the agent and the host as processes of their own and ends them.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import type { PlanProcess } from "./plan.ts";

/** Variables that the Deno program itself needs to find its cache; a script there cannot see them. */
const PASSED_ON = ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"] as const;

/** Milliseconds between hanging up on a process and killing it. */
const GRACE_MS = 200;

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

  /**
   * Starts it with exactly the command and the permissions of the plan, and almost no environment.
   *
   * @param planned What the plan says of it.
   */
  constructor(planned: PlanProcess) {
    const [program, ...args] = planned.command;
    if (program === undefined) throw new TypeError(`The process '${planned.name}' has no command`);
    this.name = planned.name;
    this.#process = new Deno.Command(program, {
      args,
      clearEnv: true,
      env: childEnvironment(planned.name),
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

  /**
   * Says in one sentence how it ended, for a run that did not expect it.
   *
   * @returns When it has ended.
   */
  async obituary(): Promise<string> {
    const status = await this.#status;
    await this.#stderr;
    const how = status.signal === null ? `exit code ${status.code}` : `signal ${status.signal}`;
    const said = this.#errorText.trim();
    return `The ${this.name} process ended unexpectedly (${how})${said === "" ? "" : `: ${said}`}`;
  }

  /** Hangs up, and kills it if it does not end by itself. It has ended when this resolves. */
  async end(): Promise<void> {
    const killer = setTimeout(() => {
      try {
        this.#process.kill("SIGKILL");
      } catch (error) {
        // It ended between the timer and the signal.
        if (!(error instanceof TypeError)) throw error;
      }
    }, GRACE_MS);
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

function childEnvironment(name: string): Record<string, string> {
  const env: Record<string, string> = { NO_COLOR: "1" };
  for (const key of PASSED_ON) {
    const value = Deno.env.get(key);
    if (value !== undefined) env[key] = value;
  }
  // Deno's own audit of permissions: one file a process, so that a test can tell them apart.
  const audit = Deno.env.get("DENO_AUDIT_PERMISSIONS");
  if (audit !== undefined) env["DENO_AUDIT_PERMISSIONS"] = `${audit}.${name}`;
  return env;
}
