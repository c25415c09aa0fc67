import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { checkCommand, type CheckFormat } from "../../runner/_cli_check.ts";
import { findWorkflows } from "../../runner/_workflow_files.ts";

const GOOD = "name: w\nmodel: openai:m\nsteps: [{ id: a, prompt: Go }]\n";
const BAD = "name: w\nmodel: openai:m\nsteps: [{ id: a, promt: Go }]\n";

async function inDirectory<T>(
  files: Readonly<Record<string, string>>,
  test: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-check-" }));
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(join(dir, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(dir, name), text);
    }
    return await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function found(names: readonly string[], files: Readonly<Record<string, string>>) {
  const { files: names_, diagnostics } = await inDirectory(
    files,
    (dir) => findWorkflows(names, dir),
  );
  return { files: names_, told: diagnostics.map(({ message }) => message) };
}

/** What `check` prints, with its exit code. */
async function checked(
  names: readonly string[],
  files: Readonly<Record<string, string>>,
  format: CheckFormat = "text",
) {
  let [out, err] = ["", ""];
  const code = await inDirectory(files, (cwd) =>
    checkCommand(names, { cwd, format }, {
      out: (text) => out += text,
      err: (text) => err += text,
      outColor: false,
      errColor: false,
    }));
  return { code, out, err };
}

const TREE = {
  "a.yaml": GOOD,
  "b.yml": GOOD,
  "sub/c.yaml": GOOD,
  "sub/deep/d.yaml": GOOD,
  "sub/c.rehearsal.yaml": "name: w\nsteps: { a: [{ text: Hi }] }\n",
  "node_modules/x/e.yaml": GOOD,
  ".github/workflows/f.yaml": GOOD,
  "compose.yaml": "name: x\nservices: {}\n",
  "pipeline.yaml": "steps: [{ script: make }]\n",
  "notes.txt": GOOD,
};

Deno.test("findWorkflows() finds the workflows of a folder, and nothing else", async () => {
  assertEquals(await found(["."], TREE), {
    files: ["a.yaml", "b.yml", "sub/c.yaml", "sub/deep/d.yaml"],
    told: [],
  });
  assertEquals((await found(["sub", "sub/deep/"], TREE)).files, ["sub/c.yaml", "sub/deep/d.yaml"]);
});

Deno.test("findWorkflows() expands globs in the dialect of backends", async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["*.yaml", ["a.yaml"]],
    ["*.{yaml,yml}", ["a.yaml", "b.yml"]],
    ["**/*.yaml", ["a.yaml", "sub/c.yaml", "sub/deep/d.yaml"]],
    ["sub/*.y?ml", ["sub/c.yaml"]],
    ["./sub/**", ["sub/c.yaml", "sub/deep/d.yaml"]],
    ["sub/../[ab].y*ml", ["a.yaml", "b.yml"]],
  ];
  for (const [pattern, files] of cases) {
    assertEquals(await found([pattern], TREE), { files, told: [] }, pattern);
  }
});

Deno.test("findWorkflows() takes a file that is named as it is, and a name with brackets", async () => {
  const files = { ...TREE, "[x].yaml": GOOD };
  assertEquals(await found(["notes.txt", "compose.yaml", "none.yaml", "[x].yaml"], files), {
    files: ["notes.txt", "compose.yaml", "none.yaml", "[x].yaml"],
    told: [],
  });
});

Deno.test("findWorkflows() finds a file above the working directory, once", async () => {
  await inDirectory(TREE, async (dir) => {
    const { files } = await findWorkflows(["../a.yaml", "../*.yaml", ".."], join(dir, "sub"));
    assertEquals(files, ["../a.yaml", "../b.yml", "c.yaml", "deep/d.yaml"]);
  });
});

Deno.test("findWorkflows() says what it skipped where there is no workflow", async () => {
  assertEquals(await found(["sub/nothing*", "docs", "x/*"], { "docs/compose.yaml": "a: 1\n" }), {
    files: [],
    told: [
      'Pattern "sub/nothing*" has no YAML file',
      'Folder "docs" has no workflow: skipped docs/compose.yaml',
      'Pattern "x/*" has no YAML file',
    ],
  });
  const { told } = await found(["*/../../*.yaml"], TREE);
  assertMatch(told[0] ?? "", /'\.\.' leaves the directory/);
});

Deno.test("findWorkflows() keeps workflows that are broken, and leaves rehearsals of any name", async () => {
  const files = {
    "a.yaml": `rehearsal: ./played.yaml\n${GOOD}`,
    "played.yaml": "name: w\nsteps: { a: [{ text: Hi }] }\n",
    "b.yaml": `rehearsal: ./unclosed.yaml\n${GOOD}`,
    "unclosed.yaml": 'name: "w\nsteps:\n  a: [{ text: Hi }]\n',
    "broken.yaml": 'name: "x\nsteps:\n',
    "map.yaml": "name: x\nmodel: openai:m\nsteps: { a: { prompt: Go } }\n",
    "misspelt.yaml": "name: x\nmodel: openai:m\nstep: [{ id: a, prompt: Go }]\n",
  };
  assertEquals((await found(["."], files)).files, [
    "a.yaml",
    "b.yaml",
    "broken.yaml",
    "map.yaml",
    "misspelt.yaml",
  ]);
});

Deno.test("checkCommand() prints problems to one stream, what is fine to the other, and a sum", async () => {
  const { code, out, err } = await checked(["."], { "bad.yaml": BAD, "good.yaml": GOOD });
  assertEquals(code, 2);
  assertEquals(out, "good.yaml: ok\n");
  assertEquals(
    err,
    `\
error[unknown-key]: Unknown step key "promt"
 --> bad.yaml:3:18
  |
3 | steps: [{ id: a, promt: Go }]
  |                  ^^^^^
  = hint: Did you mean "prompt"?

1 of 2 files has errors: 1 error, 0 warnings
`,
  );
  const fine = await checked(["*.yaml"], { "a.yaml": GOOD, "b.yaml": GOOD });
  assertEquals(fine, {
    code: 0,
    out: "a.yaml: ok\nb.yaml: ok\n",
    err: "2 files are fine: 0 errors, 0 warnings\n",
  });
  assertEquals(await checked(["a.yaml"], { "a.yaml": GOOD }), {
    code: 0,
    out: "a.yaml: ok\n",
    err: "",
  });
});

Deno.test("checkCommand() prints one JSON document, with the same keys for every problem", async () => {
  const { code, out, err } = await checked(
    ["bad.yaml", "none.yaml", "empty", "good.yaml"],
    { "bad.yaml": BAD, "good.yaml": GOOD, "empty/x.txt": "" },
    "json",
  );
  assertEquals([code, err], [2, ""]);
  assertEquals(JSON.parse(out), {
    files: ["bad.yaml", "none.yaml", "good.yaml"],
    diagnostics: [
      {
        severity: "error",
        code: "no-workflow",
        message: 'Folder "empty" has no YAML file',
        hint: "Name a workflow, a folder with workflows, or a pattern that matches some",
        file: null,
        line: null,
        column: null,
        length: null,
      },
      {
        severity: "error",
        code: "unknown-key",
        message: 'Unknown step key "promt"',
        hint: 'Did you mean "prompt"?',
        file: "bad.yaml",
        line: 3,
        column: 18,
        length: 5,
      },
      {
        severity: "error",
        code: "no-file",
        message: '"none.yaml" does not exist',
        hint: JSON.parse(out).diagnostics[2].hint,
        file: "none.yaml",
        line: null,
        column: null,
        length: null,
      },
    ],
    errors: 3,
    warnings: 0,
  });
  assertEquals((await checked(["."], { "a.yaml": GOOD }, "json")).out.endsWith("}\n"), true);
});

Deno.test("checkCommand() prints annotations that GitHub reads, with what it would misread escaped", async () => {
  const { code, out } = await checked(["a,b%.yaml"], {
    "a,b%.yaml": `name: w\nmodel: openai:m\n"50%: x\\r\\n::error::y": 1\n` +
      "budget: { turns: 08 }\nsteps: [{ id: a, prompt: Go }]\n",
  }, "github");
  assertEquals(code, 2);
  const [first = "", second = "", ...rest] = out.split("\n");
  assertEquals(rest, [""]);
  assertMatch(
    first,
    /^::error file=a%2Cb%25\.yaml,line=3,col=1,endColumn=\d+,title=unknown-key::Unknown workflow key "50%25: x\\r\\n::error::y"%0A/,
  );
  assertEquals(
    second,
    "::warning file=a%2Cb%25.yaml,line=4,col=18,endColumn=20,title=unclear-number::" +
      '08 is read as the number 8%0AWrite 8, or "08" in quotes if it is a text',
  );
  const none = await checked(["none.yaml"], {}, "github");
  assertMatch(
    none.out,
    /^::error file=none\.yaml,title=no-file::"none\.yaml" does not exist%0A.*\n$/,
  );
});

Deno.test("checkCommand() checks a rehearsal with its workflow, and exits with 7 for a mismatch", async () => {
  const files = {
    "a.yaml": `rehearsal: ./a.rehearsal.yaml\n${GOOD}`,
    "a.rehearsal.yaml": "name: w\nsteps: { b: [{ text: Hi }] }\n",
  };
  const { code, err, out } = await checked(["."], files);
  assertEquals(code, 7);
  assertEquals(out, "");
  assertMatch(err, /--> a\.rehearsal\.yaml:2:10/);
});
