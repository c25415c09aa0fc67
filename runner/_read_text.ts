/**
 * Reads a file that a person wrote: UTF-8 text of a sane size, or a diagnostic that says what it
 * is instead.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { type DiagnosticCode, hintFor } from "./diagnostic_codes.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { didYouMean } from "./_suggest.ts";

/** The largest file that is read: 1 MiB. */
export const FILE_BYTES = 1024 * 1024;

/** A file's text. */
export interface FileText {
  /** The text, without a byte order mark. */
  readonly text: string;
  /** The bytes of the file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Either the text or what is wrong, with the text as far as it can be shown. */
export type ReadResult =
  | { readonly file: FileText; readonly diagnostic?: undefined }
  | { readonly file?: undefined; readonly diagnostic: Diagnostic; readonly shown?: string };

/**
 * @param name The file, as the user named it.
 * @param path Its path on the host.
 * @returns Its text, or what is wrong with it.
 */
export async function readText(name: string, path: string): Promise<ReadResult> {
  if (name === "") {
    // A variable of a shell that is not set; the path would be the working directory.
    return problem("no-file", "The file's name is empty", { hint: "Name the YAML file" });
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const info = await Deno.stat(path);
    if (info.isDirectory) {
      return problem("is-directory", `"${name}" is a directory`, {
        hint: "Name the YAML file in it",
      });
    }
    // Opening a pipe or a device could wait for ever.
    if (!info.isFile) return problem("not-a-file", `"${name}" is not a regular file`);
    if (info.size > FILE_BYTES) return tooLarge(name, info.size);
    bytes = await Deno.readFile(path);
  } catch (error) {
    return await unreadable(name, path, error);
  }
  if (bytes.length > FILE_BYTES) return tooLarge(name, bytes.length);
  return decode(name, bytes);
}

function decode(name: string, bytes: Uint8Array<ArrayBuffer>): ReadResult {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const shown = new TextDecoder().decode(bytes);
    const { offset, index } = firstInvalid(bytes, shown);
    const hex = bytes.slice(offset, offset + 1).toHex().toUpperCase();
    const utf16 = /^(?:fffe|feff)/.test(bytes.slice(0, 2).toHex());
    return {
      shown,
      diagnostic: {
        severity: "error",
        code: "invalid-utf8",
        message: `"${name}" is not UTF-8 text: byte ${offset + 1} (0x${hex}) is not valid`,
        place: placeAt(name, shown, index),
        hint: utf16
          ? "It looks like UTF-16: save the file as UTF-8"
          : "Save the file as UTF-8 in your editor",
      },
    };
  }
  // Any but tab, line feed and carriage return.
  const index = text.search(/(?![\t\n\r\x80-\x9f])\p{Cc}/u);
  if (index >= 0) {
    const code = text.charCodeAt(index).toString(16).toUpperCase().padStart(4, "0");
    return {
      shown: text,
      diagnostic: {
        severity: "error",
        code: "control-character",
        message: `"${name}" has a control character in it: U+${code}`,
        place: placeAt(name, text, index),
        hint: `Take it out, or write it as an escape in double quotes: "\\u${code}"`,
      },
    };
  }
  return { file: { text, bytes } };
}

/** The first byte that is not UTF-8, and the replacement character that stands for it. */
function firstInvalid(
  bytes: Uint8Array,
  shown: string,
): { readonly offset: number; readonly index: number } {
  const encoder = new TextEncoder();
  const bom = bytes.slice(0, 3).toHex() === "efbbbf" ? 3 : 0;
  let offset = bom;
  let start = 0;
  for (;;) {
    const index = shown.indexOf("\ufffd", start);
    if (index < 0) return { offset, index: start };
    offset += encoder.encode(shown.slice(start, index)).length;
    // A replacement character that is in the file itself is valid.
    if (bytes.slice(offset, offset + 3).toHex() !== "efbfbd") return { offset, index };
    offset += 3;
    start = index + 1;
  }
}

function placeAt(file: string, text: string, index: number) {
  const before = text.slice(0, index).split("\n");
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

async function unreadable(name: string, path: string, error: unknown): Promise<ReadResult> {
  if (error instanceof Deno.errors.NotFound) {
    return problem("no-file", `"${name}" does not exist`, await neighbour(name, path));
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return problem("no-file", `"${name}" does not exist: a part of its path is a file`);
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return problem("unreadable-file", `"${name}" may not be read`, {
      hint: "Change the file's mode, or run as a user who may read it",
    });
  }
  // Without what Deno was doing: the path is in the message already.
  const reason = (error instanceof Error ? error.message : String(error)).replace(
    /: \w+ '.*$/s,
    "",
  );
  return problem("unreadable-file", `"${name}" cannot be read: ${reason}`);
}

/** A hint that names the file beside the missing one that was probably meant. */
async function neighbour(name: string, path: string): Promise<{ hint?: string }> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(dirname(path))) {
      if (!entry.isDirectory) names.push(entry.name);
    }
  } catch {
    return { hint: `The directory "${dirname(name)}" does not exist either` };
  }
  if (names.includes(basename(path))) {
    return { hint: "It is a link to something that is not there" };
  }
  const { hint } = didYouMean(basename(path), names);
  const meant = hint === undefined ? undefined : names.find((each) => hint.includes(`"${each}"`));
  if (meant !== undefined) return { hint: `Did you mean "${join(dirname(name), meant)}"?` };
  return name === path ? {} : { hint: `It was looked for at "${path}"` };
}

function tooLarge(name: string, size: number): ReadResult {
  return problem("too-large", `"${name}" has ${size} bytes, more than the ${FILE_BYTES} allowed`, {
    hint: "A workflow describes work: keep data in files of their own",
  });
}

function problem(
  code: DiagnosticCode,
  message: string,
  { hint }: { readonly hint?: string } = {},
): ReadResult {
  return { diagnostic: { severity: "error", code, message, hint: hintFor(code, hint) } };
}
