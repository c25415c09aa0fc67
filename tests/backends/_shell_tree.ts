/**
 * The tree of the shell contract: memory, with directories of the machine mounted in it.
 *
 * @module
 */

import { CompositeBackend } from "../../backends/composite.ts";
import { LocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";

/** A tree, and the end of its directories. */
export interface ShellContractTree extends AsyncDisposable {
  readonly backend: Backend;
}

/** Makes memory with a writable mount at `/project/` and a read-only one at `/readonly/`. */
export async function makeShellTree(): Promise<ShellContractTree> {
  const directory = await Deno.makeTempDir();
  await Deno.mkdir(`${directory}/readonly/inner`, { recursive: true });
  await Deno.writeTextFile(`${directory}/readonly/fixed.txt`, "fixed\n");
  await Deno.writeTextFile(`${directory}/readonly/inner/deep.txt`, "deep\n");
  const project = new LocalBackend({ rootDir: `${directory}/project` });
  const readonly = new LocalBackend({ rootDir: `${directory}/readonly`, access: "read" });
  const backend = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/project/": project, "/readonly/": { backend: readonly, access: "read" } },
  });
  return {
    backend,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}
