/**
 * What a check found, and how it is put into words.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import type { Backend, FileInfo } from "../../backends/protocol.ts";

/** What became of one check. */
export type Finding =
  | { readonly ok: true; readonly message: string }
  | {
    readonly ok: false;
    /** One sentence. */
    readonly message: string;
    readonly expected: string;
    readonly found: string;
  };

/** Characters of a text that a message quotes. */
export const QUOTED = 120;

/** Lines, and characters of each, of what is shown of an expected or a found text. */
const SHOWN_LINES = 20;
const SHOWN_CHARACTERS = 500;

/** A check that holds. */
export function passed(message: string): Finding {
  return { ok: true, message };
}

/** A check that does not hold. */
export function failed(message: string, expected: string, found: string): Finding {
  return { ok: false, message, expected, found };
}

/** A text in quotes, on one line and not too long. */
export function quote(text: string): string {
  const short = text.length > QUOTED ? `${text.slice(0, QUOTED).toWellFormed()}…` : text;
  return `'${short.replaceAll("\r", "\\r").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}'`;
}

/** A text of several lines, cut to what a screen has room for. */
export function excerpt(text: string): string {
  const lines = text.split("\n");
  const shown = lines.slice(0, SHOWN_LINES).map((line) =>
    line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : line
  );
  const more = lines.length - shown.length;
  return more === 0
    ? shown.join("\n")
    : [...shown, `… and ${counted(more, "more line")}`].join("\n");
}

/** `1 byte`, `2 bytes`. */
export function counted(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** A whole number with its thousands apart. */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** What is at a path; `undefined` where nothing is. */
export async function lookAt(tree: Backend, path: string): Promise<FileInfo | undefined> {
  try {
    return await tree.stat(path);
  } catch (error) {
    const isMissing = error instanceof BackendError &&
      (error.code === "not_found" || error.code === "not_directory");
    if (isMissing) return undefined;
    throw error;
  }
}

/** What something is, in words. */
export function kindOf(info: FileInfo): string {
  if (info.type === "directory") return "a directory";
  return info.type === "file" ? `a file of ${counted(info.size, "byte")}` : "not a regular file";
}

/** What is added where a path has signs of a glob, and nothing is there. */
export function globNote(path: string): string {
  return /[*?[\]{}]/.test(path) ? ": a path is no glob here" : "";
}
