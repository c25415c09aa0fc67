/**
 * `deno task run`: a new run, or one that goes on with another that waits.
 *
 * @module
 */

import type { ApprovalResult } from "../agent/process.ts";
import { hiddenTexts, SecretMask } from "../agent/secrets.ts";
import { personAt } from "./_ask_person.ts";
import type { Approver } from "./approvals.ts";
import type { ResumedRun } from "./checkpoint.ts";
import type { CompileOptions } from "./compile.ts";
import type { EventSink } from "./events.ts";
import { maskedPlan } from "./_masked_plan.ts";
import type { Journal, JournalClaim } from "./journal.ts";
import type { Plan } from "./plan.ts";
import type { DaySpent } from "./spending.ts";
import type { Write } from "./terminal.ts";

/** Where a command prints. */
export interface Terminal {
  readonly out: Write;
  readonly err: Write;
  readonly outColor: boolean;
  readonly errColor: boolean;
}

/** What is to be run. */
export interface RunRequest {
  /** The working directory, where the journal is. */
  readonly cwd: string;
  readonly json: boolean;
  /** Compiles the workflow and prints its diagnostics; without a plan there is an exit code. */
  readonly compile: (
    change?: (options: CompileOptions) => CompileOptions,
  ) => Promise<{ readonly plan: Plan | undefined; readonly exitCode: number }>;
  /** The run to go on with: its id, or the beginning of it. */
  readonly resume?: string | undefined;
  /** The answer to what that run waits for. */
  readonly answer?: ApprovalResult | undefined;
}

/**
 * Carries out a request.
 *
 * @param request What to run.
 * @param terminal Where to print.
 * @returns The exit code.
 * @throws {ResumeError} If the run cannot be gone on with.
 */
export async function runOnce(request: RunRequest, terminal: Terminal): Promise<number> {
  if (request.resume !== undefined) return await goOn(request, request.resume, terminal);
  // Loaded while the file is compiled, which waits for other things too.
  const [{ plan, exitCode }, { Journal }] = await Promise.all([
    request.compile(),
    import("./journal.ts"),
    import("./supervise.ts"),
  ]);
  if (plan === undefined) return exitCode;
  using journal = Journal.open(request.cwd);
  return await play(plan, { journal, approver: somebody(request, terminal) }, request, terminal);
}

async function goOn(request: RunRequest, beginning: string, terminal: Terminal): Promise<number> {
  const { cwd, answer } = request;
  const { answerPending, checkSamePlan, Claim, findWaiting, openJournal, resumeOptions } =
    await import("./resume.ts");
  using journal = await openJournal(cwd);
  const waiting = findWaiting(journal, beginning);
  const { plan, exitCode } = await request.compile((options) => resumeOptions(waiting, options));
  if (plan === undefined) return exitCode;
  checkSamePlan(waiting, plan);
  using claim = Claim.take(journal, cwd, waiting);
  const { id: run, checkpoint } = waiting;
  const others = somebody(request, terminal);
  const approver = answer === undefined
    ? others
    : answerPending(checkpoint.waiting.flatMap(({ pending }) => pending), answer, others);
  const resume = { run, checkpoint, files: journal.checkpointFiles(run) };
  return await play(plan, { journal, approver, resume, claim: claim.journal }, request, terminal);
}

/** A person at the terminal, where there is one to read the question. */
function somebody({ json }: RunRequest, { err }: Terminal): Approver {
  const there = !json && Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  return there ? personAt(Deno.stdin, err) : () => Promise.resolve({ verdict: "wait" });
}

interface Play {
  readonly journal: Journal;
  readonly approver: Approver;
  readonly resume?: ResumedRun;
  readonly claim?: JournalClaim;
}

async function play(
  plan: Plan,
  { journal, approver, resume, claim }: Play,
  { json, cwd }: RunRequest,
  terminal: Terminal,
): Promise<number> {
  const { runPlan } = await import("./supervise.ts");
  const { secretValues } = await import("./_compile_env.ts");
  const runId = newRunId();
  const apiKey = Deno.env.get("OPENAI_API_KEY");
  const secrets = secretValues(plan.secrets, Deno.env);
  const mask = new SecretMask(hiddenTexts(Object.values(secrets), apiKey));
  journal.begin(runId, maskedPlan(plan, mask), new Date().toISOString(), claim);
  const sinks: EventSink[] = [(event) => journal.append(event)];
  if (json) {
    sinks.push((event) => terminal.out(`${JSON.stringify(event)}\n`));
  } else {
    const { createScreen } = await import("./screen.ts");
    const { reportText } = await import("./report.ts");
    const { StepTable } = await import("./_step_table.ts");
    const steps = new StepTable();
    sinks.push(steps.sink);
    sinks.push(createScreen({ write: terminal.err, color: terminal.errColor }));
    sinks.push((event) => {
      if (event.type !== "run.finished") return;
      terminal.err("\n");
      terminal.out(reportText(plan, event, { color: terminal.outColor, cwd, steps }));
    });
  }
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupt);
  try {
    const result = await runPlan(plan, {
      sinks,
      signal: interruption.signal,
      runId,
      apiKey,
      secrets,
      approver,
      resume,
      ...(plan.budget.usdPerDay === undefined
        ? {}
        : { today: await dayOf(plan, { journal, cwd }) }),
      keep: (checkpoint, files) => journal.keep(runId, checkpoint, files),
    });
    return result.exitCode;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.removeSignalListener(signal, interrupt);
    }
  }
}

/** What the runs of a plan's file cost today, asked of the journal each time. */
async function dayOf(
  plan: Plan,
  { journal, cwd }: { readonly journal: Journal; readonly cwd: string },
): Promise<() => DaySpent> {
  const { spentToday } = await import("./spent_today.ts");
  return () => spentToday(journal, plan, { cwd, now: new Date() });
}

/** Sorts by time, and tells apart two runs of one second: `20261122-130446-3f9a`. */
function newRunId(): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\..*/g, "").replace("T", "-");
  return `${time}-${crypto.randomUUID().slice(0, 4)}`;
}
