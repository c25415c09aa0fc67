/**
 * What a person is shown who has to approve a change: a unified diff of it, made from the files as
 * they are, with nothing done yet.
 *
 * What is too much to be shown, or no text, is said with its size and its SHA-256, so that two
 * previews are the same only where the change is.
 *
 * @module
 */

import { BackendError } from "../backends/errors.ts";
import { canonicalPath } from "../backends/paths.ts";
import type { Backend, TextEdit } from "../backends/protocol.ts";
import { StateBackend } from "../backends/state.ts";
import { count, shownPath } from "./_text.ts";
import type { ToolContext } from "./tool.ts";

/** Lines of a preview that are shown. */
const PREVIEW_LINES = 400;
/** Characters of one line that are shown. */
const LINE_CHARACTERS = 1_000;
/** Bytes of a file that is compared line by line. */
const COMPARED_BYTES = 1024 * 1024;
/** Lines that differ, where two texts are so different that looking for what they share is no use. */
const DIFFERENT_LINES = 1_000;
/** Files of a directory that are counted. */
const COUNTED_FILES = 10_000;
/** How much of a large file is read at once to tell it from others. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** One side of a change: a file's text, or what is said of it in its place; `null` for no file. */
type Side = { readonly text: string } | { readonly said: string } | null;

/**
 * @param path The file.
 * @param content What it shall be.
 * @param context Where it is.
 * @returns What writing it would change.
 */
export async function writePreview(
  path: string,
  content: string,
  context: ToolContext,
): Promise<string> {
  const at = canonicalPath(path);
  const before = await lookAt(at, context, { missing: true });
  return await change(at, before, { text: content });
}

/**
 * @param path The file.
 * @param edit The replacement.
 * @param context Where it is.
 * @returns What the edit would change.
 * @throws {BackendError} What the edit itself would throw.
 */
export async function editPreview(
  path: string,
  edit: TextEdit,
  { backend, signal }: ToolContext,
): Promise<string> {
  const at = canonicalPath(path);
  let bytes: Uint8Array;
  try {
    bytes = await backend.readBytes(at, { signal });
  } catch (error) {
    if (!(error instanceof BackendError && error.code === "denied")) throw error;
    // Approved, the edit can be made all the same.
    const which = edit.replaceAll === true ? "every occurrence" : "the only occurrence";
    const lines = await change(at, { text: edit.oldText }, { text: edit.newText });
    return `(${error.message}; ${which} of the old text is replaced)\n${lines}`;
  }
  const scratch = new StateBackend({ files: { [at]: bytes } });
  await scratch.edit(at, edit);
  return await change(at, await sideOf(bytes), await sideOf(await scratch.readBytes(at)));
}

/**
 * @param path The file or directory.
 * @param context Where it is.
 * @returns What would be gone.
 * @throws {BackendError} If nothing is there.
 */
export async function deletePreview(path: string, context: ToolContext): Promise<string> {
  const at = canonicalPath(path);
  const { backend, signal } = context;
  if ((await backend.stat(at, { signal })).type === "directory") {
    return [`delete ${shownPath(at)}/`, ...await listing(at, context)].join("\n");
  }
  return await change(at, await lookAt(at, context), null);
}

/**
 * @param from Where it is now.
 * @param to Where it shall be.
 * @param context Where both are.
 * @returns What would be at another place, and what would be replaced.
 * @throws {BackendError} If nothing is there.
 */
export async function movePreview(
  from: string,
  to: string,
  context: ToolContext,
): Promise<string> {
  const [source, target] = [canonicalPath(from), canonicalPath(to)];
  const { type } = await context.backend.stat(source, { signal: context.signal });
  const head = [`rename from ${shownPath(source)}`, `rename to ${shownPath(target)}`];
  if (type === "directory") return [...head, ...await listing(source, context)].join("\n");
  const replaced = await lookAt(target, context, { missing: true });
  const moved = await lookAt(source, context);
  if (replaced === null) return [...head, await fingerprint(moved)].join("\n");
  return [...head, await change(target, replaced, moved)].join("\n");
}

/** What is at a path, as far as it may be seen. */
async function lookAt(
  path: string,
  { backend, signal }: ToolContext,
  { missing = false } = {},
): Promise<Side> {
  try {
    const { type, size } = await backend.stat(path, { signal });
    if (type !== "file") return { said: `there is no file but a ${type}` };
    if (size <= COMPARED_BYTES) return await sideOf(await backend.readBytes(path, { signal }));
    const digest = await sha256(pieces(backend, path, size, signal));
    return { said: `too large to show: ${count(size, "byte")}, SHA-256 ${digest}` };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const { code, message } = error;
    if (missing && (code === "not_found" || code === "not_directory")) return null;
    if (code === "denied") return { said: message };
    throw error;
  }
}

async function sideOf(bytes: Uint8Array): Promise<Side> {
  if (!bytes.includes(0)) {
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      return { text: decoder.decode(bytes) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return { said: `binary: ${count(bytes.length, "byte")}, SHA-256 ${await sha256([bytes])}` };
}

async function* pieces(
  backend: Backend,
  path: string,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < size; offset += PIECE_BYTES) {
    yield await backend.readBytes(path, { offset, length: PIECE_BYTES, signal });
  }
}

async function sha256(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  for await (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** One line that tells a file from others. */
async function fingerprint(side: Side): Promise<string> {
  if (side === null) return "no file";
  if ("said" in side) return `(${side.said})`;
  const bytes = new TextEncoder().encode(side.text);
  return `(${count(bytes.length, "byte")}, SHA-256 ${await sha256([bytes])})`;
}

/** The change of one file. */
async function change(path: string, before: Side, after: Side): Promise<string> {
  const name = shownPath(path);
  const head = [
    `--- ${before === null ? "/dev/null" : name}`,
    `+++ ${after === null ? "/dev/null" : name}`,
  ];
  const said = [before, after].some((side) => side !== null && "said" in side);
  if (said && before !== null && after !== null) {
    return [
      ...head,
      `before: ${await fingerprint(before)}`,
      `after: ${await fingerprint(after)}`,
      ...after !== null && "text" in after ? await shown(addedLines(after.text), null, after) : [],
    ].join("\n");
  }
  if (said) return [...head, await fingerprint(before ?? after)].join("\n");
  const [old, now] = [textOf(before), textOf(after)];
  if (old === now && before !== null && after !== null) {
    return [...head, "(the file stays as it is)"].join("\n");
  }
  return [...head, ...await shown(await hunkLines(old, now), before, after)].join("\n");
}

function textOf(side: Side): string {
  return side !== null && "text" in side ? side.text : "";
}

async function hunkLines(before: string, after: string): Promise<readonly string[]> {
  const { structuredPatch } = await import("diff");
  const options = { context: 3, maxEditLength: DIFFERENT_LINES };
  const patch = structuredPatch("", "", before, after, undefined, undefined, options);
  // Too different: then it is one text for the other.
  const hunks = patch?.hunks ?? [
    ...structuredPatch("", "", before, "", undefined, undefined, { context: 3 }).hunks,
    ...structuredPatch("", "", "", after, undefined, undefined, { context: 3 }).hunks,
  ];
  return hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`,
    ...lines,
  ]);
}

function range(start: number, lines: number): string {
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

function addedLines(text: string): readonly string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => `+${line}`);
}

/** As many of a diff's lines as a person can look through, and what tells the rest of it. */
async function shown(lines: readonly string[], before: Side, after: Side): Promise<string[]> {
  const bounded = boundedLines(lines);
  if (bounded === lines) return [...lines];
  return [
    ...bounded,
    ...before === null ? [] : [`before: ${await fingerprint(before)}`],
    ...after === null ? [] : [`after: ${await fingerprint(after)}`],
  ];
}

/** As many lines as a person can look through, and what is left out; the same where they all fit. */
export function boundedLines(lines: readonly string[]): readonly string[] {
  const kept = lines.slice(0, PREVIEW_LINES);
  const cut = kept.map(cutLine);
  if (kept.length === lines.length && cut.every((line, index) => line === lines[index])) {
    return lines;
  }
  const rest = lines.length - kept.length;
  return [...cut, rest === 0 ? "(long lines are cut)" : `(${count(rest, "more line")}: not shown)`];
}

function cutLine(line: string): string {
  const more = line.length - LINE_CHARACTERS;
  return more <= 0 ? line : `${line.slice(0, LINE_CHARACTERS)}… (${count(more, "more character")})`;
}

/** What a directory holds, a line for each file. */
async function listing(
  path: string,
  { backend, signal }: ToolContext,
): Promise<readonly string[]> {
  const { files, truncated } = await backend.glob("**", { path, limit: COUNTED_FILES, signal });
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const total = `${truncated ? "more than " : ""}${count(files.length, "file")}`;
  const lines = files.slice(0, PREVIEW_LINES).map((file) =>
    `  ${shownPath(file.path)} (${count(file.size, "byte")})`
  );
  const rest = files.length - lines.length;
  return [
    `with ${total} of ${count(bytes, "byte")} in it${files.length === 0 ? "" : ":"}`,
    ...lines,
    ...rest === 0 ? [] : [`(${count(rest, "more file")}: not shown)`],
  ];
}
