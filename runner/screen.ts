/**
 * A run as a person follows it: one line for each thing that happened, on standard error.
 *
 * @module
 */

import { durationText } from "./_durations.ts";
import type { CheckResult, EventSink, RunEvent } from "./events.ts";
import type { PlanConfinement } from "./plan.ts";
import { answerLines, requestLines } from "./_screen_approvals.ts";
import { boxLine } from "./_screen_boxes.ts";
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

/** Lines of what a check expected and found, and errors of an answer's form, that are shown. */
const FOUND_LINES = 6;

/**
 * A reader of events that prints them as they come.
 *
 * @param options Where to, and how.
 * @returns The reader.
 */
export function createScreen(options: ScreenOptions): EventSink {
  const paint = styleFor(options.color);
  const shown: Shown = {
    paint,
    steps: [],
    underWay: new Map(),
    last: "",
    lastError: "",
    hasCopied: false,
  };
  return (event) => {
    if (event.type === "run.started") shown.steps = event.steps;
    const lines = describe(event, shown);
    const told = isOfSeveral(event, shown) ? lines.map((line) => marked(event.step, line)) : lines;
    if ("step" in event && told.length > 0) shown.last = event.step;
    shown.hasCopied = event.type === "artifact.copied";
    if (event.type === "step.finished" && !event.retry) shown.underWay.delete(event.step);
    if (told.length > 0) options.write(`${told.join("\n")}\n`);
  };

  function marked(step: string, line: string): string {
    return `  ${paint.cyan(step)} |${line.replace(/^ {1}/, "")}`;
  }
}

/** What is on the screen. */
interface Shown {
  readonly paint: Style;
  steps: readonly string[];
  /** What the steps under way do, by their keys. */
  readonly underWay: Map<string, ShownStep>;
  /** The step that the last line is of. */
  last: string;
  /** Why the step failed that was told of last. */
  lastError: string;
  /** Whether the last line is of an artifact. */
  hasCopied: boolean;
}

/** What a step does. */
interface ShownStep {
  /** The calls under way and those that wait for them, in order. */
  readonly calls: Map<string, ShownCall>;
  /** The commands under way, by their calls. */
  readonly commands: Map<string, ShownCommand>;
  /** Whether its checks are under way: what their commands print, and judges answer, they tell. */
  isChecking: boolean;
  /** What was told of the attempt already, and is not told again. */
  told: { form: boolean; checks: boolean };
}

interface ShownCall {
  readonly tool: string;
  readonly arguments: unknown;
  /** Whether it is on the screen already. */
  announced?: boolean;
}

function describe(event: RunEvent, shown: Shown): string[] {
  const { paint } = shown;
  const step = stepOf(event, shown);
  const { calls, commands } = step;
  switch (event.type) {
    case "run.started":
      return [
        `${paint.bold(printable(event.workflow))}  ${paint.dim(printable(event.file))}`,
        ...modelLines(event, paint),
        ...event.confinement === undefined ? [] : [confinementLine(event.confinement, paint)],
        ...event.resumes === undefined ? [] : [paint.dim(`Goes on with run ${event.resumes}`)],
      ];
    case "box.progress":
    case "box.started":
      return [boxLine(event, paint)];
    case "step.started": {
      step.isChecking = false;
      step.told = { form: false, checks: false };
      const { command = "" } = event;
      const script = command === "" ? [] : commandLines(command);
      const lines = script.map((line, index) => `  ${index === 0 ? "$" : " "} ${line}`);
      if (event.attempt > 1) return [paint.yellow(`  attempt ${event.attempt}`), ...lines];
      return [...stepHead(event, shown), ...lines];
    }
    case "step.skipped":
      return [
        ...isInner(event.step) ? [] : [""],
        `${stepName(event.step, shown)}  ${paint.yellow("skipped")}: ${oneLine(event.reason)}`,
      ];
    case "output.refused": {
      step.told.form = true;
      const more = event.errors.length - FOUND_LINES;
      return [
        paint.yellow("  not of the form that is asked for:"),
        ...event.errors.slice(0, FOUND_LINES).map((error) => `    ${oneLine(error)}`),
        ...more > 0 ? [`    (${more} more)`] : [],
      ];
    }
    case "artifact.copied":
      return [
        ...shown.hasCopied ? [] : ["", "Artifacts"],
        `  ${oneLine(event.path)} -> ${oneLine(event.to)}`,
      ];
    case "tool.called": {
      calls.set(callKey(event), { tool: event.tool, arguments: event.arguments });
      return nextCommand(calls);
    }
    case "command.output": {
      if (step.isChecking) return [];
      const command = commands.get(event.callId) ?? new ShownCommand(paint);
      commands.set(event.callId, command);
      return command.output(event.stream, event.text);
    }
    case "approval.requested":
      return requestLines(event, paint);
    case "approval.answered":
      return answerLines(event, paint);
    case "command.finished": {
      if (step.isChecking) return [];
      const { exitCode, timedOut, notes } = event;
      return [
        ...commandEnd("", commands, paint, exitCode, timedOut),
        ...notes.map((note) => `    ${paint.dim(`(${oneLine(note)})`)}`),
      ];
    }
    case "model.retried":
      return [
        paint.yellow(`  retry in ${seconds(event.delay)}: ${oneLine(event.reason)}`),
      ];
    case "model.answered":
      return step.isChecking || event.text.trim() === ""
        ? []
        : answer(event.text).map((line) => `  ${paint.dim(line)}`);
    case "tool.finished": {
      const call = calls.get(callKey(event));
      calls.delete(callKey(event));
      const lines = call?.announced === true
        ? []
        : [toolLine(event.tool, toolSubject(call?.arguments))];
      lines.push(...commandEnd(event.callId, commands, paint, event.exitCode, false));
      if (!event.ok) {
        const what = event.code === "denied" ? "refused" : "failed";
        lines.push(paint.red(`    ${what}: ${oneLine(event.result.replace(/^Error: /, ""))}`));
      }
      return [...lines, ...nextCommand(calls)];
    }
    case "check.started":
      step.isChecking = true;
      return [];
    case "step.checked": {
      const { told } = step;
      step.isChecking = false;
      told.checks = event.results.some(({ ok }) => !ok);
      return event.results.flatMap((result) => checkedLines(result, paint, told.form));
    }
    case "step.finished": {
      const { outcome, error = "", retry, delay, continued } = event;
      if (event.items === 0) return [`  ${paint.dim("no items")}`];
      if (outcome === "success" || error === "") return [];
      const later = delay === undefined
        ? []
        : [paint.yellow(`  tried again in ${durationText(delay)}`)];
      // What was checked is told already.
      if (retry && outcome !== "timeout") return later;
      const goesOn = continued === true ? " (the run goes on)" : "";
      const color = outcome === "waiting" || retry || continued === true ? paint.yellow : paint.red;
      const { lastError } = shown;
      shown.lastError = error;
      // What failed in a step that is made of others is told already.
      const news = lastError !== "" && error.endsWith(`: ${lastError}`)
        ? error.slice(0, -lastError.length - 2)
        : error;
      const why = step.told.checks && outcome === "failure" ? "" : `: ${printable(news)}`;
      return [color(`  ${outcome}${goesOn}${why.slice(0, 2)}`) + why.slice(2), ...later];
    }
    default:
      return [];
  }
}

/** What a step does that an event is of. */
function stepOf(event: RunEvent, { underWay }: Shown): ShownStep {
  const none: ShownStep = {
    calls: new Map(),
    commands: new Map(),
    isChecking: false,
    told: { form: false, checks: false },
  };
  if (!("step" in event) || event.type === "step.skipped") return none;
  const step = underWay.get(event.step) ?? none;
  underWay.set(event.step, step);
  return step;
}

/** Whether a line has to say which step it is of, as others are under way that it may be of. */
function isOfSeveral(
  event: RunEvent,
  { underWay, last }: Shown,
): event is Extract<RunEvent, { readonly step: string }> {
  if (!("step" in event) || event.type === "step.skipped") return false;
  if (event.type === "step.started" && event.attempt === 1) return false;
  // A step whose items or whose own workflow is under way says nothing itself meanwhile.
  const doers = [...underWay.keys()].filter((key) =>
    ![...underWay.keys()].some((other) => isWithin(other, key))
  );
  return doers.some((key) => key !== event.step) || (last !== "" && last !== event.step);
}

function isWithin(key: string, outer: string): boolean {
  return key.startsWith(`${outer}[`) || key.startsWith(`${outer}/`);
}

/** Whether it is an item, or a step of a workflow that is used. */
function isInner(step: string): boolean {
  return /[[/]/.test(step);
}

function stepName(step: string, { steps, paint }: Shown): string {
  if (isInner(step)) return `  ${paint.bold(step)}`;
  const index = steps.indexOf(step);
  const place = index < 0 ? "[after]" : `[${index + 1}/${steps.length}]`;
  return `${paint.cyan(place)} ${paint.bold(step)}`;
}

function stepHead(
  { step, name, item, uses }: Extract<RunEvent, { type: "step.started" }>,
  shown: Shown,
): string[] {
  const [id] = step.split(/[[/]/).slice(-1);
  const what = item ?? (name === id || item !== undefined ? undefined : name);
  return [
    ...isInner(step) ? [] : [""],
    stepName(step, shown) + (what === undefined ? "" : `  ${oneLine(what)}`),
    ...uses === undefined ? [] : [`  ${"uses".padEnd(TOOL_COLUMNS)}${oneLine(uses)}`],
  ];
}

function checkedLines(result: CheckResult, paint: Style, toldForm: boolean): string[] {
  const { ok, message, place, expected, found } = result;
  if (ok) return [`  ${paint.green("ok")}  ${oneLine(message)}`];
  const where = paint.dim(`(${place.file}:${place.line})`);
  const line = `  ${paint.red("failed")}  ${oneLine(message)} ${where}`;
  if (result.check === "output" && toldForm) return [line];
  return [
    line,
    ...foundLines("expected:", expected, paint),
    ...foundLines("found:   ", found, paint),
  ];
}

/** What a check expected or found, if it takes more than the sentence. */
function foundLines(label: string, text: string | undefined, paint: Style): string[] {
  if (text === undefined || !text.includes("\n")) return [];
  const lines = text.split("\n");
  const shown = lines.slice(0, FOUND_LINES).map((line) => cut(printable(line)));
  const more = lines.length - shown.length;
  if (more > 0) shown.push(`(${more} more ${more === 1 ? "line" : "lines"})`);
  const indent = " ".repeat(label.length);
  return shown.map((line, index) => `    ${paint.dim(`${index === 0 ? label : indent} ${line}`)}`);
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
function nextCommand(calls: ShownStep["calls"]): string[] {
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
  commands: ShownStep["commands"],
  paint: Style,
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

function callKey(event: { readonly turn: number; readonly callId: string }) {
  return `${event.turn} ${event.callId}`;
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
  return cut(printable(text.replaceAll(/\s+/g, " ").trim()));
}

function cut(line: string): string {
  return line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line;
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
