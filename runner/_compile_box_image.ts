/**
 * What the image of a docker backend is: one that is named, or one that is built from a runtime.
 *
 * @module
 */

import type { ImageSpec } from "../backends/docker/image_plan.ts";
import type { ImageSources, Runtime } from "../backends/docker/options.ts";
import {
  type BoxPart,
  checkImage,
  compilePackages,
  compileSetup,
  compileVariables,
  compileWorkdir,
  isImage,
  isNetwork,
  isRegistry,
} from "./_compile_box_values.ts";
import type { BoxOptions } from "./_compile_boxes.ts";
import type { PlanBox } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { didYouMean } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What says which image it is. */
export type CompiledImage = Pick<
  PlanBox,
  "image" | "runtime" | "packages" | "setup" | "sources" | "workdir" | "env"
>;

/** The keys that are for what is built, and not for an image that is there. */
const BUILT = [["packages"], ["setup"], ["build", "base"], ["build", "network"]] as const;

/**
 * @param part The backend, without its faults.
 * @param path Where it is in the file.
 * @param options The runtimes of the file, and the environment.
 * @param reporter Told of what is wrong.
 * @returns The image, if it is sound.
 */
export async function compileImage(
  part: BoxPart,
  path: DataPath,
  options: BoxOptions,
  reporter: Reporter,
): Promise<CompiledImage | undefined> {
  const { yaml } = reporter;
  const packages = compilePackages(part.packages, [...path, "packages"], reporter);
  const setup = compileSetup(part.setup, [...path, "setup"], reporter);
  const sources = compileSources(part.build, [...path, "build"], reporter);
  const [hasImage, hasRuntime] = [yaml.has([...path, "image"]), yaml.has([...path, "runtime"])];
  if (hasImage && hasRuntime) {
    reporter.error("invalid-value", 'The backend has "runtime" and "image"', [...path, "image"], {
      hint: "An image is used as it is: write one of the two",
      part: "key",
    });
    return undefined;
  }
  if (!hasImage && !hasRuntime) {
    reporter.error("missing-key", 'The backend has neither "runtime" nor "image"', path, {
      hint: "Write what programs there are, runtime: python-minimal, or an image",
      part: "key",
    });
    return undefined;
  }
  if (hasRuntime) {
    const name = part.runtime;
    const runtime = name && await compileRuntime(name, path, options, reporter);
    if (!name || !runtime) return undefined;
    const spec = { runtime: name, packages, setup, sources };
    const custom = reporter.yaml.keysOf(["runtimes"]).includes(name) ? { [name]: runtime } : {};
    return await withEnvironment(spec, custom, path, options, reporter);
  }
  for (const key of BUILT) {
    if (!yaml.has([...path, ...key])) continue;
    reporter.error("misplaced-key", `"${key.at(-1)}" is for a runtime`, [...path, ...key], {
      hint: "An image is used as it is: write a runtime that begins with it, " +
        "runtimes: { NAME: { base: ... } }",
      part: "key",
    });
  }
  if (part.image === undefined) return undefined;
  checkImage(part.image, [...path, "image"], reporter);
  return await withEnvironment({ image: part.image, sources }, {}, path, options, reporter);
}

/** An image with what the environment says of images; the file comes first. */
async function withEnvironment(
  spec: ImageSpec,
  custom: Readonly<Record<string, Runtime>>,
  path: DataPath,
  { env }: BoxOptions,
  reporter: Reporter,
): Promise<CompiledImage> {
  const { imageSources } = await import("../backends/docker/image_sources.ts");
  const completed = imageSources(spec, (name) => env.get(name), custom);
  const { image, runtime, packages = [], setup = [], sources = {}, workdir, env: own } = completed;
  const values = [
    ["an image's name", isImage, image, spec.image],
    ["an image's name", isImage, sources.base, spec.sources?.base],
    ["a registry", isRegistry, sources.registry, spec.sources?.registry],
    ["a network", isNetwork, sources.network, spec.sources?.network],
  ] as const;
  for (const [what, isOne, value, written] of values) {
    // What the file says was looked at.
    if (value === undefined || value === written || isOne(value)) continue;
    reporter.error("invalid-value", `"${value}" of the environment is not ${what}`, path, {
      hint: "Set the variable to one: ROUTEBOOK_BASE_..., ROUTEBOOK_RUNTIME_..., " +
        "ROUTEBOOK_DOCKER_REGISTRY or ROUTEBOOK_DOCKER_BUILD_NETWORK",
      part: "key",
    });
  }
  return {
    ...(image === undefined ? {} : { image }),
    ...(runtime === undefined || typeof runtime === "string" ? {} : { runtime }),
    ...(packages.length === 0 ? {} : { packages }),
    ...(setup.length === 0 ? {} : { setup }),
    ...(Object.keys(sources).length === 0 ? {} : { sources }),
    ...(workdir === undefined ? {} : { workdir }),
    ...(own === undefined ? {} : { env: own }),
  };
}

async function compileRuntime(
  name: string,
  path: DataPath,
  { runtimes }: BoxOptions,
  reporter: Reporter,
): Promise<Runtime | undefined> {
  const own = reporter.yaml.keysOf(["runtimes"]);
  if (own.includes(name)) return compileOwnRuntime(name, runtimes?.[name], reporter);
  const { resolveRuntime, RUNTIME_NAMES } = await import("../backends/docker/runtimes.ts");
  if (RUNTIME_NAMES.some((each) => each === name)) return resolveRuntime(name);
  const names = [...own, ...RUNTIME_NAMES];
  reporter.error("unknown-runtime", `There is no runtime "${name}"`, [...path, "runtime"], {
    hint: /[:/]/.test(name) && isImage(name)
      ? `Write image: ${name}, or a runtime that begins with it below "runtimes" at the top`
      : `The runtimes are ${names.join(", ")}`,
    ...didYouMean(name, names),
  });
  return undefined;
}

/** A runtime that the file has itself. */
function compileOwnRuntime(
  name: string,
  part: NonNullable<BoxOptions["runtimes"]>[string],
  reporter: Reporter,
): Runtime | undefined {
  const path = ["runtimes", name];
  if (part?.base === undefined) return undefined;
  checkImage(part.base, [...path, "base"], reporter);
  const packages = compilePackages(part.packages, [...path, "packages"], reporter);
  const setup = compileSetup(part.setup, [...path, "setup"], reporter);
  const workdir = compileWorkdir(part.workdir, [...path, "workdir"], reporter);
  const env = compileVariables(part.env, [...path, "env"], reporter);
  const { base, manager } = part;
  for (const [name, value] of Object.entries(env ?? {})) {
    if (!/\p{Cc}/u.test(value)) continue;
    reporter.error(
      "invalid-value",
      "A variable of a runtime cannot have a line break or control character in it",
      [...path, "env", name],
      { hint: "An image cannot keep one: write it in the env of the backend" },
    );
  }
  if (packages.length > 0 && !reporter.yaml.has([...path, "manager"])) {
    reporter.error("missing-key", `Missing runtime key "manager"`, path, {
      hint: "Write who installs the packages: manager: pip",
      part: "key",
    });
  }
  return {
    base,
    ...(manager === undefined ? {} : { manager }),
    ...(packages.length === 0 ? {} : { packages }),
    ...(setup.length === 0 ? {} : { setup }),
    ...(env === undefined ? {} : { env }),
    ...(workdir === undefined ? {} : { workdir }),
  };
}

function compileSources(
  build: BoxPart["build"],
  path: DataPath,
  reporter: Reporter,
): ImageSources {
  if (build === undefined) return {};
  const { base, registry, network } = build;
  if (base !== undefined) checkImage(base, [...path, "base"], reporter);
  if (registry !== undefined && !isRegistry(registry)) {
    reporter.error("invalid-value", `"${registry}" is not a registry`, [...path, "registry"], {
      hint: "Write a host, and a path if it has one: registry.example.org/hub",
    });
  }
  if (network !== undefined && !isNetwork(network)) {
    reporter.error("invalid-value", `"${network}" is not a network`, [...path, "network"], {
      hint: "Write its name, as the engine has it: host",
    });
  }
  return {
    ...(base === undefined ? {} : { base }),
    ...(registry === undefined ? {} : { registry }),
    ...(network === undefined ? {} : { network }),
  };
}
