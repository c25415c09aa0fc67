/**
 * The tree that `StateBackend` keeps: a map of entries per directory, so that no operation on one
 * directory looks at the files of another.
 *
 * @module
 */

import { comparePaths, joinPaths, nameOf, parentPath, walkKey } from "./paths.ts";
import type { FileInfo } from "./protocol.ts";

/** The content of a file. A change makes a new one, so that whoever holds it sees no change. */
export interface FileNode {
  readonly type: "file";
  /** Never changed, never handed out: others get copies. */
  readonly bytes: Uint8Array;
  readonly modified: number;
  readonly version: string;
}

/** What a directory has in it. */
export type Node = FileNode | DirectoryNode;

/** A directory. */
export class DirectoryNode {
  readonly type = "directory";
  readonly #entries = new Map<string, Node>();
  /** When an entry last came, went or was replaced. */
  modified: number;
  #names: readonly string[] | null = null;
  #walk: readonly string[] | null = null;

  /** @param modified When it came into being. */
  constructor(modified: number) {
    this.modified = modified;
  }

  /** How many entries it has. */
  get size(): number {
    return this.#entries.size;
  }

  /** The names of its entries in code unit order. */
  get names(): readonly string[] {
    return this.#names ??= [...this.#entries.keys()].sort(comparePaths);
  }

  /** The names of its entries in the order in which a walk meets the files below. */
  get walkNames(): readonly string[] {
    return this.#walk ??= [...this.#entries]
      .map(([name, node]) => ({ name, key: walkKey(name, node.type === "directory") }))
      .sort((a, b) => comparePaths(a.key, b.key))
      .map(({ name }) => name);
  }

  /** The entry of a name. */
  get(name: string): Node | undefined {
    return this.#entries.get(name);
  }

  /** Adds an entry, or replaces one of the same type. */
  set(name: string, node: Node, modified: number): void {
    if (!this.#entries.has(name)) this.#names = this.#walk = null;
    this.#entries.set(name, node);
    this.modified = modified;
  }

  /** Removes an entry. */
  remove(name: string, modified: number): void {
    this.#entries.delete(name);
    this.#names = this.#walk = null;
    this.modified = modified;
  }
}

/**
 * Looks up a path.
 *
 * @param root The root of the tree.
 * @param path A canonical path.
 * @returns The node; `null` if nothing is there; `"in_file"` if a directory above it is a file.
 */
export function lookUp(root: DirectoryNode, path: string): Node | null | "in_file" {
  let node: Node = root;
  // Cutting names out one by one takes half the time of splitting the path.
  for (let start = 1; start < path.length;) {
    if (node.type === "file") return "in_file";
    const slash = path.indexOf("/", start);
    const end = slash === -1 ? path.length : slash;
    const next = node.get(path.slice(start, end));
    if (next === undefined) return null;
    node = next;
    start = end + 1;
  }
  return node;
}

/**
 * Puts a node at a path, making the directories above it. None of them may be a file.
 *
 * @param root The root of the tree.
 * @param path A canonical path other than the root.
 * @param node What to put there.
 * @param modified The time of the change.
 */
export function putNode(root: DirectoryNode, path: string, node: Node, modified: number): void {
  directoryAt(root, parentPath(path), modified).set(nameOf(path), node, modified);
}

function directoryAt(root: DirectoryNode, path: string, modified: number): DirectoryNode {
  const found = lookUp(root, path);
  if (found instanceof DirectoryNode) return found;
  if (found !== null) throw new TypeError(`Cannot make a directory at '${path}': it is a file`);
  const directory = new DirectoryNode(modified);
  putNode(root, path, directory, modified);
  return directory;
}

/**
 * Removes the node at a path.
 *
 * @param root The root of the tree.
 * @param path The canonical path of a node other than the root.
 * @param modified The time of the change.
 */
export function removeNode(root: DirectoryNode, path: string, modified: number): void {
  const parent = lookUp(root, parentPath(path));
  if (parent instanceof DirectoryNode) parent.remove(nameOf(path), modified);
}

/** A file and where it is. */
export interface FoundFile {
  readonly path: string;
  readonly node: FileNode;
}

/**
 * Walks the files of a directory in the order of `comparePaths`.
 *
 * @param directory Where to start.
 * @param path Its canonical path.
 * @param enter Whether to look into a directory below, by its canonical path.
 */
export function* walkFiles(
  directory: DirectoryNode,
  path: string,
  enter: (path: string) => boolean,
): Generator<FoundFile> {
  for (const name of directory.walkNames) {
    const node = directory.get(name);
    if (node === undefined) continue;
    const below = joinPaths(path, `/${name}`);
    if (node.type === "file") yield { path: below, node };
    else if (enter(below)) yield* walkFiles(node, below, enter);
  }
}

/**
 * Describes a node.
 *
 * @param path Its canonical path.
 * @param node The node.
 * @returns What `stat` tells.
 */
export function infoOf(path: string, node: Node): FileInfo {
  const { type, modified } = node;
  return type === "file"
    ? { path, type, size: node.bytes.length, modified, version: node.version }
    : { path, type, size: 0, modified, version: "" };
}
