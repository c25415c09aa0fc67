import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { graphText } from "../../runner/graph.ts";
import { labelOf, nodeId } from "../../runner/_mermaid.ts";
import { cli } from "../support/cli.ts";
import fc from "../support/fast_check.ts";
import { compiled } from "./_compiled.ts";

// The texts below were read by Mermaid 12.3.0 itself when they were written down. It is no dependency
// here: with a document for it to run in it is as large as all others together.

/** The graph of a workflow, which may have others beside it. */
async function graphOf(yaml: string, files: Readonly<Record<string, string>> = {}) {
  const { plan, text } = await compiled(yaml, { check: true, files });
  if (plan === undefined) throw new Error(text);
  return graphText(plan);
}

const HEAD = "name: demo\nmodel: openai:gpt-4.1\nshell: virtual\n";

Deno.test("graphText() draws prompts with round ends, commands as boxes, in their sequence", async () => {
  const steps = "steps:\n  - { id: write, name: Write it, prompt: Go }\n" +
    "  - { id: test, run: ls }\n  - { id: tell, prompt: Go }\n";
  assertEquals(
    await graphOf(HEAD + steps),
    `---
title: "demo"
---
flowchart TD
  s_write(["Write it (write)"])
  s_test["test"]
  s_tell(["tell"])
  s_write --> s_test
  s_test --> s_tell
`,
  );
});

Deno.test("graphText() draws what steps need, when and for what they run, and what may fail", async () => {
  const steps = `inputs:
  langs: { default: '["de", "fr"]' }
steps:
  - { id: list, run: ls, continue_on_error: true }
  - id: both
    needs: [list, other]
    foreach: { items: "\${{ fromJSON(inputs.langs) }}", item: lang, concurrency: 2 }
    prompt: Go
  - { id: other, prompt: Go, foreach: [1, 2, 3] }
  - { id: last, needs: both, if: "steps.list.status == 'success' && inputs.langs", prompt: Go }
`;
  assertEquals(
    await graphOf(HEAD + steps),
    `---
title: "demo"
---
flowchart TD
  s_list["list"]
  s_both(["both<br/>for each lang of fromJSON(inputs.langs), 2 at a time"])
  s_other(["other<br/>for each item, 3 in all"])
  s_last(["last<br/>if steps.list.status == 'success' #38;#38; inputs.langs"])
  s_list -.-> s_both
  s_other --> s_both
  s_both --> s_last
`,
  );
});

Deno.test("graphText() frames used workflows and the steps that run at the end", async () => {
  const outer = `steps:
  - { id: build, prompt: Go }
  - { id: release, uses: ./inner.yaml }
on_success:
  - { id: tell, prompt: Go }
  - { id: tidy, run: ls }
on_failure:
  - { id: report, prompt: Go }
`;
  const inner = "name: inner\nmodel: openai:gpt-4.1\nsteps:\n  - { id: build, prompt: Go }\n" +
    "  - { id: sign, prompt: Go }\non_failure:\n  - { id: undo, prompt: Go }\n";
  assertEquals(
    await graphOf(HEAD + outer, { "inner.yaml": inner }),
    `---
title: "demo"
---
flowchart TD
  subgraph l_steps["steps"]
    s_build(["build"])
    subgraph s_release["release<br/>uses inner.yaml"]
      subgraph l_release_ssteps["steps"]
        s_release_sbuild(["build"])
        s_release_ssign(["sign"])
        s_release_sbuild --> s_release_ssign
      end
      subgraph l_release_son__failure["on_failure"]
        s_release_sundo(["undo"])
      end
      l_release_ssteps -->|"one failed"| l_release_son__failure
    end
    s_build --> s_release
  end
  subgraph l_on__success["on_success"]
    s_tell(["tell"])
    s_tidy["tidy"]
    s_tell --> s_tidy
  end
  subgraph l_on__failure["on_failure"]
    s_report(["report"])
  end
  l_steps -->|"all succeeded"| l_on__success
  l_steps -->|"one failed"| l_on__failure
`,
  );
});

Deno.test("graphText() hides from Mermaid what would mean something to it", async () => {
  const steps = `steps:
  - { id: end, name: 'say "hi" %%{init: {}}%% & <b>', prompt: Go }
  - { id: style, name: "1. a: *b* _c_ my_d #quot; \`e\`", prompt: Go }
  - { id: a--b, name: "- [x](y)\\n  héllo 漢字", prompt: Go }
`;
  assertEquals(
    await graphOf(`name: 'a "b" --- c'\nmodel: openai:gpt-4.1\n${steps}`),
    `---
title: "a \\"b\\" --- c"
---
flowchart TD
  s_end(["say #34;hi#34; #37;#37;{init: {}}#37;#37; #38; #60;b#62; (end)"])
  s_st_yle(["1#46; a: #42;b#42; #95;c#95; my_d #35;quot; #96;e#96; (#115;tyle)"])
  s_a_m_mb(["#45; [x#93;(y) héllo 漢字 (a--b)"])
  s_end --> s_st_yle
  s_st_yle --> s_a_m_mb
`,
  );
});

Deno.test("labelOf() keeps every text, in one line of characters that mean nothing", () => {
  const part = fc.constantFrom(
    ...['"', "#", "&lt;", "<br/>", "%%{", "}%%", "*", "`", "~~", "\\", "_", "](", "1.", "-", ":"],
    ...["style", "classDef", "end", "\n", " ", "#35;", "é", "漢", "a"],
  );
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(fc.property(text, text, (first, second) => {
    const label = labelOf([first, second]);
    const lines = label.slice(1, -1).split("<br/>");
    assertEquals([label.at(0), lines.length, label.at(-1)], ['"', 2, '"']);
    for (const line of lines) {
      assert(!/["&<>%*`~\\\n]|#(?!\d+;)|style|classDef|\]\(|^[-+=]|^\d+[.)]/.test(line), line);
    }
    const shown = lines.map((line) =>
      line.replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    );
    const plain = (each: string) => each.replace(/\s+/g, " ").trim();
    assertEquals(shown, [plain(first), plain(second)]);
  }));
});

Deno.test("labelOf() cuts what is long between characters, and says so", () => {
  assertEquals(labelOf(["𝒳".repeat(100)]), `"${"𝒳".repeat(100)}"`);
  assertEquals(labelOf(["𝒳".repeat(101)]), `"${"𝒳".repeat(99)}…"`);
});

Deno.test("nodeId() gives every path of steps an id of its own, and none that is a word", () => {
  const name = fc.oneof(
    fc.stringMatching(/^[A-Za-z_][_a-m-]{0,6}$/),
    fc.constantFrom("end", "style", "st_yle", "classDef", "class_dDef", "subgraph", "_s", "s"),
  );
  const path = fc.array(name, { minLength: 1, maxLength: 3 });
  const kind = fc.constantFrom("step", "list");
  fc.assert(
    fc.property(path, path, kind, kind, (one, other, first, second) => {
      const [a, b] = [nodeId(one, first), nodeId(other, second)];
      const isSame = first === second && JSON.stringify(one) === JSON.stringify(other);
      assertEquals(a === b, isSame);
      assert(/^[sl]_\w+$/.test(a) && !/style|classDef/.test(a), a);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("graph prints Mermaid with neither key, inputs nor secrets, and errors as check does", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "routebook-graph-" });
  try {
    const flow = "name: demo\nmodel: openai:gpt-4.1\ninputs: { topic: { required: true } }\n" +
      "secrets: [TOKEN]\nrehearsal: ./r.yaml\nshell: sandbox\n" +
      'steps:\n  - { id: a, prompt: "About ${{ inputs.topic }}" }\n';
    await Deno.writeTextFile(join(cwd, "r.yaml"), "name: demo\nsteps:\n  a: [{ text: Done. }]\n");
    await Deno.writeTextFile(join(cwd, "good.yaml"), flow);
    await Deno.writeTextFile(join(cwd, "bad.yaml"), flow.replace("prompt", "promt"));
    const good = await cli("graph", ["good.yaml"], { cwd });
    const text = '---\ntitle: "demo"\n---\nflowchart TD\n  s_a(["a"])\n';
    assertEquals([good.code, good.stdout, good.stderr], [0, text, ""]);
    const bad = await cli("graph", ["bad.yaml"], { cwd });
    const checked = await cli("check", ["bad.yaml"], { cwd });
    assertEquals([bad.code, bad.stdout], [2, ""]);
    assertEquals(bad.stderr.trim(), checked.stderr.trim());
    const two = await cli("graph", ["good.yaml", "bad.yaml"], { cwd });
    assertEquals(two.code, 2);
    assertEquals(
      two.stderr.split("\n")[0],
      "error[usage]: 'graph' takes one workflow, and 'bad.yaml' is a second one",
    );
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
