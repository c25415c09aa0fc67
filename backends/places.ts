/**
 * Where the files behind a path are kept. Two routes may lead to one place, so that two paths that
 * have nothing in common are one file.
 *
 * @module
 */

import { isWithin } from "./paths.ts";
import type { Backend } from "./protocol.ts";

/** A file or directory in the backend that keeps it, with all that is in it. */
export interface StoragePlace {
  /** The backend that keeps it. */
  readonly backend: Backend;
  /** Its canonical path there. */
  readonly path: string;
}

/** A backend that keeps its files in others and tells where. */
export interface PlacingBackend extends Backend {
  /** The places of a canonical path and of everything below it. */
  places(path: string): readonly StoragePlace[];
}

/**
 * The places of a path and of everything below it. A backend that does not tell is itself the place.
 *
 * @param backend The backend that the path is in.
 * @param path A canonical path.
 * @returns At least one place.
 */
export function placesOf(backend: Backend, path: string): readonly StoragePlace[] {
  return isPlacing(backend) ? backend.places(path) : [{ backend, path }];
}

/** Whether a place of the one list is at, above or below a place of the other. */
export function sharePlace(
  some: readonly StoragePlace[],
  others: readonly StoragePlace[],
): boolean {
  return some.some((a) =>
    others.some((b) =>
      a.backend === b.backend && (isWithin(a.path, b.path) || isWithin(b.path, a.path))
    )
  );
}

function isPlacing(backend: Backend): backend is PlacingBackend {
  return "places" in backend && typeof backend.places === "function";
}
