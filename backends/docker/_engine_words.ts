/**
 * Where an engine is, in the words of `DOCKER_HOST`.
 *
 * @module
 */

import type { EngineAddress } from "./options.ts";

/** The parts of an encrypted connection, as PEM texts. */
export type EngineTls = NonNullable<(EngineAddress & { readonly type: "tcp" })["tls"]>;

/** An address that is not encrypted yet. */
export type PlainAddress =
  | (EngineAddress & { readonly type: "unix" })
  | {
    readonly type: "tcp";
    readonly host: string;
    readonly port: number | undefined;
    /** Whether the words themselves say that the connection is encrypted, or that it is not. */
    readonly encrypted: boolean | undefined;
  };

/** The ports of an engine, without and with encryption. */
const PORT = 2375;
const ENCRYPTED_PORT = 2376;

/**
 * Reads an address.
 *
 * @param words `unix:///run/docker.sock`, `tcp://docker.example.org:2376`.
 * @returns The address.
 * @throws {TypeError} If it is none, or one that is not supported; the message says what to do.
 */
export function parseEngineWords(words: string): PlainAddress {
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(words) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      if (words.startsWith("/")) throw new TypeError(`It needs "unix://" in front of the path`);
      return network("tcp", words);
    case "unix":
      if (rest.startsWith("/") && !rest.includes("\0")) return { type: "unix", path: rest };
      throw new TypeError(`The path of its socket is not absolute: write unix:///path/of/the.sock`);
    case "tcp":
      return network("tcp", rest);
    case "http":
      return network("http", rest);
    case "https":
      return network("https", rest);
    case "ssh":
      throw new TypeError(
        `"ssh://" is not supported: forward its socket with ` +
          `"ssh -N -L /tmp/engine.sock:/var/run/docker.sock HOST" and name unix:///tmp/engine.sock`,
      );
    case "npipe":
      throw new TypeError(
        `"npipe://" is not supported: run this inside WSL, where the engine has a Unix socket`,
      );
    case "fd":
      throw new TypeError(`"fd://" is for the engine itself: name the socket that it listens at`);
    default:
      throw new TypeError(`"${scheme}://" is not supported: name a unix:// or tcp:// address`);
  }
}

/**
 * Adds encryption to an address.
 *
 * @param address The address.
 * @param tls The texts, where there are any.
 * @returns The whole address.
 * @throws {TypeError} If it has to be encrypted and there are no texts.
 */
export function encrypt(address: PlainAddress, tls: EngineTls | undefined): EngineAddress {
  if (address.type === "unix") return address;
  const { host, port, encrypted = tls !== undefined } = address;
  if (!encrypted) return { type: "tcp", host, port: port ?? PORT };
  if (tls === undefined) {
    throw new TypeError(
      `"https://" needs certificates: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH to the ` +
        `directory of ca.pem, cert.pem and key.pem`,
    );
  }
  return { type: "tcp", host, port: port ?? ENCRYPTED_PORT, tls };
}

/**
 * Writes an address as `DOCKER_HOST` has it.
 *
 * @param address The address.
 * @returns The words.
 */
export function engineWords(address: EngineAddress): string {
  if (address.type === "unix") return `unix://${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `tcp://${host}:${address.port}`;
}

function network(scheme: "tcp" | "http" | "https", rest: string): PlainAddress {
  // Of `tcp:` no host is understood; of `ws:` it is, but for its standard port.
  const url = URL.parse(`ws://${rest}`);
  const given = /:([0-9]+)\/?$/.exec(rest)?.[1];
  if (url === null || url.hostname === "") {
    throw new TypeError(`It is no address: write tcp://HOST:PORT or unix:///path/of/the.sock`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("A name or a password in an address is not supported");
  }
  // Granted as an address, it would be every host.
  if (url.hostname.includes("*")) {
    throw new TypeError(`"*" is no host: write tcp://HOST:PORT`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new TypeError("A path in an address is not supported: write tcp://HOST:PORT");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const standard = scheme === "http" ? 80 : scheme === "https" ? 443 : undefined;
  return {
    type: "tcp",
    host,
    port: given === undefined ? standard : Number(given),
    encrypted: scheme === "tcp" ? undefined : scheme === "https",
  };
}
