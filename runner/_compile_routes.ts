/**
 * The routes of a workflow: which prefix of the tree is which place of which backend.
 *
 * @module
 */

import { canonicalPath, isWithin } from "../backends/paths.ts";
import { BackendError } from "../backends/errors.ts";
import { type CompiledBackends, MEMORY } from "./_compile_backends.ts";
import type { PlanRoute } from "./plan.ts";
import type { ErrorCode } from "./diagnostic_codes.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import { didYouMean } from "./_suggest.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** A route, and where in the file it is. */
export interface CompiledRoute extends PlanRoute {
  readonly at: DataPath;
}

/** What {@linkcode compileRoutes} made of a file. */
export interface CompiledRoutes {
  /** The routes in the order written; the last one is `/`, if its backend is sound. */
  readonly routes: readonly CompiledRoute[];
  /** Whether each route of the file is among them. */
  readonly complete: boolean;
}

/** How many routes there may be: each is compared with all others. */
const ROUTES = 1_000;

type Target = Parts<WorkflowFile>["default"];

/**
 * @param parts The file, without its faults.
 * @param backends Its backends.
 * @param reporter Told of what is wrong.
 * @returns The routes that are sound.
 */
export function compileRoutes(
  parts: Parts<WorkflowFile>,
  backends: CompiledBackends,
  reporter: Reporter,
): CompiledRoutes {
  const prefixes = reporter.yaml.keysOf(["routes"]);
  if (prefixes.length > ROUTES) {
    reporter.error(
      "invalid-value",
      `"routes" must not have more than ${ROUTES} items`,
      ["routes"],
      {
        part: "key",
      },
    );
    return { routes: [], complete: false };
  }
  const routes: CompiledRoute[] = [];
  const used = new Set<string>();
  let complete = true;
  const add = (prefix: string, target: NonNullable<Target>, at: DataPath) => {
    const name = backendOf(target);
    if (name !== undefined) used.add(name);
    const route = compileTarget(prefix, target, at, backends, reporter);
    if (route === undefined) complete = false;
    else routes.push(route);
  };
  const seen: string[] = [];
  for (const written of new Set(prefixes)) {
    const at = ["routes", written];
    const prefix = compilePrefix(written, seen, at, reporter);
    if (prefix !== undefined) seen.push(prefix);
    else complete = false;
    // A target is looked at even if its prefix is wrong, so that both are told.
    const target = parts.routes?.[written];
    if (target === undefined) complete = false;
    else if (prefix !== undefined) add(prefix, target, at);
    else {
      const name = backendOf(target);
      if (name !== undefined) used.add(name);
      compileTarget("/", target, at, backends, reporter);
    }
  }
  if (reporter.yaml.has(["default"])) {
    if (parts.default === undefined) complete = false;
    else add("/", parts.default, ["default"]);
  } else {
    used.add(MEMORY);
    const route = implicitDefault(backends, reporter);
    if (route === undefined) complete = false;
    else routes.push(route);
  }
  warnOfOverlaps(routes, reporter);
  const boxes = Object.entries(parts.backends ?? {}).filter(([, part]) => part?.type === "docker");
  const [box] = boxes.length === 1 && parts.shell === "docker" ? boxes : [];
  // Commands run in it, whatever files it has.
  if (box !== undefined) used.add(box[0]);
  for (const name of backends.sound.keys()) {
    if (used.has(name)) continue;
    reporter.warning("unused-backend", `Backend "${name}" is not used by any route`, [
      "backends",
      name,
    ], { part: "key" });
  }
  return { routes, complete };
}

function backendOf(target: Target): string | undefined {
  return typeof target === "string" ? target : target?.backend;
}

function implicitDefault(
  backends: CompiledBackends,
  reporter: Reporter,
): CompiledRoute | undefined {
  const declared = backends.sound.get(MEMORY);
  if (declared !== undefined && declared.type !== "state") {
    reporter.error("missing-key", `Missing workflow key "default"`, ["backends", MEMORY], {
      hint: `Without it files are kept in a backend "${MEMORY}" of type state, and this one is ` +
        declared.type,
      part: "key",
    });
    return undefined;
  }
  // It is declared, and faulty.
  if (declared === undefined) return undefined;
  return { prefix: "/", backend: MEMORY, path: "/", access: "read-write", at: [] };
}

/** A prefix in its one form, or `undefined` if it is of no use. */
function compilePrefix(
  written: string,
  seen: readonly string[],
  at: DataPath,
  reporter: Reporter,
): string | undefined {
  const quoted = JSON.stringify(written);
  const refuse = (code: ErrorCode, message: string, hint?: string) => {
    reporter.error(code, message, at, { hint, part: "key" });
    return undefined;
  };
  if (written === "/") {
    return refuse("route-root", 'A route cannot be "/"', 'Use "default" for all other paths');
  }
  const rooted = written.startsWith("/") ? written : `/${written}`;
  let canonical: string;
  try {
    canonical = canonicalPath(rooted);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return refuse("invalid-path", `Route ${quoted} cannot be used: ${error.message}`);
  }
  const right = canonical === "/" ? "/" : `${canonical}/`;
  const hint = right === "/"
    ? 'Use "default" for all other paths'
    : `Write ${JSON.stringify(right)}`;
  if (!written.startsWith("/") || !written.endsWith("/")) {
    return refuse("route-slash", `Route ${quoted} must begin and end with a slash`, hint);
  }
  if (written !== right) {
    return refuse("invalid-path", `Route ${quoted} is not in its shortest form`, hint);
  }
  const earlier = seen.find((prefix) => right.startsWith(prefix));
  if (earlier !== undefined) {
    return refuse(
      "unreachable-route",
      `Route ${quoted} is never reached: "${earlier}" comes first and holds it`,
      `Write it before "${earlier}"`,
    );
  }
  return right;
}

function compileTarget(
  prefix: string,
  target: NonNullable<Target>,
  at: DataPath,
  backends: CompiledBackends,
  reporter: Reporter,
): CompiledRoute | undefined {
  const mount = typeof target === "string" ? { backend: target } : target;
  const isShort = typeof target === "string";
  const path = compilePath(mount.path ?? "/", [...at, "path"], reporter);
  const name = mount.backend;
  if (name === undefined) return undefined;
  if (!backends.names.includes(name)) {
    const known = backends.names.map((each) => JSON.stringify(each)).join(", ");
    const { hint } = didYouMean(name, backends.names);
    reporter.error(
      "unknown-backend",
      `There is no backend ${JSON.stringify(name)}`,
      isShort ? at : [...at, "backend"],
      {
        hint: hint ?? (known === "" ? 'Declare it below "backends"' : `The backends are ${known}`),
      },
    );
    return undefined;
  }
  const backend = backends.sound.get(name);
  if (backend === undefined || path === undefined) return undefined;
  const allowed = backend.type === "local" ? backend.access : "read-write";
  if (mount.access === "read-write" && allowed === "read") {
    reporter.warning(
      "narrowed-access",
      `Backend "${name}" may only be read, and so may this route`,
      [
        ...at,
        "access",
      ],
    );
  }
  const access = allowed === "read" ? "read" : mount.access ?? "read-write";
  return { prefix, backend: name, path, access, at };
}

function compilePath(written: string, at: DataPath, reporter: Reporter): string | undefined {
  const quoted = JSON.stringify(written);
  if (written.split("/").includes("..")) {
    reporter.error("invalid-path", `Path ${quoted} has ".." in it`, at, {
      hint: "Write the path from the backend's root down",
    });
    return undefined;
  }
  try {
    return canonicalPath(written.startsWith("/") ? written : `/${written}`);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    reporter.error("invalid-path", `Path ${quoted} cannot be used: ${error.message}`, at);
    return undefined;
  }
}

function warnOfOverlaps(routes: readonly CompiledRoute[], reporter: Reporter): void {
  for (const [index, route] of routes.entries()) {
    const other = routes.slice(0, index).find(({ backend, path }) =>
      backend === route.backend && (isWithin(path, route.path) || isWithin(route.path, path))
    );
    if (other === undefined) continue;
    const [first, second] = [other.prefix, route.prefix];
    const same = other.path === route.path;
    reporter.warning(
      "overlapping-routes",
      same
        ? `"${first}" and "${second}" are two names for the same files of "${route.backend}"`
        : `"${first}" and "${second}" share files of "${route.backend}"`,
      // The default has no line of its own, and is the one to stay.
      route.prefix === "/" ? other.at : route.at,
      { hint: "Give each route a path of its own: { backend, path }", part: "key" },
    );
  }
}
