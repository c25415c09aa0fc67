/**
 * The granted directories as mounts of the host's namespace.
 *
 * @module
 */

import { infoOf } from "./_bubblewrap_namespace.ts";
import type { RootPlace } from "./_bubblewrap_places.ts";

/** What of a whole machine is not its files: processes, devices, and sockets of its services. */
const NO_FILES = ["/proc", "/sys", "/dev", "/run"];

/**
 * @param places The granted directories and where they stand.
 * @returns The arguments of bubblewrap that mount them.
 */
export function mountRoots(places: readonly RootPlace[]): readonly string[] {
  return places.filter(({ through }) => !through).flatMap((place) => {
    const { root, inside } = place;
    return [
      root.access === "read" ? "--ro-bind" : "--bind",
      root.directory,
      inside.directory,
      // Only the root of the machine holds them: within them nothing is granted, or is meant.
      ...NO_FILES.filter((path) => root.directory === "/" && infoOf(path) !== undefined)
        .flatMap((path) => ["--size", "4096", "--tmpfs", `${inside.directory}${path}`]),
      ...mountProtected(place),
    ];
  });
}

function mountProtected({ root, inside }: RootPlace): readonly string[] {
  // What is not there yet is left to the path guard.
  return root.protected.flatMap((path, index) => {
    return ["--ro-bind-try", path, inside.protected[index] ?? path];
  });
}
