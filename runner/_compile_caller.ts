/**
 * What a workflow that another one uses may hold: nothing that its caller does not. Its local files
 * are the caller's files, seen under its own prefixes and with the caller's rules in front of them.
 *
 * @module
 */

import { dirname, join, resolve } from "@std/path";
import { isWithin, joinPaths, relativeTo } from "../backends/paths.ts";
import type { CompileOptions } from "./compile.ts";
import type { CompiledBackends } from "./_compile_backends.ts";
import type { LiveModel } from "./_compile_model.ts";
import type { CompiledRoute } from "./_compile_routes.ts";
import { limitText } from "./_compile_shell.ts";
import { isInside, realPlace } from "./_host_paths.ts";
import type { Access, Plan, PlanBackend, PlanRoute, PlanShell } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";

/** Where files of the host are in a tree. */
export interface HostedPlace {
  /** A prefix of the tree, with a slash at both ends. */
  readonly prefix: string;
  /** The real directory of the host that is there. */
  readonly directory: string;
  readonly access: Access;
}

/** Where a model is: `https://api.openai.com/v1`, `api.openai.com:443`. */
export type ModelServer = Pick<LiveModel, "baseUrl" | "netHost">;

/** Rules, as a plan has them. */
type Rules = Pick<Plan, "deny" | "ask" | "allow">;

/** What a caller can lend. */
export interface Caller {
  /** Its file, as messages name it. */
  readonly file: string;
  /** The real paths of the files from the first caller down to it. */
  readonly chain: readonly string[];
  /** The routes that {@linkcode Caller.places} are of. */
  readonly routes: readonly PlanRoute[];
  readonly places: readonly HostedPlace[];
  readonly shell: PlanShell | undefined;
  /** Real directories of the host that its run, or the run that it is a part of, may change. */
  readonly writable: readonly string[];
  /** Where its model is; absent where it names no model. */
  readonly server: ModelServer | undefined;
  /** Its model, for files that name none: `openai:gpt-4.1`. */
  readonly model: string | undefined;
  /** Rules about commands; those about paths stand in front of its tree. */
  readonly rules: Rules;
  /** Names that it takes from the environment. */
  readonly env: readonly string[];
  readonly secrets: readonly string[];
}

/** The name of the backend that is the caller's tree, in a file that declares none. */
const CALLER = "caller";

/**
 * The roots that a file writes down: a test puts others in their place, and what is used names the
 * same ones as its caller.
 *
 * @param backends The backends.
 * @param parts The file, without its faults.
 * @param path The file's absolute path.
 * @returns Absolute paths by the names of local backends.
 */
export function declaredRoots(
  { sound }: CompiledBackends,
  parts: Parts<WorkflowFile>,
  path: string,
): ReadonlyMap<string, string> {
  const roots = new Map<string, string>();
  for (const name of sound.keys()) {
    const part = parts.backends?.[name];
    if (part?.type !== "local" || part.root === undefined) continue;
    roots.set(name, resolve(dirname(path), part.root));
  }
  return roots;
}

/**
 * Where the local files of a tree are on the host.
 *
 * @param routes The routes.
 * @param roots The roots of its local backends, by their names.
 * @returns A place for each route to local files that are there, or that a run makes.
 */
export async function hostedPlaces(
  routes: readonly PlanRoute[],
  roots: ReadonlyMap<string, string>,
): Promise<readonly HostedPlace[]> {
  const places: HostedPlace[] = [];
  for (const { prefix, backend, path, access } of routes) {
    const root = roots.get(backend);
    if (root === undefined) continue;
    const place = await realPlace(join(root, path));
    if (place.type !== "bad") places.push({ prefix, directory: place.path, access });
  }
  return places;
}

/**
 * @param places Directories of the host.
 * @returns Those that may be changed.
 */
export function writableOf(
  places: readonly Pick<HostedPlace, "directory" | "access">[],
): readonly string[] {
  return places.filter(({ access }) => access === "read-write").map(({ directory }) => directory);
}

/** A tree inside a caller's. */
export interface NestedTree {
  readonly backends: readonly PlanBackend[];
  readonly routes: readonly CompiledRoute[];
  /** What it can lend itself: see {@linkcode Caller}. */
  readonly lends: Pick<Caller, "routes" | "places">;
}

/**
 * Puts a workflow's local files into its caller's tree.
 *
 * @param tree Its own routes and backends.
 * @param caller The caller.
 * @param reporter Told of files that the caller does not have, or may not change.
 * @returns Its tree, in which no backend is local.
 */
export async function nestTree(
  tree: { readonly routes: readonly CompiledRoute[]; readonly backends: CompiledBackends },
  caller: Caller,
  reporter: Reporter,
): Promise<NestedTree> {
  const declaresTree = ["backends", "routes", "default"].some((key) => reporter.yaml.has([key]));
  if (!declaresTree) {
    const route = {
      prefix: "/",
      backend: CALLER,
      path: "/",
      access: "read-write",
      at: [],
    } as const;
    return { backends: [{ name: CALLER, type: "caller" }], routes: [route], lends: caller };
  }
  const routes: CompiledRoute[] = [];
  const places: HostedPlace[] = [];
  for (const { name, type } of tree.backends.sound.values()) {
    if (type !== "docker") continue;
    reporter.error(
      "uses-docker",
      "A workflow that is used cannot have a container",
      ["backends", name],
      {
        hint:
          "Declare it in the workflow that uses this one, and no backends here: then its files " +
          "are those of the caller",
        part: "key",
      },
    );
  }
  for (const route of tree.routes) {
    const backend = tree.backends.sound.get(route.backend);
    if (backend?.type !== "local") {
      routes.push(route);
      continue;
    }
    const found = await realPlace(join(backend.root, route.path));
    if (found.type === "bad") continue;
    const directory = found.path;
    const path = pathInCaller(directory, route, caller, reporter);
    if (path === undefined) continue;
    routes.push({ ...route, path });
    places.push({ prefix: route.prefix, directory, access: route.access });
  }
  const backends = [...tree.backends.sound.values()].map((backend): PlanBackend =>
    backend.type === "local" ? { name: backend.name, type: "caller" } : backend
  );
  return { backends, routes, lends: { routes, places } };
}

/** Where in the caller's tree a directory of the host is that a route leads to. */
function pathInCaller(
  directory: string,
  route: CompiledRoute,
  caller: Caller,
  reporter: Reporter,
): string | undefined {
  const found = caller.places
    .filter((place) => isInside(directory, place.directory))
    .map((place) => ({ place, path: pathAt(directory, place) }))
    .filter(({ place, path }) => placeOf(path, caller) === place.prefix);
  const enough = found.find(({ place }) =>
    place.access === "read-write" || route.access === "read"
  );
  if (enough !== undefined) return enough.path;
  const at = route.path === "/" ? ["backends", route.backend, "root"] : route.at;
  const quoted = JSON.stringify(directory);
  const [narrow] = found;
  if (narrow !== undefined) {
    reporter.error(
      "exceeds-caller",
      `"${caller.file}" may only read ${quoted}, and so may what it uses`,
      at,
      { hint: "Write access: read here, or grant it there" },
    );
    return undefined;
  }
  reporter.error(
    "exceeds-caller",
    `"${caller.file}", which uses this workflow, has no route to ${quoted}`,
    at,
    {
      hint: "Add a backend and a route for it there: what is used never holds more than its caller",
    },
  );
  return undefined;
}

/** The path that a directory of the host has below a place. */
function pathAt(directory: string, { prefix, directory: base }: HostedPlace): string {
  const root = prefix.replace(/(?<=.)\/$/, "");
  return joinPaths(root, relativeTo(directory, base));
}

/** The prefix of the route that a path of the caller's tree is served by. */
function placeOf(path: string, { routes }: Caller): string | undefined {
  return routes.find(({ prefix }) => prefix === "/" || isWithin(path, prefix.slice(0, -1)))?.prefix;
}

/** What a workflow holds besides its files. */
export interface Held {
  readonly shell: PlanShell | undefined;
  /** Where its model is, if it asks one. */
  readonly server: ModelServer | undefined;
  /** Names that it takes from the environment. */
  readonly env: readonly string[];
  readonly secrets: readonly string[];
}

/** Limits of commands that hold in a virtual shell, which is the only one that what is used may have. */
const WIDEST_LIMITS = [
  ["memory", "memoryBytes"],
  ["file_size", "fileBytes"],
  ["output", "outputBytes"],
] as const;

/**
 * Checks that a workflow holds nothing that its caller does not.
 *
 * @param held What it holds besides its files.
 * @param caller The caller.
 * @param reporter Told of what is too much.
 */
export function checkHeld(held: Held, caller: Caller, reporter: Reporter): void {
  const { yaml } = reporter;
  const quoted = JSON.stringify(caller.file);
  const refuse = (message: string, key: string, hint: string) =>
    reporter.error("exceeds-caller", message, yaml.has([key]) ? [key] : [], { hint, part: "key" });
  if (held.shell?.type === "docker") {
    reporter.error(
      "uses-docker",
      'A workflow that is used cannot have shell "docker"',
      ["shell"],
      {
        hint: "Write shell: virtual, or put these steps into the workflow that uses it",
      },
    );
  } else if (held.shell?.type === "sandbox") {
    reporter.error(
      "uses-sandbox",
      'A workflow that is used cannot have shell "sandbox"',
      ["shell"],
      {
        hint: "Write shell: virtual, or put these steps into the workflow that uses it",
      },
    );
  } else if (held.shell?.tool === true && caller.shell?.tool !== true) {
    refuse(
      `${quoted}, which uses this workflow, gives its agent no shell`,
      "shell",
      "Leave shell out here, or write it there too",
    );
  }
  for (const [key, limit] of WIDEST_LIMITS) {
    const [own, most] = [held.shell?.limits[limit], caller.shell?.limits[limit]];
    if (own === undefined || most === undefined || own <= most) continue;
    reporter.error(
      "exceeds-caller",
      `${quoted}, which uses this workflow, gives a command ${key} of ${limitText(limit, most)}`,
      yaml.has(["limits", key]) ? ["limits", key] : [],
      { hint: `Write limits: { ${key}: ${limitText(limit, most)} } here, or more there` },
    );
  }
  const { server } = held;
  if (server !== undefined && server.baseUrl !== caller.server?.baseUrl) {
    const isSameHost = server.netHost === caller.server?.netHost;
    const of = ({ netHost, baseUrl }: ModelServer) =>
      JSON.stringify(isSameHost ? baseUrl : netHost);
    const has = caller.server === undefined
      ? "asks no model"
      : `asks its model at ${of(caller.server)}`;
    refuse(
      `${quoted}, which uses this workflow, ${has}, and this one asks at ${of(server)}`,
      yaml.has(["base_url"]) ? "base_url" : "model",
      "Write the same model and base_url in both",
    );
  }
  for (const key of ["env", "secrets"] as const) {
    for (const name of held[key]) {
      if (caller[key].includes(name)) continue;
      refuse(
        `${quoted}, which uses this workflow, has no "${name}" in its "${key}"`,
        key,
        `Declare it there too: ${key}: [${name}]`,
      );
    }
  }
}

/**
 * The rules of a workflow with those of its caller about commands: its shell is another one.
 *
 * @param own Its own rules.
 * @param caller The caller.
 * @returns The rules that hold.
 */
export function withCallerRules(own: Rules, { rules }: Caller): Rules {
  const commands = (list: readonly string[]) => list.filter((rule) => rule.startsWith("execute "));
  const files = (list: readonly string[]) => list.filter((rule) => !rule.startsWith("execute "));
  const both = {
    ...own,
    deny: [...new Set([...own.deny, ...commands(rules.deny)])],
    ask: [...new Set([...own.ask, ...commands(rules.ask)])],
  };
  if (rules.allow === undefined) return both;
  const granted = commands(rules.allow);
  // Of two lists of what is granted, what both of them say is granted by both.
  return own.allow === undefined ? { ...both, allow: ["read **", "write **", ...granted] } : {
    ...both,
    allow: [...files(own.allow), ...commands(own.allow).filter((rule) => granted.includes(rule))],
  };
}

/**
 * @param caller The caller.
 * @param parts The file that it uses, without its faults.
 * @param options What the caller is compiled with.
 * @returns What that file is compiled with: its caller's model and server, where it names none.
 */
export function optionsFor(
  caller: Caller,
  parts: Parts<WorkflowFile>,
  { inputs: _, inputsFile: __, roots: ___, ...options }: CompileOptions,
): CompileOptions {
  const { model = parts.model === undefined ? caller.model : undefined } = options;
  const { baseUrl = parts.base_url === undefined ? caller.server?.baseUrl : undefined } = options;
  return {
    ...options,
    ...(model === undefined ? {} : { model }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  };
}
