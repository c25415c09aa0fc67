/**
 * Money, counted exactly: in units of a millionth of a millionth of a dollar, so that no sum of what
 * answers cost is ever rounded.
 *
 * @module
 */

import type { ModelPrice } from "./process.ts";

const UNITS_PER_DOLLAR = 1e12;

/** Prices are for a million tokens: a millionth of a dollar there is a unit for one token. */
const UNITS_PER_PRICE = 1e6;

/**
 * @param price What a model costs.
 * @returns Whether that is nothing.
 */
export function isFree({ input, output, long = { input, output, above: 0 } }: ModelPrice): boolean {
  return [input, output, long.input, long.output].every((usd) => usd === 0);
}

/**
 * What an answer cost.
 *
 * @param price What the model costs.
 * @param input Tokens of the request; `null` where they are unknown.
 * @param output Tokens of the answer.
 * @returns Units; `null` where they depend on what is unknown.
 */
export function costOf(
  price: ModelPrice,
  input: number | null,
  output: number | null,
): bigint | null {
  const { long } = price;
  if (long === undefined || (input !== null && input <= long.above)) {
    return cost(price, input, output);
  }
  const most = cost(long, input, output);
  // Whether the request was a long one is not known without its count.
  return input === null && most !== cost(price, input, output) ? null : most;
}

/** What is free is so however much of it there was. */
function cost(
  price: Pick<ModelPrice, "input" | "output">,
  input: number | null,
  output: number | null,
): bigint | null {
  return sum(tokenCost(price.input, input), tokenCost(price.output, output));
}

function tokenCost(price: number, tokens: number | null): bigint | null {
  const each = whole(price * UNITS_PER_PRICE);
  if (each === 0n) return 0n;
  return tokens === null ? null : BigInt(tokens) * each;
}

/**
 * @param one Units; `null` where they are unknown.
 * @param other Others.
 * @returns All of them.
 */
export function sum(one: bigint | null, other: bigint | null): bigint | null {
  return one === null || other === null ? null : one + other;
}

/**
 * @param usd US dollars.
 * @returns Whole units; what is not nothing is one of them at least.
 */
export function unitsOf(usd: number): bigint {
  return whole(usd * UNITS_PER_DOLLAR);
}

/**
 * @param units Units.
 * @returns US dollars.
 */
export function dollarsOf(units: bigint): number {
  return Number(units) / UNITS_PER_DOLLAR;
}

function whole(amount: number): bigint {
  const rounded = BigInt(Math.round(amount));
  return rounded === 0n && amount > 0 ? 1n : rounded;
}

/**
 * Dollars, for people: two digits of cents, more where they say more.
 *
 * @param usd US dollars.
 * @returns `$0.50`, `$0.000125`.
 */
export function dollarText(usd: number): string {
  if (usd === 0) return "$0.00";
  // Three digits that count, of small sums; cents of large ones.
  const digits = usd >= 1 ? 2 : Math.min(12, Math.max(2, 2 - Math.floor(Math.log10(usd))));
  const [whole = "0", fraction = ""] = usd.toFixed(digits).split(".");
  return `$${whole}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`;
}
