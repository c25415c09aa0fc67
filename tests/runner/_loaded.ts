/**
 * Loads a YAML file that a test writes down, from a temporary directory of its own.
 *
 * @module
 */

import { join } from "@std/path";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import { type LoadResult, loadYaml } from "../../runner/load.ts";

/**
 * Loads a file under the name `file.yaml`.
 *
 * @param content What is in it.
 * @returns What came of it, and its diagnostics as they are printed.
 */
export async function loaded(
  content: string | Uint8Array,
): Promise<LoadResult & { readonly printed: string }> {
  const dir = await Deno.makeTempDir({ prefix: "routebook-load-" });
  try {
    const path = join(dir, "file.yaml");
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(path, bytes);
    const result = await loadYaml("file.yaml", path);
    const sources = new Map([["file.yaml", result.text ?? ""]]);
    return { ...result, printed: formatDiagnostics(result.diagnostics, sources) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
