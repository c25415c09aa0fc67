/**
 * Content of files as the virtual shell's interpreter hands it over: texts in several encodings.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IFileSystem } from "just-bash";

/** What is to be written. */
export type Content = Parameters<IFileSystem["writeFile"]>[1];
/** How it is a text. */
export type Encoding = Parameters<IFileSystem["writeFile"]>[2];

/** The bytes that are to be written. */
export function encode(content: Content, options: Encoding): Uint8Array {
  if (typeof content !== "string") return content;
  const encoding = typeof options === "string" ? options : options?.encoding ?? "utf8";
  switch (encoding) {
    case "binary":
    case "latin1":
    case "ascii":
      return new Uint8Array(Buffer.from(content, "latin1"));
    case "base64":
      return Uint8Array.fromBase64(content);
    case "hex":
      return Uint8Array.fromHex(content);
    default:
      return new TextEncoder().encode(content);
  }
}

/** The text that bytes are. */
export function decode(bytes: Uint8Array, encoding: string | null): string {
  switch (encoding) {
    case "binary":
    case "latin1":
    case "ascii":
      return latin1(bytes);
    case "base64":
      return bytes.toBase64();
    case "hex":
      return bytes.toHex();
    default:
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }
}

/** Each byte one character, as `just-bash` carries bytes. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
