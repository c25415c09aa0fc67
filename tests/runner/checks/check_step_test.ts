import { assertEquals, assertRejects } from "@std/assert";
import { StateBackend } from "../../../backends/state.ts";
import { checkStep } from "../../../runner/checks/check_step.ts";
import { versionsBefore } from "../../../runner/checks/versions.ts";
import {
  check,
  checkAll,
  CONTEXT,
  PLACE,
  producing,
  template,
  told,
  treeOf,
  type Unplaced,
} from "./_step.ts";

Deno.test("checkStep() takes a file as produced only if it is new or changed since", async () => {
  const tree = await treeOf({
    "/stale.txt": "old",
    "/rewritten.txt": "same",
    "/directory/a.txt": "",
  });
  const promised = producing(
    ...["/new.txt", "/stale.txt", "/rewritten.txt", "/directory", "/missing.txt"],
  );
  const versions = await versionsBefore(tree, promised, CONTEXT);
  await tree.write("/new.txt", "new");
  await tree.write("/rewritten.txt", "same");
  const { results } = await checkStep({ ...promised, assertions: [] }, {
    ...{ tree, context: CONTEXT, versions, output: "" },
    judge: () => Promise.reject(new Error("No judge")),
    execute: () => Promise.reject(new Error("No command")),
  });
  const wanted = "a file written in this step";
  const stale = "the file that is there is older than this step";
  assertEquals(results.map(told), [
    [true, "'/new.txt' was written in this step"],
    [false, `'/stale.txt' was not produced: ${stale}`, wanted, stale],
    [true, "'/rewritten.txt' was written in this step"],
    [false, "'/directory' was not produced: it is a directory", wanted, "it is a directory"],
    [false, "'/missing.txt' was not produced: it does not exist", wanted, "it does not exist"],
  ]);
  assertEquals(results.map(({ check, path, place }) => [check, path, place])[1], [
    "produces",
    "/stale.txt",
    PLACE,
  ]);
});

Deno.test("checkStep() says of each check of a text what was expected and found", async () => {
  const tree = await treeOf({
    "/app.py": "import flask\napp = Flask(__name__)\n",
    "/empty": "",
    "/dos.txt": "one\r\ntwo\r\n",
  });
  const file = ["/app.py"];
  const two = "2 lines, the first 'import flask'";
  const cases: [Unplaced, ...unknown[]][] = [
    [
      { file, kind: "contains", value: template("${{ inputs.name }}(") },
      true,
      "'/app.py' contains 'Flask('",
    ],
    [
      { file, kind: "contains", value: ["Quart("] },
      false,
      `'/app.py' should contain 'Quart('; it has ${two}`,
      "Quart(",
      two,
    ],
    [
      { file, kind: "contains", value: ["APP =  flask("] },
      false,
      `'/app.py' should contain 'APP =  flask('; it has ${two}`,
      "APP =  flask(",
      `${two}\nline 2 is near: 'app = Flask(__name__)'`,
    ],
    [
      { file: ["/empty"], kind: "contains", value: ["x"] },
      false,
      "'/empty' should contain 'x'; it has nothing in it",
      "x",
      "nothing in it",
    ],
    [{ file, kind: "not_contains", value: ["eval("] }, true, "'/app.py' does not contain 'eval('"],
    [
      { file, kind: "not_contains", value: ["Flask("] },
      false,
      "'/app.py' should not contain 'Flask('; line 2 does",
      "no 'Flask('",
      "line 2: 'app = Flask(__name__)'",
    ],
    [{ file, kind: "matches", value: ["^app = \\w+"] }, true, "'/app.py' matches '^app = \\w+'"],
    [
      { file, kind: "matches", value: ["^Flask"] },
      false,
      `'/app.py' should match '^Flask'; it has ${two}`,
      "a match of '^Flask'",
      two,
    ],
    [
      { file, kind: "matches", value: ["(?=a)"] },
      false,
      "'/app.py' cannot be held against the pattern '(?=a)': invalid or unsupported Perl syntax: `(?=`",
      "a match of '(?=a)'",
      "a pattern that cannot be read: invalid or unsupported Perl syntax: `(?=`",
    ],
    [
      { file, kind: "equals", value: ["import flask\napp = None\n"] },
      false,
      "'/app.py' differs from the expected text in line 2: " +
      "expected 'app = None', found 'app = Flask(__name__)'",
      "1: 'import flask'\n2: 'app = None'",
      "1: 'import flask'\n2: 'app = Flask(__name__)'",
    ],
    [
      { file, kind: "equals", value: ["import flask\napp = Flask(__name__)"] },
      false,
      "'/app.py' differs from the expected text in line 3: expected the end, found ''",
      "1: 'import flask'\n2: 'app = Flask(__name__)'\n3: the end",
      "1: 'import flask'\n2: 'app = Flask(__name__)'\n3: ''",
    ],
    [
      { file: ["/dos.txt"], kind: "equals", value: ["one\ntwo\n"] },
      false,
      "'/dos.txt' differs from the expected text in line 1: expected 'one', found 'one\\r'",
      "1: 'one'",
      "1: 'one\\r'",
    ],
    [{ file: ["/empty"], kind: "equals", value: [] }, true, "'/empty' equals the expected text"],
  ];
  for (const [assertion, ...wanted] of cases) {
    assertEquals(told(await check(tree, assertion)), wanted);
  }
});

Deno.test("checkStep() checks a text line by line with ^ and $ in linear time", async () => {
  const tree = await treeOf({ "/a": `${"a".repeat(100_000)}!` });
  const result = await check(tree, { file: ["/a"], kind: "matches", value: ["^(a+)+$"] });
  assertEquals(result.ok, false);
  const wide = await check(await treeOf({ "/a": "a".repeat(2_000_000) }), {
    file: ["/a"],
    kind: "matches",
    value: ["^(?:[a-z]{1,900}){1}Z$"],
  });
  assertEquals(
    wide.found,
    "a text of 2,000,000 characters, too long for this pattern",
  );
});

Deno.test("checkStep() cuts what it shows of long texts and long lines", async () => {
  const tree = await treeOf({ "/long": "x".repeat(10_000) });
  const wanted = Array.from({ length: 30 }, (_, index) => `${index} ${"y".repeat(1_000)}`).join(
    "\n",
  );
  const { expected, found, message } = await check(tree, {
    file: ["/long"],
    kind: "contains",
    value: [wanted],
  });
  const lines = (expected ?? "").split("\n");
  assertEquals([lines.length, lines.at(-1), lines[0]?.length], [21, "… and 10 more lines", 501]);
  assertEquals(found, `one line, '${"x".repeat(120)}…'`);
  assertEquals(message.length < 400, true);
});

Deno.test("checkStep() says of a path what is there, and that no glob is meant", async () => {
  const tree = await treeOf({ "/a.txt": "12345", "/d/b": "" });
  const cases: [Unplaced, ...unknown[]][] = [
    [{ file: ["/a.txt"], kind: "exists" }, true, "'/a.txt' exists"],
    [{ file: ["/d"], kind: "exists" }, true, "'/d' exists"],
    [{ file: ["/none"], kind: "not_exists" }, true, "'/none' does not exist"],
    [{ file: ["/a.txt/below"], kind: "not_exists" }, true, "'/a.txt/below' does not exist"],
    [
      { file: ["/a.txt"], kind: "not_exists" },
      false,
      "'/a.txt' exists, and should not",
      "nothing is there",
      "a file of 5 bytes",
    ],
    [
      { file: ["/d"], kind: "not_exists" },
      false,
      "'/d' exists, and should not",
      "nothing is there",
      "a directory",
    ],
    [
      { file: ["/none"], kind: "exists" },
      false,
      "'/none' does not exist",
      "something is there",
      "nothing",
    ],
    [
      { file: ["/*.txt"], kind: "exists" },
      false,
      "'/*.txt' does not exist: a path is no glob here",
      "something is there",
      "nothing",
    ],
    [
      { file: ["relative"], kind: "exists" },
      false,
      "Path 'relative' is not absolute: use '/relative'",
      "something is there",
      "Path 'relative' is not absolute: use '/relative'",
    ],
  ];
  for (const [assertion, ...wanted] of cases) {
    assertEquals(told(await check(tree, assertion)), wanted);
  }
});

Deno.test("checkStep() measures bytes and lines, where a last line feed begins no line", async () => {
  const tree = await treeOf({
    "/three": "a\nb\nc\n",
    "/unended": "a\nb\nc",
    "/empty": "",
    "/umlaut": "äöü",
    "/d/b": "",
  });
  const of = (file: string, kind: "size" | "lines", bounds: { min?: number; max?: number }) =>
    check(tree, { file: [file], kind, ...bounds }).then(told);
  assertEquals(await of("/three", "lines", { min: 3, max: 3 }), [true, "'/three' has 3 lines"]);
  assertEquals(await of("/unended", "lines", { min: 3, max: 3 }), [true, "'/unended' has 3 lines"]);
  assertEquals(await of("/empty", "lines", { max: 0 }), [true, "'/empty' has 0 lines"]);
  assertEquals(await of("/umlaut", "size", { min: 6, max: 6 }), [true, "'/umlaut' has 6 bytes"]);
  assertEquals(await of("/three", "size", { min: 7, max: 65_536 }), [
    false,
    "'/three' should have 7 to 65,536 bytes; it has 6 bytes",
    "7 to 65,536 bytes",
    "6 bytes",
  ]);
  assertEquals(await of("/three", "lines", { max: 1 }), [
    false,
    "'/three' should have at most 1 line; it has 3 lines",
    "at most 1 line",
    "3 lines",
  ]);
  assertEquals(await of("/empty", "size", { min: 1 }), [
    false,
    "'/empty' should have at least 1 byte; it has 0 bytes",
    "at least 1 byte",
    "0 bytes",
  ]);
  const binary = "a binary file: it has a NUL byte in it";
  await tree.write("/binary", new Uint8Array([10, 0, 10]));
  assertEquals(await of("/binary", "lines", { min: 1 }), [
    false,
    `'/binary' should have at least 1 line; it is ${binary}`,
    "at least 1 line",
    binary,
  ]);
  await tree.write("/wide", `${"x".repeat(9 * 1024 * 1024)}\n${"y".repeat(9 * 1024 * 1024)}`);
  assertEquals(await of("/wide", "lines", { min: 2, max: 2 }), [true, "'/wide' has 2 lines"]);
  assertEquals(await of("/d", "size", { min: 1 }), [
    false,
    "'/d' should have at least 1 byte; it is a directory",
    "at least 1 byte",
    "a directory",
  ]);
  assertEquals(await of("/none", "lines", { min: 1, max: 1 }), [
    false,
    "'/none' should have 1 line; it does not exist",
    "1 line",
    "nothing",
  ]);
});

Deno.test("checkStep() takes the size of a file from its directory, and reads none that is too large", async () => {
  // A tree whose one file nobody could hold in memory.
  class Huge extends StateBackend {
    override stat(path: string) {
      return Promise.resolve({
        path,
        type: "file" as const,
        size: 2 ** 40,
        modified: 0,
        version: "1",
      });
    }
    override read(): never {
      throw new Error("It was read");
    }
  }
  const tree = new Huge();
  assertEquals(
    told(await check(tree, { file: ["/huge"], kind: "size", min: 2 ** 40 })),
    [true, "'/huge' has 1,099,511,627,776 bytes"],
  );
  const why = "a file of 1099511627776 bytes, more than the 16777216 that are checked";
  for (const kind of ["contains", "not_contains", "matches", "equals"] as const) {
    const { ok, found } = await check(tree, { file: ["/huge"], kind, value: ["x"] });
    assertEquals([ok, found], [false, why]);
  }
  assertEquals((await check(tree, { file: ["/huge"], kind: "is_json" })).found, why);
  assertEquals(
    (await check(tree, { file: ["/huge"], kind: "json_schema", schema: true })).message,
    `'/huge' cannot be checked as text: it is ${why}`,
  );
});

Deno.test("checkStep() fails a check of a file that is not there, no text or no file", async () => {
  const tree = await treeOf({ "/image.png": new Uint8Array([0x89, 0x50, 0, 0xff]), "/d/a": "" });
  const messages: string[] = [];
  for (const file of ["/image.png", "/none", "/d"]) {
    for (const kind of ["contains", "equals"] as const) {
      const { ok, message, found } = await check(tree, { file: [file], kind, value: ["x"] });
      assertEquals([ok, found], [false, message]);
      if (kind === "equals") messages.push(message);
    }
  }
  assertEquals(messages, [
    "Cannot read '/image.png' as text: it has a NUL byte in it",
    "Cannot read '/none': it does not exist",
    "Cannot read '/d': it is a directory",
  ]);
});

Deno.test("checkStep() holds a file against JSON and a schema", async () => {
  const tree = await treeOf({
    "/good.json": '\ufeff{"items": [{"name": "a"}]}\n',
    "/bad.json": '{"items": [{"name": 3}, {}], "more": 1}',
    "/broken.json": '{"items": [}',
  });
  const schema = {
    type: "object",
    additionalProperties: false,
    properties: {
      items: {
        type: "array",
        items: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
      },
    },
  };
  assertEquals(told(await check(tree, { file: ["/good.json"], kind: "is_json" })), [
    true,
    "'/good.json' is JSON",
  ]);
  const error = 'it is not JSON: Unexpected token \'}\', "{"items": [}" is not valid JSON';
  assertEquals(told(await check(tree, { file: ["/broken.json"], kind: "is_json" })), [
    false,
    `'/broken.json' should be JSON; ${error.replace("it is not JSON: ", "")}`,
    "JSON",
    error,
  ]);
  assertEquals(told(await check(tree, { file: ["/good.json"], kind: "json_schema", schema })), [
    true,
    "'/good.json' fits the schema",
  ]);
  const errors = [
    'must not have the property "more"',
    "/items/0/name: must be string, found 3",
    '/items/1: must have the property "name"',
  ];
  assertEquals(told(await check(tree, { file: ["/bad.json"], kind: "json_schema", schema })), [
    false,
    `'/bad.json' should fit the schema; ${errors[0]}; and 2 more`,
    "JSON that fits the schema",
    errors.join("\n"),
  ]);
});

Deno.test("checkStep() fails a check whose expression has no value, and goes on", async () => {
  const tree = await treeOf({ "/a": "x" });
  const { results } = await checkAll(tree, [
    { file: ["/a"], kind: "contains", value: template("${{ fromJSON(inputs.name) }}") },
    { file: ["/a"], kind: "contains", value: ["x"] },
  ]);
  assertEquals(results.map(({ ok }) => ok), [false, true]);
  assertEquals(results[0]?.message.startsWith("The check could not be made: "), true);
});

Deno.test("checkStep() throws what a tree throws that is gone", async () => {
  class Gone extends StateBackend {
    override stat(): never {
      throw new Error("The agent process ended");
    }
  }
  await assertRejects(
    () => check(new Gone(), { file: ["/a"], kind: "exists" }),
    Error,
    "The agent process ended",
  );
});
