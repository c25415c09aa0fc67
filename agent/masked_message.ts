/**
 * What one part of a run tells another, without secrets and still to be understood: a secret may be a
 * word of theirs.
 *
 * @module
 */

import type { SecretMask } from "./secrets.ts";

/** Parts that have one of a few words, or the key of a step: nobody else's text. */
const WORDS: ReadonlySet<string> = new Set([
  ...[
    "code",
    "finish",
    "operation",
    "outcome",
    "role",
    "step",
    "stream",
    "type",
    "verb",
    "verdict",
  ],
]);

/** Parts in which the names are somebody else's words too. */
const FREE: ReadonlySet<string> = new Set(["arguments", "env"]);

/**
 * @param mask Hides the secrets.
 * @param message Plain data of the protocol.
 * @returns The same, with every text masked that somebody else may have said.
 */
export function maskedMessage<T>(mask: SecretMask, message: T): T;
export function maskedMessage(mask: SecretMask, message: unknown): unknown {
  if (Array.isArray(message)) return message.map((item: unknown) => maskedMessage(mask, item));
  if (typeof message !== "object" || message === null || ArrayBuffer.isView(message)) {
    return mask.data(message);
  }
  const masked = Object.entries(message).map(([name, value]: [string, unknown]) => {
    if (WORDS.has(name) && typeof value === "string") return [name, value];
    return [name, FREE.has(name) ? mask.data(value) : maskedMessage(mask, value)];
  });
  return Object.fromEntries(masked);
}
