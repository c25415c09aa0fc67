/**
 * `deno task docs`: writes what is generated, the pages and the JSON Schema of workflow files.
 *
 * @module
 */

import { diagnosticsPage } from "../runner/diagnostics_page.ts";
import { workflowJsonSchema } from "../runner/workflow_schema.ts";

await Deno.writeTextFile(new URL("./diagnostics.md", import.meta.url), diagnosticsPage());
await Deno.writeTextFile(
  new URL("../workflows/workflow.schema.json", import.meta.url),
  `${JSON.stringify(workflowJsonSchema(), null, 2)}\n`,
);
