/**
 * A step that waits for an approval: what is kept of it, and what is made of that later.
 *
 * @module
 */

import type { ApprovalParams } from "../agent/process.ts";
import type { WaitingStep } from "./checkpoint.ts";
import type { Versions } from "./checks/versions.ts";

/**
 * @param before What `versionsBefore` returned before the step.
 * @param now What it returns now.
 * @returns The paths that the step has written or deleted.
 */
export function changedPaths(before: Versions, now: Versions): readonly string[] {
  return [...now].flatMap(([path, version]) => version === before.get(path) ? [] : [path]);
}

/**
 * What counts as older than a step that goes on: not what it had written itself by then.
 *
 * @param now What `versionsBefore` returns when it goes on.
 * @param changed What {@linkcode changedPaths} returned when it waited.
 * @returns The versions, as if they had been taken before the step.
 */
export function versionsAsBefore(now: Versions, changed: readonly string[]): Versions {
  return new Map(
    [...now].map(([path, version]) => [path, changed.includes(path) ? undefined : version]),
  );
}

/**
 * @param waiting The steps that wait.
 * @returns What waits, in a sentence.
 */
export function waitingText(waiting: readonly WaitingStep[]): string {
  return waiting.flatMap(({ pending }) => pending).map(questionText).join("; ");
}

function questionText({ step, tool, wishes }: ApprovalParams): string {
  const wanted = wishes.map(({ verb, what, rule }) => {
    // A command takes many lines, and is shown with the question.
    const subject = verb === "execute" ? "a command" : `'${what}'`;
    return `${verb} ${subject} (the rule '${rule}')`;
  });
  return `Step '${step}' waits for an approval of ${tool}: ${wanted.join(", ")}`;
}
