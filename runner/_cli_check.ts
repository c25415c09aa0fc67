/**
 * `deno task check`: every problem of many workflow files, for people, for programs and for GitHub.
 *
 * @module
 */

import type { Terminal } from "./_cli_run.ts";
import { type CompileResult, compileWorkflow } from "./compile.ts";
import type { Probe } from "./_compile_confinement.ts";
import { type Diagnostic, exitCodeFor, formatDiagnostics } from "./diagnostics.ts";
import type { PlanConfinement } from "./plan.ts";
import { printable } from "./terminal.ts";
import { findWorkflows } from "./_workflow_files.ts";

/** How problems are printed: for people, as one JSON document, or as annotations of GitHub. */
export const CHECK_FORMATS = ["text", "json", "github"] as const;

/** One of {@linkcode CHECK_FORMATS}. */
export type CheckFormat = (typeof CHECK_FORMATS)[number];

/** What came of one file. */
interface Checked extends Pick<CompileResult, "diagnostics" | "sources"> {
  /** Its name relative to the working directory; absent for what holds no file. */
  readonly file: string | undefined;
}

/**
 * Checks workflow files, without keys, inputs and secrets, and without running anything.
 *
 * @param names Files, folders and globs, relative to the working directory.
 * @param options The working directory and the format.
 * @param terminal Where it is printed.
 * @returns The exit code: 0 without errors.
 */
export async function checkCommand(
  names: readonly string[],
  options: { readonly cwd: string; readonly format: CheckFormat },
  terminal: Terminal,
): Promise<number> {
  const { cwd, format } = options;
  const { files, diagnostics } = await findWorkflows(names, cwd);
  const probe = askedOnce();
  const results: Checked[] = [];
  if (diagnostics.length > 0) {
    results.push({ file: undefined, diagnostics, sources: new Map() });
  }
  for (const file of files) {
    if (isRehearsal(file)) {
      if (format === "text") terminal.out(`${file}: a rehearsal, checked with its workflow\n`);
      continue;
    }
    // A key is not needed to check a file, and neither is a rehearsal.
    const result = await compileWorkflow(file, { cwd, key: true, check: true, probe });
    results.push({ file, ...result });
  }
  if (format === "json") terminal.out(jsonOf(results));
  else if (format === "github") terminal.out(results.flatMap(annotationsOf).join(""));
  else printText(results, terminal);
  return exitCodeFor(results.flatMap((result) => result.diagnostics));
}

function isRehearsal(file: string): boolean {
  return /\.rehearsal\.ya?ml$/.test(file);
}

/** What a machine has is the same for all files. */
function askedOnce(): Probe {
  const answers = new Map<boolean, Promise<PlanConfinement>>();
  return ({ nested }) => {
    const answer = answers.get(nested) ?? probeThisMachine(nested);
    answers.set(nested, answer);
    return answer;
  };
}

async function probeThisMachine(nested: boolean): Promise<PlanConfinement> {
  const { probeConfinement } = await import("./bubblewrap.ts");
  return await probeConfinement({ nested });
}

function countOf(diagnostics: readonly Diagnostic[], severity: Diagnostic["severity"]): number {
  return diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
}

function printText(results: readonly Checked[], { out, err, errColor }: Terminal): void {
  for (const { file, diagnostics, sources } of results) {
    if (diagnostics.length > 0) err(formatDiagnostics(diagnostics, sources, { color: errColor }));
    if (exitCodeFor(diagnostics) !== 0) err("\n");
    else if (file !== undefined) out(`${file}: ok\n`);
  }
  const files = results.filter(({ file }) => file !== undefined);
  if (files.length < 2) return;
  const all = results.flatMap(({ diagnostics }) => diagnostics);
  const bad = files.filter(({ diagnostics }) => exitCodeFor(diagnostics) !== 0).length;
  const counts = `${number(countOf(all, "error"), "error")}, ${
    number(countOf(all, "warning"), "warning")
  }`;
  const verb = bad === 1 ? "has" : "have";
  err(
    bad === 0
      ? `${files.length} files are fine: ${counts}\n`
      : `${bad} of ${files.length} files ${verb} errors: ${counts}\n`,
  );
}

function number(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** All results as one document, with the same keys whatever was found. */
function jsonOf(results: readonly Checked[]): string {
  const all = results.flatMap(({ diagnostics }) => diagnostics);
  const document = {
    files: results.flatMap(({ file }) => file ?? []),
    diagnostics: results.flatMap(({ file, diagnostics }) =>
      diagnostics.map(({ severity, code, message, hint, place, length }) => ({
        severity,
        code,
        message,
        hint,
        file: place?.file ?? file ?? null,
        line: place?.line ?? null,
        column: place?.column ?? null,
        length: place === undefined ? null : length ?? 1,
      }))
    ),
    errors: countOf(all, "error"),
    warnings: countOf(all, "warning"),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Commands of GitHub Actions that show a problem beside its line. */
function annotationsOf({ file, diagnostics }: Checked): readonly string[] {
  return diagnostics.map(({ severity, code, message, hint, place, length = 1 }) => {
    const properties: [string, string | number | undefined][] = [
      ["file", place?.file ?? file],
      ["line", place?.line],
      ["col", place?.column],
      ["endColumn", place && place.column + length],
      ["title", code],
    ];
    const written = properties.flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}=${escapeProperty(String(value))}`]
    );
    const data = escapeData(`${printable(message)}\n${printable(hint)}`);
    return `::${severity} ${written.join(",")}::${data}\n`;
  });
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
