/**
 * Sees to it that an engine has the image of a sandbox: pulls or builds what is missing.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { packTar } from "modern-tar";
import { type Builder, buildFile } from "./_build_file.ts";
import { BuildProgress, PullProgress } from "./_build_progress.ts";
import { engineVersion } from "./_engine_ask.ts";
import { isStatus } from "./_engine_errors.ts";
import { mirrored, splitImageName } from "./_image_names.ts";
import { engineMessages } from "./_image_stream.ts";
import type { Engine } from "./engine.ts";
import { ImageError, type ImageFailure } from "./image_error.ts";
import { type BuiltImage, fromStep, type ImageSpec, planImage } from "./image_plan.ts";

/** Options of {@linkcode ensureImage}. */
export interface EnsureImageOptions {
  /**
   * Told what is done, a line at a time; nothing if the image is there already.
   *
   * @default {nobody is told}
   */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Ends the pull or the build. */
  readonly signal?: AbortSignal | undefined;
}

/** What is done for one call. */
interface Work {
  readonly engine: Engine;
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** An image that is used as it is. */
interface Wanted {
  readonly image: string;
  readonly platform: string | undefined;
  readonly registry: string | undefined;
}

/** What this process makes ready now, by the image's name. */
const underway = new Map<string, Promise<void>>();

/**
 * Sees to it that an engine has an image. It is pulled if it exists elsewhere, and built once if it
 * is made from a runtime or has packages or setup commands of its own.
 *
 * @param engine The engine.
 * @param spec What the image is made from.
 * @param options Who is told, and what ends it.
 * @returns The name under which the engine has it.
 * @throws {ImageError} If it cannot be pulled or built.
 * @throws {TypeError} If the spec is nothing that can be built.
 */
export async function ensureImage(
  engine: Engine,
  spec: ImageSpec,
  options: EnsureImageOptions = {},
): Promise<string> {
  const { onProgress = () => {}, signal } = options;
  const plan = planImage(spec);
  const work: Work = { engine, onProgress, signal };
  return await alone(plan.image, signal, async () => {
    if (plan.type === "ready") return await ensureReady(work, plan);
    if (!await exists(engine, plan.image)) await build(work, plan);
    return plan.image;
  });
}

/** One at a time for each image: whoever comes second finds what the first has made. */
async function alone<T>(
  image: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  for (let other = underway.get(image); other !== undefined; other = underway.get(image)) {
    await untilAborted(other, signal);
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  underway.set(image, promise);
  try {
    return await work();
  } catch (error) {
    // What an abort looks like differs by where it strikes.
    signal?.throwIfAborted();
    throw error;
  } finally {
    underway.delete(image);
    resolve();
  }
}

async function untilAborted(other: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await other;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([other, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Gives the name of an image that is there; it may be there under the name that was written. */
async function ensureReady(work: Work, { image, platform, registry }: Wanted): Promise<string> {
  const elsewhere = mirrored(image, registry);
  let other: string | undefined;
  for (const name of new Set([image, elsewhere])) {
    const found = await platformOf(work.engine, name);
    if (found === undefined) continue;
    if (platform === undefined || platform.split("/", 2).join("/") === found) return name;
    other = found;
  }
  await pull(work, { image: elsewhere, platform, other });
  return elsewhere;
}

/** The platform that an engine has an image for: `linux/amd64`; `undefined` if it does not have it. */
async function platformOf(engine: Engine, image: string): Promise<string | undefined> {
  try {
    const { Os, Architecture } = await engine.getImage(image).inspect();
    return `${Os}/${Architecture}`;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

async function exists(engine: Engine, image: string): Promise<boolean> {
  return await platformOf(engine, image) !== undefined;
}

/** What is pulled, and the platform for which the engine has it already. */
interface Pulled extends Pick<Wanted, "image" | "platform"> {
  readonly other: string | undefined;
}

async function pull(work: Work, { image, platform, other }: Pulled): Promise<void> {
  const { engine, onProgress, signal } = work;
  const has = other === undefined ? "" : ` for ${platform} (the engine has it for ${other})`;
  const what = `Cannot pull '${image}'${has}`;
  const { repository, tag } = splitImageName(image);
  const progress = new PullProgress(onProgress);
  onProgress(`Pulling ${image}`);
  try {
    const stream = await engine.createImage({
      fromImage: repository,
      tag,
      ...platform === undefined ? {} : { platform },
      ...signal === undefined ? {} : { abortSignal: signal },
    });
    for await (const message of engineMessages(stream)) {
      if (message.error !== undefined) {
        throw new ImageError({ image, what, reason: oneLine(message.error) });
      }
      progress.add(message);
    }
    if (await exists(engine, image)) return;
  } catch (error) {
    throw failed(error, (reason) => ({ image, what, reason, cause: error }), signal);
  }
  throw new ImageError({ image, what, reason: "the engine stopped before it had all of it" });
}

async function build(work: Work, plan: BuiltImage): Promise<void> {
  const { engine, onProgress, signal } = work;
  const { image, platform, network } = plan;
  const base = await ensureReady(work, { ...plan, image: plan.base });
  const { name: builder } = await engineVersion(engine);
  const steps = [fromStep(base), ...plan.steps];
  const text = buildFile(steps, builder);
  const progress = new BuildProgress(steps, onProgress);
  const what = () =>
    `Cannot build '${image}'${progress.step === undefined ? "" : `, ${progress.step}`}`;
  const fail = (reason: string, more: Pick<ImageFailure, "exitCode" | "cause"> = {}) => ({
    image,
    what: what(),
    reason,
    log: progress.tail,
    ...more,
  });
  onProgress(`Building ${image}`);
  try {
    const stream = await engine.buildImage(await context(text), {
      t: image,
      // What a failed or ended build leaves behind is removed.
      rm: true,
      forcerm: true,
      ...networkOptions(network, builder),
      ...platform === undefined ? {} : { platform },
      ...signal === undefined ? {} : { abortSignal: signal },
    });
    for await (const message of engineMessages(stream)) {
      if (message.error !== undefined) throw new ImageError(fail(...stepReason(message.error)));
      progress.add(message);
    }
    if (await exists(engine, image)) return onProgress(`Built ${image}`);
  } catch (error) {
    throw failed(error, (reason) => fail(reason, { cause: error }), signal);
  }
  throw new ImageError(fail("the engine stopped before it was done"));
}

/**
 * The network of a build. Podman knows Docker's words for it, takes no notice of them, and would let
 * builds use the machine's own.
 */
function networkOptions(network: string | undefined, builder: Builder) {
  if (builder === "Docker") return network === undefined ? {} : { networkmode: network };
  if (network === "host") return {};
  if (network === "none") return { networkmode: "NetworkDisabled" };
  const named = network === undefined || network === "bridge" ? {} : { Path: network };
  return { nsoptions: JSON.stringify([{ Name: "network", Host: false, ...named }]) };
}

/** The archive that a build is sent: its file alone. */
async function context(text: string): Promise<Readable> {
  const bytes = new TextEncoder().encode(text);
  const header = { name: "Dockerfile", size: bytes.length, mode: 0o644, mtime: new Date(0) };
  return Readable.from([Buffer.from(await packTar([{ header, body: bytes }]))]);
}

function failed(
  error: unknown,
  failure: (reason: string) => ConstructorParameters<typeof ImageError>[0],
  signal: AbortSignal | undefined,
): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof ImageError || !(error instanceof Error)) return error;
  if ("code" in error && error.code === "ECONNRESET") {
    return new ImageError(failure("the engine closed the connection"));
  }
  return new ImageError(
    failure(oneLine(error.message.replace(/^\(HTTP code \d+\) [\w ]+ - /, ""))),
  );
}

/** What an engine says of a step: the step itself is named already. */
function stepReason(error: string): [reason: string, Pick<ImageFailure, "exitCode">] {
  const [, code] = /returned a non-zero code: (\d+)\s*$|: exit status (\d+)\s*$/.exec(error)
    ?.filter((part) => part !== undefined) ?? [];
  if (code !== undefined) {
    return [`a command ended with exit code ${code}`, { exitCode: Number(code) }];
  }
  // Podman quotes the whole of the step, what it is wrapped in here included.
  return [oneLine(error.replace(/^building at STEP ".*": /s, "")), {}];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, 1_000);
}
