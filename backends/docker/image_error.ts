/**
 * The error of an image that cannot be had.
 *
 * @module
 */

/** What is known of a failure. */
export interface ImageFailure {
  /** The image that was wanted. */
  readonly image: string;
  /** What was tried: `Cannot pull 'alpine:3.22'`. */
  readonly what: string;
  /** What the engine said. */
  readonly reason: string;
  /**
   * The last lines of the log.
   *
   * @default {[]}
   */
  readonly log?: readonly string[] | undefined;
  /**
   * The exit code of the program that failed.
   *
   * @default {none: it was the engine}
   */
  readonly exitCode?: number | undefined;
  readonly cause?: unknown;
}

/** What engines and programs say where they reach nothing. */
const NO_NETWORK = new RegExp(
  [
    "no such host|name or service not known|could not resolve|couldn't resolve|bad address",
    "name resolution|network is unreachable|no route to host|i/o timeout|connection timed out",
    "connection refused|failed to establish a new connection|EAI_AGAIN|ENOTFOUND|ETIMEDOUT",
    "dns error|error sending request|temporary error|server misbehaving|request canceled",
  ].join("|"),
  "i",
);
const NO_IMAGE =
  /manifest unknown|not found|does not exist|access (to the resource is )?denied|unauthorized/i;
const NO_BRIDGE = /bridge|network .*not found|netavark|\bcni\b/i;

const NETWORK_HINT =
  "Nothing was reached over the network. Where the engine has no way to Docker Hub, name a base " +
  'image, a registry or a build network that it can reach: under "build:" of the backend, or in ' +
  "ROUTEBOOK_BASE_<RUNTIME>, ROUTEBOOK_DOCKER_REGISTRY and ROUTEBOOK_DOCKER_BUILD_NETWORK; an image " +
  "that stands for a whole runtime is named in ROUTEBOOK_RUNTIME_<RUNTIME>";
const IMAGE_HINT =
  "Check its name; one that needs a login has to be pulled with the engine's own " +
  "command line first";
const BRIDGE_HINT = 'Name a network that the engine has, "host" for example, as "network" under ' +
  '"build:" of the backend or in ROUTEBOOK_DOCKER_BUILD_NETWORK';

/** Thrown if an image cannot be pulled or built. */
export class ImageError extends Error {
  /** `ImageError`. */
  override readonly name = "ImageError";
  /** The image that was wanted. */
  readonly image: string;
  /** What the engine said. */
  readonly reason: string;
  /** The last lines that programs printed. */
  readonly log: readonly string[];
  /** What can be done, where that is known. */
  readonly hint: string | undefined;

  /** @param failure What is known. */
  constructor(failure: ImageFailure) {
    const { image, what, reason, log = [], exitCode, cause } = failure;
    const hint = hintOf(reason, log, exitCode !== undefined);
    const lines = [
      `${what}: ${reason}`,
      ...log.length === 0 ? [] : ["The log ends with:", ...log.map((line) => `  ${line}`)],
      ...hint === undefined ? [] : [hint],
    ];
    super(lines.join("\n"), cause === undefined ? {} : { cause });
    this.image = image;
    this.reason = reason;
    this.log = log;
    this.hint = hint;
  }
}

function hintOf(reason: string, log: readonly string[], isProgram: boolean): string | undefined {
  if ([reason, ...log].some((line) => NO_NETWORK.test(line))) return NETWORK_HINT;
  if (isProgram) return undefined;
  if (NO_BRIDGE.test(reason)) return BRIDGE_HINT;
  return NO_IMAGE.test(reason) ? IMAGE_HINT : undefined;
}
