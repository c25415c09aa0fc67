/**
 * Decides what image a sandbox needs, before any engine is asked: one that exists, or one that is
 * built, under a name that says what is in it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  buildFile,
  type BuildStep,
  installStep,
  prepareStep,
  setupSteps,
  variableStep,
  workdirStep,
} from "./_build_file.ts";
import { checkImageName, shortName } from "./_image_names.ts";
import type { BoxOptions, Runtime } from "./options.ts";
import { resolveRuntime, runtimeName } from "./runtimes.ts";

/** What an image is made from. */
export type ImageSpec = Pick<
  BoxOptions,
  "image" | "runtime" | "packages" | "setup" | "sources" | "platform"
>;

/** An image that exists somewhere. */
export interface ReadyImage {
  readonly type: "ready";
  /** Its name. */
  readonly image: string;
  readonly platform: string | undefined;
  readonly registry: string | undefined;
}

/** An image that is built once. */
export interface BuiltImage {
  readonly type: "build";
  /** Its name, which changes with its content: `routebook/deno:0f3a…`. */
  readonly image: string;
  /** The name of the image that it begins with. */
  readonly base: string;
  /** What is done to it, in order. */
  readonly steps: readonly BuildStep[];
  readonly platform: string | undefined;
  readonly registry: string | undefined;
  readonly network: string | undefined;
}

/** The label of every image that is built here. */
export const IMAGE_LABEL = "org.routebook.image";

/** Where the work is where nothing else is said. */
const WORKDIR = "/workspace";

/** Letters of a hash that tell images apart. */
const HASH_LETTERS = 20;

/**
 * Decides what image is needed.
 *
 * The registry and the build network are no part of a built image's name: they are ways to the same
 * content.
 *
 * @param spec What the image is made from.
 * @returns What is pulled or built.
 * @throws {TypeError} If that is nothing that can be built; the message says why.
 * @throws {RangeError} If a runtime is not known, or a command too long.
 *
 * @example
 * ```ts
 * import { planImage } from "./image_plan.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(planImage({ image: "alpine:3.22" }).type, "ready");
 * assertEquals(planImage({ runtime: "go" }).image.replace(/:.*$/, ""), "routebook/go");
 * ```
 */
export function planImage(spec: ImageSpec): ReadyImage | BuiltImage {
  const { packages = [], setup = [], sources = {}, platform } = spec;
  checkSources(spec);
  if (spec.image !== undefined && packages.length === 0 && setup.length === 0) {
    const image = checkImageName(spec.image);
    return { type: "ready", image, platform, registry: sources.registry };
  }
  const runtime = runtimeOf(spec);
  const base = checkImageName(sources.base ?? runtime.base);
  const workdir = runtime.workdir ?? WORKDIR;
  const steps = [
    ...Object.entries(runtime.env ?? {}).map(([name, value]) => variableStep(name, value)),
    { title: "take the user root", line: "USER 0:0" },
    { title: "label it", line: `LABEL ${IMAGE_LABEL}=1` },
    workdirStep(workdir),
    // What many images share comes first: the engine does it once.
    ...installStep(runtime.manager, runtime.packages ?? []),
    ...setupSteps(runtime.setup ?? []),
    ...installStep(runtime.manager, packages),
    ...setupSteps(setup),
    prepareStep(workdir),
  ];
  const text = buildFile([fromStep(base), ...steps]);
  const hash = createHash("sha256").update(`${platform ?? ""}\n${text}`).digest("hex");
  const name = runtimeName(runtime) ?? shortName(runtime.base);
  const image = `routebook/${name}:${hash.slice(0, HASH_LETTERS)}`;
  const { registry, network } = sources;
  return { type: "build", image, base, steps, platform, registry, network };
}

/**
 * Writes the instruction that a build begins with.
 *
 * @param base The name of the image.
 * @returns The step.
 */
export function fromStep(base: string): BuildStep {
  return { title: `begin with ${base}`, line: `FROM ${base}` };
}

function runtimeOf({ image, runtime, packages = [] }: ImageSpec): Runtime {
  if (runtime !== undefined) return resolveRuntime(runtime);
  if (image === undefined) throw new TypeError("A sandbox needs an image or a runtime");
  if (packages.length === 0) return { base: image };
  throw new TypeError(
    `Nobody installs packages into image ${JSON.stringify(image)}: define a runtime with ` +
      `it as "base" and a "manager"`,
  );
}

function checkSources({ image, runtime, sources = {}, platform }: ImageSpec): void {
  const { registry, network, base } = sources;
  if (image !== undefined && runtime !== undefined) {
    throw new TypeError("A sandbox has an image or a runtime, not both");
  }
  if (image !== undefined && base !== undefined) {
    throw new TypeError("Another base is for a runtime: an image has none");
  }
  if (
    registry !== undefined &&
    !/^[a-z0-9][a-z0-9._-]*(:[0-9]+)?(\/[a-z0-9._-]+)*\/?$/i.test(registry)
  ) {
    throw new TypeError(
      `${JSON.stringify(registry)} is not a registry: write it like "registry.example.org/hub"`,
    );
  }
  if (network !== undefined && !/^[a-z0-9][\w.:-]*$/i.test(network)) {
    throw new TypeError(`${JSON.stringify(network)} is not the name of a network`);
  }
  if (platform !== undefined && !/^[a-z0-9]+(\/[a-z0-9_]+){1,2}$/.test(platform)) {
    throw new TypeError(
      `${JSON.stringify(platform)} is not a platform: write it like "linux/amd64"`,
    );
  }
}
