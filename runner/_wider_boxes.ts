/**
 * What of two plans lets a run have more of containers.
 *
 * @module
 */

import { limitText } from "./_compile_shell.ts";
import { durationText } from "./_durations.ts";
import type { PlanReview } from "./plan_review.ts";
import type { ReviewBox } from "./_review_boxes.ts";
import type { Widening } from "./_widenings.ts";
import type { DataPath } from "./_yaml_file.ts";

const CODE = "wider-box";

/** Amounts of a container, by the keys of the file; `null` is without an end. */
const AMOUNTS = [
  ["memory", "memoryBytes", (value: number) => limitText("memoryBytes", value)],
  ["cpus", "cpus", String],
  ["processes", "processes", String],
  ["hard_timeout", "hardMilliseconds", durationText],
] as const;

/**
 * @param stored What was agreed to.
 * @param now What is to be run.
 * @returns Containers that there are now and were not, and what others have more than before.
 */
export function widerBoxes(stored: PlanReview, now: PlanReview): readonly Widening[] {
  return now.boxes.flatMap((box) => {
    const before = stored.boxes.find(({ backend }) => backend === box.backend);
    if (before !== undefined) return widerBox(before, box);
    const message = `There is now a container, "${box.backend}", made of ${box.made}`;
    return [{ code: CODE, message, at: ["backends", box.backend], part: "key" } as const];
  });
}

function widerBox(before: ReviewBox, now: ReviewBox): readonly Widening[] {
  const quoted = `"${now.backend}"`;
  const path: DataPath = ["backends", now.backend];
  const wider: Widening[] = [];
  const tell = (message: string, hint: string, key: string) =>
    wider.push({ code: CODE, message, hint: `In the stored plan ${hint}`, at: [...path, key] });
  if (now.made !== before.made) {
    const key = now.made.startsWith("image: ") ? "image" : "runtime";
    tell(`${quoted} is now made of ${now.made}`, `it is made of ${before.made}`, key);
  }
  if (now.network === "bridge" && before.network === "none") {
    tell(`Programs in ${quoted} may now reach any host`, "they have no network", "network");
  }
  if (JSON.stringify(now.env) !== JSON.stringify(before.env)) {
    tell(`Programs in ${quoted} now have other variables`, JSON.stringify(before.env), "env");
  }
  for (const [prefix, name] of Object.entries(now.volumes)) {
    const other = before.volumes[prefix];
    if (other === name) continue;
    const hint = other === undefined ? "there is none" : `it is "${other}"`;
    tell(`Volume "${name}" now stands at "${prefix}" of ${quoted}`, hint, "volumes");
  }
  if (before.readOnly === true && now.readOnly !== true) {
    tell(`Commands may now change all of ${quoted}`, "it is read_only", "read_only");
  }
  if (now.name !== null && now.name !== before.name) {
    const hint = before.name === null ? "it is removed" : `it is kept as "${before.name}"`;
    tell(`${quoted} is now kept from run to run, as "${now.name}"`, hint, "name");
  }
  for (const [key, amount, text] of AMOUNTS) {
    const [most, least] = [now[amount] ?? Infinity, before[amount] ?? Infinity];
    if (most <= least) continue;
    const shown = most === Infinity ? "without an end" : text(most);
    tell(`"${key}" of ${quoted} is now ${shown}`, `it is ${text(least)}`, key);
  }
  return wider;
}
