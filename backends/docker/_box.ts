/**
 * A container as a sandbox has it: started when it is needed, started again where it ended, with its
 * file server and its queue of commands.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { checkRequest, CommandQueue } from "../shells/_request.ts";
import { type ExecuteOptions, type ExecuteResult, SHELL_LIMITS } from "../shells/shell.ts";
import { runCommand } from "./_command.ts";
import { Container } from "./container.ts";
import { boxImage } from "./_box_image.ts";
import { openEngine } from "./engine.ts";
import { DockerFiles } from "./_files.ts";
import { type Ask, Helper, HelperLost } from "./_helper.ts";
import { findEngineHere } from "./_here.ts";
import { BOOT, IS_RECORD_PASSING, parseEntries, WELCOME } from "./_init.ts";
import { BoxTree } from "./_box_tree.ts";
import { PlaceCheck } from "./_places.ts";
import { prelude } from "./_prelude.ts";
import type { Entry } from "./_records.ts";
import { resolveRuntime } from "./runtimes.ts";
import { userNamespace } from "./_rootless.ts";
import type { DockerSandboxOptions } from "./sandbox.ts";
import type { Brought } from "./_snapshot.ts";
import { containerSettings, USER } from "./_settings.ts";
import { DockerStage } from "./_stage.ts";

/** A container that is there, with what belongs to it. */
interface Live {
  readonly container: Container;
  readonly helper: Helper;
  readonly files: DockerFiles;
  readonly variables: Readonly<Record<string, string>>;
}

/** Milliseconds in which programs of an image that are what they are elsewhere say something. */
const GREETING_MILLISECONDS = 10_000;
/** Milliseconds in which a container is ready to serve its files. */
const READY_MILLISECONDS = 60_000;

/** One container and everything that is done with it. */
export class DockerBox {
  /** See `DockerSandbox.stage`. */
  readonly stage: DockerStage;
  readonly #options: DockerSandboxOptions;
  readonly #commands = new CommandQueue();
  readonly #starts = new CommandQueue();
  readonly #tree: BoxTree;
  readonly #user: string;
  #live: Live | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #hard: ReturnType<typeof setTimeout> | undefined;
  /** Operations that are under way. */
  #uses = 0;
  /** For which start of the container the file server's own program is there. */
  #booted = 0;
  /** What there was at first, of a box whose own record of that goes with each stop. */
  #brought: Brought | undefined;
  readonly #ending = new AbortController();
  /** Why it cannot be used any more. */
  #over: BackendError | undefined;

  /**
   * @param options What it is made of.
   * @throws {TypeError} If an option is not what it must be.
   * @throws {UnknownRuntimeError} If no runtime has the name that is given.
   */
  constructor(options: DockerSandboxOptions) {
    if ((options.image === undefined) === (options.runtime === undefined)) {
      throw new TypeError("A sandbox is made of either an 'image' or a 'runtime'");
    }
    // One that nobody knows is told at once.
    if (options.runtime !== undefined) resolveRuntime(options.runtime);
    this.#options = options;
    this.#user = options.user ?? USER;
    this.#tree = new BoxTree(options);
    this.stage = new DockerStage({
      helper: async (signal) => (await this.#start(signal)).helper,
      inTurn: ({ signal }, work) =>
        this.#used(() => this.#commands.run({ cwd: "/", signal }, work)),
      staged: this.#tree.staged,
      unstaged: () => this.#tree.unstaged,
      top: () => this.#tree.entries.top,
      watched: this.#tree.watched,
      bytes: options.memoryBytes ?? SHELL_LIMITS.memoryBytes,
    });
  }

  /** The container's id, once it is there. */
  get id(): string | undefined {
    return this.#live?.container.id;
  }

  /**
   * Does something with its files; the container runs then, and is not stopped meanwhile.
   *
   * @param work What.
   * @param signal Ends the wait for the container.
   */
  async use<T>(work: (files: DockerFiles) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return await this.#used(async () => await work((await this.#start(signal)).files));
  }

  async #used<T>(work: () => Promise<T>): Promise<T> {
    this.#uses += 1;
    try {
      return await work();
    } catch (error) {
      throw this.#meant(error);
    } finally {
      this.#uses -= 1;
      this.#rest();
    }
  }

  /** What failed since it is over says that. */
  #meant(error: unknown): unknown {
    const isLost = error instanceof HelperLost;
    if (!isLost && !(error instanceof BackendError && error.code === "io")) return error;
    if (this.#over !== undefined) return this.#over;
    if (!isLost) return error;
    return new BackendError("io", "/", "The container does not answer", { cause: error });
  }

  /** Runs a command. */
  async execute(
    command: string | readonly string[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult> {
    const limits = { ...SHELL_LIMITS, ...this.#options.limits };
    const request = checkRequest(command, options, limits.outputBytes);
    return await this.#used(() =>
      this.#commands.run(request, async () => {
        const { container, helper, files, variables } = await this.#start(request.signal);
        const place = {
          ...{ container, helper, limits, variables, user: this.#user },
          memoryBytes: this.#options.memoryBytes ?? SHELL_LIMITS.memoryBytes,
          restart: () => this.#restart(),
          onBegin: (mark: Entry | undefined) => this.stage.begin(mark),
        };
        return await files.unknown(() => runCommand(place, request));
      })
    );
  }

  /** See `DockerSandbox.snapshot`. */
  async snapshot(): Promise<Uint8Array | undefined> {
    const { takeSnapshot } = await import("./_snapshot.ts");
    return await this.#used(async () => {
      const { container, files } = await this.#start();
      return await this.#commands.run({ cwd: "/", signal: undefined }, () => {
        return takeSnapshot({ container, files, own: this.#tree.unkept, brought: this.#brought });
      });
    });
  }

  /** See `DockerSandbox.restore`. */
  async restore(archive: Uint8Array): Promise<void> {
    const { putSnapshot } = await import("./_restore.ts");
    await this.use((files) =>
      this.#commands.run(
        { cwd: "/", signal: undefined },
        () => files.unknown(() => putSnapshot(files, archive)),
      )
    );
  }

  /** Ends it. */
  async dispose(): Promise<void> {
    await this.#end(new BackendError("unsupported", "/", "The sandbox is disposed of"));
  }

  async #end(why: BackendError): Promise<void> {
    this.#over ??= why;
    clearTimeout(this.#idle);
    clearTimeout(this.#hard);
    this.#ending.abort(why);
    // What is being started is ended once it is.
    await this.#starts.run({ cwd: "/", signal: undefined }, async () => {
      this.#live?.helper.drop();
      await this.#live?.container.end();
      this.#live = undefined;
    });
  }

  async #start(signal?: AbortSignal): Promise<Live> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#live?.container.isRunning === true) return this.#live;
    return await this.#starts.run({ cwd: "/", signal }, async () => {
      if (this.#over !== undefined) throw this.#over;
      this.#live ??= await this.#make(signal);
      const { container, helper } = this.#live;
      if (!container.isRunning) {
        helper.drop();
        await container.start();
        await helper.ask(":");
      }
      return this.#live;
    });
  }

  async #make(signal?: AbortSignal): Promise<Live> {
    const { name, hardMilliseconds, env, purpose } = this.#options;
    const address = this.#options.engine ?? await findEngineHere();
    const engine = await openEngine(address);
    const ended = this.#ending.signal;
    const either = signal === undefined ? ended : AbortSignal.any([ended, signal]);
    const { image, workdir, variables } = await boxImage(engine, this.#options, either)
      .catch((error) => {
        throw this.#over ?? error;
      });
    const box = this.#options;
    const isWritten = (box.mounts ?? []).some(({ access }) => access === "read-write");
    const users = isWritten ? await userNamespace(engine) : undefined;
    const settings = containerSettings({ box, image, workdir, purpose, users });
    const container = new Container({ engine, settings, keep: name });
    await container.start();
    const helper = new Helper({
      open: () => this.#openHelper(container),
      greet: (ask) => this.#greet(container, ask),
      queue: new CommandQueue(),
    });
    try {
      const files = new DockerFiles({
        helper,
        own: () => this.#tree.own,
        entries: () => this.#tree.entries,
        isShared: Object.keys(this.#options.volumes ?? {}).length > 0,
      });
      await helper.ask(":");
      if (hardMilliseconds !== undefined) {
        this.#hard = setTimeout(() => this.#expire(hardMilliseconds), hardMilliseconds);
        Deno.unrefTimer(this.#hard);
      }
      return { container, helper, files, variables: { ...variables, ...env } };
    } catch (error) {
      await container.end();
      throw error;
    }
  }

  /** A container that ended by itself is started again: its files are there. */
  async #openHelper(container: Container) {
    const open = () => {
      const isBooted = this.#booted === container.starts;
      const words = isBooted ? [this.#tree.entries.server] : ["/bin/sh", "-c", BOOT];
      return container.exec({ words, user: this.#user, input: true });
    };
    try {
      return await open();
    } catch (error) {
      if (this.#over !== undefined) throw this.#over;
      if (await container.looksAlive()) throw error;
      await container.start();
      return await open();
    }
  }

  async #greet(container: Container, ask: Ask): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), READY_MILLISECONDS);
    try {
      await this.#prepare(container, (script, options) => {
        return ask(script, { ...options, signal: late.signal });
      });
    } catch (error) {
      // It may say something all the time.
      throw late.signal.aborted ? unfit("its 'sh' does not do what it is told") : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #prepare(container: Container, ask: Ask): Promise<void> {
    const { status, bytes } = await ask(WELCOME);
    if (status !== 0) throw unfit("it did not get ready");
    this.#tree.entries = parseEntries(new TextDecoder().decode(bytes));
    this.#booted = container.starts;
    const silence = GREETING_MILLISECONDS;
    const functions = prelude(this.#tree);
    const answer = await ask(functions, { silence });
    const { status: known } = answer.status === 0
      ? await ask("look / && killed", { silence })
      : answer;
    if (known !== 0) throw unfit("its 'sh' and 'stat' are not what they are elsewhere");
    const { mounts = [], volumes = {} } = this.#options;
    if (mounts.length + Object.keys(volumes).length > 0) {
      const places = new PlaceCheck(this.#options);
      places.check(new TextDecoder().decode((await ask(places.script, { silence })).bytes));
    }
    const { status: passing } = await ask(IS_RECORD_PASSING, { silence });
    if (passing === 0) this.#brought ??= await this.#listBrought(ask);
  }

  async #listBrought(ask: Ask): Promise<Brought> {
    // Of one that is kept nobody knows what earlier runs left in it.
    if (this.#options.name !== undefined) return new Map();
    const { listBrought } = await import("./_snapshot.ts");
    return await listBrought(ask, this.#tree.unkept);
  }

  async #restart(): Promise<void> {
    await this.#starts.run({ cwd: "/", signal: undefined }, async () => {
      if (this.#over !== undefined) throw this.#over;
      await this.#live?.container.halt();
      this.#live?.helper.drop();
      await this.#live?.container.start();
    });
  }

  /** Begins to wait for nobody to use it. */
  #rest(): void {
    const { idleMilliseconds } = this.#options;
    if (idleMilliseconds === undefined || this.#over !== undefined) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#stop(), idleMilliseconds);
    Deno.unrefTimer(this.#idle);
  }

  async #stop(): Promise<void> {
    try {
      await this.#starts.run({ cwd: "/", signal: undefined }, async () => {
        // Whoever uses it lets it rest afterwards.
        if (this.#uses > 0 || this.#live?.container.isRunning !== true) return;
        this.#live.helper.drop();
        await this.#live.container.rest();
      });
    } catch (error) {
      // Nobody asked for it: the next use finds out what is wrong with the engine.
      if (!(error instanceof BackendError)) throw error;
    }
  }

  async #expire(milliseconds: number): Promise<void> {
    const message = `The container reached its hard timeout of ${milliseconds / 1_000} s`;
    try {
      await this.#end(new BackendError("timeout", "/", message));
    } catch (error) {
      // The same: `dispose` tries again.
      if (!(error instanceof BackendError)) throw error;
    }
  }
}

function unfit(why: string): BackendError {
  return new BackendError("unsupported", "/", `The image cannot be a sandbox: ${why}`);
}
