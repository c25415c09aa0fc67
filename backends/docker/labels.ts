/**
 * How containers of Routebook are known among those of an engine.
 *
 * @module
 */

/** The labels. */
export const LABELS = {
  /** On every container: `1`. */
  sandbox: "org.routebook.sandbox",
  /** The name under which it is kept; absent where it is removed at its end. */
  keep: "org.routebook.keep",
  /** What it was made of: a kept container is used again for the same alone. */
  config: "org.routebook.config",
  /** What it was made for. */
  purpose: "org.routebook.for",
} as const;

/** What tells the name of a container from others. */
export function newToken(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** The names of containers that their owner has stopped for a while begin with it. */
const IDLE_PREFIX = "routebook-idle-";

/**
 * The name of a container that its owner has stopped for a while. Labels stay as they are made, so that
 * its name says when the owner was last known to be there.
 *
 * @param token What tells it from others.
 * @param now The time, in milliseconds since the epoch.
 */
export function idleName(token: string, now: number): string {
  return `${IDLE_PREFIX}${token}.${now.toString(36)}`;
}

/**
 * Reads what {@linkcode idleName} made.
 *
 * @param name The name of a container.
 * @returns What stays of it, and the time; `undefined` for every other name.
 */
export function parseIdleName(
  name: string,
): { readonly name: string; readonly seen: number } | undefined {
  const [first = "", time = ""] = name.split(".");
  if (!first.startsWith(IDLE_PREFIX)) return undefined;
  const seen = parseInt(time, 36);
  return { name: first, seen: Number.isNaN(seen) ? 0 : seen };
}
