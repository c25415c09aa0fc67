/**
 * Finds the engine that containers run on.
 *
 * What names an engine is believed: an option, `DOCKER_HOST`, a context. One that is named and does
 * not answer is an error, since another might hold other containers. Where nothing names one, the
 * usual sockets of Docker and Podman are tried in turn.
 *
 * @module
 */

import { askEngine } from "./_engine_ask.ts";
import { chosen, contextAddress, currentContext, readTls } from "./_engine_context.ts";
import { encrypt, engineWords, parseEngineWords } from "./_engine_words.ts";
import type { EngineAddress } from "./options.ts";

/** Options of {@linkcode findEngine}. */
export interface FindEngineOptions {
  /** Reads a variable of the environment. */
  readonly env: (name: string) => string | undefined;
  /**
   * The user who runs this, for the socket of a Podman of one's own.
   *
   * @default {none: that socket is tried only where `XDG_RUNTIME_DIR` is set}
   */
  readonly uid?: number | undefined;
  /**
   * The engine, in the words of `DOCKER_HOST`; it goes before everything else.
   *
   * @default {whatever the environment says}
   */
  readonly host?: string | undefined;
  /**
   * The sockets that are tried where nothing names an engine.
   *
   * @default {engineSockets}
   */
  readonly sockets?: readonly string[] | undefined;
  /**
   * Whether the engine is asked if it is one. Otherwise a name is taken as it is, and so is the
   * first socket that exists: for whoever may not connect to it.
   *
   * @default {true}
   */
  readonly ask?: boolean | undefined;
  /**
   * Milliseconds in which an engine has to answer.
   *
   * @default {3_000}
   */
  readonly milliseconds?: number | undefined;
}

/** An engine, and what led to it. */
export interface LocatedEngine {
  readonly address: EngineAddress;
  /** What was believed: `DOCKER_HOST=tcp://127.0.0.1:2375`, `/var/run/docker.sock`. */
  readonly place: string;
}

/** A place where no engine was found. */
export interface EngineAttempt {
  /** What was tried: `DOCKER_HOST=tcp://127.0.0.1:2375`, `/var/run/docker.sock`. */
  readonly place: string;
  /** Why it is none: `It does not exist`. */
  readonly problem: string;
}

/** Thrown where there is no engine, or the one that is named cannot be used. */
export class NoEngineError extends Error {
  /** `NoEngineError`. */
  override readonly name = "NoEngineError";
  /** Everything that was tried, in that order. */
  readonly tried: readonly EngineAttempt[];
  /** What can be done. */
  readonly hint: string;

  /**
   * @param tried Everything that was tried, in that order.
   * @param isNamed Whether the last one was named by somebody.
   */
  constructor(tried: readonly EngineAttempt[], isNamed: boolean) {
    const hint = isNamed
      ? "Start that engine, or name another one with DOCKER_HOST"
      : "Start Docker 20.10 or newer or Podman 4 or newer " +
        '("systemctl start docker", "systemctl --user start podman.socket"), ' +
        "or say where it is with DOCKER_HOST=unix:///path/of/the.sock";
    const places = tried.map(({ place, problem }) => `  ${place}: ${problem}`);
    const what = isNamed
      ? "The engine that is named cannot be used"
      : "No engine for containers was found";
    super([`${what}:`, ...places, hint].join("\n"));
    this.tried = tried;
    this.hint = hint;
  }
}

const MILLISECONDS = 3_000;

/** A place that somebody named, and how its address is learnt. */
interface Named {
  readonly place: string;
  readonly isContext: boolean;
  readonly address: () => EngineAddress | Promise<EngineAddress>;
}

/**
 * Finds an engine: that of `host`, else of `DOCKER_HOST`, of `DOCKER_CONTEXT`, of the current
 * context of Docker's command line, else the first of the usual sockets that answers.
 *
 * @param options The environment, and what is known already.
 * @returns Where the engine is.
 * @throws {NoEngineError} If there is none; it lists what was tried and why that was none.
 */
export async function findEngine(options: FindEngineOptions): Promise<EngineAddress> {
  return (await locateEngine(options)).address;
}

/**
 * Finds an engine as {@linkcode findEngine} does.
 *
 * @param options The environment, and what is known already.
 * @returns Where the engine is, and what says so.
 * @throws {NoEngineError} If there is none.
 */
export async function locateEngine(options: FindEngineOptions): Promise<LocatedEngine> {
  const { ask = true, milliseconds = MILLISECONDS } = options;
  const tried: EngineAttempt[] = [];
  const named = await namedEngine(options, tried);
  if (named !== undefined) {
    let { place } = named;
    let address: EngineAddress;
    try {
      address = await named.address();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new NoEngineError([...tried, { place, problem: error.message }], true);
    }
    // The name of a context alone does not say where that is.
    if (named.isContext) place += ` (${engineWords(address)})`;
    const problem = ask ? await askEngine(address, milliseconds) : undefined;
    if (problem === undefined) return { address, place };
    throw new NoEngineError([...tried, { place, problem }], true);
  }
  for (const path of options.sockets ?? engineSockets(options)) {
    const address: EngineAddress = { type: "unix", path };
    const problem = ask ? await askEngine(address, milliseconds) : await lookAt(path);
    if (problem === undefined) {
      return {
        address,
        place: `${path} (the first of the usual sockets that ${ask ? "answers" : "exists"})`,
      };
    }
    tried.push({ place: path, problem });
  }
  throw new NoEngineError(tried, false);
}

/**
 * Lists the usual sockets of Docker and Podman.
 *
 * @param options The environment and the user.
 * @returns Their paths, in the order in which they are tried.
 */
export function engineSockets(
  options: Pick<FindEngineOptions, "env" | "uid">,
): readonly string[] {
  const { env, uid } = options;
  const home = set(env, "HOME");
  const runtime = set(env, "XDG_RUNTIME_DIR") ??
    (uid === undefined ? undefined : `/run/user/${uid}`);
  return [
    ...home === undefined ? [] : [`${home}/.docker/run/docker.sock`],
    "/var/run/docker.sock",
    ...runtime === undefined ? [] : [`${runtime}/podman/podman.sock`],
    "/run/podman/podman.sock",
  ];
}

async function namedEngine(
  options: FindEngineOptions,
  tried: EngineAttempt[],
): Promise<Named | undefined> {
  const { env, host } = options;
  const home = set(env, "HOME");
  const directory = set(env, "DOCKER_CONFIG") ??
    (home === undefined ? undefined : `${home}/.docker`);
  const variable = set(env, "DOCKER_HOST");
  const words = host ?? variable;
  if (words !== undefined) {
    const place = host === undefined ? `DOCKER_HOST=${words}` : words;
    return { place, isContext: false, address: () => addressOf(words, env, directory) };
  }
  const wanted = set(env, "DOCKER_CONTEXT");
  const name = wanted === undefined && directory !== undefined
    ? await configuredContext(directory, tried)
    : chosen(wanted);
  if (name === undefined) return undefined;
  const place = wanted === undefined
    ? `the current Docker context ${JSON.stringify(name)}`
    : `DOCKER_CONTEXT=${name}`;
  return {
    place,
    isContext: true,
    address: () => {
      if (directory !== undefined) return contextAddress(directory, name);
      throw new TypeError("Where contexts are is not known: set DOCKER_CONFIG or HOME");
    },
  };
}

async function addressOf(
  words: string,
  env: FindEngineOptions["env"],
  directory: string | undefined,
): Promise<EngineAddress> {
  const address = parseEngineWords(words);
  const certificates = set(env, "DOCKER_CERT_PATH");
  const isEncrypted = address.type === "tcp" && address.encrypted !== false &&
    (set(env, "DOCKER_TLS_VERIFY") !== undefined ||
      address.encrypted === true && certificates !== undefined);
  if (!isEncrypted) return encrypt(address, undefined);
  const place = certificates ?? directory;
  if (place === undefined) {
    throw new TypeError("Where its certificates are is not known: set DOCKER_CERT_PATH");
  }
  return encrypt(address, await readTls(place));
}

/** A configuration that cannot be read names nothing: the usual sockets may do. */
async function configuredContext(
  directory: string,
  tried: EngineAttempt[],
): Promise<string | undefined> {
  try {
    return await currentContext(directory);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    tried.push({ place: `${directory}/config.json`, problem: error.message });
    return undefined;
  }
}

async function lookAt(path: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(path)).isSocket === true ? undefined : "It is not a socket";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "It does not exist";
    return `It cannot be looked at (${error instanceof Error ? error.message : String(error)})`;
  }
}

function set(env: FindEngineOptions["env"], name: string): string | undefined {
  const value = env(name);
  return value === "" ? undefined : value;
}
