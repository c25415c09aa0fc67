/**
 * Copies files of the tree out to the host when a run has ended: bytes as they are, in pieces, each
 * file whole or not at all.
 *
 * @module
 */

import { basename, dirname } from "@std/path";
import { BackendError } from "../backends/errors.ts";
import { canonicalPath } from "../backends/paths.ts";
import type { Backend, FileInfo } from "../backends/protocol.ts";
import { TargetError, writeTarget } from "./_artifact_target.ts";
import { isKept } from "./_compile_artifacts.ts";
import type { RunEventBody } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { ExpressionError } from "./expressions/errors.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { PlanArtifact } from "./plan.ts";

/** Bytes that are read at a time. */
const PIECE = 4 * 1024 * 1024;

/** Files that one glob may stand for. */
const FILES = 10_000;

/** What {@linkcode copyArtifacts} needs. */
export interface CopyOptions {
  /** The files, once no step changes them any more. */
  readonly tree: Backend;
  /** What the paths refer to. */
  readonly context: ExpressionContext;
  /** Whether the run succeeded: says which artifacts are copied, and whether one may be missing. */
  readonly succeeded: boolean;
  /** Told of each file that was copied. */
  readonly emit: (event: RunEventBody) => void;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Gives a word for a file that is being written.
   *
   * @default {sixteen random hexadecimal digits}
   */
  readonly unique?: (() => string) | undefined;
}

/** What {@linkcode copyArtifacts} did. */
export interface CopiedArtifacts {
  /** How many files were copied. */
  readonly copied: number;
  /** What went wrong, a sentence each: with any, a run has failed. */
  readonly problems: readonly string[];
  /** What was not there to be copied, of a run that failed anyway. */
  readonly notes: readonly string[];
}

/** One file, and where it goes. */
interface Copy {
  readonly file: FileInfo;
  readonly base: string;
  readonly parts: readonly string[];
  /** Where it goes, as the workflow's file says it. */
  readonly shown: string;
}

/**
 * Copies the artifacts of a run that has ended.
 *
 * @param artifacts The artifacts of its plan.
 * @param options The files, and whether it succeeded.
 * @returns What was copied and what was not. Every artifact is tried.
 * @throws {Error} What the tree throws when its process is gone, or the reason of the signal.
 */
export async function copyArtifacts(
  artifacts: readonly PlanArtifact[],
  options: CopyOptions,
): Promise<CopiedArtifacts> {
  const problems: string[] = [];
  const notes: string[] = [];
  const taken = new Map<string, string>();
  const wanted = options.succeeded ? "success" : "failure";
  let copied = 0;
  for (const artifact of artifacts) {
    if (artifact.when !== "always" && artifact.when !== wanted) continue;
    const found = await filesOf(artifact, options);
    if (found.problem !== undefined) {
      (found.missing === true && !options.succeeded ? notes : problems).push(found.problem);
    }
    for (const copy of found.copies) {
      options.signal?.throwIfAborted();
      const problem = await copyFile(copy, taken, options);
      if (problem === undefined) copied++;
      else problems.push(problem);
    }
  }
  return { copied, problems, notes };
}

/** What an artifact stands for. */
interface Found {
  readonly copies: readonly Copy[];
  readonly problem?: string;
  /** Whether the problem is that nothing is there. */
  readonly missing?: boolean;
}

async function filesOf(artifact: PlanArtifact, options: CopyOptions): Promise<Found> {
  const place = `${artifact.place.file}:${artifact.place.line}`;
  let path: string;
  try {
    path = canonicalPath(await renderTemplate(artifact.path, options.context));
  } catch (error) {
    if (!(error instanceof BackendError) && !(error instanceof ExpressionError)) throw error;
    return { copies: [], problem: `Artifact of ${place} cannot be copied: ${error.message}` };
  }
  const { tree, signal } = options;
  try {
    // A file whose name has signs of a glob in it is that file.
    const there = await statOf(tree, path, signal);
    if (there?.type === "file") return { copies: [copyOf(artifact, there, dirname(path))] };
    if (there !== undefined) {
      const what = there.type === "directory"
        ? `it is a directory: write '${path === "/" ? "" : path}/**' for all files in it`
        : "it is not a regular file";
      return { copies: [], problem: `Artifact '${path}' cannot be copied: ${what} (${place})` };
    }
    if (!/[*?[{]/.test(path)) {
      const problem = `Artifact '${path}' is not there (${place})`;
      return { copies: [], problem, missing: true };
    }
    const { files, truncated, failures } = await tree.glob(path, { limit: FILES, signal });
    const [failure] = failures;
    if (truncated || failure !== undefined) {
      const why = failure?.message ?? `it stands for more than ${FILES} files`;
      return { copies: [], problem: `Artifact '${path}' cannot be copied: ${why} (${place})` };
    }
    if (files.length === 0) {
      const problem = `Artifact '${path}' matches no file (${place})`;
      return { copies: [], problem, missing: true };
    }
    const fixed = fixedPart(path);
    return { copies: files.map((file) => copyOf(artifact, file, fixed)) };
  } catch (error) {
    if (!(error instanceof BackendError) || error.code === "aborted") throw error;
    return {
      copies: [],
      problem: `Artifact '${path}' cannot be copied: ${error.message} (${place})`,
    };
  }
}

async function statOf(
  tree: Backend,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FileInfo | undefined> {
  try {
    return await tree.stat(path, { signal });
  } catch (error) {
    const isMissing = error instanceof BackendError &&
      (error.code === "not_found" || error.code === "not_directory" ||
        // A pattern may be longer than any path.
        error.code === "invalid_path");
    if (isMissing) return undefined;
    throw error;
  }
}

/** The directory that all of a glob's files are below: its components without any sign of one. */
function fixedPart(glob: string): string {
  const parts = glob.split("/");
  const first = parts.findIndex((part) => /[*?[{\\]/.test(part));
  return parts.slice(0, first).join("/") || "/";
}

function copyOf({ to, shownTo }: PlanArtifact, file: FileInfo, fixed: string): Copy {
  if (!to.endsWith("/")) {
    return { file, base: dirname(to), parts: [basename(to)], shown: shownTo };
  }
  const below = file.path.slice(fixed === "/" ? 1 : fixed.length + 1);
  const base = to.replace(/(?<=.)\/$/, "");
  return { file, base, parts: below.split("/"), shown: `${shownTo.replace(/\/?$/, "/")}${below}` };
}

/** Copies a file; what went wrong, if anything. */
async function copyFile(
  { file, base, parts, shown }: Copy,
  taken: Map<string, string>,
  options: CopyOptions,
): Promise<string | undefined> {
  const { path } = file;
  const fail = (why: string) => `Artifact '${path}' cannot be copied to '${shown}': ${why}`;
  const hidden = parts.find(isKept);
  if (hidden !== undefined) return fail(`nothing is copied to a '${hidden}' directory`);
  const target = [base, ...parts].join("/");
  const other = taken.get(target);
  if (other === path) return undefined;
  if (other !== undefined) return fail(`'${other}' is copied there too`);
  taken.set(target, path);
  const pieces = new Pieces(file, options);
  const unique = (options.unique ?? randomWord)();
  try {
    await writeTarget({ base, parts, unique }, pieces.read());
  } catch (error) {
    const known = error instanceof TargetError ||
      (error instanceof BackendError && error.code !== "aborted");
    if (!known) throw error;
    return fail(error.message);
  }
  options.emit({ type: "artifact.copied", path, to: shown, size: pieces.size });
  return undefined;
}

/** A file of the tree, piece by piece: no more than one is held at a time. */
class Pieces {
  readonly #file: FileInfo;
  readonly #options: CopyOptions;
  #size = 0;

  constructor(file: FileInfo, options: CopyOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** How many bytes were read so far. */
  get size(): number {
    return this.#size;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const { path, size, version } = this.#file;
    const { tree, signal } = this.#options;
    while (this.#size < size) {
      const length = Math.min(PIECE, size - this.#size);
      const piece = await tree.readBytes(path, { offset: this.#size, length, signal });
      if (piece.length === 0) break;
      this.#size += piece.length;
      yield piece;
    }
    const now = await tree.stat(path, { signal });
    if (now.version !== version || this.#size !== size) {
      throw new TargetError("the file was changed while it was copied");
    }
  }
}

function randomWord(): string {
  return crypto.getRandomValues(new Uint8Array(8)).toHex();
}
