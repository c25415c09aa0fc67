import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { compileWorkflow } from "../../runner/compile.ts";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import { documentedSections, referencePage } from "../../runner/reference_page.ts";
import { WORKFLOW_SECTIONS } from "../../runner/_sections.ts";
import { runPlan } from "../../runner/supervise.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const TEMPLATE = Deno.readTextFileSync(new URL("_workflow.md", DOCS));

/** An example of the page: a workflow, the files that it uses, and what it hands back. */
interface Example {
  readonly name: string;
  readonly text: string;
  readonly files: Readonly<Record<string, string>>;
  readonly expected: string | undefined;
}

function examples(): readonly Example[] {
  const found: Example[] = [];
  let files: Record<string, string> = {};
  for (const [, info = "", text = ""] of TEMPLATE.matchAll(/^```(\S+(?: \S+)?)\n(.*?)^```$/gms)) {
    const [language, file] = info.split(" ");
    const last = found.at(-1);
    if (language === "yaml" && file !== undefined) files[file] = text;
    else if (language === "yaml") {
      const name = /^name: (.*)$/m.exec(text)?.[1] ?? text;
      found.push({ name, text, files, expected: undefined });
      files = {};
    } else if (language === "text" && last !== undefined) {
      found[found.length - 1] = { ...last, expected: text };
    }
  }
  return found;
}

Deno.test("docs/workflow.md is what deno task docs writes", () => {
  const page = Deno.readTextFileSync(new URL("workflow.md", DOCS));
  assert(page === referencePage(TEMPLATE), "Run deno task docs, and commit docs/workflow.md");
});

Deno.test("docs/workflow.md has a table of the keys of every section", () => {
  const documented = new Set(documentedSections(TEMPLATE));
  // The same step as in "steps", and places whose keys are names.
  const wanted = WORKFLOW_SECTIONS
    .filter(({ at, keys }) => keys.length > 0 && !/^on_/.test(at[0] ?? ""))
    .map(({ at }) => at.join("/"))
    .filter((at) => at !== "default" && at !== "steps/*/tools");
  assertEquals(wanted.filter((at) => !documented.has(at)), []);
});

Deno.test("docs/workflow.md has examples that are valid, and that do what they say", async (t) => {
  const all = examples();
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  for (const example of all) {
    await t.step({
      name: example.name,
      // The processes belong to the run, which ends them.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => tryOut(example),
    });
  }
});

async function tryOut({ text, files, expected }: Example): Promise<void> {
  const cwd = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-docs-" }));
  try {
    for (const [name, content] of Object.entries({ ...files, "flow.yaml": text })) {
      await Deno.writeTextFile(join(cwd, name), content);
    }
    const asks = /^ +(?:- (?:\{ )?)?(?:id: \w+, )?prompt:/m.test(text);
    const env = { get: () => undefined };
    const options = { cwd, env, check: asks, key: asks };
    const { plan, diagnostics, sources } = await compileWorkflow("flow.yaml", options);
    assertEquals(formatDiagnostics(diagnostics, sources, { color: false }), "");
    if (asks || plan === undefined) {
      assertEquals(expected, undefined);
      return;
    }
    const result = await runPlan(plan, { sinks: [], runId: "docs" });
    assertEquals(result.error, undefined);
    if (expected === undefined) return;
    const outputs = Object.entries(result.outputs).map(([name, value]) => `${name}: ${value}\n`);
    assertEquals(outputs.join(""), expected);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}
