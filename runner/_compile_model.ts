/**
 * The model of a run: a live one and the host that it is reached at, or a rehearsal.
 *
 * @module
 */

import { dirname, isAbsolute, join } from "@std/path";
import type { CompileOptions } from "./compile.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { flagProblem } from "./_host_paths.ts";
import type { PlanModel } from "./plan.ts";
import { loadRehearsal } from "./rehearsal_file.ts";
import type { Reporter } from "./_reporter.ts";
import { type WorkflowFile, workflowSchema } from "./schema.ts";
import { type PlacedStep, placedSteps, STEP_LISTS } from "./_step_parts.ts";
import { isMisspelt, nearest } from "./_suggest.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** Where OpenAI is. */
const OPENAI = "https://api.openai.com/v1";

/** What {@linkcode compileModel} needs to know. */
export interface ModelOptions {
  /** A model that replaces the file's. */
  readonly model: string | undefined;
  /** A base URL that replaces the file's. */
  readonly baseUrl: string | undefined;
  /** Whether a model is sure to be asked: then there must be one. */
  readonly needed: boolean;
}

/** A model that can be asked. */
export type LiveModel = Extract<PlanModel, { readonly type: "openai" }>;

/**
 * @param parts The file, without its faults.
 * @param options What the command line and the environment say.
 * @param reporter Told of what is wrong.
 * @returns The live model, if it is sound.
 */
export function compileModel(
  parts: Parts<WorkflowFile>,
  options: ModelOptions,
  reporter: Reporter,
): LiveModel | undefined {
  const url = compileUrl(parts, options, reporter);
  const written = options.model ?? parts.model;
  if (written === undefined) {
    const known = Object.keys(workflowSchema.shape);
    const keys = reporter.yaml.keysOf([]);
    if (options.needed && !keys.includes("model") && !isMisspelt("model", keys, known)) {
      reporter.error("missing-key", 'Missing workflow key "model"', [], {
        hint: "Write model: openai:gpt-4.1, or give --model",
        part: "key",
      });
    }
    return undefined;
  }
  const path = options.model === undefined ? ["model"] : undefined;
  const name = compileModelName(written, path, reporter);
  return url === undefined || name === undefined ? undefined : { type: "openai", name, ...url };
}

/**
 * @param written A model: `openai:gpt-4.1`.
 * @param path Where in the file it is; `undefined` where it is not the file that says so.
 * @param reporter Told of what is wrong.
 * @returns Its name, if it is sound: `gpt-4.1`.
 */
export function compileModelName(
  written: string,
  path: DataPath | undefined,
  reporter: Reporter,
): string | undefined {
  const name = /^openai:([\w.:/@+-]{1,200})$/.exec(written)?.[1];
  if (name !== undefined) return name;
  const message = `Model ${JSON.stringify(written)} is not known`;
  // A maker that is misspelt, or that a slash follows, as other programs write it.
  const [maker = "", rest = ""] = written.split(/[:/](.*)/s, 2);
  const hint = /^[\w.-]+$/.test(written)
    ? `A model is written openai:NAME: did you mean "openai:${written}"?`
    : /^[\w.:/@+-]+$/.test(rest) && nearest(maker, ["openai"]) !== undefined
    ? `Did you mean "openai:${rest}"?`
    : "A model is written openai:NAME; base_url points it at any compatible server";
  if (path === undefined) reporter.outside("unknown-model", message, hint);
  else reporter.error("unknown-model", message, path, { hint });
  return undefined;
}

function compileUrl(parts: Parts<WorkflowFile>, options: ModelOptions, reporter: Reporter) {
  // The environment is nearer to whoever runs the file than the file is.
  const given = options.baseUrl;
  const written = given ?? parts.base_url ?? OPENAI;
  const refuse = (problem: string, hint?: string) => {
    const source = given === undefined ? "Base URL" : "OPENAI_BASE_URL";
    const message = `${source} ${JSON.stringify(withoutPassword(written))} ${problem}`;
    if (given === undefined) reporter.error("invalid-url", message, ["base_url"], { hint });
    else reporter.outside("invalid-url", message, hint);
    return undefined;
  };
  if (!URL.canParse(written)) {
    return refuse("is not a URL", "Write it like http://localhost:11434/v1");
  }
  const url = new URL(written);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refuse("is neither https nor http", "Write it like http://localhost:11434/v1");
  }
  if (url.username !== "" || url.password !== "") {
    return refuse("has a user or a password in it", "The key belongs in OPENAI_API_KEY");
  }
  if (url.search !== "" || url.hash !== "") {
    return refuse("has a query or a fragment", "Leave out what follows the path");
  }
  const problem = flagProblem(url.hostname);
  if (problem !== undefined) return refuse(`cannot be granted: ${problem}`);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return { baseUrl: url.href.replace(/\/+$/, ""), netHost: `${url.hostname}:${port}` };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//...@");
}

/** What {@linkcode chooseModel} needs to know. */
export interface ChoiceOptions {
  /** How the file is to be run. */
  readonly options: CompileOptions;
  /** The rehearsal's absolute path, if one is declared. */
  readonly rehearsalPath: string | undefined;
  /** Where the rehearsal's text is added. */
  readonly sources: Map<string, string>;
  /** Where what is wrong with the rehearsal is added. */
  readonly diagnostics: Diagnostic[];
}

/** What {@linkcode chooseModel} chose. */
export interface ModelChoice {
  /** Who answers; absent if that is not sound. */
  readonly model?: PlanModel | undefined;
  /** The model that is asked, or would be if the run were not rehearsed. */
  readonly live?: LiveModel | undefined;
  /** What says where it is; absent where it is not the file. */
  readonly at?: DataPath | undefined;
}

/**
 * The live model or the rehearsal, as the mode and the key decide.
 *
 * @param parts The file, without its faults.
 * @param choice How the file is to be run.
 * @param reporter Told of what is wrong.
 * @returns The model, if it is sound.
 */
export async function chooseModel(
  parts: Parts<WorkflowFile>,
  choice: ChoiceOptions,
  reporter: Reporter,
): Promise<ModelChoice> {
  const { yaml } = reporter;
  const { options, rehearsalPath, sources, diagnostics } = choice;
  const all = placedSteps(parts);
  const isCommand = ({ path }: PlacedStep) => yaml.has([...path, "run"]);
  const isUses = ({ path }: PlacedStep) => yaml.has([...path, "uses"]);
  const { model, baseUrl, mode = "auto", key = false, check = false, keyNeeded = true } = options;
  const source = ["base_url", "model"].find((name) => yaml.has([name]));
  const at = baseUrl !== undefined || source === undefined ? undefined : [source];
  const asks = (step: PlacedStep) => !isCommand(step) && !isUses(step) || isJudged(step, reporter);
  if (all.length > 0 && !all.some(asks)) {
    // A model that no step asks is still the one that what is used may ask.
    const isLent = all.some(isUses);
    const unused = isLent
      ? ["rehearsal", "instructions"]
      : ["model", "base_url", "rehearsal", "instructions"];
    for (const key of unused) {
      if (!yaml.has([key])) continue;
      reporter.warning("unused-key", `No step asks a model, so "${key}" is not used`, [key], {
        part: "key",
      });
    }
    const named = isLent && (model ?? parts.model) !== undefined;
    const live = named
      ? compileModel(parts, { model, baseUrl, needed: true }, reporter)
      : undefined;
    return { model: { type: "none" }, live, at };
  }
  // A step that says nothing of what it does is told of that alone.
  const needed = all.some((step) => yaml.has([...step.path, "prompt"]) || isJudged(step, reporter));
  const live = compileModel(parts, { model, baseUrl, needed }, reporter);
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
    return { model: live, live, at };
  }
  if (!declared) {
    reporter.outside(
      "no-rehearsal",
      `"${yaml.file}" declares no rehearsal`,
      "Write rehearsal: ./FILE in it, or leave --rehearse out",
    );
  }
  if (parts.rehearsal === undefined || rehearsalPath === undefined) return { live, at };
  const file = isAbsolute(parts.rehearsal)
    ? parts.rehearsal
    : join(dirname(yaml.file), parts.rehearsal);
  const known = all.flatMap(({ part }) => part?.id ?? []);
  const isWhole = parts.steps !== undefined && known.length === all.length &&
    STEP_LISTS.every((list) => parts[list] !== undefined || !yaml.has([list]));
  const commands = all.filter(isCommand).flatMap(({ part }) => part?.id ?? []);
  const used = all.filter(isUses).flatMap(({ part }) => part?.id ?? []);
  const rehearsal = await loadRehearsal(file, rehearsalPath, {
    name: parts.name,
    steps: isWhole ? known.filter((id) => ![...commands, ...used].includes(id)) : undefined,
    ...{ commands, used },
    judged: isWhole
      ? all.filter((step) => isJudged(step, reporter)).flatMap(({ part }) => part?.id ?? [])
      : undefined,
  });
  if (rehearsal.text !== undefined) sources.set(file, rehearsal.text);
  // A file that is not there has no place of its own.
  const { place, length } = yaml.valueLocation(["rehearsal"]);
  for (const diagnostic of rehearsal.diagnostics) {
    diagnostics.push(diagnostic.place ? diagnostic : { ...diagnostic, place, length });
  }
  if (live === undefined) return {};
  const { steps, judges } = rehearsal;
  const name = `openai:${live.name}`;
  const answers = { steps, ...(Object.keys(judges).length === 0 ? {} : { judges }) };
  return { model: { type: "rehearsal", name, file, ...answers }, live, at };
}

/** Whether a model is asked about what a step did. */
function isJudged({ path, part }: PlacedStep, { yaml }: Reporter): boolean {
  return (part?.assert ?? []).some((_, index) => yaml.has([...path, "assert", index, "judge"]));
}
