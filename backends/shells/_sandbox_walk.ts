/**
 * What has to be mounted for the rules to hold, worked out from the top down.
 *
 * @module
 */

import { BackendError } from "../errors.ts";
import { parentPath } from "../paths.ts";
import { isLess, type PathRights, type Right } from "./_sandbox_rights.ts";
import type { Bind, MountPoints, SandboxPlaces } from "./_sandbox_root.ts";
import type { ListedEntry } from "./_sandbox_scan.ts";

/** Something in a mount. */
export interface FoundEntry extends Omit<ListedEntry, "path"> {
  /** Its path in the tree. */
  readonly path: string;
  /** Whether that path is its name, and not only what can be told of a name that is no UTF-8. */
  readonly named: boolean;
  /** Its path on the host, as it is. */
  readonly host: Uint8Array;
}

/** Works out what each path needs. */
export class MaskWalk {
  readonly #rights: PathRights;
  readonly #points: MountPoints;
  readonly #places: SandboxPlaces;
  readonly #binds = new Map<string, Bind>();
  /** What directories are, where they differ from what they are in, and all that are looked into. */
  readonly #directories = new Map<string, Right>();
  /** What was mounted for the rules. */
  readonly #ruled = new Map<string, Right>();

  /**
   * @param rights The rules.
   * @param points What is mounted without them.
   * @param places Where what is closed gets its content from.
   */
  constructor(rights: PathRights, points: MountPoints, places: SandboxPlaces) {
    this.#rights = rights;
    this.#points = points;
    this.#places = places;
    for (const mount of points.all) {
      const right = rights.at(mount.path, mount.access, "directory");
      this.#directories.set(mount.path, right);
      this.#mount(mount.path, right, "directory");
    }
  }

  /**
   * Looks at an entry; the directory that it is in comes first.
   *
   * @throws {BackendError} `unsupported` for a name that cannot be mounted on.
   */
  visit(entry: FoundEntry): void {
    const { path, type, open } = entry;
    const above = this.#directories.get(parentPath(path));
    if (above === undefined || above === "closed") return;
    if (type !== "file" && type !== "directory") return;
    const allowed = this.#rights.at(path, this.#points.accessOf(path), type);
    // Its owner could open it, and see what nobody has looked at.
    const right = type === "directory" && !open ? "closed" : allowed;
    if (type === "directory") this.#directories.set(path, right);
    if (right === above || (above === "empty" && right === "closed")) return;
    this.#cover(entry, right, type);
  }

  /** A file that is covered under one of its names is covered under all of them. */
  coverOtherNames(entries: readonly FoundEntry[]): void {
    const several = entries.filter(({ type, links }) => type === "file" && links > 1);
    const strictest = new Map<string, Right>();
    for (const { path, identity } of several) {
      const right = this.#rights.at(path, "read-write");
      const known = strictest.get(identity);
      if (known === undefined || isLess(right, known)) strictest.set(identity, right);
    }
    for (const entry of several) {
      const right = strictest.get(entry.identity) ?? "closed";
      const above = this.#directories.get(parentPath(entry.path));
      if (above === undefined || above === "closed") continue;
      if (isLess(right, this.#rights.at(entry.path, "read-write"))) {
        this.#cover(entry, right, "file");
      }
    }
  }

  /** Everything that is to be mounted. In what is closed nothing is. */
  binds(): readonly Bind[] {
    for (const { path } of this.#points.all) {
      for (const pin of this.#points.pins(path)) {
        const mount = this.#points.mountOf(pin.path);
        const right = mount === undefined ? "write" : this.#rightOf(pin.path);
        if (this.#binds.has(pin.path) || right === "closed" || right === "empty") continue;
        this.#binds.set(pin.path, { ...pin, access: right === "write" ? "read-write" : "read" });
      }
    }
    return [...this.#binds.values()].filter(({ path }) => !this.#isInClosed(path));
  }

  #cover(entry: FoundEntry, right: Right, type: "file" | "directory"): void {
    const { path, named } = entry;
    if (!named) {
      throw new BackendError(
        "unsupported",
        path,
        `The command was not run: the name '${path}' is no UTF-8, so that the rules of 'tools' ` +
          "cannot be held against it: rename it",
      );
    }
    this.#mount(path, right, type);
    // A directory that something is mounted in can be renamed, one that is mounted itself cannot.
    for (const pin of this.#points.pins(path)) {
      if (this.#rightOf(pin.path) !== "write" || this.#binds.has(pin.path)) break;
      this.#binds.set(pin.path, pin);
    }
  }

  #mount(path: string, right: Right, type: "file" | "directory"): void {
    this.#ruled.set(path, right);
    const access = right === "write" ? "read-write" : "read";
    if (right === "empty") this.#binds.set(path, { path, access });
    else {
      const source = right === "closed" ? this.#places[type] : this.#points.source(path);
      this.#binds.set(path, { path, source, access });
    }
  }

  #rightOf(directory: string): Right {
    for (let at = directory; at !== "/"; at = parentPath(at)) {
      const right = this.#directories.get(at);
      if (right !== undefined) return right;
    }
    return "write";
  }

  #isInClosed(path: string): boolean {
    for (let at = parentPath(path); at !== "/"; at = parentPath(at)) {
      if (this.#ruled.get(at) === "closed") return true;
    }
    return false;
  }
}
