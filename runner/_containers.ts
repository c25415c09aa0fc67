/**
 * The containers of a run, as the runner reaches them: in a process of their own.
 *
 * @module
 */

import type { Channel } from "../backends/channel.ts";
import { LIMITS } from "../backends/limits.ts";
import { Child } from "./child.ts";
import {
  DOCKER_HOST,
  type DockerProgress,
  type DockerStart,
  type DockerStarted,
} from "./docker_host.ts";
import type { RunEventBody } from "./events.ts";
import type { Plan, PlanBox, PlanProcess } from "./plan.ts";

/** Milliseconds that the process has, once nobody needs it any more, to remove its containers. */
const GRACE_MS = 10_000;

/** The containers of a run. */
export class Containers {
  readonly #child: Child;
  readonly #plan: Plan;
  readonly #emit: (event: RunEventBody) => void;

  /**
   * Starts the process that will make them.
   *
   * @param planned What the plan says of the process.
   * @param plan The run's plan.
   * @param emit Told of images that are pulled or built, and of containers that are there.
   */
  constructor(planned: PlanProcess, plan: Plan, emit: (event: RunEventBody) => void) {
    this.#child = new Child(planned);
    this.#plan = plan;
    this.#emit = emit;
    this.channel.onNotice(DOCKER_HOST.progress, (params) => {
      const { box, line } = params as DockerProgress;
      emit({ type: "box.progress", box, line });
    });
  }

  /** The way to their files, and to the shell in one of them. */
  get channel(): Channel {
    return this.#child.channel;
  }

  /** The id of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Makes them. It takes as long as it takes: images are pulled and built.
   *
   * @throws {Error} Why one of them cannot be made.
   */
  async start(): Promise<void> {
    const start = dockerStart(this.#plan);
    const { engine } = await this.#child.ask(DOCKER_HOST.start, start) as DockerStarted;
    for (const { name, box } of start.boxes) {
      this.#emit({
        type: "box.started",
        box: name,
        engine,
        image: imageText(box),
        network: box.network ?? "none",
        ...(box.name === undefined ? {} : { keptAs: box.name }),
      });
    }
  }

  /** Resolves once no command runs in them. */
  async idle(): Promise<void> {
    await this.channel.request(DOCKER_HOST.idle, {});
  }

  /** See `Child.lost`. */
  lost(): Promise<never> {
    return this.#child.lost();
  }

  /**
   * The files of a container that are not its image's, of one that is not kept anyway.
   *
   * @param box The backend's name.
   * @returns An archive.
   * @throws {Error} If they are too large.
   */
  async snapshot(box: string): Promise<Uint8Array> {
    const { bytes } = await this.channel.request(DOCKER_HOST.snapshot, { box });
    if (bytes !== undefined) return bytes;
    const most = LIMITS.contentBytes / 1024 ** 2;
    throw new Error(
      `the files of '${box}' are more than can be kept (${most} MiB), and its container goes with ` +
        `the run: a name, "name: ${box}" at the backend, keeps it`,
    );
  }

  /**
   * Puts files back.
   *
   * @param box The backend's name.
   * @param bytes An archive.
   */
  async restore(box: string, bytes: Uint8Array): Promise<void> {
    await this.channel.request(DOCKER_HOST.restore, { box }, { bytes });
  }

  /** Ends the process, and the containers with it. They are gone when this resolves. */
  async end(): Promise<void> {
    await this.#child.end(GRACE_MS);
  }
}

function imageText({ image, runtime, sources }: PlanBox): string {
  return image ?? `built from ${sources?.base ?? runtime?.base ?? "an image"}`;
}

/**
 * @param plan The run's plan.
 * @returns The parameters of `docker.start`.
 * @throws {TypeError} If the plan has no engine.
 */
export function dockerStart(
  { engine, engineBy, name, backends, routes, shell }: Pick<
    Plan,
    "engine" | "engineBy" | "name" | "backends" | "routes" | "shell"
  >,
): DockerStart {
  if (engine === undefined) throw new TypeError("The plan has no engine for its containers");
  return {
    engine,
    engineBy,
    purpose: name,
    boxes: backends.flatMap((backend) => {
      if (backend.type !== "docker") return [];
      const own = routes.filter((route) => route.backend === backend.name);
      const native = own.map(({ prefix }) => prefix);
      return [{ name: backend.name, box: { ...backend.box, native } }];
    }),
    ...(shell?.box === undefined ? {} : { shell: shell.box }),
  };
}
