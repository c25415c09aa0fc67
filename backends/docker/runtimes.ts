/**
 * The runtimes that have a name: what a sandbox for Python, Node, Deno, Go or Rust is built from.
 *
 * Commands run as an ordinary user whose home directory is new each time, and mostly without a
 * network. So what tools keep is not at home but under `/usr/local/cache`, which everybody may write
 * to and which is no part of the tree of files; and the image has what they would fetch or make when
 * they are first used, where that costs little.
 *
 * @module
 */

import type { Runtime } from "./options.ts";

/** The names of the runtimes. */
export type RuntimeName =
  | "python-minimal"
  | "python-datascience"
  | "python-web"
  | "node-minimal"
  | "node-react"
  | "deno"
  | "go"
  | "rust";

/** Where tools keep what they fetch and make. */
export const CACHE_DIRECTORY = "/usr/local/cache";

/** Where programs are in every image. */
const PATH = "/usr/local/bin:/usr/bin:/bin";
const WORKDIR = "/workspace";

const PYTHON: Runtime = {
  base: "docker.io/library/python:3.12-slim-bookworm",
  manager: "pip",
  env: {
    PATH: `${CACHE_DIRECTORY}/python/bin:${PATH}`,
    // Where `pip install` of a command puts packages, since it may not change those of the image.
    PYTHONUSERBASE: `${CACHE_DIRECTORY}/python`,
    PYTHONDONTWRITEBYTECODE: "1",
    // What a command printed before its time was up is not lost in a buffer.
    PYTHONUNBUFFERED: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_CACHE_DIR: "1",
    PIP_NO_INPUT: "1",
  },
  workdir: WORKDIR,
};

const NODE: Runtime = {
  base: "docker.io/library/node:24.11-bookworm-slim",
  manager: "npm",
  // `import` looks into `node_modules` of every directory above a file, but not into `NODE_PATH`.
  setup: ["ln -s /usr/local/lib/node_modules /node_modules"],
  env: {
    PATH,
    NODE_PATH: "/usr/local/lib/node_modules",
    npm_config_cache: `${CACHE_DIRECTORY}/npm`,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  },
  workdir: WORKDIR,
};

/** All runtimes that have a name. */
export const RUNTIMES: Readonly<Record<RuntimeName, Runtime>> = {
  "python-minimal": PYTHON,
  "python-datascience": {
    ...PYTHON,
    packages: [
      "numpy==2.4.6",
      "pandas==3.0.6",
      "scipy==1.17.1",
      "scikit-learn==1.9.1",
      "matplotlib==3.11.2",
      "openpyxl==3.1.5",
    ],
    // Matplotlib lists the fonts when it is first used, which takes seconds.
    setup: ["umask 0; python3 -c 'import matplotlib.pyplot'"],
    env: {
      ...PYTHON.env,
      MPLBACKEND: "Agg",
      MPLCONFIGDIR: `${CACHE_DIRECTORY}/matplotlib`,
    },
  },
  "python-web": {
    ...PYTHON,
    packages: [
      "flask==3.1.3",
      "fastapi==0.142.2",
      "uvicorn==0.54.0",
      "jinja2==3.1.6",
      "requests==2.34.2",
      "httpx==0.28.1",
      "pytest==9.1.1",
    ],
  },
  "node-minimal": NODE,
  "node-react": {
    ...NODE,
    packages: [
      "react@19.3.1",
      "react-dom@19.3.1",
      "vite@8.4.0",
      "@vitejs/plugin-react@6.3.0",
      "typescript@7.0.2",
    ],
  },
  "deno": {
    base: "docker.io/denoland/deno:debian-2.9.6",
    manager: "deno",
    env: {
      PATH,
      DENO_DIR: `${CACHE_DIRECTORY}/deno`,
      DENO_NO_PROMPT: "1",
      DENO_NO_UPDATE_CHECK: "1",
    },
    workdir: WORKDIR,
  },
  "go": {
    base: "docker.io/library/golang:1.25-bookworm",
    manager: "go",
    // Otherwise the first program waits until the standard library is compiled.
    setup: ["umask 0; go build std"],
    env: {
      PATH: `${CACHE_DIRECTORY}/go/bin:/usr/local/go/bin:${PATH}`,
      GOPATH: `${CACHE_DIRECTORY}/go`,
      GOCACHE: `${CACHE_DIRECTORY}/go-build`,
      // A repository that belongs to somebody else is no reason to build nothing.
      GOFLAGS: "-buildvcs=false",
      GOTOOLCHAIN: "local",
    },
    workdir: WORKDIR,
  },
  "rust": {
    base: "docker.io/library/rust:1.90-slim-bookworm",
    manager: "cargo",
    env: {
      PATH: `/usr/local/cargo/bin:${PATH}`,
      // The base image lets everybody write to both.
      CARGO_HOME: "/usr/local/cargo",
      RUSTUP_HOME: "/usr/local/rustup",
    },
    workdir: WORKDIR,
  },
};

/** The names of all runtimes. */
export const RUNTIME_NAMES: readonly RuntimeName[] = Object.keys(RUNTIMES).filter(isRuntimeName);

/** Thrown for a runtime that does not exist. */
export class UnknownRuntimeError extends RangeError {
  /** `UnknownRuntimeError`. */
  override readonly name = "UnknownRuntimeError";
  /** The name that was given. */
  readonly runtime: string;
  /** The names that would have been right. */
  readonly known: readonly string[];

  /**
   * Makes the error.
   *
   * @param runtime The name that was given.
   * @param known The names that would have been right.
   */
  constructor(runtime: string, known: readonly string[]) {
    super(`There is no runtime ${JSON.stringify(runtime)}: there are ${known.join(", ")}`);
    this.runtime = runtime;
    this.known = known;
  }
}

/**
 * Gives the data of a runtime.
 *
 * @param runtime Its name, or the data itself.
 * @param custom Runtimes besides those of {@linkcode RUNTIMES}; one of the same name goes first.
 * @returns The data.
 * @throws {UnknownRuntimeError} If no runtime has that name.
 *
 * @example
 * ```ts
 * import { resolveRuntime } from "./runtimes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(resolveRuntime("deno").manager, "deno");
 * assertEquals(resolveRuntime("mine", { mine: { base: "alpine:3.22" } }).base, "alpine:3.22");
 * ```
 */
export function resolveRuntime(
  runtime: string | Runtime,
  custom: Readonly<Record<string, Runtime>> = {},
): Runtime {
  if (typeof runtime !== "string") return runtime;
  const own = Object.hasOwn(custom, runtime) ? custom[runtime] : undefined;
  if (own !== undefined) return own;
  if (isRuntimeName(runtime)) return RUNTIMES[runtime];
  throw new UnknownRuntimeError(runtime, [...new Set([...Object.keys(custom), ...RUNTIME_NAMES])]);
}

/**
 * Finds the name of a runtime that is given as data.
 *
 * @param runtime The data.
 * @returns The name in {@linkcode RUNTIMES}, `undefined` for one that is in nobody's list.
 */
export function runtimeName(runtime: Runtime): RuntimeName | undefined {
  const text = JSON.stringify(runtime);
  return RUNTIME_NAMES.find((name) => JSON.stringify(RUNTIMES[name]) === text);
}

function isRuntimeName(name: string): name is RuntimeName {
  return Object.hasOwn(RUNTIMES, name);
}
