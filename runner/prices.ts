/**
 * What models cost, as far as it is known without being told: the price list of the package
 * `@pydantic/genai-prices`, at the version that deno.json pins. It is a copy of what providers say in
 * public, and can be wrong or old; `models` in a workflow's file comes before it.
 *
 * The list is large. It is loaded when a price is asked for, which only a budget in dollars does.
 *
 * @module
 */

import type { ModelPrice as ListedPrice, PriceOptions } from "@pydantic/genai-prices";
import type { Price } from "./plan.ts";

/** Whose model it is where its server is nobody's that the list knows. */
const MAKER = "openai";

/** Tokens of a request that is longer than any model takes. */
const LONGEST = 1e12;

/** Options of {@linkcode knownPrice}. */
export interface PriceLookup {
  /**
   * Where the model is asked. A provider of the list has its own prices there; a server that the list
   * does not know, such as one of this machine, is taken for a way to OpenAI.
   *
   * @default {"https://api.openai.com/v1"}
   */
  readonly baseUrl?: string | undefined;
  /**
   * The day of the price.
   *
   * @default {today}
   */
  readonly at?: Date | undefined;
}

/**
 * What a model costs, as the list has it. It leaves out that cached requests are cheaper, so that it
 * is the most that tokens cost.
 *
 * @param name The model's name at the server, dated or not: `gpt-4.1`, `gpt-4.1-2025-04-14`.
 * @param options Where it is asked, and on which day.
 * @returns The price; `undefined` for a model that the list does not have, or not for one token.
 */
export async function knownPrice(
  name: string,
  options: PriceLookup = {},
): Promise<Price | undefined> {
  const { calcPrice, findProvider } = await import("@pydantic/genai-prices");
  const { baseUrl = "", at = new Date() } = options;
  const provider = findProvider({ providerApiUrl: baseUrl }) ??
    findProvider({ providerId: MAKER });
  if (provider === undefined) return undefined;
  const lookup: PriceOptions = { provider, timestamp: at };
  const listed = calcPrice({ input_tokens: 0, output_tokens: 0 }, name, lookup);
  if (listed === null) return undefined;
  const { model: { prices }, model_price: price } = listed;
  // What depends on the hour is no one price.
  if (
    Array.isArray(prices) && prices.some(({ constraint }) => constraint?.type === "time_of_date")
  ) {
    return undefined;
  }
  const base = perMillion(price, 0);
  const most = perMillion(price, LONGEST);
  if (base === undefined || most === undefined) return undefined;
  const starts = [price["input_mtok"], price["output_mtok"]]
    .flatMap((part) => typeof part === "object" ? part.tiers.map(({ start }) => start) : []);
  // Of several steps the highest one counts from the lowest on: never less than it costs.
  return starts.length === 0 ? base : { ...base, long: { above: Math.min(...starts), ...most } };
}

/** The prices for a request of so many tokens. */
function perMillion(
  price: ListedPrice,
  tokens: number,
): { readonly input: number; readonly output: number } | undefined {
  const [input, output] = ["input_mtok", "output_mtok"].map((key) => {
    const part = price[key];
    if (typeof part !== "object") return part;
    const reached = part.tiers.filter(({ start }) => tokens > start).map(({ price }) => price);
    return Math.max(part.base, ...reached);
  });
  return input === undefined || output === undefined ? undefined : { input, output };
}
