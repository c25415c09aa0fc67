import { fileURLToPath, pathToFileURL } from "node:url";
import { isWindows } from "./constants.ts";
import { isAbsolute } from "./resolve.ts";

/**
 * Gives the path that a file URL names. A percent sign that starts no escape stands for itself.
 *
 * @param url A URL, or its text.
 * @returns The path, decoded.
 * @throws {TypeError} If `url` is not a valid URL, or not a `file:` one.
 * @throws {URIError} If the escapes in it are not UTF-8.
 */
export function fromFileUrl(url: URL | string): string {
  const parsed = url instanceof URL ? url : new URL(url);
  if (parsed.protocol !== "file:") {
    throw new TypeError(
      `URL must be a file URL: received "${parsed.protocol}"`,
    );
  }
  if (isWindows) return fileURLToPath(parsed);
  return decodeURIComponent(
    parsed.pathname.replace(/%(?![0-9a-f]{2})/gi, "%25"),
  );
}

/**
 * Makes a file URL of an absolute path.
 *
 * @param path An absolute path.
 * @returns Its URL, such as `file:///tmp/a%20b`.
 * @throws {TypeError} If `path` is not absolute, or not a string.
 */
export function toFileUrl(path: string): URL {
  if (!isAbsolute(path)) {
    throw new TypeError(`Path must be absolute: received "${path}"`);
  }
  if (isWindows) return pathToFileURL(path);
  const url = new URL("file:///");
  // The setter escapes what else needs it. These it would take for syntax, or drop.
  url.pathname = path.replace(/^\/+/, "/").replace(
    /[%\\\t\n\v\f\r ]/g,
    encodeURIComponent,
  );
  return url;
}
