/**
 * Exercises links under the permissions of its own process: reads `[root, link name]` pairs as JSON
 * from standard input and prints what each answered.
 *
 * @module
 */

import { LocalBackend } from "../../backends/local.ts";
import { exercise } from "./_local_zoo.ts";

const input: unknown = JSON.parse(await new Response(Deno.stdin.readable).text());
if (!Array.isArray(input)) throw new TypeError("Expected a list");
const answers: unknown[] = [];
for (const [rootDir, name] of input) {
  answers.push(await exercise(new LocalBackend({ rootDir }), name));
}
console.log(JSON.stringify(answers));
