/**
 * Keeps the environment from npm:yaml, which looks at it for each word that it reads: two variables
 * would make it print what it reads among the results, and each look takes longer than the word.
 *
 * @module
 */

import process from "node:process";

/**
 * Does some work to whose packages the environment is empty.
 *
 * @param work The work. It is done when it returns: nothing else runs meanwhile.
 * @returns What it comes to.
 */
export function withoutEnvironment<T>(work: () => T): T {
  const { env } = process;
  process.env = {};
  try {
    return work();
  } finally {
    process.env = env;
  }
}
