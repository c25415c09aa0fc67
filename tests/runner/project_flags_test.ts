import { assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { projectFlags } from "../../runner/_project_flags.ts";

const OWN = "file:///code/routebook/";

Deno.test("projectFlags() leaves the programs of this project to its own configuration", () => {
  assertEquals(projectFlags(`${OWN}runner/main.ts`, OWN), []);
  assertEquals(projectFlags(`${OWN}tests/runner/a_test.ts`, OWN), []);
});

Deno.test("projectFlags() gives children the configuration of whoever imports this project", async () => {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  try {
    const main = toFileUrl(join(directory, "flows/deep/a_test.ts")).href;
    await Deno.mkdir(join(directory, "flows/deep"), { recursive: true });
    await Deno.writeTextFile(join(directory, "deno.jsonc"), "{}");
    assertEquals(projectFlags(main, OWN), [`--config=${directory}/deno.jsonc`, "--quiet"]);
    await Deno.writeTextFile(join(directory, "deno.json"), "{}");
    assertEquals(projectFlags(main, OWN), [`--config=${directory}/deno.json`, "--quiet"]);
    await Deno.writeTextFile(join(directory, "flows/deno.json"), "{}");
    assertEquals(projectFlags(main, OWN), [`--config=${directory}/flows/deno.json`, "--quiet"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("projectFlags() does without any lock file where there is no project", () => {
  assertEquals(projectFlags("file:///nowhere/at/all/a.ts", OWN), ["--no-lock"]);
  assertEquals(projectFlags("https://example.org/a.ts", OWN), ["--no-lock"]);
});
