/**
 * A run as a person follows it: one line for each thing that happened, on standard error.
 *
 * @module
 */

import type { EventSink, RunEvent } from "./events.ts";
import { type Style, styleFor } from "./_style.ts";
import { printable, type Write } from "./terminal.ts";

/** Options of {@linkcode createScreen}. */
export interface ScreenOptions {
  /** Where the lines go. */
  readonly write: Write;
  /** Whether to use colours. */
  readonly color: boolean;
}

/** Columns that a tool's name takes. */
const TOOL_COLUMNS = 12;

/** Lines of an answer's text that are shown. */
const ANSWER_LINES = 6;

/** Characters of one line that are shown. */
const LINE_CHARACTERS = 160;

/**
 * A reader of events that prints them as they come.
 *
 * @param options Where to, and how.
 * @returns The reader.
 */
export function createScreen(options: ScreenOptions): EventSink {
  const paint = styleFor(options.color);
  const calls = new Map<string, unknown>();
  let steps: readonly string[] = [];
  return (event) => {
    if (event.type === "run.started") steps = event.steps;
    if (event.type === "tool.called") calls.set(callKey(event), event.arguments);
    const lines = describe(event, steps, calls, paint);
    if (lines.length > 0) options.write(`${lines.join("\n")}\n`);
  };
}

function describe(
  event: RunEvent,
  steps: readonly string[],
  calls: Map<string, unknown>,
  paint: Style,
): string[] {
  switch (event.type) {
    case "run.started":
      return [
        `${paint.bold(printable(event.workflow))}  ${paint.dim(printable(event.file))}`,
        event.rehearsed
          ? paint.yellow(`Rehearsing: scripted answers stand in for ${event.model}`)
          : paint.dim(`Model: ${event.model}`),
      ];
    case "step.started":
      if (event.attempt > 1) return [paint.yellow(`  attempt ${event.attempt}`)];
      return [
        "",
        `${paint.cyan(`[${steps.indexOf(event.step) + 1}/${steps.length}]`)} ` +
        paint.bold(event.step) + (event.name === event.step ? "" : `  ${printable(event.name)}`),
      ];
    case "model.retried":
      return [
        paint.yellow(`  retry in ${seconds(event.delay)}: ${oneLine(event.reason)}`),
      ];
    case "model.answered":
      return event.text.trim() === ""
        ? []
        : answer(event.text).map((line) => `  ${paint.dim(line)}`);
    case "tool.finished": {
      const subject = toolSubject(calls.get(callKey(event)));
      calls.delete(callKey(event));
      const call = `  ${event.tool.padEnd(TOOL_COLUMNS)}${subject}`;
      if (event.ok) return [call];
      const what = event.code === "denied" ? "refused" : "failed";
      return [call, paint.red(`    ${what}: ${oneLine(event.result.replace(/^Error: /, ""))}`)];
    }
    case "step.checked":
      return event.results.map(({ ok, message, place }) =>
        ok
          ? `  ${paint.green("ok")}  ${oneLine(message)}`
          : `  ${paint.red("failed")}  ${oneLine(message)} ` +
            paint.dim(`(${place.file}:${place.line})`)
      );
    case "step.finished":
      if (event.outcome === "success" || event.error === undefined) return [];
      return event.retry ? [] : [paint.red(`  ${event.outcome}: `) + printable(event.error)];
    default:
      return [];
  }
}

function callKey(event: { readonly step: string; readonly turn: number; readonly callId: string }) {
  return `${event.step} ${event.turn} ${event.callId}`;
}

/** What a call is about, in one short line: its path, or what is looked for and where. */
function toolSubject(args: unknown): string {
  if (typeof args !== "object" || args === null) return "";
  const words = new Map(
    Object.entries(args).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
  const [path, from, to] = [words.get("path"), words.get("from"), words.get("to")];
  const wanted = words.get("pattern") ?? words.get("query");
  if (wanted !== undefined) return oneLine(path === undefined ? wanted : `${wanted} in ${path}`);
  if (from !== undefined && to !== undefined) return oneLine(`${from} -> ${to}`);
  return oneLine(path ?? "");
}

function answer(text: string): string[] {
  const lines = text.trim().split("\n");
  const shown = lines.slice(0, ANSWER_LINES).map(oneLine);
  return lines.length > shown.length
    ? [...shown, `(${lines.length - shown.length} more lines)`]
    : shown;
}

function oneLine(text: string): string {
  const line = printable(text.replaceAll(/\s+/g, " ").trim());
  return line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line;
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
