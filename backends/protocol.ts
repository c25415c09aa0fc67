/**
 * What a backend is: a tree of files behind ten asynchronous operations.
 *
 * Paths are absolute POSIX paths of the virtual tree (`/project/src/app.py`). Each operation makes
 * its path canonical at the door with `canonicalPath`. Failures throw `BackendError`. Every backend
 * passes the same contract suite, `tests/backends/contract.ts`.
 *
 * @module
 */

/** What is at a path. `other` is a socket, a device, or a symbolic link that leads nowhere good. */
export type FileType = "file" | "directory" | "other";

/** A file or directory, as `stat`, `ls` and `glob` tell it. */
export interface FileInfo {
  /** Its canonical path. */
  readonly path: string;
  /** What it is. */
  readonly type: FileType;
  /** Its size in bytes; 0 for anything but a file. */
  readonly size: number;
  /** When it last changed, in milliseconds since the epoch; 0 where that is unknown. */
  readonly modified: number;
  /** An opaque word that is another one after each change of the file; empty for directories. */
  readonly version: string;
}

/** What every operation accepts. */
export interface OperationOptions {
  /** Ends the operation with code `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode Backend.read}. */
export interface ReadOptions extends OperationOptions {
  /**
   * The first line wanted, counted from 0.
   *
   * @default {0}
   */
  readonly offset?: number | undefined;
  /**
   * How many lines at most.
   *
   * @default {Infinity}
   */
  readonly limit?: number | undefined;
}

/** Lines of a text file, exactly as they are in it, line endings included. */
export interface TextSlice {
  /** The file's canonical path. */
  readonly path: string;
  /** The raw text of the lines asked for. A byte order mark stays. */
  readonly text: string;
  /** The first line returned, counted from 0. */
  readonly offset: number;
  /** How many lines `text` has. */
  readonly lines: number;
  /** How many lines the file has; a last line without a line ending counts. */
  readonly totalLines: number;
  /** Where to read on, or `null` at the end of the file. */
  readonly nextOffset: number | null;
  /** The file's size in bytes. */
  readonly size: number;
  /** The file's version when it was read. */
  readonly version: string;
}

/** Options of {@linkcode Backend.readBytes}. */
export interface ReadBytesOptions extends OperationOptions {
  /**
   * The first byte wanted.
   *
   * @default {0}
   */
  readonly offset?: number | undefined;
  /**
   * How many bytes at most; without it the file must fit `LIMITS.contentBytes`.
   *
   * @default {Infinity}
   */
  readonly length?: number | undefined;
}

/** Options of {@linkcode Backend.write}. */
export interface WriteOptions extends OperationOptions {
  /**
   * Whether a file that is there already may be replaced; if not, the error is `exists`.
   *
   * @default {true}
   */
  readonly overwrite?: boolean | undefined;
}

/** One replacement for {@linkcode Backend.edit}. */
export interface TextEdit {
  /** The text to find, literally. In a file of CRLF line endings a LF finds CRLF. */
  readonly oldText: string;
  /** The text to put there. */
  readonly newText: string;
  /**
   * Replace every occurrence; otherwise there must be exactly one.
   *
   * @default {false}
   */
  readonly replaceAll?: boolean | undefined;
}

/** What {@linkcode Backend.edit} did. */
export interface EditResult {
  /** The file after the edit. */
  readonly file: FileInfo;
  /** How many occurrences were replaced. */
  readonly replacements: number;
}

/** Options of {@linkcode Backend.delete}. */
export interface DeleteOptions extends OperationOptions {
  /**
   * Delete a directory with all that is in it. Without it only an empty directory goes.
   *
   * @default {false}
   */
  readonly recursive?: boolean | undefined;
}

/** Options of {@linkcode Backend.move}. */
export interface MoveOptions extends OperationOptions {
  /**
   * Whether a file at the target may be replaced by a file. A directory never is.
   *
   * @default {false}
   */
  readonly overwrite?: boolean | undefined;
}

/** A part of a search that failed while the rest went on, such as one mount of several. */
export interface SearchFailure {
  /** Where, in the caller's tree. */
  readonly path: string;
  /** A sentence that says why. */
  readonly message: string;
}

/** Options of {@linkcode Backend.glob}. */
export interface GlobOptions extends OperationOptions {
  /**
   * The directory that a relative pattern starts from and the search is confined to.
   *
   * @default {"/"}
   */
  readonly path?: string | undefined;
  /**
   * How many files at most.
   *
   * @default {1000}
   */
  readonly limit?: number | undefined;
}

/** What {@linkcode Backend.glob} found. */
export interface GlobResult {
  /** Files, never directories, sorted by path in code unit order. */
  readonly files: readonly FileInfo[];
  /** Whether `limit` cut the list. */
  readonly truncated: boolean;
  /** What could not be searched. */
  readonly failures: readonly SearchFailure[];
}

/** Options of {@linkcode Backend.grep}. */
export interface GrepOptions extends OperationOptions {
  /**
   * The file or directory to search.
   *
   * @default {"/"}
   */
  readonly path?: string | undefined;
  /** Search only files that match this pattern, relative to `path` or absolute. */
  readonly glob?: string | undefined;
  /**
   * Read the query as a regular expression (RE2 syntax: linear time, no look-around or
   * back-references) instead of a literal.
   *
   * @default {false}
   */
  readonly regex?: boolean | undefined;
  /**
   * Let `a` match `A`.
   *
   * @default {false}
   */
  readonly ignoreCase?: boolean | undefined;
  /**
   * How many matching lines at most.
   *
   * @default {200}
   */
  readonly limit?: number | undefined;
}

/** A line that matched. */
export interface GrepMatch {
  /** The file's canonical path. */
  readonly path: string;
  /** The line's number, counted from 1. */
  readonly line: number;
  /** The line without its ending, cut after `LIMITS.grepLineCharacters` around the match. */
  readonly text: string;
  /** Whether `text` was cut. */
  readonly cut: boolean;
  /** Set where `text` is all of a line that ends in a carriage return and a line feed. */
  readonly crlf?: true;
}

/** What {@linkcode Backend.grep} found. */
export interface GrepResult {
  /** Matching lines, sorted by path in code unit order, then by line. */
  readonly matches: readonly GrepMatch[];
  /** Whether `limit` cut the list. */
  readonly truncated: boolean;
  /** How many files were searched as text. */
  readonly filesSearched: number;
  /** How many files were passed over because they are not text. */
  readonly filesSkipped: number;
  /** What could not be searched. */
  readonly failures: readonly SearchFailure[];
}

/**
 * A tree of files. Implement it to bring a store of your own; `tests/backends/contract.ts` says
 * what is expected of it.
 *
 * Directories come into being by writing a file below them and stay until they are deleted. The
 * root `/` always exists and can be neither deleted nor moved. Symbolic links are followed only
 * where they stay inside the tree; a search never descends into one.
 */
export interface Backend {
  /** The entries of a directory, sorted by path in code unit order. */
  ls(path: string, options?: OperationOptions): Promise<readonly FileInfo[]>;
  /** What is at a path; `not_found` if nothing is. */
  stat(path: string, options?: OperationOptions): Promise<FileInfo>;
  /** Lines of a text file. An `offset` past the end gives no lines and no error. */
  read(path: string, options?: ReadOptions): Promise<TextSlice>;
  /** Bytes of any file. */
  readBytes(path: string, options?: ReadBytesOptions): Promise<Uint8Array>;
  /** Writes a whole file, atomically, and the directories above it. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<FileInfo>;
  /** Replaces text in a text file, atomically; what the edit does not name stays byte for byte. */
  edit(path: string, edit: TextEdit, options?: OperationOptions): Promise<EditResult>;
  /** Deletes a file or a directory. */
  delete(path: string, options?: DeleteOptions): Promise<void>;
  /** Renames a file or a directory; the directories above the target come into being. */
  move(from: string, to: string, options?: MoveOptions): Promise<FileInfo>;
  /** Files whose path matches a pattern. */
  glob(pattern: string, options?: GlobOptions): Promise<GlobResult>;
  /** Lines that contain a text or match a regular expression. */
  grep(query: string, options?: GrepOptions): Promise<GrepResult>;
}
