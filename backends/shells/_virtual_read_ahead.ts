/**
 * Reading ahead for one command: what a listing told of its entries is not asked for again, and where
 * a command reads the files of a directory one after the other, those that follow are under way before
 * it asks for them. That counts where the backend is another process.
 *
 * @module
 */

import { parentPath } from "../paths.ts";
import type { Backend, FileInfo, OperationOptions } from "../protocol.ts";

/** How long what was told of a file is believed, in milliseconds: others may change it meanwhile. */
const BELIEVED_MILLISECONDS = 1_000;
/** Files that are read ahead at once, their size each, and all together. */
const FILES = 64;
const FILE_BYTES = 256 * 1024;
const TOTAL_BYTES = 8 * 1024 * 1024;

interface Known {
  readonly info: FileInfo;
  readonly since: number;
}

interface Listing {
  /** Its files, in the order in which commands go through them. */
  readonly files: readonly FileInfo[];
  /** How many of them are asked for already. */
  next: number;
  /** The file that was read last: the one after it is the sign to read ahead. */
  reads: number;
}

/** Reads of one command. What is read ahead is used once, and never after a change. */
export class ReadAhead {
  readonly #backend: Backend;
  readonly #options: OperationOptions;
  readonly #known = new Map<string, Known>();
  readonly #listings = new Map<string, Listing>();
  readonly #under = new Map<
    string,
    { readonly size: number; readonly bytes: Promise<Uint8Array> }
  >();
  #bytes = 0;

  constructor(backend: Backend, options: OperationOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  /** The entries of a directory. */
  async ls(path: string): Promise<readonly FileInfo[]> {
    const infos = await this.#backend.ls(path, this.#options);
    for (const info of infos) this.add(info);
    const files = infos.filter(({ type, size }) => type === "file" && size <= FILE_BYTES);
    this.#listings.set(path, { files, next: 0, reads: 0 });
    return infos;
  }

  /** What is at a path. */
  async stat(path: string): Promise<FileInfo> {
    const known = this.#known.get(path);
    if (known !== undefined && performance.now() - known.since < BELIEVED_MILLISECONDS) {
      return known.info;
    }
    const info = await this.#backend.stat(path, this.#options);
    this.add(info);
    return info;
  }

  /** The content of a file. */
  async read(path: string): Promise<Uint8Array> {
    const ahead = this.#under.get(path);
    if (ahead !== undefined) {
      this.#under.delete(path);
      this.#bytes -= ahead.size;
      this.#fill(path);
      return await ahead.bytes;
    }
    this.#fill(path);
    return await this.#backend.readBytes(path, this.#options);
  }

  /** Believes what an operation told. */
  add(info: FileInfo): void {
    this.#known.set(info.path, { info, since: performance.now() });
  }

  /** Forgets everything: something changes. */
  forget(): void {
    this.#known.clear();
    this.forgetFiles();
  }

  /** Forgets all but the directories: a file is written. */
  forgetFiles(): void {
    for (const [path, { info }] of this.#known) {
      if (info.type !== "directory") this.#known.delete(path);
    }
    this.#listings.clear();
    this.#under.clear();
    this.#bytes = 0;
  }

  #fill(path: string): void {
    const listing = this.#listings.get(parentPath(path));
    if (listing === undefined || ++listing.reads < 2) return;
    while (
      listing.next < listing.files.length && this.#under.size < FILES && this.#bytes < TOTAL_BYTES
    ) {
      const file = listing.files[listing.next++];
      if (file === undefined || file.path <= path) continue;
      const bytes = this.#backend.readBytes(file.path, this.#options);
      // Whoever reads the file is told; where nobody does there is nobody to tell.
      bytes.catch(() => {});
      this.#bytes += file.size;
      this.#under.set(file.path, { size: file.size, bytes });
    }
  }
}
