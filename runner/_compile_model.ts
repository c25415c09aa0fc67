/**
 * The model of a run: a live one and the host that it is reached at, or a rehearsal.
 *
 * @module
 */

import { flagProblem } from "./_host_paths.ts";
import type { PlanModel } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import { type WorkflowFile, workflowSchema } from "./schema.ts";
import { isMisspelt } from "./_suggest.ts";
import type { Parts } from "./_validate.ts";

/** Where OpenAI is. */
const OPENAI = "https://api.openai.com/v1";

/** What {@linkcode compileModel} needs to know. */
export interface ModelOptions {
  /** A model that replaces the file's. */
  readonly model: string | undefined;
  /** A base URL that replaces the file's. */
  readonly baseUrl: string | undefined;
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
    if (!keys.includes("model") && !isMisspelt("model", keys, known)) {
      reporter.error("missing-key", 'Missing workflow key "model"', [], {
        hint: "Write model: openai:gpt-4.1, or give --model",
        part: "key",
      });
    }
    return undefined;
  }
  const name = /^openai:([\w.:/@+-]{1,200})$/.exec(written)?.[1];
  if (name === undefined) {
    const message = `Model ${JSON.stringify(written)} is not known`;
    const hint = /^[\w.-]+$/.test(written)
      ? `A model is written openai:NAME: did you mean "openai:${written}"?`
      : "A model is written openai:NAME; base_url points it at any compatible server";
    if (options.model !== undefined) reporter.outside("unknown-model", message, hint);
    else reporter.error("unknown-model", message, ["model"], { hint });
    return undefined;
  }
  return url === undefined ? undefined : { type: "openai", name, ...url };
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
