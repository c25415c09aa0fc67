import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { PROJECT } from "../support/cli.ts";

/** A file and a text in it, as a row names its test. */
const REFERENCE = /`(tests\/[\w./-]+)`: "(.+?)" *\|/g;

const MODEL = await Deno.readTextFile(join(PROJECT, "THREAT_MODEL.md"));

Deno.test("THREAT_MODEL.md names tests that are there, one or more for each claim", async () => {
  const held = MODEL.slice(MODEL.indexOf("## What is held"), MODEL.indexOf("## What is not held"));
  const rows = held.split("\n").filter((line) => /^\| (?!claim|-)/.test(line));
  assert(rows.length > 40, `only ${rows.length} rows were found`);
  for (const row of rows) {
    const references = [...row.matchAll(REFERENCE)];
    assertEquals(references.length, 1, `no test is named as it should be: ${row}`);
    for (const [, file = "", text = ""] of references) {
      const source = await Deno.readTextFile(join(PROJECT, file));
      assert(source.includes(text), `'${file}' has nothing called '${text}'`);
    }
  }
});

Deno.test("THREAT_MODEL.md has a row for each file of tests/security", () => {
  const directory = join(PROJECT, "tests/security");
  const files = [...Deno.readDirSync(directory)].map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts"));
  assert(files.length > 8);
  for (const file of files) assert(MODEL.includes(`tests/security/${file}`), file);
});
