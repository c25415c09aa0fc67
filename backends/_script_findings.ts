/**
 * What is found in a script.
 *
 * @module
 */

import type { Word } from "./_command_words.ts";

/** What is found in a script. */
export type Finding =
  | {
    readonly type: "command";
    readonly words: readonly Word[];
    /** What it reads from its standard input, where the script says so. */
    readonly input: Word | undefined;
  }
  | {
    readonly type: "unknown";
    /** Why it cannot be told what is run: a clause. */
    readonly why: string;
  }
  | {
    /** Which programs the names of commands mean is changed. */
    readonly type: "environment";
    readonly variable: string;
  };

/** Variables by which names come to mean other programs, or programs come to start others. */
const MEANINGS = new RegExp(
  "^(?:PATH|IFS|ENV|BASH_ENV|BASH_FUNC_.*|SHELLOPTS|BASHOPTS|PS4|SHELL|PROMPT_COMMAND|LD_.*" +
    "|GIT_(?!AUTHOR_|COMMITTER_).*|.*PAGER|.*EDITOR|VISUAL|BROWSER|PYTHON(?:STARTUP|PATH|HOME)" +
    "|NODE_OPTIONS|PERL5(?:OPT|LIB|DB)|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS)$",
);

/** Whether a variable has a say in which programs run. */
export function changesMeanings(variable: string): boolean {
  return MEANINGS.test(variable);
}
