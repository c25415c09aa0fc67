/**
 * Compiles workflow files that a test writes down, in a temporary directory of their own.
 *
 * @module
 */

import { join } from "@std/path";
import { compileWorkflow } from "../../runner/compile.ts";
import type { CompileOptions, CompileResult } from "../../runner/compile.ts";
import { exitCodeFor, formatDiagnostics } from "../../runner/diagnostics.ts";

/** What is compiled, and how. */
export interface Given extends Partial<CompileOptions> {
  /** Files by their path in the directory; those that end with a slash are directories. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Links by their path, and where they lead. */
  readonly links?: Readonly<Record<string, string>>;
  /** The file that is compiled. */
  readonly file?: string;
}

/** What the machine of most tests is: one without bubblewrap. */
export const UNCONFINED = {
  type: "flags",
  reason: "Bubblewrap is not installed: install the package 'bubblewrap'",
} as const;

/** Where the engine of most tests is: they make no container. */
export const ENGINE = { type: "unix", path: "/run/engine.sock" } as const;

/** A compiled file, with its diagnostics as they are printed. */
export interface Compiled extends CompileResult {
  /** The printed diagnostics; the temporary directory reads `<dir>` in them. */
  readonly text: string;
  readonly exitCode: number;
  /** The temporary directory, which is gone by now. */
  readonly dir: string;
}

/**
 * Compiles a workflow's text as `flow.yaml`, with a key so that no rehearsal is needed.
 *
 * @param yaml The workflow.
 * @param given Other files and options.
 * @returns What came of it.
 */
export async function compiled(yaml: string | Uint8Array, given: Given = {}): Promise<Compiled> {
  const { files = {}, links = {}, file = "flow.yaml", ...options } = given;
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-compile-" }));
  try {
    for (const [name, content] of Object.entries({ "flow.yaml": yaml, ...files })) {
      const path = join(dir, name);
      await Deno.mkdir(name.endsWith("/") ? path : join(path, ".."), { recursive: true });
      if (name.endsWith("/")) continue;
      await Deno.writeFile(
        path,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
    for (const [name, target] of Object.entries(links)) await Deno.symlink(target, join(dir, name));
    const before = await listing(dir);
    const result = await compileWorkflow(file, {
      cwd: dir,
      key: true,
      probe: () => Promise.resolve(UNCONFINED),
      findEngine: () => Promise.resolve({ engine: ENGINE }),
      ...options,
    });
    const after = await listing(dir);
    if (before !== after) throw new Error(`Compiling changed files: ${before} became ${after}`);
    const text = formatDiagnostics(result.diagnostics, result.sources).replaceAll(dir, "<dir>");
    return { ...result, text, exitCode: exitCodeFor(result.diagnostics), dir };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function listing(dir: string): Promise<string> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(dir)) names.push(name);
  return names.sort().join(" ");
}
