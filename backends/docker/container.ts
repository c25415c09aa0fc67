/**
 * One container, from its start to its end. While it runs its owner holds its standard input; with
 * that it ends by itself, also where the owner was killed.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { BackendError } from "../errors.ts";
import type { ContainerSettings, Engine, EngineContainer } from "./engine.ts";
import { follow } from "./_demux.ts";
import { engineProblem, isStatus } from "./_engine_errors.ts";
import { Beats } from "./_beats.ts";
import { LABELS, newToken } from "./labels.ts";
import { settingsHash } from "./_settings.ts";

/** Milliseconds in which the engine ends a container. */
const END_MILLISECONDS = 3_000;
/** Milliseconds between two words of an owner whose container is stopped for a while. */
const BEAT_MILLISECONDS = 30_000;

/**
 * Says whether nobody has said it since the container was started: `/run` begins empty then, and the
 * file is made by one of many.
 */
const CLAIM = "set -C; : > /run/owner && echo mine";

/** Options of {@linkcode Container}. */
export interface ContainerOptions {
  readonly engine: Engine;
  readonly settings: ContainerSettings;
  /** The name under which it is kept, if it is. */
  readonly keep?: string | undefined;
  /**
   * Milliseconds after which its owner says again that it is there, while the container is stopped.
   *
   * @default {30_000}
   */
  readonly beatMilliseconds?: number | undefined;
}

/** How an exec is made. */
export interface ExecOptions {
  readonly words: readonly string[];
  readonly user: string;
  /** Whether its standard input is connected. */
  readonly input?: boolean;
  /** Keeps it from being started, as long as it is not. */
  readonly signal?: AbortSignal;
}

/** A container and the hold on it. */
export class Container {
  readonly #options: ContainerOptions;
  #container: EngineContainer | undefined;
  #hold: Duplex | undefined;
  #running = false;
  #starting: Promise<void> | undefined;
  #starts = 0;
  /** Says that its owner is there, while it is stopped for a while. */
  #beats: Beats | undefined;
  /** Whether the engine has seen its end, or it was not started yet. */
  #settled = true;

  /** @param options What it is to be. */
  constructor(options: ContainerOptions) {
    this.#options = options;
  }

  /** Its id, once there is one. */
  get id(): string | undefined {
    return this.#container?.id;
  }

  /** Whether it runs, as far as is known. */
  get isRunning(): boolean {
    return this.#running;
  }

  /** How often it was started. */
  get starts(): number {
    return this.#starts;
  }

  /**
   * Makes it, or takes the one that is kept, and starts it, unless it runs.
   *
   * @throws {BackendError} `io` where the engine cannot, `unsupported` where it is in use or was made
   * of something else.
   */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#starting ??= this.#start().finally(() => this.#starting = undefined);
    await this.#starting;
  }

  async #start(): Promise<void> {
    const isNew = this.#container === undefined;
    try {
      this.#container ??= await this.#kept() ?? await this.#create();
      await this.#begin(this.#container);
    } catch (error) {
      // What cannot be started is of no use; what is kept is, perhaps to somebody else right now.
      if (isNew && this.#options.keep === undefined) await this.end().catch(() => {});
      throw engineProblem("start the container", error);
    }
  }

  async #begin(container: EngineContainer): Promise<void> {
    const { keep } = this.#options;
    // What has ended by itself, the engine may still be ending.
    await this.#settle();
    await this.#beats?.end();
    try {
      if (keep === undefined) await this.#beginOwn(container);
      else await this.#beginKept(container, keep);
    } catch (error) {
      this.#beats?.begin();
      throw error;
    }
    this.#running = true;
    this.#starts += 1;
    const wasIdle = this.#beats !== undefined;
    this.#beats = undefined;
    if (wasIdle) await container.rename({ name: newName() });
  }

  async #beginOwn(container: EngineContainer): Promise<void> {
    await this.#take(container);
    try {
      await container.start();
    } catch (error) {
      this.#hold?.destroy();
      throw error;
    }
  }

  /** Others may be about to do the same: one of them takes hold, since a hold that is given up ends it. */
  async #beginKept(container: EngineContainer, keep: string): Promise<void> {
    try {
      await container.start();
    } catch (error) {
      throw isStatus(error, 304) || await this.looksAlive() ? this.#inUse(keep) : error;
    }
    // Of two that start it at the same moment, Docker may tell both that they did.
    if (!await this.#claim()) throw this.#inUse(keep);
    await this.#take(container);
    // It ends by itself unless it hears of its owner.
    this.#hold?.write("\n");
  }

  async #claim(): Promise<boolean> {
    const stream = await this.exec({ words: ["/bin/sh", "-c", CLAIM], user: "0:0" });
    let said = "";
    await follow(stream, (bytes) => said += new TextDecoder().decode(bytes), () => {});
    stream.destroy();
    return said.includes("mine");
  }

  /** Takes hold of it: its end is seen from here, and the end of this program is that of it. */
  async #take(container: EngineContainer): Promise<void> {
    const hold = await container.attach({ stream: true, stdin: true, hijack: true });
    if (!isDuplex(hold)) throw new TypeError("The engine gave no connection");
    hold.on("error", () => {});
    hold.on("close", () => {
      if (this.#hold !== hold) return;
      this.#running = false;
      this.#hold = undefined;
    });
    hold.resume();
    this.#hold = hold;
    this.#settled = false;
  }

  async #create(): Promise<EngineContainer> {
    const { engine, settings, keep } = this.#options;
    const name = keep === undefined ? newName() : `routebook-${keep}`;
    const Labels = { ...settings.Labels, [LABELS.config]: await settingsHash(settings) };
    try {
      return await engine.createContainer({ ...settings, name, Labels });
    } catch (error) {
      if (keep !== undefined && isNameTaken(error)) throw this.#inUse(keep);
      throw error;
    }
  }

  #inUse(keep: string): BackendError {
    const hint = `end the other one, or remove the container: deno task sandboxes --remove ${keep}`;
    return new BackendError("unsupported", "/", `The container '${keep}' is in use: ${hint}`);
  }

  async #kept(): Promise<EngineContainer | undefined> {
    const { engine, settings, keep } = this.#options;
    if (keep === undefined) return undefined;
    const filters = { label: [`${LABELS.keep}=${keep}`] };
    const [found] = await engine.listContainers({ all: true, filters });
    if (found === undefined) return undefined;
    if (found.State === "running") throw this.#inUse(keep);
    if (found.Labels[LABELS.config] !== await settingsHash(settings)) {
      const why = "is kept as it was made, and the file asks for something else by now";
      const how = `Remove it with its files: deno task sandboxes --remove ${keep}`;
      throw new BackendError("unsupported", "/", `The container '${keep}' ${why}. ${how}`);
    }
    return engine.getContainer(found.Id);
  }

  /**
   * Starts a program in it.
   *
   * @param options Which.
   * @returns The connection to it.
   * @throws {BackendError} `io` where the engine cannot.
   */
  async exec({ words, user, input = false, signal }: ExecOptions): Promise<Duplex> {
    const container = this.#container;
    if (container === undefined) throw new TypeError("The container is not started");
    try {
      const exec = await container.exec({
        Cmd: [...words],
        User: user,
        WorkingDir: "/",
        AttachStdin: input,
        AttachStdout: true,
        AttachStderr: true,
        Tty: false,
      });
      signal?.throwIfAborted();
      return await exec.start({ hijack: true, stdin: input, Tty: false });
    } catch (error) {
      throw engineProblem("start a program in the container", error);
    }
  }

  /** Whether the engine says that it runs. */
  async looksAlive(): Promise<boolean> {
    try {
      const isAlive = (await this.#container?.inspect())?.State.Running === true;
      if (!isAlive) this.#running = false;
      return isAlive;
    } catch (error) {
      if (isStatus(error, 404)) return this.#running = false;
      throw engineProblem("look at the container", error);
    }
  }

  /**
   * What was made, changed and deleted in it since it is there, mounts and volumes aside.
   *
   * @returns Paths: 0 changed, 1 made, 2 deleted.
   */
  async differences(): Promise<readonly { readonly Path: string; readonly Kind: number }[]> {
    const found: unknown = await this.#container?.changes();
    if (!Array.isArray(found)) return [];
    return found.filter((entry) => typeof entry?.Path === "string");
  }

  /** Ends everything that runs in it; its files stay, and it can be started again. */
  async halt(): Promise<void> {
    this.#running = false;
    // Without a hold it has ended, and where it is kept it may be somebody else's by now.
    if (this.#options.keep !== undefined && this.#hold === undefined) return;
    const late = this.#endLater();
    try {
      await this.#container?.kill();
    } catch (error) {
      // It is stopped already, or gone; Podman has no status for that.
      if (!isStatus(error, 404, 409) && await this.looksAlive()) {
        throw engineProblem("stop the container", error);
      }
    } finally {
      clearTimeout(late);
      this.#hold?.destroy();
    }
    await this.#settle();
  }

  /** Waits for the engine to see that it has ended; not for long, it may be somebody else's by now. */
  async #settle(): Promise<void> {
    if (this.#settled) return;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), END_MILLISECONDS);
    try {
      await this.#container?.wait({ abortSignal: late.signal });
      this.#settled = true;
    } catch {
      // It is gone, or runs on: whoever needs to know finds out.
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops it for a while: nobody takes it for one that was left behind. */
  async rest(): Promise<void> {
    // From now on whoever uses it waits for it to be started again.
    this.#running = false;
    const { keep, beatMilliseconds = BEAT_MILLISECONDS } = this.#options;
    if (keep === undefined && this.#container !== undefined) {
      const beats = new Beats(this.#container, beatMilliseconds);
      try {
        await beats.say();
      } catch (error) {
        this.#running = this.#hold !== undefined;
        throw engineProblem("rename the container", error);
      }
      this.#beats = beats;
      beats.begin();
    }
    await this.halt();
  }

  /** Ends it: it is removed with its files, unless it is kept. */
  async end(): Promise<void> {
    if (this.#options.keep !== undefined) return await this.halt();
    this.#running = false;
    await this.#beats?.end();
    const late = this.#endLater();
    try {
      await this.#container?.remove({ force: true, v: true });
    } catch (error) {
      // Somebody else is doing it, or has.
      if (!isStatus(error, 404, 409)) throw engineProblem("remove the container", error);
    } finally {
      clearTimeout(late);
      this.#hold?.destroy();
    }
  }

  /**
   * Lets the container end by itself where the engine does not end it: Podman does nothing with one while
   * a program is started in it, and a command may keep it from starting.
   */
  #endLater(): ReturnType<typeof setTimeout> {
    const hold = this.#hold;
    return setTimeout(() => hold?.destroy(), END_MILLISECONDS);
  }
}

function newName(): string {
  return `routebook-${newToken()}`;
}

/** Docker says so with a status, Podman in its words. */
function isNameTaken(error: unknown): boolean {
  return isStatus(error, 409) || error instanceof Error && /name .*in use/.test(error.message);
}

function isDuplex(stream: NodeJS.ReadWriteStream): stream is Duplex {
  return "destroy" in stream;
}
