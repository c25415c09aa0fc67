/**
 * From a workflow file to a plan: what the file means, checked as a whole, with everything that is
 * wrong told at once. Nothing is created and nothing is executed.
 *
 * @module
 */

import { dirname, resolve } from "@std/path";
import { compileBudget } from "./_compile_budget.ts";
import { compileBackends } from "./_compile_backends.ts";
import {
  type Caller,
  checkHeld,
  declaredRoots,
  hostedPlaces,
  nestTree,
  optionsFor,
  withCallerRules,
  writableOf,
} from "./_compile_caller.ts";
import {
  compileEnvironment,
  type Environment,
  NO_ENVIRONMENT,
  planInputs,
} from "./_compile_env.ts";
import { compileInputs, inputTypes } from "./_compile_inputs.ts";
import { checkCeiling } from "./_compile_ceiling.ts";
import { explainGrants } from "./_compile_grants.ts";
import { askConfinement, compileConfinement, type Probe } from "./_compile_confinement.ts";
import { askEngine, compileEngine, type FindEngine } from "./_compile_engine.ts";
import { chooseModel } from "./_compile_model.ts";
import { compileOutputs as compileStepOutputs, compileWorkflowOutputs } from "./_compile_output.ts";
import { SchemaFiles } from "./_compile_schema.ts";
import { compileRoots, protectFiles } from "./_compile_roots.ts";
import { compileRoutes } from "./_compile_routes.ts";
import { checkRules } from "./_compile_rule_checks.ts";
import { compileRules } from "./_compile_rules.ts";
import { compileShell } from "./_compile_shell.ts";
import { compileBounds } from "./_compile_bounds.ts";
import { compileSteps, stepLists } from "./_compile_steps.ts";
import type { UsesOptions } from "./_compile_uses.ts";
import { compileTree } from "./_compile_tree.ts";
import { compileText } from "./_compile_text.ts";
import { type Diagnostic, sortDiagnostics } from "./diagnostics.ts";
import { warnOfInlinedSecrets } from "./_inlined_secrets.ts";
import { loadYaml } from "./load.ts";
import type { Owner } from "./_owner.ts";
import { planProcesses } from "./permissions.ts";
import type { Plan } from "./plan.ts";
import { Reporter } from "./_reporter.ts";
import { WORKFLOW_SECTIONS } from "./_sections.ts";
import { placedSteps } from "./_step_parts.ts";
import { workflowSchema } from "./schema.ts";
import { refuseStrayExpressions } from "./_stray_expressions.ts";
import { validate } from "./_validate.ts";
import type { YamlFile } from "./_yaml_file.ts";

/** Options of {@linkcode compileWorkflow}. */
export interface CompileOptions {
  /** The working directory, as an absolute path. */
  readonly cwd: string;
  /** Inputs of the command line, not yet of their types. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** A YAML file of more of them, of their types; relative to `cwd`. */
  readonly inputsFile?: string;
  /**
   * The environment of whoever runs it, for inputs, variables and secrets.
   *
   * @default {an empty one}
   */
  readonly env?: Environment;
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
   * An absolute directory that stands for the file's own where artifacts are copied to; `..` in a
   * destination is a directory `up` in it.
   */
  readonly artifacts?: string;
  /**
   * Only check the file: neither a key nor the values of inputs are needed, and its rehearsal is
   * checked whatever the mode.
   *
   * @default {false}
   */
  readonly check?: boolean;
  /**
   * Says who can confine the host process on this machine. It is asked only where there are local
   * files or a sandbox.
   *
   * @default {probeConfinement}
   */
  readonly probe?: Probe;
  /**
   * Says where the engine of containers is. It is asked only where there is a docker backend, and not
   * in a check.
   *
   * @default {findEngine}
   */
  readonly findEngine?: FindEngine;
  /**
   * Whose files a run makes, where that may not be seen.
   *
   * @default {whoever runs this program}
   */
  readonly owner?: Owner;
}

/** What {@linkcode compileWorkflow} made of a file. */
export interface CompileResult {
  /** The plan; absent if there is any error. */
  readonly plan: Plan | undefined;
  /** Everything that is wrong or doubtful, sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text of each file that diagnostics may point into, by the name that places use. */
  readonly sources: ReadonlyMap<string, string>;
  /** The file's data with the place of every part; absent if it cannot be read. */
  readonly document: YamlFile | undefined;
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
  return await compileFor(undefined, file, resolve(options.cwd, file), options);
}

/** Compiles a file, on its own or for another one that uses it. */
async function compileFor(
  caller: Caller | undefined,
  file: string,
  path: string,
  options: CompileOptions,
): Promise<CompileResult> {
  const sources = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  const { yaml, text, diagnostics: loading } = await loadYaml(file, path);
  diagnostics.push(...loading);
  if (text !== undefined) sources.set(file, text);
  const draft = yaml && await compileFile({ yaml, path, options, sources, diagnostics, caller });
  return {
    plan: hasErrors(diagnostics) ? undefined : draft,
    diagnostics: sortDiagnostics(unique(diagnostics)),
    sources,
    document: yaml,
  };
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
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
  /** The workflow that uses this one. */
  readonly caller: Caller | undefined;
}

/** The plan as far as the file is sound; it counts only if nothing was reported. */
async function compileFile(compilation: Compilation): Promise<Plan | undefined> {
  const { yaml, path, caller, options: given } = compilation;
  const reporter = new Reporter(yaml, compilation.diagnostics);
  const parts = validate(workflowSchema, WORKFLOW_SECTIONS, reporter);
  if (parts === undefined) return undefined;
  refuseStrayExpressions(reporter);

  const options = caller === undefined ? given : optionsFor(caller, parts, given);
  const check = options.check ?? false;
  warnOfInlinedSecrets(reporter);
  const { env = NO_ENVIRONMENT, inputsFile } = options;
  const isRun = !check && options.keyNeeded !== false;
  const { values: inputs, declared } = await compileInputs(parts.inputs, {
    given: options.inputs ?? {},
    file: inputsFile === undefined
      ? undefined
      : { name: inputsFile, path: resolve(options.cwd, inputsFile) },
    // What is used has its inputs from its caller, and from nowhere else.
    env: caller === undefined ? env : NO_ENVIRONMENT,
    needed: !check && caller === undefined,
    ...{ sources: compilation.sources, diagnostics: compilation.diagnostics },
  }, reporter);
  const givenInputs = {
    inputs: caller === undefined ? inputs : {},
    inputNames: yaml.keysOf(["inputs"]),
    inputTypes: inputTypes(declared),
  };
  const environment = await compileEnvironment(
    parts,
    { env, inputs: givenInputs, needed: isRun },
    reporter,
  );
  const backends = await compileBackends(
    parts.backends,
    { path, roots: options.roots ?? {}, runtimes: parts.runtimes, env },
    reporter,
  );
  const own = compileRoutes(parts, backends, reporter);
  const rehearsalPath = parts.rehearsal && resolve(dirname(path), parts.rehearsal);
  const ownRoots = await compileRoots(own.routes, backends, {
    cwd: options.cwd,
    files: [path, ...(rehearsalPath === undefined ? [] : [rehearsalPath])],
  }, reporter);
  const nested = caller && await nestTree({ routes: own.routes, backends }, caller, reporter);
  const { complete } = own;
  const routes = nested?.routes ?? own.routes;
  // What is used reaches local files through its caller.
  let roots = nested === undefined ? ownRoots : [];
  const shell = compileShell(
    parts,
    caller === undefined ? { backends, routes: own.routes } : undefined,
    reporter,
  );
  // Programs are started to find that out, while everything else is compiled.
  const asked = askConfinement(shell, roots, options.probe);
  const askedEngine = check || caller !== undefined
    ? undefined
    : askEngine(backends, env, options.findEngine);
  const scope = { ...givenInputs, env: environment.env, secretNames: environment.secrets };
  const rules = await compileRules(parts.tools, ["tools"], reporter);
  const { model, live, at: modelAt } = await chooseModel(
    parts,
    { ...compilation, options, rehearsalPath },
    reporter,
  );
  const taken = environment.taken.map(({ name }) => name)
    .filter((name) => !environment.secrets.includes(name));
  const held = {
    ...{ shell, server: live },
    ...{ env: taken, secrets: environment.secrets },
  };
  if (caller !== undefined) checkHeld(held, caller, reporter);
  const lends = nested?.lends ??
    { routes, places: await hostedPlaces(routes, declaredRoots(backends, parts, path)) };
  const lender: Caller = {
    ...held,
    ...lends,
    writable: caller?.writable ?? writableOf([...lends.places, ...roots]),
    file: yaml.file,
    chain: [...caller?.chain ?? [], await Deno.realPath(path)],
    model: live && `openai:${live.name}`,
    rules: rules.plan,
  };
  const uses: UsesOptions = {
    caller: lender,
    path,
    compile: (file, path) => compileUsed(lender, file, path, { ...compilation, options: given }),
  };
  const schemas = new SchemaFiles(compilation);
  const { steps, scope: ended } = await compileSteps(
    parts,
    {
      inputs: scope,
      routes: complete ? routes : undefined,
      backends: backends.sound,
      ...{ shell, rules, schemas, uses },
      outputs: await compileStepOutputs(placedSteps(parts), schemas, reporter),
    },
    reporter,
  );
  const read = [...compilation.sources.keys()].filter((name) => name !== inputsFile);
  roots = await protectFiles(roots, read.map((name) => resolve(options.cwd, name)), reporter);
  const instructions = compileText(parts.instructions ?? "", ["instructions"], {
    ...scope,
    steps: {
      because: "instructions are fixed before the first step",
      hint: "Use inputs alone, or write it in the prompt",
    },
    withoutFiles: "Instructions are fixed before the run",
  }, reporter);
  const outputs = compileWorkflowOutputs(
    parts.outputs,
    { ...scope, steps: ended },
    reporter,
  );
  const placed = placedSteps(parts);
  const boxes = await compileTree(shell, {
    ...{ routes, roots, rules, steps: placed },
    ...{ backends: backends.sound, owner: options.owner },
  }, reporter);
  const located = await compileEngine(askedEngine, backends, reporter);
  const { engine } = located;
  await checkRules(rules, {
    shell,
    routes: complete ? routes : undefined,
    steps,
  }, reporter);
  const bounds = compileBounds(parts, reporter);
  const spending = await compileBudget(
    parts,
    { steps, live, isModelless: model?.type === "none" },
    reporter,
  );
  await checkCeiling(
    parts.permissions,
    {
      ...{ path, roots, model: live, modelAt, shell, engine },
      backends: boxes,
      taken: environment.taken,
      artifacts: parts.artifacts,
    },
    reporter,
  );
  const confinement = await compileConfinement(parts, { shell, asked, check }, reporter);
  const copies = parts.artifacts !== undefined ||
    placed.some(({ part }) => part?.uses !== undefined);
  // Loaded where files may be copied out: most workflows copy none.
  const copying = copies ? await import("./_compile_artifacts.ts") : undefined;
  const artifacts = await copying?.compileArtifacts(parts.artifacts, {
    ...{ path, redirect: given.artifacts, scope: { ...scope, steps: ended } },
    writable: [...lender.writable, ...writableOf(ownRoots)],
    files: [path, ...(rehearsalPath === undefined ? [] : [rehearsalPath])],
  }, reporter) ?? [];
  // A test copies everything to a place of its own.
  if (given.artifacts === undefined) {
    copying?.checkUsedArtifacts(stepLists(steps), placed, artifacts, reporter);
  }
  if (model === undefined || parts.name === undefined || instructions === undefined) {
    return undefined;
  }
  if (hasErrors(compilation.diagnostics)) return undefined;
  const tree = {
    routes: routes.map(({ at: _, ...route }) => route),
    roots: roots.map(({ at: _, ...root }) => root),
  };
  const hosted = {
    ...(shell === undefined ? {} : { shell }),
    ...(confinement === undefined ? {} : { confinement }),
    ...located,
  };
  const processes = planProcesses({ file: yaml.file, model, ...tree, ...hosted });
  return {
    name: parts.name,
    description: parts.description ?? "",
    file: yaml.file,
    fingerprint: yaml.fingerprint,
    model,
    inputs,
    ...planInputs(declared, environment),
    instructions,
    backends: nested?.backends ?? [...boxes.values()],
    ...tree,
    ...(caller === undefined ? rules.plan : withCallerRules(rules.plan, caller)),
    ...hosted,
    grants: explainGrants(
      { processes, routes, roots, modelAt, backends: boxes },
      reporter,
    ),
    ...spending,
    ...bounds,
    ...stepLists(steps),
    outputs,
    ...(artifacts.length === 0 ? {} : { artifacts }),
    processes,
  };
}

/** Compiles a workflow that is used; its errors are among the caller's. */
async function compileUsed(
  caller: Caller,
  file: string,
  path: string,
  { options, sources, diagnostics }: Compilation,
): Promise<Plan | undefined> {
  const result = await compileFor(caller, file, path, options);
  for (const [name, text] of result.sources) sources.set(name, text);
  diagnostics.push(...result.diagnostics.filter(({ severity }) => severity === "error"));
  return result.plan;
}
