/**
 * The check `judge`: a model says whether a rubric holds.
 *
 * @module
 */

import type { JudgeParams, JudgeResult } from "../../agent/process.ts";
import { excerpt, failed, type Finding, passed, quote } from "./_finding.ts";

/** Characters of a text that a model is given to judge: what a small model can take in. */
const JUDGED_CHARACTERS = 200_000;

/** What a model is asked to judge. */
export type JudgeQuestion = Pick<JudgeParams, "rubric" | "label" | "text">;

/** An end of the step that is no verdict. */
export interface CheckEnd {
  readonly outcome: Exclude<JudgeResult["outcome"], "success" | "failure">;
  /** Why, in a sentence. */
  readonly error: string;
}

/** What a judge found, and what that took. */
export interface Judgement {
  readonly finding?: Finding;
  /** Set where there is no verdict, and the step ends. */
  readonly ended?: CheckEnd;
}

/**
 * @param question What is judged, and by what.
 * @param judge Asks the model.
 */
export async function holds(
  question: JudgeQuestion,
  judge: (question: JudgeQuestion) => Promise<JudgeResult>,
): Promise<Judgement> {
  const { rubric, label, text } = question;
  const expected = excerpt(rubric.trim());
  const name = label.startsWith("/") ? `'${label}'` : label;
  if (text.length > JUDGED_CHARACTERS) {
    const found = `${text.length} characters, more than the ${JUDGED_CHARACTERS} that are judged`;
    return {
      finding: failed(`${capital(name)} cannot be judged: it has ${found}`, expected, found),
    };
  }
  const { outcome, pass, reason } = await judge(question);
  if (outcome !== "success" && outcome !== "failure") return { ended: { outcome, error: reason } };
  const said = reason.trim() === "" ? "no reason was given" : reason.trim();
  if (outcome === "failure") {
    const message = `${capital(name)} was not judged: ${oneLine(said)}`;
    return { finding: failed(message, expected, excerpt(said)) };
  }
  if (pass) {
    return { finding: passed(`${capital(name)} was found to hold ${quote(rubric.trim())}`) };
  }
  const message = `${capital(name)} does not hold ${quote(rubric.trim())}: ${oneLine(said)}`;
  return { finding: failed(message, expected, excerpt(said)) };
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300).toWellFormed()}…` : line;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
