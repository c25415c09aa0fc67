/**
 * The command line: `deno task run FILE`, `plan FILE`, `check FILE...`.
 *
 * @module
 */

import { main } from "./cli.ts";

// With these npm:yaml would print what it reads on standard output, among the results.
const LOUD = ["LOG_STREAM", "LOG_TOKENS"];

if (import.meta.main) {
  for (const name of LOUD) silence(name);
  Deno.exit(await main(Deno.args));
}

function silence(name: string): void {
  try {
    Deno.env.delete(name);
  } catch (error) {
    // What may not be seen is not there for npm:yaml either.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}
