/**
 * Whose conversation a step goes on with.
 *
 * @module
 */

/** What is known of a step. */
export interface SessionStep {
  readonly id: string;
  /** Whether it asks the model in a conversation that others can go on with. */
  readonly asks: boolean;
}

/**
 * The step whose conversation another one goes on with: an ancestor that asks the model and that no
 * other such ancestor comes after; of several, the last one of the file.
 *
 * @param steps All steps, in the order of the file.
 * @param isBefore Whether one step, by its place in the list, has ended when another one begins.
 * @param index The step's place in the list.
 * @returns The id of the step; `undefined` where there is none.
 */
export function conversationOf(
  steps: readonly (SessionStep | undefined)[],
  isBefore: (before: number, after: number) => boolean,
  index: number,
): string | undefined {
  const isOpen = (each: number) =>
    each !== index && steps[each]?.asks === true && isBefore(each, index);
  const candidates = [...steps.keys()].filter(isOpen).reverse();
  const nearest = candidates.find((each) => !candidates.some((other) => isBefore(each, other)));
  return nearest === undefined ? undefined : steps[nearest]?.id;
}
