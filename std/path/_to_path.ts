import { assertPath } from "./_assert_path.ts";
import { fromFileUrl } from "./file_url.ts";

/** Turns a path or a file URL into a path, and throws for anything else. */
export function toPath(path: string | URL): string {
  const text = path instanceof URL ? fromFileUrl(path) : path;
  assertPath(text);
  return text;
}
