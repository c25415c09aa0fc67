/**
 * From a workflow file to a plan: what the file means, checked as a whole, with everything that is
 * wrong told at once. Nothing is created and nothing is executed.
 *
 * @module
 */

import { dirname, isAbsolute, join, resolve } from "@std/path";
import { compileBackends } from "./_compile_backends.ts";
import { compileInputs } from "./_compile_inputs.ts";
import { compileModel } from "./_compile_model.ts";
import { compileRoots } from "./_compile_roots.ts";
import { compileRoutes } from "./_compile_routes.ts";
import { compileRules } from "./_compile_rules.ts";
import { compileShell } from "./_compile_shell.ts";
import { compileSteps } from "./_compile_steps.ts";
import { compileText, refuseStrayExpressions, type Scope } from "./_compile_text.ts";
import { type Diagnostic, sortDiagnostics } from "./diagnostics.ts";
import type { Template } from "./expressions.ts";
import { loadYaml } from "./load.ts";
import { planProcesses } from "./permissions.ts";
import type { Plan, PlanModel } from "./plan.ts";
import { loadRehearsal } from "./rehearsal_file.ts";
import { Reporter } from "./_reporter.ts";
import { WORKFLOW_SECTIONS } from "./_sections.ts";
import { NAME, type WorkflowFile, workflowSchema } from "./schema.ts";
import { type Parts, validate } from "./_validate.ts";
import type { YamlFile } from "./_yaml_file.ts";

/** Model requests that a run may make unless its file says otherwise. */
const TURNS = 50;

/** Options of {@linkcode compileWorkflow}. */
export interface CompileOptions {
  /** The working directory, as an absolute path. */
  readonly cwd: string;
  /** Inputs of the command line, not yet of their types. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Replaces the file's model. */
  readonly model?: string;
  /**
   * Whether to ask a model. `auto` does with a key, and rehearses without one.
   *
   * @default {"auto"}
   */
  readonly mode?: "auto" | "live" | "rehearse";
  /**
   * Whether there is a key for the model.
   *
   * @default {false}
   */
  readonly key?: boolean;
  /**
   * Whether a live run is an error without a key; a plan can be shown without.
   *
   * @default {true}
   */
  readonly keyNeeded?: boolean;
  /** Replaces the file's base URL. */
  readonly baseUrl?: string;
  /** Absolute directories that replace the roots of local backends, by the backend's name. */
  readonly roots?: Readonly<Record<string, string>>;
  /**
   * Only check the file: neither a key nor the values of inputs are needed, and its rehearsal is
   * checked whatever the mode.
   *
   * @default {false}
   */
  readonly check?: boolean;
}

/** What {@linkcode compileWorkflow} made of a file. */
export interface CompileResult {
  /** The plan; absent if there is any error. */
  readonly plan: Plan | undefined;
  /** Everything that is wrong or doubtful, sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text of each file that diagnostics may point into, by the name that places use. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Compiles a workflow file.
 *
 * @param file The file, as the user named it; relative to `cwd`.
 * @param options How it is to be run.
 * @returns The plan, or what is wrong. Never throws for a bad file, and creates nothing.
 */
export async function compileWorkflow(
  file: string,
  options: CompileOptions,
): Promise<CompileResult> {
  const sources = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  const path = resolve(options.cwd, file);
  const { yaml, text, diagnostics: loading } = await loadYaml(file, path);
  diagnostics.push(...loading);
  if (text !== undefined) sources.set(file, text);
  const draft = yaml && await compileFile({ yaml, path, options, sources, diagnostics });
  const hasError = diagnostics.some(({ severity }) => severity === "error");
  return {
    plan: hasError ? undefined : draft,
    diagnostics: sortDiagnostics(unique(diagnostics)),
    sources,
  };
}

/** What is written once and used twice, through an alias, is wrong once. */
function unique(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic]));
  return [...seen.values()];
}

interface Compilation {
  readonly yaml: YamlFile;
  /** The file's absolute path. */
  readonly path: string;
  readonly options: CompileOptions;
  readonly sources: Map<string, string>;
  readonly diagnostics: Diagnostic[];
}

/** The plan as far as the file is sound; it counts only if nothing was reported. */
async function compileFile(compilation: Compilation): Promise<Plan | undefined> {
  const { yaml, path, options } = compilation;
  const reporter = new Reporter(yaml, compilation.diagnostics);
  const parts = validate(workflowSchema, WORKFLOW_SECTIONS, reporter);
  if (parts === undefined) return undefined;
  refuseStrayExpressions(reporter);

  const check = options.check ?? false;
  const inputs = compileInputs(parts.inputs, { given: options.inputs ?? {}, check }, reporter);
  const backends = await compileBackends(
    parts.backends,
    { path, roots: options.roots ?? {} },
    reporter,
  );
  const { routes, complete } = compileRoutes(parts, backends, reporter);
  const rehearsalPath = parts.rehearsal && resolve(dirname(path), parts.rehearsal);
  const roots = await compileRoots(routes, backends, {
    cwd: options.cwd,
    files: [path, ...(rehearsalPath === undefined ? [] : [rehearsalPath])],
  }, reporter);
  const scope = { inputs, inputNames: yaml.keysOf(["inputs"]) };
  const steps = await compileSteps(
    parts.steps,
    { inputs: scope, routes: complete ? routes : undefined },
    reporter,
  );
  const ids = (parts.steps ?? []).flatMap((step) => step?.id ?? []);
  const instructions = compileText(parts.instructions ?? "", ["instructions"], {
    ...scope,
    done: new Set(),
    steps: ids,
    withoutSteps: "Instructions",
  }, reporter);
  const outputs = compileOutputs(
    parts.outputs,
    { ...scope, done: new Set(ids), steps: ids },
    reporter,
  );
  const rules = await compileRules(parts.tools, reporter);
  const shell = compileShell(parts, reporter);
  const model = await chooseModel(parts, rehearsalPath, compilation, reporter);
  if (model === undefined || parts.name === undefined || instructions === undefined) {
    return undefined;
  }
  return {
    name: parts.name,
    description: parts.description ?? "",
    file: yaml.file,
    fingerprint: yaml.fingerprint,
    model,
    inputs,
    instructions,
    backends: [...backends.sound.values()],
    routes: routes.map(({ at: _, ...route }) => route),
    roots,
    ...rules,
    ...(shell === undefined ? {} : { shell }),
    grants: [],
    turns: parts.budget?.turns ?? TURNS,
    steps,
    outputs,
    processes: planProcesses({ file: yaml.file, model, roots }),
  };
}

function compileOutputs(
  parts: Parts<WorkflowFile>["outputs"],
  scope: Scope,
  reporter: Reporter,
): Plan["outputs"] {
  const outputs: [string, Template][] = [];
  for (const [name, text] of Object.entries(parts ?? {})) {
    const path = ["outputs", name];
    if (!NAME.test(name)) {
      reporter.error("invalid-name", `"${name}" cannot be an output's name`, path, {
        hint: "Use letters, digits, _ and -, and begin with a letter",
        part: "key",
      });
    }
    const template = text === undefined ? undefined : compileText(text, path, scope, reporter);
    if (template !== undefined) outputs.push([name, template]);
  }
  return Object.fromEntries(outputs);
}

/** The live model or the rehearsal, as the mode and the key decide. */
async function chooseModel(
  parts: Parts<WorkflowFile>,
  rehearsalPath: string | undefined,
  compilation: Compilation,
  reporter: Reporter,
): Promise<PlanModel | undefined> {
  const { yaml, options, sources, diagnostics } = compilation;
  const ids = (parts.steps ?? []).map((step) => step?.id);
  const isCommand = (index: number) => yaml.has(["steps", index, "run"]);
  if (ids.length > 0 && ids.every((_, index) => isCommand(index))) {
    for (const key of ["model", "base_url", "rehearsal", "instructions"]) {
      if (!yaml.has([key])) continue;
      reporter.warning("unused-key", `No step asks a model, so "${key}" is not used`, [key], {
        part: "key",
      });
    }
    return { type: "none" };
  }
  const { model, baseUrl, mode = "auto", key = false, check = false, keyNeeded = true } = options;
  const live = compileModel(parts, { model, baseUrl }, reporter);
  const declared = yaml.has(["rehearsal"]);
  if (check ? !declared : mode === "live" || (mode === "auto" && (key || !declared))) {
    if (!key && !check && keyNeeded) {
      reporter.outside(
        "no-key",
        "OPENAI_API_KEY is not set, so no model can be asked",
        declared
          ? "Set OPENAI_API_KEY, or leave --live out to rehearse"
          : "Set OPENAI_API_KEY, or declare a rehearsal in the file",
      );
    }
    return live;
  }
  if (!declared) {
    reporter.outside(
      "no-rehearsal",
      `"${yaml.file}" declares no rehearsal`,
      "Write rehearsal: ./FILE in it, or leave --rehearse out",
    );
  }
  if (parts.rehearsal === undefined || rehearsalPath === undefined) return undefined;
  const file = isAbsolute(parts.rehearsal)
    ? parts.rehearsal
    : join(dirname(yaml.file), parts.rehearsal);
  const known = ids.filter((id) => id !== undefined);
  const isWhole = parts.steps !== undefined && known.length === ids.length;
  const commands = known.filter((id) => isCommand(ids.indexOf(id)));
  const rehearsal = await loadRehearsal(file, rehearsalPath, {
    name: parts.name,
    steps: isWhole ? known.filter((id) => !commands.includes(id)) : undefined,
    commands,
  });
  if (rehearsal.text !== undefined) sources.set(file, rehearsal.text);
  // A file that is not there has no place of its own.
  const { place, length } = yaml.valueLocation(["rehearsal"]);
  for (const diagnostic of rehearsal.diagnostics) {
    diagnostics.push(diagnostic.place ? diagnostic : { ...diagnostic, place, length });
  }
  return live && { type: "rehearsal", name: `openai:${live.name}`, file, steps: rehearsal.steps };
}
