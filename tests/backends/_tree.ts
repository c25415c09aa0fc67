/**
 * What a case of the contract works with: a backend, the place in its tree where the case may do
 * what it likes, and the means to say what is expected.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, type BackendErrorCode } from "../../backends/errors.ts";
import { isWithin, joinPaths } from "../../backends/paths.ts";
import type { Backend, FileInfo } from "../../backends/protocol.ts";

/** What a backend's test makes for each case. */
export interface ContractSubject {
  /** The backend, empty below `base`. */
  readonly backend: Backend;
  /**
   * The directory of its tree under test, such as the prefix of a mount: it must exist, and be one
   * that can be neither moved nor deleted.
   *
   * @default {"/"}
   */
  readonly base?: string;
  /**
   * Waits until a change gets a time that no change before it got, where that is what tells versions
   * of a file apart.
   */
  readonly tick?: () => Promise<void>;
  /** Removes what was made. */
  [Symbol.asyncDispose]?(): Promise<void>;
}

/** One case of the contract. */
export interface ContractCase {
  /** `method() does what`. */
  readonly name: string;
  /** Fails if the backend does not. */
  readonly run: (tree: Tree) => Promise<void>;
}

/** A file or directory as a case expects it: what differs between backends is left out. */
export interface Shape {
  readonly path: string;
  readonly type: string;
  readonly size: number;
}

/** Makes a case. */
export function contractCase(name: string, run: (tree: Tree) => Promise<void>): ContractCase {
  return { name, run };
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The part of a backend that a case works in, two directories deep so that parents matter. */
export class Tree {
  readonly backend: Backend;
  /** The directory under test. */
  readonly base: string;
  /** Waits, where it must, until a change can be told from those before it. */
  readonly tick: () => Promise<void>;

  constructor(subject: ContractSubject) {
    this.backend = subject.backend;
    this.base = subject.base ?? "/";
    this.tick = subject.tick ?? (() => Promise.resolve());
  }

  /** A path below the case's own directory. */
  at(path: string): string {
    return joinPaths(joinPaths(this.base, "/tree"), path);
  }

  /** A pattern that means a path below the case's own directory plainly. */
  pattern(path: string): string {
    return this.at(path).replace(/[\\*?[\]{},]/g, "\\$&");
  }

  /** Writes files at the same time, by path below the case's own directory. */
  async fill(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    const entries = Object.entries(files);
    await Promise.all(entries.map(([path, content]) => this.backend.write(this.at(path), content)));
  }

  /** The text of a file below the case's own directory. */
  async text(path: string): Promise<string> {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(await this.backend.readBytes(this.at(path)));
  }

  /** Everything below the base: directories with `null`, files with their version and bytes. */
  async everything(): Promise<Record<string, string | null>> {
    const found: Record<string, string | null> = {};
    const look = async (directory: string): Promise<void> => {
      for (const info of await this.backend.ls(directory)) {
        if (info.type === "directory") {
          found[info.path] = null;
          await look(info.path);
        } else {
          const bytes = await this.backend.readBytes(info.path);
          found[info.path] = `${info.version} ${bytes.length} ${await digest(bytes)}`;
        }
      }
    };
    await look(this.base);
    return found;
  }

  /** The paths of everything in the case's own directory, as the case names them. */
  async paths(): Promise<string[]> {
    const prefix = this.at("/");
    return Object.keys(await this.everything())
      .filter((path) => path.startsWith(`${prefix}/`))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  /** What a case expects of a file below its own directory. */
  file(path: string, size: number): Shape {
    return { path: this.at(path), type: "file", size };
  }

  /** What a case expects of a directory below its own directory. */
  directory(path: string): Shape {
    return { path: this.at(path), type: "directory", size: 0 };
  }

  /**
   * Expects an operation to fail, to say where, and to change nothing.
   *
   * @param code The code of the error.
   * @param path The path below the case's own directory that is at fault.
   * @param operation The operation.
   */
  async fails(
    code: BackendErrorCode,
    path: string,
    operation: (backend: Backend) => Promise<unknown>,
  ): Promise<void> {
    await this.failsAt(code, this.at(path), operation);
  }

  /** As {@linkcode Tree.fails}, with the whole path. */
  async failsAt(
    code: BackendErrorCode,
    path: string,
    operation: (backend: Backend) => Promise<unknown>,
  ): Promise<void> {
    const before = await this.everything();
    const error = await assertRejects(() => operation(this.backend), BackendError);
    assertEquals({ code: error.code, path: error.path }, { code, path });
    assert(/^[A-Z].*[^.]$/s.test(error.message), `Not a sentence: ${error.message}`);
    if (code !== "invalid_pattern" && code !== "invalid_path") {
      assert(error.message.includes(`'${path}'`), `Where? ${error.message}`);
      // Whatever else the sentence names must be of the caller's tree, not of one inside it.
      for (const [, other = ""] of error.message.matchAll(/'(\/[^']*)'/g)) {
        assert(isWithin(other, this.base), `'${other}' is not of the tree: ${error.message}`);
      }
    }
    assertEquals(await this.everything(), before);
  }

  /** Expects a mistake of the program, which is no failure of the files. */
  async refuses(operation: (backend: Backend) => Promise<unknown>): Promise<void> {
    const before = await this.everything();
    await assertRejects(() => operation(this.backend), RangeError);
    assertEquals(await this.everything(), before);
  }
}

/** What all backends tell alike about a file. */
export function shape(info: FileInfo): Shape {
  assert(Number.isFinite(info.modified) && info.modified >= 0, `modified is ${info.modified}`);
  assertEquals(info.version === "", info.type === "directory");
  return { path: info.path, type: info.type, size: info.size };
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return new Uint8Array(hash).toHex();
}
