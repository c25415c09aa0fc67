/**
 * A run as a person follows it: one line for each thing that happened, on standard error.
 *
 * @module
 */

import type { EventSink, RunEvent } from "./events.ts";
import type { PlanConfinement } from "./plan.ts";
import { answerLines, requestLines } from "./_screen_approvals.ts";
import { commandLines, ShownCommand } from "./_screen_commands.ts";
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
  const shown: Shown = { paint, steps: [], calls: new Map(), commands: new Map() };
  return (event) => {
    if (event.type === "run.started") shown.steps = event.steps;
    const lines = describe(event, shown);
    if (lines.length > 0) options.write(`${lines.join("\n")}\n`);
  };
}

/** What is on the screen. */
interface Shown {
  readonly paint: Style;
  steps: readonly string[];
  /** The calls under way and those that wait for them, in order. */
  readonly calls: Map<string, ShownCall>;
  /** The commands under way, by their calls. */
  readonly commands: Map<string, ShownCommand>;
}

interface ShownCall {
  readonly tool: string;
  readonly arguments: unknown;
  /** Whether it is on the screen already. */
  announced?: boolean;
}

function describe(event: RunEvent, shown: Shown): string[] {
  const { paint, steps, calls, commands } = shown;
  switch (event.type) {
    case "run.started":
      return [
        `${paint.bold(printable(event.workflow))}  ${paint.dim(printable(event.file))}`,
        ...modelLines(event, paint),
        ...event.confinement === undefined ? [] : [confinementLine(event.confinement, paint)],
        ...event.resumes === undefined ? [] : [paint.dim(`Goes on with run ${event.resumes}`)],
      ];
    case "step.started": {
      const { command = "" } = event;
      const script = command === "" ? [] : commandLines(command);
      const lines = script.map((line, index) => `  ${index === 0 ? "$" : " "} ${line}`);
      if (event.attempt > 1) return [paint.yellow(`  attempt ${event.attempt}`), ...lines];
      return [
        "",
        `${paint.cyan(`[${steps.indexOf(event.step) + 1}/${steps.length}]`)} ` +
        paint.bold(event.step) + (event.name === event.step ? "" : `  ${printable(event.name)}`),
        ...lines,
      ];
    }
    case "tool.called": {
      calls.set(callKey(event), { tool: event.tool, arguments: event.arguments });
      return nextCommand(shown);
    }
    case "command.output": {
      const key = `${event.step} ${event.callId}`;
      const command = commands.get(key) ?? new ShownCommand(paint);
      commands.set(key, command);
      return command.output(event.stream, event.text);
    }
    case "approval.requested":
      return requestLines(event, paint);
    case "approval.answered":
      return answerLines(event, paint);
    case "command.finished": {
      const { exitCode, timedOut, notes } = event;
      return [
        ...commandEnd(`${event.step} `, shown, exitCode, timedOut),
        ...notes.map((note) => `    ${paint.dim(`(${oneLine(note)})`)}`),
      ];
    }
    case "model.retried":
      return [
        paint.yellow(`  retry in ${seconds(event.delay)}: ${oneLine(event.reason)}`),
      ];
    case "model.answered":
      return event.text.trim() === ""
        ? []
        : answer(event.text).map((line) => `  ${paint.dim(line)}`);
    case "tool.finished": {
      const call = calls.get(callKey(event));
      calls.delete(callKey(event));
      const lines = call?.announced === true
        ? []
        : [toolLine(event.tool, toolSubject(call?.arguments))];
      lines.push(...commandEnd(`${event.step} ${event.callId}`, shown, event.exitCode, false));
      if (!event.ok) {
        const what = event.code === "denied" ? "refused" : "failed";
        lines.push(paint.red(`    ${what}: ${oneLine(event.result.replace(/^Error: /, ""))}`));
      }
      return [...lines, ...nextCommand(shown)];
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
      if (event.retry) return [];
      return [
        (event.outcome === "waiting" ? paint.yellow : paint.red)(`  ${event.outcome}: `) +
        printable(event.error),
      ];
    default:
      return [];
  }
}

function modelLines(
  { rehearsed, model }: Extract<RunEvent, { type: "run.started" }>,
  paint: Style,
): string[] {
  if (rehearsed) return [paint.yellow(`Rehearsing: scripted answers stand in for ${model}`)];
  return model === "none" ? [] : [paint.dim(`Model: ${model}`)];
}

function confinementLine(confinement: PlanConfinement, paint: Style): string {
  if (confinement.type === "bubblewrap") {
    return paint.dim(
      "Confined by bubblewrap: local files and programs are in a namespace of their own",
    );
  }
  const reason = oneLine(confinement.reason).replace(/\.$/, "");
  return paint.yellow(`Confined by Deno's flags and the path guard alone: ${reason}`);
}

/** What a command prints comes before its call is finished, and the command has to stand above that. */
function nextCommand({ calls }: Shown): string[] {
  const [call] = calls.values();
  const command = call && commandOf(call);
  if (call === undefined || call.announced === true || command === undefined) return [];
  call.announced = true;
  const [first = "", ...others] = commandLines(command);
  const indent = " ".repeat(TOOL_COLUMNS);
  return [toolLine(call.tool, first), ...others.map((line) => `  ${indent}${line}`)];
}

/** The command of a call of `execute`, as the model wrote it. */
function commandOf({ tool, arguments: args }: ShownCall): string | undefined {
  if (tool !== "execute" || typeof args !== "object" || args === null) return undefined;
  return "command" in args && typeof args.command === "string" ? args.command : undefined;
}

function commandEnd(
  key: string,
  { commands, paint }: Shown,
  exitCode: number | undefined,
  timedOut: boolean,
): string[] {
  const command = commands.get(key) ?? new ShownCommand(paint);
  commands.delete(key);
  return command.end(exitCode, timedOut);
}

function toolLine(tool: string, subject: string): string {
  return `  ${tool.padEnd(TOOL_COLUMNS)}${subject}`;
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
