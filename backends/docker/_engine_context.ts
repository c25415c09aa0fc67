/**
 * Docker's contexts: addresses with a name, kept in the configuration directory of its command line.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { encrypt, type EngineTls, parseEngineWords } from "./_engine_words.ts";
import type { EngineAddress } from "./options.ts";

/** The context that stands for the usual places. */
const DEFAULT_CONTEXT = "default";

/**
 * Reads which context is chosen.
 *
 * @param directory The configuration directory.
 * @returns Its name; `undefined` if none is chosen or nothing is configured.
 * @throws {TypeError} If the configuration cannot be understood.
 */
export async function currentContext(directory: string): Promise<string | undefined> {
  const text = await readOptional(`${directory}/config.json`);
  if (text === undefined) return undefined;
  const name = member(parseJson(text), "currentContext");
  return chosen(typeof name === "string" ? name : undefined);
}

/** @returns The name, unless it is that of the usual places. */
export function chosen(name: string | undefined): string | undefined {
  return name === "" || name === DEFAULT_CONTEXT ? undefined : name;
}

/**
 * Reads the address of a context.
 *
 * @param directory The configuration directory.
 * @param name The name of the context.
 * @returns The address.
 * @throws {TypeError} If there is no such context, or its address cannot be used.
 */
export async function contextAddress(directory: string, name: string): Promise<EngineAddress> {
  const id = createHash("sha256").update(name).digest("hex");
  const text = await readOptional(`${directory}/contexts/meta/${id}/meta.json`);
  if (text === undefined) {
    throw new TypeError(`There is no such context: "docker context ls" lists those that exist`);
  }
  const endpoint = member(member(parseJson(text), "Endpoints"), "docker");
  const host = member(endpoint, "Host");
  if (typeof host !== "string" || host === "") {
    throw new TypeError("The context names no engine of Docker");
  }
  if (member(endpoint, "SkipTLSVerify") === true) {
    throw new TypeError("Its certificates are not to be verified, which is not supported");
  }
  const address = parseEngineWords(host);
  const files = `${directory}/contexts/tls/${id}/docker`;
  const isPlain = address.type === "unix" || (await readOptional(`${files}/ca.pem`)) === undefined;
  return encrypt(address, isPlain ? undefined : await readTls(files));
}

/**
 * Reads the texts of an encrypted connection.
 *
 * @param directory The directory of `ca.pem`, `cert.pem` and `key.pem`.
 * @returns The texts.
 * @throws {TypeError} If one of them is missing.
 */
export async function readTls(directory: string): Promise<EngineTls> {
  const read = async (name: string): Promise<string> => {
    const text = await readOptional(`${directory}/${name}`);
    if (text !== undefined) return text;
    throw new TypeError(`There is no '${name}' in '${directory}', which encryption needs`);
  };
  return { ca: await read("ca.pem"), cert: await read("cert.pem"), key: await read("key.pem") };
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isMissing) return undefined;
    throw new TypeError(`Cannot read '${path}': ${reason(error)}`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`Its configuration is not JSON: ${reason(error)}`, { cause: error });
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
