/**
 * What the command line understands, and what it answers. Progress goes to standard error, results
 * to standard output.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Terminal } from "./_cli_run.ts";
import type { CompileOptions } from "./compile.ts";
import { type DiagnosticCode, hintFor } from "./diagnostic_codes.ts";
import { exitCodeFor, formatDiagnostics } from "./diagnostics.ts";
import { OutputError, writerTo } from "./terminal.ts";
import { USAGE } from "./_usage.ts";

/** The exit code of a command line, or of a workflow, that cannot be understood. */
const INVALID = 2;

/** The exit code of a run that failed. */
const FAILED = 1;

const OPTIONS = {
  input: { type: "string", multiple: true },
  inputs: { type: "string" },
  model: { type: "string" },
  rehearse: { type: "boolean" },
  live: { type: "boolean" },
  json: { type: "boolean" },
  explain: { type: "boolean" },
  check: { type: "string" },
  format: { type: "string" },
  resume: { type: "string" },
  approve: { type: "boolean" },
  refuse: { type: "string" },
  remove: { type: "boolean" },
  all: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** The options that a command takes, besides `--help`. */
const COMMANDS: Readonly<Record<string, readonly (keyof typeof OPTIONS)[]>> = {
  run: ["input", "inputs", "model", "rehearse", "live", "json", "resume", "approve", "refuse"],
  plan: ["input", "inputs", "model", "rehearse", "live", "json", "explain", "check"],
  check: ["json", "format"],
  graph: [],
  log: ["json"],
  sandboxes: ["remove", "all", "json"],
};

/** The commands, in a sentence. */
const COMMAND_NAMES = "run, plan, check, graph, log or sandboxes";

type Values = ReturnType<typeof parse>["values"];

/** What is wrong with a command line. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs one command line.
 *
 * @param args The command and its arguments: `["run", "workflows/flask.yaml"]`.
 * @returns The exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const terminal: Terminal = {
    out: writerTo(Deno.stdout),
    err: writerTo(Deno.stderr),
    outColor: !Deno.noColor && Deno.stdout.isTerminal(),
    errColor: !Deno.noColor && Deno.stderr.isTerminal(),
  };
  try {
    return await command(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      return tell("usage", error.message, terminal, INVALID);
    }
    if (error instanceof OutputError) {
      return tell("output", error.message, terminal, FAILED);
    }
    // Known by their names: what throws them is loaded only by what needs it.
    if (error instanceof Error && error.name === "ResumeError") {
      const hint = "hint" in error && typeof error.hint === "string" ? error.hint : undefined;
      return tell("resume", error.message, terminal, INVALID, hint);
    }
    if (error instanceof Error && error.name === "JournalError") {
      return tell("journal", error.message, terminal, FAILED);
    }
    throw error;
  }
}

function tell(
  code: DiagnosticCode,
  message: string,
  { err, errColor }: Terminal,
  exitCode: number,
  hint?: string,
): number {
  const diagnostic = { severity: "error", code, message, hint: hintFor(code, hint) } as const;
  err(formatDiagnostics([diagnostic], new Map(), { color: errColor }));
  return exitCode;
}

async function command(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    throw new UsageError(`No command is given: ${COMMAND_NAMES}`);
  }
  if (name === "--help" || name === "-h" || name === "help") {
    terminal.out(USAGE);
    return 0;
  }
  const allowed = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (allowed === undefined) {
    throw new UsageError(`There is no command '${name}': it is ${COMMAND_NAMES}`);
  }
  const { values, positionals } = parse(rest);
  if (values.help === true) {
    const [file] = positionals;
    if ((name === "run" || name === "plan") && file !== undefined) {
      return await help(file, terminal);
    }
    terminal.out(USAGE);
    return 0;
  }
  for (const option of Object.keys(values)) {
    if (!allowed.some((name) => name === option)) {
      throw new UsageError(`'${name}' has no option '--${option}'`);
    }
  }
  if (name === "log") return await log(positionals, values.json === true, terminal);
  if (name === "sandboxes") return await sandboxes(positionals, values, terminal);
  if (positionals.length === 0) {
    throw new UsageError(`No workflow is given: deno task ${name} workflows/flask.yaml`);
  }
  if (name === "check") return await check(positionals, values, terminal);
  const [file, extra] = positionals;
  if (file === undefined || extra !== undefined) {
    throw new UsageError(`'${name}' takes one workflow, and '${extra}' is a second one`);
  }
  if (isRehearsal(file)) {
    throw new UsageError(`'${file}' is a rehearsal: name the workflow that declares it`);
  }
  if (name === "graph") return await graph(file, terminal);
  const options = compileOptions(values);
  return name === "plan"
    ? await plan(file, options, values, terminal)
    : await run(file, options, values, terminal);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence] = error.message.split(". ");
    throw new UsageError(sentence ?? error.message);
  }
}

function compileOptions(
  values: Pick<Values, "input" | "inputs" | "model" | "rehearse" | "live">,
): CompileOptions {
  if (values.rehearse === true && values.live === true) {
    throw new UsageError("'--rehearse' and '--live' exclude each other");
  }
  const inputs: Record<string, string> = {};
  for (const pair of values.input ?? []) {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError(`'--input ${pair}' is not of the form NAME=VALUE`);
    inputs[pair.slice(0, at)] = pair.slice(at + 1);
  }
  const baseUrl = Deno.env.get("OPENAI_BASE_URL");
  return {
    cwd: Deno.cwd(),
    inputs,
    ...(values.inputs === undefined ? {} : { inputsFile: values.inputs }),
    env: { get: variable },
    key: (Deno.env.get("OPENAI_API_KEY") ?? "") !== "",
    mode: values.live === true ? "live" : values.rehearse === true ? "rehearse" : "auto",
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(baseUrl === undefined || baseUrl === "" ? {} : { baseUrl }),
  };
}

/** A variable; one that may not be seen is none. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** Compiles a file and prints its diagnostics; without a plan there is an exit code. */
async function compile(file: string, options: CompileOptions, terminal: Terminal) {
  const { compileWorkflow } = await import("./compile.ts");
  const { plan, diagnostics, sources } = await compileWorkflow(file, options);
  if (diagnostics.length > 0) {
    terminal.err(formatDiagnostics(diagnostics, sources, { color: terminal.errColor }));
  }
  return { plan, exitCode: exitCodeFor(diagnostics) };
}

function isRehearsal(file: string): boolean {
  return /\.rehearsal\.ya?ml$/.test(file);
}

async function check(
  names: readonly string[],
  { json = false, format }: { json?: boolean; format?: string },
  terminal: Terminal,
): Promise<number> {
  if (json && format !== undefined) {
    throw new UsageError("'--json' and '--format' exclude each other");
  }
  const { CHECK_FORMATS, checkCommand } = await import("./_cli_check.ts");
  const written = format ?? (json ? "json" : "text");
  const known = CHECK_FORMATS.find((each) => each === written);
  if (known === undefined) {
    throw new UsageError(`There is no format '${written}': it is ${CHECK_FORMATS.join(", ")}`);
  }
  return await checkCommand(names, { cwd: Deno.cwd(), format: known }, terminal);
}

async function plan(
  file: string,
  compile: CompileOptions,
  values: { json?: boolean; explain?: boolean; check?: string },
  terminal: Terminal,
): Promise<number> {
  const { json = false, explain = false, check } = values;
  if ([json, explain, check !== undefined].filter((isGiven) => isGiven).length > 1) {
    throw new UsageError("'--json', '--explain' and '--check' exclude each other");
  }
  if (check === "") throw new UsageError("'--check' names no plan: --check plan.json");
  const { planCommand } = await import("./_plan_command.ts");
  return await planCommand(file, { compile, json, explain, check, ...terminal });
}

/** What a workflow takes and gives. It needs no key, no inputs and nobody who confines anything. */
async function help(file: string, terminal: Terminal): Promise<number> {
  const { workflowHelp } = await import("./_workflow_help.ts");
  const { text, diagnostics, sources } = await workflowHelp(file, {
    cwd: Deno.cwd(),
    color: terminal.outColor,
  });
  if (text !== undefined) terminal.out(text);
  else terminal.err(formatDiagnostics(diagnostics, sources, { color: terminal.errColor }));
  return text === undefined ? exitCodeFor(diagnostics) : 0;
}

async function graph(file: string, terminal: Terminal): Promise<number> {
  // What is drawn needs no key, no inputs and nobody who confines anything.
  const { plan, exitCode } = await compile(file, {
    cwd: Deno.cwd(),
    key: true,
    check: true,
    probe: () => Promise.resolve({ type: "bubblewrap" }),
  }, terminal);
  if (plan === undefined) return exitCode;
  const { graphText } = await import("./graph.ts");
  terminal.out(graphText(plan));
  return 0;
}

async function log(
  positionals: readonly string[],
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const [run, extra] = positionals;
  if (extra !== undefined) throw new UsageError(`'log' takes one run, and '${extra}' is a second`);
  const { showLog } = await import("./log.ts");
  const wrong = await showLog(run, {
    cwd: Deno.cwd(),
    write: terminal.out,
    color: terminal.outColor,
    json,
  });
  if (wrong === undefined) return 0;
  return tell("log", wrong, terminal, INVALID);
}

async function sandboxes(
  names: readonly string[],
  { remove = false, all = false, json = false }: Values,
  terminal: Terminal,
): Promise<number> {
  if (!remove && (all || names.length > 0)) {
    throw new UsageError("'sandboxes' lists all of them; to remove some, write --remove NAME");
  }
  if (remove && all === names.length > 0) {
    throw new UsageError("'--remove' takes the names of sandboxes, or '--all' in their place");
  }
  const { sandboxesCommand } = await import("./_cli_sandboxes.ts");
  return await sandboxesCommand({ remove, all, names, json, env: variable }, terminal);
}

async function run(
  file: string,
  options: CompileOptions,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const { resume, approve, refuse } = values;
  if (resume === undefined && (approve === true || refuse !== undefined)) {
    throw new UsageError(
      "'--approve' and '--refuse' answer what a run waits for: name it, --resume RUN",
    );
  }
  if (approve === true && refuse !== undefined) {
    throw new UsageError("'--approve' and '--refuse' exclude each other");
  }
  const { runOnce } = await import("./_cli_run.ts");
  return await runOnce({
    cwd: options.cwd,
    json: values.json === true,
    compile: (change = (same) => same) => compile(file, change(options), terminal),
    resume,
    answer: approve === true
      ? { verdict: "granted" }
      : refuse === undefined
      ? undefined
      : { verdict: "refused", reason: refuse },
  }, terminal);
}
