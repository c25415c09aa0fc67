/**
 * Containers as a person sees them come up.
 *
 * @module
 */

import type { RunEvent } from "./events.ts";
import type { Style } from "./_style.ts";
import { printable } from "./terminal.ts";

/** Characters of what an engine says that are shown. */
const LINE_CHARACTERS = 160;

/**
 * @param event What became of a container, or of its image.
 * @param paint Colours.
 * @returns A line.
 */
export function boxLine(
  event: Extract<RunEvent, { type: "box.progress" | "box.started" }>,
  paint: Style,
): string {
  if (event.type === "box.progress") {
    return `${printable(event.box)}  ${paint.dim(printable(event.line).slice(0, LINE_CHARACTERS))}`;
  }
  const { box, engine, image, network, keptAs } = event;
  const kept = keptAs === undefined ? "" : `, kept as '${keptAs}'`;
  return paint.dim(
    printable(`Container by ${engine}: ${box} (${image}), network ${network}${kept}`),
  );
}
