import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { workflowJsonSchema } from "../../runner/workflow_schema.ts";

const FOLDER = new URL("../../workflows/", import.meta.url);
const FILE = new URL("workflow.schema.json", FOLDER);

function shipped(): string[] {
  return [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => /\.ya?ml$/.test(name) && !/\.rehearsal\.ya?ml$/.test(name)).toSorted();
}

function validator() {
  return new Ajv2020({ allErrors: true, allowUnionTypes: true })
    .compile(JSON.parse(Deno.readTextFileSync(FILE)));
}

Deno.test("workflows/workflow.schema.json is current", () => {
  assertEquals(
    JSON.parse(Deno.readTextFileSync(FILE)),
    JSON.parse(JSON.stringify(workflowJsonSchema())),
    "Run deno task docs",
  );
});

Deno.test("workflows/workflow.schema.json describes every key", () => {
  const silent: string[] = [];
  const keys = new Set<string>();
  const visit = (data: unknown, at: string) => {
    if (typeof data !== "object" || data === null) return;
    if ("properties" in data && typeof data.properties === "object" && data.properties !== null) {
      for (const [key, value] of Object.entries(data.properties)) {
        keys.add(key);
        const said = typeof value === "object" && value !== null && "description" in value;
        if (!said) silent.push(`${at}/${key}`);
      }
    }
    for (const [key, value] of Object.entries(data)) visit(value, `${at}/${key}`);
  };
  visit(JSON.parse(Deno.readTextFileSync(FILE)), "");
  assertEquals(silent, []);
  for (
    const key of ["steps", "foreach", "usd_per_day", "json_schema", "backoff", "continue_on_error"]
  ) {
    assert(keys.has(key), key);
  }
});

Deno.test("workflows/workflow.schema.json holds of every workflow that ships", async (t) => {
  const validate = validator();
  for (const name of shipped()) {
    await t.step(name, () => {
      const text = Deno.readTextFileSync(new URL(name, FOLDER));
      assert(validate(parse(text)), JSON.stringify(validate.errors, null, 2));
      assert(
        text.includes("# yaml-language-server: $schema=./workflow.schema.json\n"),
        "It does not name its schema for editors",
      );
    });
  }
});

Deno.test("workflows/workflow.schema.json refuses what the compiler refuses for its form", () => {
  const validate = validator();
  const refused = [
    "name: w",
    "name: w\nsteps: []",
    "name: w\nsteps: [{ id: a }]",
    "name: w\nsteps: [{ id: a, prompt: Go, run: ls }]",
    "name: w\nsteps: [{ id: 1a, prompt: Go }]",
    "name: w\nstepps: [{ id: a, prompt: Go }]",
    "name: w\nsteps: [{ id: a, promt: Go }]",
    "name: w\nshell: bash\nsteps: [{ id: a, prompt: Go }]",
    "name: w\nroutes: { project: memory }\nsteps: [{ id: a, prompt: Go }]",
    "name: w\nsteps: [{ id: a, prompt: Go, retry: { attempts: 0 } }]",
    "name: w\nsteps: [{ id: a, prompt: Go, assert: [{ file: /a }] }]",
    "name: w\nsteps: [{ id: a, prompt: Go, assert: [{ file: /a, contains: x, equals: y }] }]",
    "name: w\nbudget: { usd: free }\nsteps: [{ id: a, prompt: Go }]",
    "name: w\nartifacts: [{ path: /a }]\nsteps: [{ id: a, prompt: Go }]",
  ];
  assertEquals(refused.filter((text) => validate(parse(text))), []);
});
