/**
 * What `deno task plan` answers: a plan as text, as data, explained, or held against a stored one.
 *
 * @module
 */

import { dirname, resolve } from "@std/path";
import { type CompileOptions, type CompileResult, compileWorkflow } from "./compile.ts";
import { exitCodeFor, formatDiagnostics } from "./diagnostics.ts";
import { withoutKeys } from "./_masked_plan.ts";
import type { Plan } from "./plan.ts";
import { environmentOf, type PlanReview, requiresSandbox, reviewOf } from "./plan_review.ts";
import type { Write } from "./terminal.ts";
import type { YamlFile } from "./_yaml_file.ts";

/** The exit code of a plan that is wider than the stored one, or no plan to compare with. */
const WIDER = 3;
const INVALID = 2;

/** Variables by which a site has images of its own. */
const SITE = /^ROUTEBOOK_(?:DOCKER|BASE|RUNTIME)_/;

/** What is asked of a plan. */
export interface PlanCommandOptions {
  /** How the file is to be run. */
  readonly compile: CompileOptions;
  /** Whether to print it as data. */
  readonly json: boolean;
  /** Whether to say why each permission is granted. */
  readonly explain: boolean;
  /** A stored plan that it must not exceed, relative to the working directory. */
  readonly check: string | undefined;
  readonly out: Write;
  readonly err: Write;
  readonly outColor: boolean;
  readonly errColor: boolean;
}

/**
 * Compiles a workflow and prints what was asked of its plan.
 *
 * @param file The workflow file, as the user named it.
 * @param options What is asked.
 * @returns The exit code.
 */
export async function planCommand(file: string, options: PlanCommandOptions): Promise<number> {
  const { json, explain, check, out, outColor } = options;
  const { cwd } = options.compile;
  if (check !== undefined) return await checkCommand(file, check, options);
  const compiled = await compile(file, options.compile);
  const { plan, sources } = compiled;
  tell(compiled, options);
  if (plan === undefined) return exitCodeFor(compiled.diagnostics);
  if (json) {
    const live = await compile(file, reviewed(options.compile));
    if (live.plan === undefined || live.document === undefined) {
      tell(live, options);
      return exitCodeFor(live.diagnostics);
    }
    const review = await reviewFile(file, cwd, live.plan, live.document);
    out(`${JSON.stringify({ ...withoutKeys(plan), review }, undefined, 2)}\n`);
  } else if (explain) {
    const { explainText } = await import("./explain.ts");
    out(explainText(plan, { color: outColor, cwd, sources }));
  } else {
    const { planText } = await import("./plan_text.ts");
    out(planText(plan, { color: outColor, cwd }));
  }
  return 0;
}

async function checkCommand(
  file: string,
  stored: string,
  options: PlanCommandOptions,
): Promise<number> {
  const { cwd } = options.compile;
  const { plan, document, diagnostics, sources } = await compile(file, reviewed(options.compile));
  if (plan === undefined || document === undefined) {
    tell({ diagnostics, sources }, options);
    return exitCodeFor(diagnostics);
  }
  const { comparePlans, readReview } = await import("./plan_check.ts");
  const { review, diagnostic } = await readReview(stored, cwd, plan.name);
  if (review === undefined) {
    tell({ diagnostics: [...diagnostics, diagnostic], sources }, options);
    return INVALID;
  }
  const now = await reviewFile(file, cwd, plan, document);
  const wider = comparePlans(review, now, document);
  tell({ diagnostics: [...diagnostics, ...wider], sources }, options);
  if (wider.length > 0) {
    const count = wider.length === 1 ? "one thing" : `${wider.length} things`;
    options.err(
      `\n${file} may do more than ${stored} says: ${count}.\n` +
        `Review it, and store its plan anew: deno task plan ${file} --json > ${stored}\n`,
    );
    return WIDER;
  }
  options.out(`${file}: may do no more than ${stored} says\n`);
  return 0;
}

/** What a file may do does not go by the keys, addresses and images of whoever looks at it. */
function reviewed(options: CompileOptions): CompileOptions {
  const { baseUrl: _, env, ...file } = options;
  if (env === undefined) return { ...file, mode: "live" };
  const get = (name: string) => SITE.test(name) ? undefined : env.get(name);
  return { ...file, mode: "live", env: { get } };
}

async function compile(file: string, options: CompileOptions): Promise<CompileResult> {
  return await compileWorkflow(file, { ...options, keyNeeded: false });
}

function tell(
  { diagnostics, sources }: Pick<CompileResult, "diagnostics" | "sources">,
  { err, errColor }: PlanCommandOptions,
): void {
  if (diagnostics.length > 0) err(formatDiagnostics(diagnostics, sources, { color: errColor }));
}

async function reviewFile(
  file: string,
  cwd: string,
  plan: Plan,
  document: YamlFile,
): Promise<PlanReview> {
  const directory = await Deno.realPath(dirname(resolve(cwd, file)));
  return reviewOf(plan, {
    directory,
    required: requiresSandbox(document),
    environment: environmentOf(document),
  });
}
