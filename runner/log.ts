/**
 * Runs of the past, read from the journal: a list of them, or one again as it was shown.
 *
 * @module
 */

import type { RunEvent } from "./events.ts";
import { Journal, JOURNAL_FOLDER, type JournalRun } from "./journal.ts";
import { reportText } from "./report.ts";
import { createScreen } from "./screen.ts";
import { StepTable } from "./_step_table.ts";
import { takenText } from "./_taken.ts";
import type { Write } from "./terminal.ts";

/** Runs that are named where a beginning fits several. */
const NAMED_RUNS = 5;

/** Options of {@linkcode showLog}. */
export interface LogOptions {
  /** The working directory whose runs are meant. */
  readonly cwd: string;
  /** Where the text goes. */
  readonly write: Write;
  /** Whether to use colours. */
  readonly color: boolean;
  /** One event, or one run, a line, as data. */
  readonly json: boolean;
}

/**
 * Shows the newest runs, or one run.
 *
 * @param run The run's id, or the beginning of it; without it the newest runs are listed.
 * @param options Where to look and where to print.
 * @returns What is wrong, in a sentence, or `undefined`.
 */
export async function showLog(
  run: string | undefined,
  options: LogOptions,
): Promise<string | undefined> {
  if (!await isDirectory(`${options.cwd}/${JOURNAL_FOLDER}`)) {
    return `There is no journal here: '${JOURNAL_FOLDER}' comes into being with the first run`;
  }
  using journal = Journal.open(options.cwd);
  if (run === undefined) {
    for (const entry of journal.runs()) {
      options.write(`${options.json ? JSON.stringify(entry) : listLine(entry)}\n`);
    }
    return undefined;
  }
  const found = journal.find(run);
  if (found.length === 0) return `There is no run '${run}' in this journal`;
  if (found.length > 1) {
    const newest = found.slice(-NAMED_RUNS).reverse().join(", ");
    const others = found.length - NAMED_RUNS;
    return `'${run}' is the beginning of several runs: ${newest}` +
      (others > 0 ? ` and ${others} more` : "");
  }
  const [id = run] = found;
  show(journal, id, journal.events(id), options);
  return undefined;
}

function show(journal: Journal, id: string, events: readonly RunEvent[], options: LogOptions) {
  const screen = createScreen(options);
  const steps = new StepTable();
  for (const event of events) {
    steps.sink(event);
    if (options.json) options.write(`${JSON.stringify(event)}\n`);
    else screen(event);
  }
  if (options.json) return;
  const last = events.at(-1);
  const plan = journal.plan(id);
  if (last?.type === "run.finished" && plan !== undefined) {
    options.write(`\n${reportText(plan, last, { ...options, steps })}`);
    const by = journal.resumedBy(id);
    if (by !== undefined) options.write(`Run ${by} went on with it\n`);
  } else {
    options.write("\nThe run did not end: it goes on now, or it was killed\n");
  }
}

function listLine({ id, workflow, file, last }: JournalRun): string {
  const end = last?.type === "run.finished"
    ? `${last.outcome}, exit code ${last.exitCode}${last.rehearsed ? "" : `, ${takenText(last)}`}`
    : "no end: it goes on now, or it was killed";
  return `${id}  ${workflow}  ${file}  ${end}`;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
