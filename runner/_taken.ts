/**
 * What a run took of its models, for people.
 *
 * @module
 */

import { dollarText } from "../agent/money.ts";
import type { RunEvent } from "./events.ts";

/** The end of a run. */
type Ended = Pick<
  Extract<RunEvent, { type: "run.finished" }>,
  "turns" | "inputTokens" | "outputTokens" | "usd" | "rehearsed"
>;

/**
 * @param finished The end of a run. The counts of a rehearsal are those of the run that it was written
 * after, so they are left out.
 * @returns `3 turns, 1200 tokens in, 80 out, $0.0045`; dollars where prices are known.
 */
export function takenText(finished: Ended): string {
  const { turns, inputTokens, outputTokens, usd, rehearsed } = finished;
  const asked = `${turns} ${turns === 1 ? "turn" : "turns"}`;
  if (rehearsed) return asked;
  const counts = inputTokens === null || outputTokens === null
    ? "tokens unknown"
    : `${inputTokens} tokens in, ${outputTokens} out`;
  const cost = usd === undefined ? "" : usd === null ? ", cost unknown" : `, ${dollarText(usd)}`;
  return `${asked}, ${counts}${cost}`;
}
