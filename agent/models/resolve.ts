/**
 * From a model's name to a model: `openai:gpt-4.1`.
 *
 * @module
 */

import { type Model, ModelError } from "../model.ts";
import { OpenAiModel } from "./openai.ts";

/** What a model's name leaves open. */
export interface ResolveModelOptions {
  /**
   * The provider's key.
   *
   * @default {the environment variable OPENAI_API_KEY}
   */
  readonly apiKey?: string | undefined;
  /**
   * The server.
   *
   * @default {the environment variable OPENAI_BASE_URL, or the provider's own server}
   */
  readonly baseUrl?: string | undefined;
}

/**
 * Finds the model that a name means.
 *
 * @param name A provider, a colon, and the provider's name of the model.
 * @param options The key and the server.
 * @returns The model. Nothing is asked of a server yet.
 * @throws {TypeError} If the name has no provider, or one that is not known.
 * @throws {ModelError} `authentication` if there is no key.
 */
export function resolveModel(name: string, options: ResolveModelOptions = {}): Model {
  const [, provider, model] = /^([^:]*):(.+)$/s.exec(name) ?? [];
  if (provider !== "openai" || model === undefined) {
    const why = model === undefined
      ? "it must be a provider, a colon and a model"
      : `there is no provider '${provider}'`;
    throw new TypeError(
      `Cannot use the model '${name}': ${why}. The providers are: openai, as in 'openai:gpt-4.1' ` +
        "(with 'baseUrl' for other servers that speak its API)",
    );
  }
  const apiKey = options.apiKey ?? readEnvironment("OPENAI_API_KEY");
  if (apiKey === undefined) {
    throw new ModelError(
      "authentication",
      `There is no key for the model '${name}': set the environment variable OPENAI_API_KEY and ` +
        "run with --allow-env=OPENAI_API_KEY, or pass 'apiKey' (any text for a server that asks " +
        "for none)",
    );
  }
  const baseUrl = options.baseUrl ?? readEnvironment("OPENAI_BASE_URL");
  return new OpenAiModel({ model, apiKey, ...baseUrl === undefined ? {} : { baseUrl } });
}

/** A variable's value; `undefined` where it is unset, empty, or not granted to this program. */
function readEnvironment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}
