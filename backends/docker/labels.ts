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

/** The names of containers that their owner has stopped for a while begin with it. */
export const IDLE_PREFIX = "routebook-idle-";
