/**
 * Backend calls: an operation of a backend as one request between processes, and its answer.
 *
 * Content of files travels as an attachment, so that a process in between passes it on unread. What
 * arrives is checked field by field: the process that asks may be a hostile one.
 *
 * @module
 */

import { isObject } from "./_messages.ts";
import type { Call, Reply } from "./channel.ts";
import type { Backend } from "./protocol.ts";

/** The method of all backend calls. */
export const BACKEND_CALL = "backend.call";

/** The ten operations, by their names in {@linkcode Backend}. */
export type Operation = keyof Backend;

/** The fields of a call; which of them an operation has, `FIELDS` says. */
export interface CallFields {
  readonly path?: string | undefined;
  readonly to?: string | undefined;
  readonly pattern?: string | undefined;
  readonly query?: string | undefined;
  readonly glob?: string | undefined;
  readonly oldText?: string | undefined;
  readonly newText?: string | undefined;
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
  readonly length?: number | undefined;
  readonly overwrite?: boolean | undefined;
  readonly recursive?: boolean | undefined;
  readonly replaceAll?: boolean | undefined;
  readonly regex?: boolean | undefined;
  readonly ignoreCase?: boolean | undefined;
  /** The attachment is the text of a file, not its bytes. */
  readonly text?: boolean | undefined;
}

type Kind = "string" | "number" | "boolean";

const REQUIRED: Readonly<Record<Operation, readonly (keyof CallFields)[]>> = {
  ls: ["path"],
  stat: ["path"],
  read: ["path"],
  readBytes: ["path"],
  write: ["path"],
  edit: ["path", "oldText", "newText"],
  delete: ["path"],
  move: ["path", "to"],
  glob: ["pattern"],
  grep: ["query"],
};

const OPTIONAL: Readonly<Record<Operation, readonly (keyof CallFields)[]>> = {
  ls: [],
  stat: [],
  read: ["offset", "limit"],
  readBytes: ["offset", "length"],
  write: ["text", "overwrite"],
  edit: ["replaceAll"],
  delete: ["recursive"],
  move: ["overwrite"],
  glob: ["path", "limit"],
  grep: ["path", "glob", "regex", "ignoreCase", "limit"],
};

const KINDS: Readonly<Record<keyof CallFields, Kind>> = {
  path: "string",
  to: "string",
  pattern: "string",
  query: "string",
  glob: "string",
  oldText: "string",
  newText: "string",
  offset: "number",
  limit: "number",
  length: "number",
  overwrite: "boolean",
  recursive: "boolean",
  replaceAll: "boolean",
  regex: "boolean",
  ignoreCase: "boolean",
  text: "boolean",
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of a file from an attachment, byte order mark and all. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** JSON has no `Infinity` and no `NaN`: they travel as words. */
const WORDS: ReadonlySet<unknown> = new Set(["Infinity", "-Infinity", "NaN"]);

const encoder = new TextEncoder();

/** The parameters of a call, for the wire: without what is `undefined`, numbers made safe. */
export function encodeCall(
  backend: string,
  operation: Operation,
  fields: CallFields,
): Record<string, unknown> {
  const params: Record<string, unknown> = { backend, operation };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    params[name] = typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  }
  return params;
}

/**
 * The backend that a call is for.
 *
 * @throws {TypeError} If the call does not say.
 */
export function callTarget(params: unknown): string {
  if (isObject(params) && typeof params.backend === "string") return params.backend;
  throw new TypeError("A backend call must name its backend");
}

/**
 * Checks a call and makes it.
 *
 * @throws {TypeError} If it is not one of the ten operations with exactly its arguments.
 */
export async function performCall(backend: Backend, call: Call): Promise<Reply> {
  const { operation, fields } = parseCall(call.params);
  const { signal } = call;
  const { path = "/", to = "/" } = fields;
  if (operation !== "write" && call.bytes !== undefined) {
    throw new TypeError(`A call of '${operation}' takes no attachment`);
  }
  switch (operation) {
    case "ls":
      return { value: await backend.ls(path, { signal }) };
    case "stat":
      return { value: await backend.stat(path, { signal }) };
    case "read": {
      const { text, ...rest } = await backend.read(path, {
        offset: fields.offset,
        limit: fields.limit,
        signal,
      });
      return { value: rest, bytes: encoder.encode(text) };
    }
    case "readBytes": {
      const { offset, length } = fields;
      return { bytes: await backend.readBytes(path, { offset, length, signal }) };
    }
    case "write": {
      if (call.bytes === undefined) throw new TypeError("A call of 'write' needs an attachment");
      const { overwrite, text } = fields;
      const content = text === true ? decodeText(call.bytes) : call.bytes;
      return { value: await backend.write(path, content, { overwrite, signal }) };
    }
    case "edit": {
      const { oldText = "", newText = "", replaceAll } = fields;
      return { value: await backend.edit(path, { oldText, newText, replaceAll }, { signal }) };
    }
    case "delete":
      await backend.delete(path, { recursive: fields.recursive, signal });
      return {};
    case "move":
      return { value: await backend.move(path, to, { overwrite: fields.overwrite, signal }) };
    case "glob": {
      const { pattern = "", limit } = fields;
      return { value: await backend.glob(pattern, { path, limit, signal }) };
    }
    case "grep": {
      const { query = "", glob, regex, ignoreCase, limit } = fields;
      const options = { path, glob, regex, ignoreCase, limit, signal };
      return { value: await backend.grep(query, options) };
    }
  }
}

function parseCall(params: unknown): { operation: Operation; fields: CallFields } {
  if (!isObject(params)) throw new TypeError("A backend call must be an object");
  const { backend: _, operation, ...rest } = params;
  if (!isOperation(operation)) throw new TypeError("A backend call must name its operation");
  const fields: Record<string, string | number | boolean> = {};
  const allowed: readonly string[] = [...REQUIRED[operation], ...OPTIONAL[operation]];
  for (const [name, value] of Object.entries(rest)) {
    if (!allowed.includes(name) || !isField(name)) {
      throw new TypeError(`A call of '${operation}' has no argument '${name}'`);
    }
    fields[name] = checkField(operation, name, value);
  }
  for (const name of REQUIRED[operation]) {
    if (!Object.hasOwn(fields, name)) {
      throw new TypeError(`A call of '${operation}' needs the argument '${name}'`);
    }
  }
  return { operation, fields };
}

function checkField(
  operation: Operation,
  name: keyof CallFields,
  value: unknown,
): string | number | boolean {
  const kind = KINDS[name];
  if (kind === "number" && WORDS.has(value)) return Number(value);
  if (kind === "string" && typeof value === "string") return value;
  if (kind === "number" && typeof value === "number") return value;
  if (kind === "boolean" && typeof value === "boolean") return value;
  throw new TypeError(`The argument '${name}' of '${operation}' must be a ${kind}`);
}

function isOperation(value: unknown): value is Operation {
  return typeof value === "string" && Object.hasOwn(REQUIRED, value);
}

function isField(name: string): name is keyof CallFields {
  return Object.hasOwn(KINDS, name);
}
