/**
 * From the calls of an answer to results: arguments are parsed and checked before anything runs, and
 * each call gets exactly one result, whatever happens.
 *
 * @module
 */

import { BackendError, type BackendErrorCode } from "../backends/errors.ts";
import type { Backend } from "../backends/protocol.ts";
import type { Shell, ShellOutput } from "../backends/shells/shell.ts";
import type { Gate, Ruling } from "./_approval.ts";
import { CallShell } from "./_call_shell.ts";
import { failureText, sentence } from "./_failure.ts";
import { abortable } from "./_abort.ts";
import { conflictingOrder, type Touched, touchedPlaces } from "./_order.ts";
import type { ToolCall } from "./model.ts";
import type { PreparedCall, Tool } from "./tool.ts";
import { cutResult } from "./_text.ts";

/** Arguments nested deeper than this are nobody's honest wish, and overflow a stack somewhere. */
const MAX_DEPTH = 100;

/** A call, looked at. */
export interface CheckedCall {
  readonly id: string;
  /** The tool's name as the model wrote it. */
  readonly tool: string;
  /** The arguments, parsed; the raw text where they cannot be. */
  readonly arguments: unknown;
  /** What to run, or what the model is told instead. */
  readonly outcome: { readonly call: PreparedCall } | { readonly refused: string };
}

/** What the model is told of a call. */
export interface CallResult {
  /** The call's id. */
  readonly id: string;
  /** The tool's name as the model wrote it. */
  readonly tool: string;
  readonly ok: boolean;
  readonly text: string;
  /** Why the backend refused or failed, if it did. */
  readonly code?: BackendErrorCode;
  /** The exit code of the last command that it ran, if it ran any. */
  readonly exitCode?: number;
}

/** Finds the tool of a call and checks the arguments. Nothing is run. */
export async function checkCall(
  call: ToolCall,
  tools: ReadonlyMap<string, Tool>,
): Promise<CheckedCall> {
  const base = { id: call.id, tool: call.name };
  const parsed = parseArguments(call.arguments);
  const seen = "value" in parsed ? parsed.value : call.arguments;
  const refuse = (refused: string): CheckedCall => ({
    ...base,
    arguments: seen,
    outcome: { refused: `Error: ${refused}` },
  });
  const tool = tools.get(call.name);
  if (tool === undefined) {
    const names = [...tools.keys()].join(", ");
    return refuse(`There is no tool '${call.name}'. The tools are: ${names}.`);
  }
  if ("problem" in parsed) {
    return refuse(
      `The arguments of '${call.name}' are not JSON: ${
        sentence(parsed.problem)
      } The tool was not ` +
        "run. Send the call again with a complete JSON object.",
    );
  }
  try {
    const prepared = await tool.prepare(parsed.value);
    if (prepared.ok) return { ...base, arguments: seen, outcome: { call: prepared.call } };
    const problems = prepared.problems.map(sentence).join(" ");
    return refuse(
      `The arguments of '${call.name}' do not fit: ${problems} The tool was not run.`,
    );
  } catch (error) {
    return { ...base, arguments: seen, outcome: { refused: failureText(call.name, error) } };
  }
}

/** What running calls needs. */
export interface RunCallsOptions {
  /** What the tools work on: the files of a gate, as they are observed. */
  readonly observe: (files: Backend) => Backend;
  /** The files, not observed: what knows where they are kept. */
  readonly files: Backend;
  /** Decides what may run. */
  readonly gate: Gate;
  /** Where the agent has one. */
  readonly shell?: Shell | undefined;
  readonly signal: AbortSignal;
  /** Hides in a result what nobody is shown. */
  readonly mask: (text: string) => string;
  /** Told of what the commands of a call print. */
  readonly onOutput?: ((callId: string, output: ShellOutput) => void) | undefined;
  /** Told of each result, in the order of the calls. */
  readonly onResult: (result: CallResult) => void;
}

/**
 * Runs the calls of one answer, side by side where their effects cannot conflict, and asks about one
 * after the other. Never rejects for a tool's sake; when the signal aborts, the calls that are not
 * done get a result that says so.
 *
 * @returns The results, in the order of the calls. A call has none that waits for an approval, or for
 * one that does; nor has one that would have been asked about after it.
 */
export async function runCalls(
  calls: readonly CheckedCall[],
  options: RunCallsOptions,
): Promise<readonly (CallResult | undefined)[]> {
  const order = conflictingOrder(calls.map((call) => touched(call, options.files)));
  const rulings = calls.map((call) => ruleOn(call, options.gate));
  const results: Promise<CallResult | undefined>[] = [];
  let told: Promise<void> = Promise.resolve();
  // The last question before a call; whether it waits for its answer.
  let waiting: Promise<boolean> = Promise.resolve(false);
  for (const [index, call] of calls.entries()) {
    const earlier = Promise.all((order[index] ?? []).map((other) => results[other]));
    const ruling = rulings[index] ?? RUN;
    const entry = enter(call, ruling, { earlier, waiting }, options);
    if (ruling.type === "ask") waiting = entry.then(({ type }) => type === "wait");
    const result = entry.then((entry) => resultOf(call, entry, options));
    results.push(result);
    told = told.then(async () => {
      const done = await result;
      if (done !== undefined) options.onResult(done);
    });
  }
  await told;
  return await Promise.all(results);
}

function touched(call: CheckedCall, files: Backend): Touched {
  if ("refused" in call.outcome) return { reads: [], writes: [] };
  return touchedPlaces(call.outcome.call.effects, files);
}

const RUN: Ruling = { type: "run" };

function ruleOn({ outcome }: CheckedCall, gate: Gate): Ruling {
  return "refused" in outcome ? RUN : gate.rule(outcome.call);
}

type Told = Pick<CallResult, "ok" | "text" | "code" | "exitCode">;

/** How far a call has come: it can run, on these files; it has its result; or it waits. */
type Entry =
  | { readonly type: "run"; readonly call: PreparedCall; readonly files: Backend }
  | { readonly type: "told"; readonly told: Told }
  | { readonly type: "wait" };

/** What a call has to wait for. */
interface Before {
  readonly earlier: Promise<readonly (CallResult | undefined)[]>;
  readonly waiting: Promise<boolean>;
}

/** Waits until it is a call's turn, and for whoever has to approve it. */
async function enter(
  { id, tool, arguments: args, outcome }: CheckedCall,
  ruling: Ruling,
  before: Before,
  { files, gate, signal }: RunCallsOptions,
): Promise<Entry> {
  if ((await before.earlier).includes(undefined)) return { type: "wait" };
  if ("refused" in outcome) return { type: "told", told: { ok: false, text: outcome.refused } };
  const { call } = outcome;
  if (ruling.type === "run") return { type: "run", call, files };
  if (ruling.type === "denied") return { type: "told", told: failed(tool, ruling.error) };
  if (await before.waiting) return { type: "wait" };
  if (signal.aborted) return { type: "told", told: unanswered(tool) };
  try {
    const { wishes } = ruling;
    const answer = await gate.ask({ id, tool, arguments: args, call, wishes }, signal);
    if (answer.type === "wait") return answer;
    if (answer.type === "granted") return { type: "run", call, files: answer.files };
    return { type: "told", told: { ok: false, text: answer.text, code: "denied" } };
  } catch (error) {
    return { type: "told", told: signal.aborted ? unanswered(tool) : failed(tool, error) };
  }
}

async function resultOf(
  { id, tool }: CheckedCall,
  entry: Entry,
  options: RunCallsOptions,
): Promise<CallResult | undefined> {
  if (entry.type === "wait") return undefined;
  const told = entry.type === "told" ? entry.told : await runCall(id, tool, entry, options);
  // Half of what is cut in two would not be known again.
  return { id, tool, ...told, text: cutResult(options.mask(told.text)) };
}

async function runCall(
  id: string,
  tool: string,
  { call, files }: Entry & { readonly type: "run" },
  options: RunCallsOptions,
): Promise<Told> {
  const { signal } = options;
  const shell = options.shell &&
    new CallShell(options.shell, (output) => options.onOutput?.(id, output));
  try {
    if (signal.aborted) return cancelled(tool);
    const running = call.execute({ backend: options.observe(files), shell, signal });
    const text: unknown = await abortable(running, signal);
    if (typeof text !== "string") {
      return { ok: false, text: `Error: The tool '${tool}' gave no text but ${kind(text)}.` };
    }
    const exitCode = shell?.exitCode === undefined ? {} : { exitCode: shell.exitCode };
    return { ok: true, text: text === "" ? "(no output)" : text, ...exitCode };
  } catch (error) {
    return signal.aborted ? cancelled(tool) : failed(tool, error);
  }
}

function failed(tool: string, error: unknown): Told {
  const text = failureText(tool, error);
  return error instanceof BackendError
    ? { ok: false, text, code: error.code }
    : { ok: false, text };
}

function unanswered(tool: string): Told {
  return { ok: false, text: `Error: '${tool}' was cancelled before it was approved.` };
}

function cancelled(tool: string): Told {
  return {
    ok: false,
    text: `Error: '${tool}' was cancelled; whether it was done in part is not known.`,
  };
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `a value of type '${typeof value}'`;
}

type Parsed = { readonly value: unknown } | { readonly problem: string };

function parseArguments(text: string): Parsed {
  // Many servers send nothing at all for a call without arguments.
  if (text.trim() === "") return { value: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const end = error.message.includes("end of JSON") ? ` after ${text.length} characters` : "";
    return { problem: error.message + end };
  }
  if (isDeep(value)) return { problem: `They are nested more than ${MAX_DEPTH} levels deep` };
  return { value };
}

function isDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((item) =>
      typeof item === "object" && item !== null ? Object.values(item) : []
    );
  }
  return false;
}
