/**
 * Which calls of one answer have to wait for which, so that the tree ends up as if they had run one
 * by one.
 *
 * @module
 */

import { BackendError } from "../backends/errors.ts";
import { canonicalPath } from "../backends/paths.ts";
import { placesOf, sharePlace, type StoragePlace } from "../backends/places.ts";
import type { Backend } from "../backends/protocol.ts";
import type { ToolEffects } from "./tool.ts";

/** What a call touches; `everything` where that is not known. */
export type Touched =
  | { readonly reads: readonly StoragePlace[]; readonly writes: readonly StoragePlace[] }
  | "everything";

/** The effects of a call, as the places where a backend keeps the files. */
export function touchedPlaces(effects: ToolEffects | undefined, backend: Backend): Touched {
  if (effects === undefined) return "everything";
  const places = (paths: readonly string[]) =>
    paths.flatMap((path) => placesOf(backend, canonicalPath(path)));
  try {
    return { reads: places(effects.reads), writes: places(effects.writes) };
  } catch (error) {
    // The backend will refuse the path as well. Until then nothing is known of the call.
    if (error instanceof BackendError) return "everything";
    throw error;
  }
}

/**
 * For each call the indexes of the earlier calls that it has to wait for.
 *
 * @param calls What each call touches, in the order of the answer.
 */
export function conflictingOrder(calls: readonly Touched[]): readonly (readonly number[])[] {
  return calls.map((call, index) =>
    calls.slice(0, index).flatMap((earlier, other) => conflict(earlier, call) ? [other] : [])
  );
}

/** Whether the order of two calls can matter: one changes what the other looks at or changes. */
function conflict(a: Touched, b: Touched): boolean {
  if (a === "everything" || b === "everything") return true;
  return sharePlace(a.writes, [...b.reads, ...b.writes]) || sharePlace(a.reads, b.writes);
}
