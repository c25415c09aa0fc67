import { assert, assertEquals, assertMatch } from "@std/assert";
import { CODE_TOPICS, DIAGNOSTIC_CODES } from "../../runner/diagnostic_codes.ts";
import { diagnosticsPage } from "../../runner/diagnostics_page.ts";
import { runExample } from "./_examples.ts";

for (const [code, { severity, example, placeless = false }] of Object.entries(DIAGNOSTIC_CODES)) {
  Deno.test(`The example of ${code} has it, with its severity, a place and a hint`, async () => {
    const { diagnostics, text } = await runExample(example);
    if (typeof example !== "string" && example.command !== undefined) {
      assertMatch(text, new RegExp(`^(?:error|warning)\\[${code}\\]: .+\\n(?:.*\\n)*? *= hint: `));
      return;
    }
    const found = diagnostics.filter((diagnostic) => diagnostic.code === code);
    assert(found.length > 0, `${code} is not among\n${text}`);
    for (const diagnostic of found) {
      if (severity !== "either") assertEquals(diagnostic.severity, severity);
      assert(diagnostic.hint !== undefined && diagnostic.hint !== "", text);
      assertEquals(diagnostic.place === undefined, placeless, text);
      const line = diagnostic.place?.line ?? 1;
      assert(line >= 1 && (diagnostic.place?.column ?? 1) >= 1, text);
    }
  });
}

Deno.test("DIAGNOSTIC_CODES says of each code what it means and how to mend it, in sentences", () => {
  for (const [code, { means, mend }] of Object.entries(DIAGNOSTIC_CODES)) {
    assertMatch(code, /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
    assertMatch(means, /^[A-Z"`].*[.]$/s, code);
    assertMatch(mend, /^[A-Z].*(?:[^.]|\.\.\.)$/s, code);
  }
});

Deno.test("docs/diagnostics.md is what deno task docs writes", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/diagnostics.md", import.meta.url));
  assert(page === diagnosticsPage(), "Run deno task docs, and commit docs/diagnostics.md");
});

Deno.test("CODE_TOPICS has each code once", () => {
  const listed = Object.values(CODE_TOPICS).flatMap((codes) => Object.keys(codes));
  assertEquals(listed.toSorted(), Object.keys(DIAGNOSTIC_CODES).toSorted());
});
