/**
 * What the image of a docker backend is: one that is named, or one that is built from a runtime.
 *
 * @module
 */

import type { Runtime } from "../backends/docker/options.ts";
import {
  type BoxPart,
  checkImage,
  compilePackages,
  compileSetup,
  compileVariables,
  compileWorkdir,
  IMAGE,
} from "./_compile_box_values.ts";
import type { BoxOptions } from "./_compile_boxes.ts";
import type { PlanBox } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { didYouMean } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What says which image it is. */
export type CompiledImage = Pick<
  PlanBox,
  "image" | "runtime" | "packages" | "setup" | "sources"
>;

/** The keys that are for what is built, and not for an image that is there. */
const BUILT = ["packages", "setup", "build"] as const;

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
  if (part.build?.base !== undefined) {
    checkImage(part.build.base, [...path, "build", "base"], reporter);
  }
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
    if (part.runtime === undefined) return undefined;
    const runtime = await compileRuntime(part.runtime, path, options, reporter);
    return runtime && {
      runtime,
      ...(packages.length === 0 ? {} : { packages }),
      ...(setup.length === 0 ? {} : { setup }),
    };
  }
  for (const key of BUILT) {
    if (!yaml.has([...path, key])) continue;
    reporter.error("misplaced-key", `"${key}" is for a runtime`, [...path, key], {
      hint: "An image is used as it is: write a runtime that begins with it, " +
        "runtimes: { NAME: { base: ... } }",
      part: "key",
    });
  }
  if (part.image === undefined) return undefined;
  checkImage(part.image, [...path, "image"], reporter);
  return { image: part.image };
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
    hint: /[:/]/.test(name) && IMAGE.test(name)
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
  const { base, manager, env = {} } = part;
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
    ...(part.env === undefined ? {} : { env: compileVariables(env, [...path, "env"], reporter) }),
    ...(workdir === undefined ? {} : { workdir }),
  };
}
