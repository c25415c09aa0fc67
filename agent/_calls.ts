/**
 * From the calls of an answer to results: arguments are parsed and checked before anything runs, and
 * each call gets exactly one result, whatever happens.
 *
 * @module
 */

import { BackendError, type BackendErrorCode } from "../backends/errors.ts";
import type { Backend } from "../backends/protocol.ts";
import type { Shell, ShellOutput } from "../backends/shells/shell.ts";
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
  /** What the tools work on. */
  readonly backend: Backend;
  /** The same files, not observed: what knows where they are kept. */
  readonly files: Backend;
  /** Where the agent has one. */
  readonly shell?: Shell | undefined;
  readonly signal: AbortSignal;
  /** Told of what the commands of a call print. */
  readonly onOutput?: ((callId: string, output: ShellOutput) => void) | undefined;
  /** Told of each result, in the order of the calls. */
  readonly onResult: (result: CallResult) => void;
}

/**
 * Runs the calls of one answer, side by side where their effects cannot conflict. Never rejects for
 * a tool's sake; when the signal aborts, the calls that are not done get a result that says so.
 */
export async function runCalls(
  calls: readonly CheckedCall[],
  options: RunCallsOptions,
): Promise<readonly CallResult[]> {
  const order = conflictingOrder(calls.map((call) => touched(call, options.files)));
  const results: Promise<CallResult>[] = [];
  let told: Promise<void> = Promise.resolve();
  for (const [index, call] of calls.entries()) {
    const earlier = (order[index] ?? []).map((other) => results[other]);
    const result = Promise.all(earlier).then(() => runCall(call, options))
      .then((told) => ({ id: call.id, tool: call.tool, ...told, text: cutResult(told.text) }));
    results.push(result);
    told = told.then(async () => options.onResult(await result));
  }
  await told;
  return await Promise.all(results);
}

function touched(call: CheckedCall, files: Backend): Touched {
  if ("refused" in call.outcome) return { reads: [], writes: [] };
  return touchedPlaces(call.outcome.call.effects, files);
}

type Told = Pick<CallResult, "ok" | "text" | "code" | "exitCode">;

async function runCall(call: CheckedCall, options: RunCallsOptions): Promise<Told> {
  if ("refused" in call.outcome) return { ok: false, text: call.outcome.refused };
  const { backend, signal } = options;
  const shell = options.shell &&
    new CallShell(options.shell, (output) => options.onOutput?.(call.id, output));
  try {
    if (signal.aborted) return cancelled(call.tool);
    const running = call.outcome.call.execute({ backend, shell, signal });
    const text: unknown = await abortable(running, signal);
    if (typeof text !== "string") {
      return { ok: false, text: `Error: The tool '${call.tool}' gave no text but ${kind(text)}.` };
    }
    const exitCode = shell?.exitCode === undefined ? {} : { exitCode: shell.exitCode };
    return { ok: true, text: text === "" ? "(no output)" : text, ...exitCode };
  } catch (error) {
    if (signal.aborted) return cancelled(call.tool);
    const text = failureText(call.tool, error);
    return error instanceof BackendError
      ? { ok: false, text, code: error.code }
      : { ok: false, text };
  }
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
