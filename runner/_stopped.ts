/**
 * Why a run stopped before its last step.
 *
 * @module
 */

import type { Outcome } from "./events.ts";

/** Ends a run. */
export class Stopped extends Error {
  override readonly name = "Stopped";

  /**
   * @param outcome How the run ends.
   * @param message Why, in a sentence.
   */
  constructor(readonly outcome: Exclude<Outcome, "success">, message: string) {
    super(message);
  }
}

/** @returns The end of a run that somebody interrupted. */
export function interruption(): Stopped {
  return new Stopped("interrupted", "The run was interrupted");
}

/**
 * @param error What was thrown.
 * @returns The end of the run that it means.
 */
export function stoppedBy(error: unknown): Stopped {
  if (error instanceof Stopped) return error;
  const { NotCapable, PermissionDenied } = Deno.errors;
  const denied = error instanceof NotCapable || error instanceof PermissionDenied;
  const outcome = denied ? "denied" : "failure";
  return new Stopped(outcome, error instanceof Error ? error.message : String(error));
}
