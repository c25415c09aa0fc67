/**
 * The docker host process: it holds the containers of a run and nothing else. The runner starts it with
 * a grant for the engine's socket alone. It serves the files of the containers, and runs commands in one
 * of them, over its standard input and output. It ends when its input does, and the containers with it.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import type { EngineAddress } from "../backends/docker/options.ts";
import type { DockerSandbox } from "../backends/docker/sandbox.ts";
import { serveBackends } from "../backends/remote.ts";
import { serveShell } from "../backends/shells/remote_shell.ts";
import { serveStage } from "../backends/shells/remote_stage.ts";
import { CountedShell } from "./_counted_shell.ts";
import type { PlanBox } from "./plan.ts";

/** The names of the docker host's requests and of its notice. */
export const DOCKER_HOST = {
  /** Request, once, first: {@linkcode DockerStart}, answered with {@linkcode DockerStarted}. */
  start: "docker.start",
  /** Notice: {@linkcode DockerProgress}. */
  progress: "docker.progress",
  /** Request: `{}`, answered once no command runs. */
  idle: "docker.idle",
  /** Request: {@linkcode DockerBox}, answered with the box's files as an attachment: none if too large. */
  snapshot: "docker.snapshot",
  /** Request: {@linkcode DockerBox} and the files as an attachment. */
  restore: "docker.restore",
} as const;

/** What the runner tells it when it starts. */
export interface DockerStart {
  readonly engine: EngineAddress;
  /** What led to it, for people. */
  readonly engineBy?: string | undefined;
  /** What the containers are for, for people. */
  readonly purpose: string;
  readonly boxes: readonly {
    /** The backend's name. */
    readonly name: string;
    readonly box: PlanBox;
  }[];
  /** The backend in whose container commands run, if they are to. */
  readonly shell?: string | undefined;
}

/** What it answers. */
export interface DockerStarted {
  /** The engine, in words: `Docker 20.10.24`. */
  readonly engine: string;
}

/** Says how far an image is that is pulled or built. */
export interface DockerProgress {
  /** The backend's name. */
  readonly box: string;
  readonly line: string;
}

/** Names a box. */
export interface DockerBox {
  /** The backend's name. */
  readonly box: string;
}

/** Milliseconds that removing the containers may take once the runner has hung up. */
const END_MS = 8_000;

/**
 * Serves one runner over a pair of streams until it hangs up.
 *
 * @param streams The runner's end.
 * @returns When the runner has hung up and the containers are gone, or could not be removed in time.
 */
export async function serveDockerHost(
  streams: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> },
): Promise<void> {
  const channel = new Channel(streams);
  const boxes = new Map<string, DockerSandbox>();
  const over = new AbortController();
  let shell: CountedShell<DockerSandbox> | undefined;
  serveBackends(channel, (name) => boxes.get(name));
  serveShell(channel, () => shell);
  serveStage(channel, () => shell?.shell.stage);
  const boxOf = (params: unknown): DockerSandbox => {
    // The runner is the trusted side: it made this process and its grants.
    const { box: name } = params as DockerBox;
    const box = boxes.get(name);
    if (box === undefined) throw new TypeError(`There is no box '${name}'`);
    return box;
  };
  channel.handle(DOCKER_HOST.start, async ({ params }) => {
    const start = params as DockerStart;
    const { openBoxes } = await import("./_open_boxes.ts");
    const onProgress = (notice: DockerProgress) => channel.notify(DOCKER_HOST.progress, notice);
    const value = await openBoxes(start, { boxes, onProgress, signal: over.signal });
    const commands = start.shell === undefined ? undefined : boxes.get(start.shell);
    if (commands !== undefined) shell = new CountedShell(commands);
    return { value };
  });
  channel.handle(DOCKER_HOST.idle, async () => {
    await shell?.idle();
    return {};
  });
  channel.handle(DOCKER_HOST.snapshot, async ({ params }) => {
    const bytes = await boxOf(params).snapshot();
    return bytes === undefined ? {} : { bytes };
  });
  channel.handle(DOCKER_HOST.restore, async ({ params, bytes = new Uint8Array() }) => {
    await boxOf(params).restore(bytes);
    return {};
  });
  await channel.closed;
  over.abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, END_MS));
  // What is left by then ends by itself, and the next run removes it.
  await Promise.race([Promise.allSettled([...boxes.values()].map((box) => box.dispose())), late]);
  clearTimeout(timer);
}

if (import.meta.main) {
  // A terminal sends its Ctrl-C to the whole group; when to end is the runner's to say.
  Deno.addSignalListener("SIGINT", () => {});
  await serveDockerHost({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
  Deno.exit(0);
}
