/**
 * `deno task docs`: writes the pages that are generated.
 *
 * @module
 */

import { diagnosticsPage } from "../runner/diagnostics_page.ts";

await Deno.writeTextFile(new URL("./diagnostics.md", import.meta.url), diagnosticsPage());
