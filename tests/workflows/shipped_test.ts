import { assertEquals } from "@std/assert";
import { testWorkflow } from "../../mod.ts";

const workflow = (name: string) => new URL(`../../workflows/${name}.yaml`, import.meta.url);

testWorkflow(workflow("flask"), {
  after({ result }) {
    assertEquals(result.files.map(({ path, saved }) => [path, saved]), [
      ["/project/README.md", true],
      ["/project/requirements.txt", true],
      ["/project/src/app.py", true],
      ["/scratch/notes.txt", false],
    ]);
  },
});

testWorkflow(workflow("review"), {
  after({ events }) {
    const refused = events.flatMap((event) =>
      event.type === "tool.finished" && !event.ok ? [[event.tool, event.code]] : []
    );
    assertEquals(refused, [["edit_file", "denied"]]);
  },
});

testWorkflow(workflow("triage"), {
  async after({ roots }) {
    const names = [];
    for await (const { name } of Deno.readDir(roots["reports"] ?? "")) names.push(name);
    assertEquals(names, ["2026-11-21.md"]);
  },
});
