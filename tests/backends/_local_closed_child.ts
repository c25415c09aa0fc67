/**
 * Works on a root with files and directories that its own user may not read, and prints what each
 * operation said, as JSON. The argument is the root.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";

const backend = new LocalBackend({ rootDir: Deno.args[0] ?? "" });
const said: unknown[] = [];
for (
  const operation of [
    () => backend.glob("**"),
    () => backend.glob("closed/*"),
    () => backend.grep("needle"),
    () => backend.ls("/"),
    () => backend.ls("/listed"),
    () => backend.ls("/closed"),
    () => backend.read("/closed/file.txt"),
    () => backend.read("/unreadable.txt"),
    () => backend.write("/closed/file.txt", "x"),
    () => backend.write("/fixed/new.txt", "x"),
    () => backend.delete("/fixed/file.txt"),
    () => backend.move("/fixed/file.txt", "/moved.txt"),
  ]
) {
  try {
    said.push(await operation());
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    said.push(`${error.code}: ${error.message}`);
  }
}
console.log(JSON.stringify(said));
