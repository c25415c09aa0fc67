/**
 * Every claim of THREAT_MODEL.md has a test, and the test is there.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const text = await Deno.readTextFile(
  fromFileUrl(import.meta.resolve("../../THREAT_MODEL.md")),
);

/** The rows of the tables under "Claims", without their heads. */
function claims(): readonly string[] {
  const [, part = ""] = text.split("\n## Claims\n");
  const [tables = ""] = part.split("\n## ");
  return tables.split("\n").filter((line) => /^\| (?!claim |-)/.test(line));
}

Deno.test("THREAT_MODEL.md names a test that is there for each of its claims", async () => {
  const rows = claims();
  assert(rows.length > 30, `only ${rows.length} claims were found`);
  const missing: string[] = [];
  for (const row of rows) {
    const [, file = "", name = ""] = /\| `([^`]+)`: "([^"]+)"\s*\|$/.exec(row) ?? [];
    const url = import.meta.resolve(`../${file}`);
    const source = file === "" ? "" : await Deno.readTextFile(fromFileUrl(url));
    // A long name goes over two lines of its source.
    const joined = source.replaceAll(/["`] \+\s*["`]/g, "");
    if (name === "" || !joined.includes(name)) missing.push(row);
  }
  assertEquals(missing, []);
});
