/**
 * JSON Schemas of a workflow, written in it or in files of their own.
 *
 * @module
 */

import { dirname, isAbsolute, join, resolve } from "@std/path";
import type { Diagnostic } from "./diagnostics.ts";
import type { SchemaProblem } from "./json_schema.ts";
import { loadYaml } from "./load.ts";
import type { JsonSchema } from "./plan.ts";
import { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What {@linkcode SchemaFiles} needs to know. */
export interface SchemaFilesOptions {
  /** The workflow file's absolute path. */
  readonly path: string;
  /** Where the text of each schema's file is added. */
  readonly sources: Map<string, string>;
  /** Where what is wrong with a schema's file is added. */
  readonly diagnostics: Diagnostic[];
}

/** A schema that was read from a file. */
interface ReadSchema {
  readonly schema: JsonSchema | undefined;
  /** Set where the file cannot be read as data: told at each place that names it. */
  readonly missing?: Diagnostic;
  /** The file's own reporter, if its data could be read. */
  readonly reporter?: Reporter;
}

/** What a schema is for. */
export interface SchemaUse {
  /**
   * Whether a model is asked for JSON of it: that is always an object.
   *
   * @default {false}
   */
  readonly asked?: boolean;
}

/** The schemas that one workflow names; each file is read once. */
export class SchemaFiles {
  readonly #options: SchemaFilesOptions;
  readonly #read = new Map<string, Promise<ReadSchema>>();

  /** @param options Where the workflow is, and where problems go. */
  constructor(options: SchemaFilesOptions) {
    this.#options = options;
  }

  /**
   * @param part A schema, or the name of a file with one, without its faults.
   * @param path Where it is in the workflow.
   * @param use What it is for.
   * @param reporter Told of what is wrong.
   * @returns The schema, if it can be used.
   */
  async compile(
    part: unknown,
    path: DataPath,
    use: SchemaUse,
    reporter: Reporter,
  ): Promise<JsonSchema | undefined> {
    if (typeof part === "string") return await this.#file(part, path, use, reporter);
    const { compileSchema, isSchema, warnOfMisspeltWords } = await schemas();
    // A part that the workflow's own schema objected to was told of already.
    if (!isSchema(part)) return undefined;
    const schema = plain(part);
    const problems = await compileSchema(schema);
    for (const problem of problems) tell(problem, path, reporter);
    warnOfMisspeltWords(schema, path, reporter);
    if (problems.length > 0) return undefined;
    return fits(schema, path, use, reporter) ? schema : undefined;
  }

  async #file(
    written: string,
    path: DataPath,
    use: SchemaUse,
    reporter: Reporter,
  ): Promise<JsonSchema | undefined> {
    // It was told already that expressions are not evaluated here.
    if (written.includes("${{")) return undefined;
    if (/^\s*[{[]/.test(written)) {
      reporter.error("invalid-schema", "A schema is a map, not a text", path, {
        hint: "Write it as YAML: { type: object, properties: { title: { type: string } } }",
      });
      return undefined;
    }
    const { yaml } = reporter;
    const name = isAbsolute(written) ? written : join(dirname(yaml.file), written);
    const reading = this.#read.get(name) ?? this.#load(name, written);
    this.#read.set(name, reading);
    const { schema, missing, reporter: own } = await reading;
    if (missing !== undefined) {
      this.#options.diagnostics.push({ ...missing, ...yaml.valueLocation(path) });
    }
    if (schema === undefined) return undefined;
    return fits(schema, own === undefined ? path : [], use, own ?? reporter) ? schema : undefined;
  }

  async #load(name: string, written: string): Promise<ReadSchema> {
    const { path, sources, diagnostics } = this.#options;
    const { yaml, text, diagnostics: loading } = await loadYaml(
      name,
      resolve(dirname(path), written),
    );
    if (text !== undefined) sources.set(name, text);
    // A file that is not there has no place of its own.
    const missing = loading.find(({ place }) => place === undefined);
    diagnostics.push(...loading.filter(({ place }) => place !== undefined));
    if (yaml === undefined) return { schema: undefined, ...(missing && { missing }) };
    const reporter = new Reporter(yaml, diagnostics);
    const { compileSchema, isSchema, warnOfMisspeltWords } = await schemas();
    const schema = isSchema(yaml.data) ? plain(yaml.data) : undefined;
    const problems = await compileSchema(schema ?? yaml.data);
    for (const problem of problems) tell(problem, [], reporter);
    warnOfMisspeltWords(schema, [], reporter);
    return { schema: problems.length > 0 || loading.length > 0 ? undefined : schema, reporter };
  }
}

/** Loaded where a file has a schema: most have none. */
async function schemas() {
  const [{ compileSchema, isSchema }, { warnOfMisspeltWords }] = await Promise.all([
    import("./json_schema.ts"),
    import("./_schema_words.ts"),
  ]);
  return { compileSchema, isSchema, warnOfMisspeltWords };
}

function tell(problem: SchemaProblem, path: DataPath, reporter: Reporter): void {
  const { message, hint } = problem;
  reporter.error("invalid-schema", message, [...path, ...problem.path], { hint });
}

/** Structured outputs are objects: a model's server refuses any other schema. */
function fits(
  schema: JsonSchema,
  path: DataPath,
  { asked = false }: SchemaUse,
  reporter: Reporter,
): boolean {
  if (!asked || (typeof schema === "object" && schema.type === "object")) return true;
  const type = typeof schema === "object" ? schema.type : undefined;
  const at = typeof type === "string" ? [...path, "type"] : path;
  reporter.error("invalid-schema", "A model is asked for an object, and nothing else", at, {
    hint: type === undefined
      ? "Write type: object in the schema"
      : "Write type: object, with what is wanted in one of its properties",
  });
  return false;
}

/** Data of its own, with ordinary objects: what a plan is made of. */
function plain(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema));
}
