/**
 * `deno task docs`: writes what is generated, the pages and the JSON Schema of workflow files.
 *
 * @module
 */

import { diagnosticsPage } from "../runner/diagnostics_page.ts";
import { referencePage } from "../runner/reference_page.ts";
import { workflowJsonSchema } from "../runner/workflow_schema.ts";

const template = await Deno.readTextFile(new URL("./_workflow.md", import.meta.url));
const pages = {
  "./diagnostics.md": diagnosticsPage(),
  "./workflow.md": referencePage(template),
  "../workflows/workflow.schema.json": `${JSON.stringify(workflowJsonSchema(), null, 2)}\n`,
};
for (const [name, text] of Object.entries(pages)) {
  await Deno.writeTextFile(new URL(name, import.meta.url), text);
}
