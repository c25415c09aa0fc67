/**
 * Keeps the model's key out of everything that leaves the agent process.
 *
 * @module
 */

/** A shorter key is a placeholder such as `none`, and hiding it would hide ordinary words. */
const MIN_KEY = 8;

/** What stands in a text where the key was. */
const HIDDEN = "[key]";

/** A copy of plain data in which no text contains the key. */
export function mask<T>(value: T, key: string): T;
export function mask(value: unknown, key: string): unknown {
  if (key.length < MIN_KEY) return value;
  if (typeof value === "string") return value.replaceAll(key, HIDDEN);
  if (Array.isArray(value)) return value.map((item) => mask(item, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, item]) => [mask(name, key), mask(item, key)]));
}
