import { assertEquals } from "@std/assert";
import { type Diagnostic, exitCodeFor, formatDiagnostics } from "../../runner/diagnostics.ts";

const FILE = "workflows/flask.yaml";

function at(line: number, column: number, length = 1): Diagnostic {
  return {
    severity: "error",
    code: "unknown-key",
    message: "Unknown key",
    place: { file: FILE, line, column },
    length,
    hint: "Look",
  };
}

function format(diagnostics: readonly Diagnostic[], source: string): string {
  return formatDiagnostics(diagnostics, new Map([[FILE, source]]));
}

Deno.test("formatDiagnostics() prints code, place, line, carets and hint", () => {
  const diagnostic: Diagnostic = {
    severity: "error",
    code: "unknown-key",
    message: 'Unknown step key "promt"',
    place: { file: FILE, line: 14, column: 5 },
    length: 5,
    hint: 'Did you mean "prompt"?',
  };
  const source = `${"\n".repeat(13)}    promt: Go\n`;
  assertEquals(
    format([diagnostic], source),
    `\
error[unknown-key]: Unknown step key "promt"
  --> workflows/flask.yaml:14:5
   |
14 |     promt: Go
   |     ^^^^^
   = hint: Did you mean "prompt"?
`,
  );
});

Deno.test("formatDiagnostics() prints nothing for no problem", () => {
  assertEquals(format([], ""), "");
});

Deno.test("formatDiagnostics() sorts by place, with what has none first, and blank lines between", () => {
  const general: Diagnostic = {
    severity: "warning",
    code: "no-key",
    message: "No key",
    hint: "Look",
  };
  const other: Diagnostic = { ...at(1, 1), place: { file: "other.yaml", line: 1, column: 1 } };
  assertEquals(
    format([at(2, 3), other, at(2, 1), at(1, 2), general], "ab\ncdef\n"),
    `\
warning[no-key]: No key
 = hint: Look

error[unknown-key]: Unknown key
 --> workflows/flask.yaml:1:2
  |
1 | ab
  |  ^
  = hint: Look

error[unknown-key]: Unknown key
 --> workflows/flask.yaml:2:1
  |
2 | cdef
  | ^
  = hint: Look

error[unknown-key]: Unknown key
 --> workflows/flask.yaml:2:3
  |
2 | cdef
  |   ^
  = hint: Look

error[unknown-key]: Unknown key
 --> other.yaml:1:1
  = hint: Look
`,
  );
});

Deno.test("formatDiagnostics() puts carets below tabs, wide, joined and astral characters", () => {
  const lines = ["\tkey: x", "名前: x", "e\u0301: x", "🎉🎉: x", "a: 名前"];
  const columns = [2, 5, 4, 7, 4];
  const diagnostics = columns.map((column, index) => at(index + 1, column, index === 4 ? 2 : 1));
  const printed = format(diagnostics, lines.join("\n"));
  assertEquals(
    printed.split("\n").filter((line) => /^(?:\d| ) \|/.test(line)).join("\n"),
    `\
  |
1 |     key: x
  |     ^
  |
2 | 名前: x
  |       ^
  |
3 | e\u0301: x
  |   ^
  |
4 | 🎉🎉: x
  |       ^
  |
5 | a: 名前
  |    ^^^^`,
  );
});

Deno.test("formatDiagnostics() shows a long line around the column", () => {
  const line = `${"a".repeat(5_000)}X${"b".repeat(5_000)}`;
  const printed = format([at(1, 5_001)], line).split("\n");
  assertEquals(printed.slice(3, 5), [
    `1 | …${"a".repeat(50)}X${"b".repeat(49)}…`,
    `  | ${" ".repeat(51)}^`,
  ]);
  const last = format([at(1, 10_001)], line).split("\n");
  assertEquals(last.slice(3, 5), [`1 | …${"b".repeat(100)}`, `  | ${" ".repeat(100)}^`]);
});

Deno.test("formatDiagnostics() keeps the carets inside the line", () => {
  assertEquals(
    format([at(1, 3, 99), at(9, 1)], "abcd\r\nnext"),
    `\
error[unknown-key]: Unknown key
 --> workflows/flask.yaml:1:3
  |
1 | abcd
  |   ^^
  = hint: Look

error[unknown-key]: Unknown key
 --> workflows/flask.yaml:9:1
  = hint: Look
`,
  );
});

Deno.test("formatDiagnostics() lets no file or message command the terminal", () => {
  const diagnostic: Diagnostic = {
    ...at(1, 4),
    message: "Bad \x1b[31m name\u202e",
    hint: "Not \x07 this",
  };
  const printed = format([diagnostic], "a: \x1b[2Jb\u2066");
  // Of the control characters only the line feeds are left.
  assertEquals(printed.replaceAll("\n", "").match(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu), null);
  assertEquals(printed.split("\n")[0], "error[unknown-key]: Bad ␛[31m name\ufffd");
});

Deno.test("formatDiagnostics() shows a hundred problems and counts the rest", () => {
  const source = "x\n".repeat(200);
  const many = Array.from({ length: 101 }, (_, index) => at(index + 1, 1));
  const printed = format(many, source);
  assertEquals(printed.split("error[").length - 1, 100);
  assertEquals(printed.endsWith("\n\nnote: 1 more problem is not shown\n"), true);
  const more = format([...many, at(150, 1)], source);
  assertEquals(more.endsWith("\n\nnote: 2 more problems are not shown\n"), true);
});

Deno.test("formatDiagnostics() colours only when asked", () => {
  const diagnostics: Diagnostic[] = [
    at(1, 1),
    { severity: "warning", code: "no-key", message: "W", hint: "Look" },
  ];
  const sources = new Map([[FILE, "x"]]);
  const colored = formatDiagnostics(diagnostics, sources, { color: true });
  assertEquals(colored.includes("\x1b[31m^\x1b[39m"), true);
  const uncolored = colored.replaceAll(/\p{Cc}\[\d+m/gu, "");
  assertEquals(uncolored, formatDiagnostics(diagnostics, sources));
});

Deno.test("exitCodeFor() is 0 without errors, 7 for mismatches alone and else 2", () => {
  const hint = "Look";
  const warning: Diagnostic = { severity: "warning", code: "unused-backend", message: "W", hint };
  const mismatch: Diagnostic = {
    severity: "error",
    code: "rehearsal-mismatch",
    message: "M",
    hint,
  };
  assertEquals(exitCodeFor([]), 0);
  assertEquals(exitCodeFor([warning]), 0);
  assertEquals(exitCodeFor([warning, mismatch, mismatch]), 7);
  assertEquals(exitCodeFor([mismatch, at(1, 1)]), 2);
});

Deno.test("formatDiagnostics() prints no more of a secret in the file than what it is", () => {
  const source = "a: 1\nkey: { d: { b: sk-proj-0123456789, c: x } }\n";
  const secret: Diagnostic = { ...at(2, 16, 18), severity: "warning", code: "inlined-secret" };
  const text = format([secret, at(2, 1, 3), at(1, 1)], source);
  assertEquals(text.match(/^[12] \| .*$/gm), [
    "1 | a: 1",
    "2 | key: { d: { b: sk-proj-**********, c: x } }",
    "2 | key: { d: { b: sk-proj-**********, c: x } }",
  ]);
});
