/**
 * The granted directories as mounts of the host's namespace.
 *
 * @module
 */

import { infoOf } from "./_bubblewrap_namespace.ts";
import type { RootPlace } from "./_bubblewrap_places.ts";
import { isInside } from "./_host_paths.ts";

/** What of a whole machine is not its files: processes, devices, and sockets of its services. */
const NO_FILES = ["/proc", "/sys", "/dev", "/run"];

/**
 * @param places The granted directories and where they stand.
 * @param pinned Whether directories around what is protected are to keep their names too: a program
 * could move one, and put another file where the protected one was.
 * @returns The arguments of bubblewrap that mount them.
 */
export function mountRoots(places: readonly RootPlace[], pinned: boolean): readonly string[] {
  return places.filter(({ through }) => !through).flatMap((place) => {
    const { root, inside } = place;
    return [
      root.access === "read" ? "--ro-bind" : "--bind",
      root.directory,
      inside.directory,
      // Only the root of the machine holds them: within them nothing is granted, or is meant.
      ...NO_FILES.filter((path) => root.directory === "/" && infoOf(path) !== undefined)
        .flatMap((path) => ["--size", "4096", "--tmpfs", `${inside.directory}${path}`]),
      ...mountProtected(place, pinned),
    ];
  });
}

function mountProtected({ root, inside }: RootPlace, pinned: boolean): readonly string[] {
  const outermost = root.protected.filter((path) =>
    !root.protected.some((other) => other !== path && isInside(path, other))
  );
  const around = outermost.flatMap((path) => pinned ? between(path, root.directory) : []);
  const move = (path: string) => `${inside.directory}${path.slice(base.length)}`;
  const base = root.directory === "/" ? "" : root.directory;
  return [
    ...[...new Set(around)].toSorted().map((path) => ["--bind-try", path]),
    // What is not there yet is left to the path guard.
    ...outermost.map((path) => ["--ro-bind-try", path]),
  ].flatMap(([flag = "", path = ""]) => [flag, path, move(path)]);
}

/** The directories that a path leads through below another one, outermost first. */
function between(path: string, directory: string): readonly string[] {
  const names = path.slice(directory.length).split("/").slice(1, -1);
  return names.map((_, index) => `${directory}/${names.slice(0, index + 1).join("/")}`);
}
