/**
 * The engines that tests use, and a way to ask them that is not the project's own.
 *
 * `.ci/run` starts both and names their sockets in `ROUTEBOOK_TEST_DOCKER` and
 * `ROUTEBOOK_TEST_PODMAN`. Whoever has neither sees why tests are ignored, and on Debian gets them,
 * as root, with `eval "$(bash .ci/engine/up.sh /tmp/engines)"`.
 *
 * @module
 */

import type { EngineAddress } from "../../backends/docker/options.ts";

/** An image of busybox alone. */
export const BUSYBOX_IMAGE = "routebook-test-busybox:1";
/** An image with Python and the libraries of the runtime `python-datascience`. */
export const DATASCIENCE_IMAGE = "routebook-test-datascience:1";
/** The label that every container of the project has. */
export const BOX_LABEL = "org.routebook.sandbox";

/** An engine that runs. */
export interface TestEngine {
  readonly name: "Docker" | "Podman";
  readonly address: EngineAddress & { readonly type: "unix" };
  /** Its address in the words of `DOCKER_HOST`. */
  readonly host: string;
  /** An image of busybox alone. */
  readonly image: string;
}

/** Why an engine cannot be tested here. */
export interface NoEngine {
  readonly ignore: string;
}

/** The Docker engine. */
export const DOCKER: TestEngine | NoEngine = findEngine("Docker", "ROUTEBOOK_TEST_DOCKER");
/** The Podman engine. */
export const PODMAN: TestEngine | NoEngine = findEngine("Podman", "ROUTEBOOK_TEST_PODMAN");

function findEngine(name: TestEngine["name"], variable: string): TestEngine | NoEngine {
  const host = Deno.env.get(variable);
  if (host === undefined || host === "") return { ignore: `${variable} names no engine` };
  const path = host.replace(/^unix:\/\//, "");
  if (path === host) return { ignore: `${variable} is not a "unix://" address` };
  try {
    if (Deno.lstatSync(path).isSocket !== true) return { ignore: `${variable} names no socket` };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { ignore: `the socket that ${variable} names does not exist` };
  }
  return { name, address: { type: "unix", path }, host, image: BUSYBOX_IMAGE };
}

/**
 * Says why an engine cannot be tested here.
 *
 * @param engine {@linkcode DOCKER} or {@linkcode PODMAN}.
 * @returns The reason, `undefined` if it can.
 */
export function whyNot(engine: TestEngine | NoEngine): string | undefined {
  return "ignore" in engine ? engine.ignore : undefined;
}

/**
 * Gives an engine that a test needs.
 *
 * @param engine {@linkcode DOCKER} or {@linkcode PODMAN}.
 * @returns It.
 * @throws {Error} Where there is none: the test should have been ignored.
 */
export function requireEngine(engine: TestEngine | NoEngine): TestEngine {
  if ("ignore" in engine) throw new Error(`There is no engine: ${engine.ignore}`);
  return engine;
}

/**
 * Registers a test that needs an engine; where there is none it is ignored and says why.
 *
 * @param engine {@linkcode DOCKER} or {@linkcode PODMAN}.
 * @param name What is tested.
 * @param run The test.
 */
export function testOn(
  engine: TestEngine | NoEngine,
  name: string,
  run: (engine: TestEngine, t: Deno.TestContext) => void | Promise<void>,
): void {
  const ignored = "ignore" in engine;
  Deno.test({
    name: ignored ? `${name} (ignored: ${engine.ignore})` : name,
    ignore: ignored,
    fn: (t) => run(requireEngine(engine), t),
  });
}

/** What an engine answered. */
export interface EngineAnswer {
  readonly status: number;
  /** The body: data if it is JSON, text otherwise. */
  readonly body: unknown;
}

/**
 * Sends one request to an engine, past the project's own client.
 *
 * @param engine The engine.
 * @param method The HTTP method.
 * @param path The path and query: `/containers/json?all=true`.
 * @param body Data to send as JSON.
 * @returns The answer, whatever its status.
 */
export async function callEngine(
  engine: TestEngine,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<EngineAnswer> {
  using client = Deno.createHttpClient({
    proxy: { transport: "unix", path: engine.address.path },
    poolMaxIdlePerHost: 0,
  });
  const response = await fetch(`http://engine${path}`, {
    method,
    client,
    ...body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } },
  });
  const text = await response.text();
  const json = response.headers.get("Content-Type")?.startsWith("application/json") === true;
  return { status: response.status, body: json && text !== "" ? JSON.parse(text) : text };
}

/** A container as an engine lists it. */
export interface ListedContainer {
  readonly id: string;
  /** Its first name, without the slash. */
  readonly name: string;
  readonly image: string;
  /** `running`, `exited` … */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container in the engine's own words. */
interface Summary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/**
 * Lists the project's containers, those that do not run included.
 *
 * @param engine The engine.
 * @param label Lists those that have this label, `name` or `name=value`.
 * @returns The containers, in the engine's order.
 */
export async function listBoxes(
  engine: TestEngine,
  label: string = BOX_LABEL,
): Promise<readonly ListedContainer[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const { status, body } = await callEngine(
    engine,
    "GET",
    `/containers/json?all=true&filters=${filters}`,
  );
  if (status !== 200 || !Array.isArray(body)) {
    throw new Error(`${engine.name} answered ${status}: ${JSON.stringify(body)}`);
  }
  const containers: readonly Summary[] = body;
  return containers.map(({ Id, Names, Image, State, Labels }) => ({
    id: Id,
    name: (Names[0] ?? "").replace(/^\//, ""),
    image: Image,
    state: State,
    labels: Labels ?? {},
  }));
}

/**
 * Counts the project's containers, those that do not run included.
 *
 * @param engine The engine.
 * @param label Counts those that have this label, `name` or `name=value`.
 * @returns How many there are.
 */
export async function countBoxes(engine: TestEngine, label: string = BOX_LABEL): Promise<number> {
  return (await listBoxes(engine, label)).length;
}
