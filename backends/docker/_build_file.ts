/**
 * The file that an image is built from. Whatever somebody wrote stands in it as data: arguments as
 * JSON, variables with every special letter escaped.
 *
 * @module
 */

import { CACHE_DIRECTORY } from "./runtimes.ts";
import type { PackageManager } from "./options.ts";

/** An instruction of the file, in the order they come. */
export interface BuildStep {
  /** What it does, for a person: `install numpy`. */
  readonly title: string;
  /** The program that it runs, if it runs one. */
  readonly run?: readonly string[] | undefined;
  /** The instruction itself, if it runs none. */
  readonly line?: string | undefined;
}

/** Who builds: one of them ends no program when the build is given up. */
export type Builder = "Docker" | "Podman";

/** Bytes of a line that every engine reads. */
const LINE_BYTES = 60_000;

/** Where the context of the build is seen while a step runs. */
const CONTEXT = "/run/routebook-build";

/** How packages are installed; they are the arguments. */
const INSTALL: Readonly<Record<PackageManager, string>> = {
  apk: 'apk add --no-cache "$@"',
  apt:
    'export DEBIAN_FRONTEND=noninteractive; apt-get update; apt-get install -y --no-install-recommends "$@"; ' +
    "rm -rf /var/lib/apt/lists/*",
  cargo: 'cargo install --locked --root /usr/local "$@"',
  deno: 'umask 0; deno cache "$@"',
  go: 'export GOBIN=/usr/local/bin; for package; do go install "$package"; done',
  npm:
    'npm install --global --no-audit --no-fund --no-update-notifier "$@"; npm cache clean --force',
  pip: "export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore; " +
    'python3 -m pip install --no-cache-dir --no-input --disable-pip-version-check --progress-bar off "$@"',
};

/** Makes the user of commands, and what anybody may use: the directory of the work is the argument. */
const PREPARE = `
grep -q '^[^:]*:[^:]*:1000:' /etc/passwd || echo 'user:x:1000:1000::/run/home:/bin/sh' >> /etc/passwd
grep -q '^[^:]*:[^:]*:1000:' /etc/group || echo 'user:x:1000:' >> /etc/group
mkdir -p "$1" ${CACHE_DIRECTORY}
chown 0:0 "$1"
chmod 1777 "$1"
find ${CACHE_DIRECTORY} ! -type l ! -perm -006 -exec chmod a+rwX {} +
`.trim();

/**
 * Runs its arguments until they end, or until the context of the build is gone: Podman removes it
 * when nobody waits for the build any more, and would leave the program alone.
 */
const WATCHED = `
[ -e ${CONTEXT}/Dockerfile ] || exec "$@"
"$@" & step=$!
trap 'kill -9 $step; exit 143' TERM
{ while [ -e ${CONTEXT}/Dockerfile ]; do sleep 1; done; kill -TERM $$; } & watch=$!
wait $step; code=$?
kill $watch
exit $code
`.trim();

/** @returns The step that installs packages, none if there are none. */
export function installStep(
  manager: PackageManager | undefined,
  packages: readonly string[],
): readonly BuildStep[] {
  if (packages.length === 0) return [];
  if (manager === undefined) {
    throw new TypeError(
      `Nobody installs ${JSON.stringify(packages[0])}: packages need a runtime with a "manager"`,
    );
  }
  const wrong = packages.find((name) => !/^[^-\s\p{Cc}][^\p{Cc}]*$/u.test(name));
  if (wrong !== undefined) {
    throw new TypeError(`${JSON.stringify(wrong)} is not the name of a package`);
  }
  const run = ["/bin/sh", "-e", "-c", INSTALL[manager], "install", ...packages];
  return [{ title: `install ${packages.join(" ")}`, run }];
}

/** @returns The steps that run commands. */
export function setupSteps(commands: readonly string[]): readonly BuildStep[] {
  return commands.map((command) => {
    if (command.includes("\0")) {
      throw new TypeError(`Setup command ${JSON.stringify(command)} has a NUL character in it`);
    }
    return { title: `setup: ${command}`, run: ["/bin/sh", "-e", "-c", command] };
  });
}

/** @returns The step that sets a variable. */
export function variableStep(name: string, value: string): BuildStep {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new TypeError(`${JSON.stringify(name)} is not the name of a variable`);
  }
  if (/\p{Cc}/u.test(value)) {
    throw new TypeError(`Variable "${name}" of a runtime has a line break or control character`);
  }
  return { title: `set ${name}`, line: `ENV ${name}=${quoted(value)}` };
}

/** @returns The step that names the directory of the work. */
export function workdirStep(path: string): BuildStep {
  if (!/^\/[^\p{Cc}]+$/u.test(path) || path.split("/").some((name) => /^\.\.?$/.test(name))) {
    throw new TypeError(`${JSON.stringify(path)} cannot be the directory of the work`);
  }
  return { title: `work in ${path}`, line: `WORKDIR ${quoted(path)}` };
}

/** @returns The step that makes the user and the directory of the work. */
export function prepareStep(path: string): BuildStep {
  return {
    title: `prepare ${path}`,
    run: ["/bin/sh", "-e", "-c", PREPARE, "prepare", path],
  };
}

/**
 * Writes the file.
 *
 * @param steps Its instructions.
 * @param builder Who reads it.
 * @returns The text.
 * @throws {RangeError} If a step is longer than engines read.
 */
export function buildFile(steps: readonly BuildStep[], builder: Builder = "Docker"): string {
  const lines = steps.map(({ title, run, line = "" }) => {
    const text = run === undefined ? line : runLine(run, builder);
    if (text.length <= LINE_BYTES) return text;
    throw new RangeError(`A step is too long to build, with ${text.length} bytes: ${short(title)}`);
  });
  return ["# Written by Routebook.", ...lines, ""].join("\n");
}

/** The first words of a text, on one line. */
export function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

function runLine(run: readonly string[], builder: Builder): string {
  if (builder === "Docker") return `RUN ${json(run)}`;
  const watched = ["/bin/sh", "-c", WATCHED, "watch", ...run];
  return `RUN --mount=type=bind,target=${CONTEXT} ${json(watched)}`;
}

/** JSON of ASCII alone, so that no reader sees a line break or an instruction in it. */
function json(words: readonly string[]): string {
  return JSON.stringify(words).replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"$]/g, "\\$&")}"`;
}
