/**
 * What a section of a workflow file is, for messages, and the words that several sections share.
 *
 * @module
 */

import type { Advice, Instead } from "./_foreign_words.ts";
import { toolsSchema } from "./schema.ts";

/** What a misplaced or misspelt key is told. */
export interface Section {
  /** What messages call a key of it: "step key". */
  readonly label: string;
  /** Where it is: keys, with `*` for any one. */
  readonly at: readonly string[];
  /** The keys that it has. */
  readonly keys: readonly string[];
  /** Keys that the format names and this version lacks. */
  readonly later?: readonly string[];
  /** What to write instead of keys that other programs have. */
  readonly instead?: Instead;
  /** What to write where a value of a key is of the wrong kind, or none that there is. */
  readonly values?: Readonly<Record<string, Readonly<Record<string, Advice>>>>;
}

/** Stands for every value that {@linkcode Section.values} does not name. */
export const OTHER_VALUE = "";

/** Stands for every key, or index, that {@linkcode Section.values} does not name. */
export const OTHER_KEY = "*";

/** Advice for each value of a key that cannot be. */
export function otherwise(advice: Advice): Readonly<Record<string, Advice>> {
  return { [OTHER_VALUE]: advice };
}

/** For a time without its unit, or of another kind. */
export const TIME: Advice = (value) =>
  typeof value === "number"
    ? `A time has a unit: write ${value}s for seconds, or ${value}m for minutes`
    : "Write a number and its unit: 90s, 5m, 1h30m";

/** For a model that is not named. */
export const MODEL: Advice = (value) =>
  `Write its maker and its name: model: openai:${
    typeof value === "object" && value !== null && "name" in value && typeof value.name === "string"
      ? value.name
      : "gpt-4.1"
  }`;

/** For a variable that is no text. */
export const ENVIRONMENT: Advice = (value) =>
  typeof value === "object" && value !== null
    ? "Write a text: values of other kinds have no form in an environment"
    : undefined;

/** What bounds are called elsewhere. */
export const BUDGET_WORDS: Instead = {
  cost: 'It is spelt "usd" here',
  dollars: 'It is spelt "usd" here',
  max_usd: 'It is spelt "usd" here',
  max_cost: 'It is spelt "usd" here',
  eur: "Prices are in US dollars: write usd",
  max_turns: 'It is spelt "turns" here',
  iterations: 'It is spelt "turns" here',
  max_tokens: 'It is spelt "tokens" here',
  time: 'It is spelt "timeout" here, and stands beside "budget"',
  timeout: 'It stands beside "budget", not in it',
};

/** For a budget that does not say what it bounds. */
export const BUDGET_VALUE: Advice = (value) =>
  `Write what it bounds: budget: { turns: ${typeof value === "number" ? value : 20} }`;

const RULES = 'Write a list of rules: ["write /project/deploy/**", "execute git push *"]';

/** What the agent may do with its tools, for the workflow and for a step. */
export const TOOLS: Omit<Section, "at"> = {
  label: "tools key",
  keys: Object.keys(toolsSchema.shape),
  instead: {
    presets: 'It is spelt "preset" here',
    allowed: 'It is spelt "allow" here',
    disallowed: 'It is spelt "deny" here',
    denied: 'It is spelt "deny" here',
    approve: 'It is spelt "ask" here',
    approval: 'It is spelt "ask" here',
    confirm: 'It is spelt "ask" here',
    execute: 'Write shell: virtual at the top, and rules such as deny: ["execute git push *"]',
    bash: 'Write shell: virtual at the top, and rules such as deny: ["execute git push *"]',
    read: 'Write it as a rule: deny: ["read **/.env"]',
    write: 'Write it as a rule: deny: ["write /project/deploy/**"]',
  },
  values: {
    allow: otherwise(RULES),
    ask: otherwise(RULES),
    deny: {
      execute: "Leave shell out at the top: without it nothing is executed",
      [OTHER_VALUE]: RULES,
    },
  },
};
