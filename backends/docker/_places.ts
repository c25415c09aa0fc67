/**
 * Where directories of the machine and volumes stand in a container, and that they stay there: an engine
 * mounts them at each start anew, by the names that they have then.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { isWithin, parentPath } from "../paths.ts";
import type { BoxMount, BoxOptions } from "./options.ts";
import { quote } from "./_quote.ts";
import { withoutSlash } from "./_settings.ts";

/**
 * Refuses directories that commands could put something else in the place of, such as a link to
 * elsewhere, which the next start would follow; also places in what commands change, where earlier ones
 * may have left a link.
 *
 * @param box What stands in the container.
 * @throws {TypeError} If there is such a one.
 */
export function checkMounts({ mounts = [], volumes = {} }: BoxOptions): void {
  const changed = [
    ...mounts.filter(({ access }) => access === "read-write").map(({ prefix }) => prefix),
    ...Object.keys(volumes),
  ].map(withoutSlash);
  for (const place of [...mounts.map(({ prefix }) => prefix), ...Object.keys(volumes)]) {
    const outer = changed.find((path) => path !== withoutSlash(place) && isWithin(place, path));
    if (outer === undefined) continue;
    throw new TypeError(`Nothing can be mounted at '${place}': commands may change '${outer}/'`);
  }
  const real = mounts.map(({ directory }) => realDirectory(directory));
  for (const [at, { prefix, access }] of mounts.entries()) {
    const directory = real[at] ?? "";
    const outer = mounts.find((other, index) =>
      index !== at && other.access === "read-write" && isWithin(directory, real[index] ?? "") &&
      (access === "read" || directory !== real[index])
    );
    if (outer === undefined) continue;
    throw new TypeError(
      `The directory of mount '${prefix}' is in that of '${outer.prefix}', where commands could ` +
        "put something else in its place: bring its files, with 'staged'",
    );
  }
}

/** The path without links, where it is this machine's and may be looked at. */
function realDirectory(directory: string): string {
  const path = withoutSlash(directory);
  const { state } = Deno.permissions.querySync({ name: "read", path });
  if (state !== "granted") return path;
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Error) return path;
    throw error;
  }
}

/** Stands between what two parts of a script print. */
const MARK = "--";

/** What stands somewhere, and whether commands may change what is in it. */
type Places = ReadonlyMap<string, BoxMount["access"]>;

/** What is to be found out about the places of a container. */
export class PlaceCheck {
  readonly #places: Places;
  readonly #root: BoxMount["access"];

  /** @param box What stands in it. */
  constructor({ mounts = [], volumes = {}, readOnly }: BoxOptions) {
    this.#root = readOnly === true ? "read" : "read-write";
    this.#places = new Map([
      ...Object.keys(volumes).map((prefix) => [withoutSlash(prefix), "read-write"] as const),
      ...mounts.map(({ prefix, access }) => [withoutSlash(prefix), access] as const),
    ]);
  }

  /**
   * The script that looks, as the user of commands. Nothing of those may have run before; what it finds
   * in order stays so, since nobody but root can change it.
   */
  get script(): string {
    const links = new Set(this.#places.keys());
    const changeable = new Set<string>();
    for (const place of this.#places.keys()) {
      for (let at = parentPath(place); at !== "/"; at = parentPath(at)) {
        links.add(at);
        if (this.#accessAt(at) === "read-write") changeable.add(at);
      }
    }
    return `for p in ${words(links)}; do [ ! -L "$p" ] || printf '%s\\n' "$p"; done
for p in ${words(changeable)}; do
  { [ ! -O "$p" ] && { [ ! -w "$p" ] || [ -k "$p" ]; }; } || printf '%s\\n' "$p"
done
echo ${MARK}; cat /proc/self/mountinfo`;
  }

  /**
   * @param said What the script printed.
   * @throws {BackendError} `unsupported` if a place could become another, or does not hold what is to be
   * read from being changed.
   */
  check(said: string): void {
    const lines = said.split("\n");
    const [movable] = lines.slice(0, lines.indexOf(MARK));
    if (movable !== undefined) {
      const [place = movable] = [...this.#places.keys()].filter((path) => isWithin(path, movable));
      throw unsupported(place, `commands could change what leads there, at '${movable}'`);
    }
    for (const line of lines.slice(lines.indexOf(MARK) + 1)) {
      const [, , , , point = "/", options = ""] = line.split(" ");
      const path = point.replaceAll(
        /\\([0-7]{3})/g,
        (_, octal) => String.fromCharCode(parseInt(octal, 8)),
      );
      if (this.#places.has(path) || !options.split(",").includes("rw")) continue;
      const place = this.#placeOf(path);
      if (place === undefined || this.#places.get(place) === "read-write") continue;
      const why = `with this engine commands could write to '${path}', which is a disk of its own`;
      throw unsupported(place, why);
    }
  }

  #accessAt(path: string): BoxMount["access"] {
    return this.#places.get(this.#placeOf(path) ?? "") ?? this.#root;
  }

  /** The innermost place that a path is in. */
  #placeOf(path: string): string | undefined {
    return [...this.#places.keys()].filter((place) => isWithin(path, place))
      .sort((a, b) => b.length - a.length)[0];
  }
}

function words(paths: ReadonlySet<string>): string {
  return [...paths].map(quote).join(" ");
}

function unsupported(place: string, why: string): BackendError {
  return new BackendError("unsupported", place, `Cannot mount anything at '${place}': ${why}`);
}
