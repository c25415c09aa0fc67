/**
 * Going on with a run that waits for an approval, in a run of its own.
 *
 * It is a new run, since a run's events are what one process saw from its start to its end, and
 * since going on may fail: then the waiting run is there to be gone on with once more. No two runs go
 * on with one at a time, and none does after one has succeeded or waits itself.
 *
 * @module
 */

import { exists } from "@std/fs";
import { join } from "@std/path";
import type { ApprovalParams, ApprovalResult } from "../agent/process.ts";
import type { Approver } from "./approvals.ts";
import type { RunCheckpoint } from "./checkpoint.ts";
import type { CompileOptions } from "./compile.ts";
import { Journal, JOURNAL_FOLDER, type JournalClaim } from "./journal.ts";
import type { Plan, PlanModel } from "./plan.ts";

/** Runs that are named where a beginning fits several. */
const NAMED_RUNS = 5;

/** Thrown where a run cannot be gone on with. The message is a sentence. */
export class ResumeError extends Error {
  override readonly name = "ResumeError";

  /**
   * @param message What is wrong.
   * @param hint What to do about it.
   */
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** A run that waits. */
export interface WaitingRun {
  readonly id: string;
  /** What it set out to do. */
  readonly plan: Plan;
  readonly checkpoint: RunCheckpoint;
}

/**
 * Opens the journal of a working directory, if there is one.
 *
 * @param cwd The working directory.
 * @returns The journal.
 * @throws {ResumeError} If there is none.
 */
export async function openJournal(cwd: string): Promise<Journal> {
  if (await exists(join(cwd, JOURNAL_FOLDER), { isDirectory: true })) return Journal.open(cwd);
  throw new ResumeError(
    `There is no journal here: '${JOURNAL_FOLDER}' comes into being with the first run`,
    "Go on with a run in the directory in which it was started",
  );
}

/**
 * @param journal Where to look.
 * @param beginning The run's id, or the beginning of it.
 * @returns The run.
 * @throws {ResumeError} If there is no such run, or it does not wait.
 */
export function findWaiting(journal: Journal, beginning: string): WaitingRun {
  const found = journal.find(beginning);
  const [id, another] = found;
  if (id === undefined) {
    throw new ResumeError(`There is no run '${beginning}' in this journal`, "See deno task log");
  }
  if (another !== undefined) {
    const named = found.slice(-NAMED_RUNS).reverse().join(", ");
    throw new ResumeError(`'${beginning}' is the beginning of several runs: ${named}`);
  }
  const plan = journal.plan(id);
  const checkpoint = journal.checkpoint(id);
  if (plan !== undefined && checkpoint !== undefined) return { id, plan, checkpoint };
  const last = journal.last(id);
  throw last?.type === "run.finished"
    ? new ResumeError(
      `Run '${id}' does not wait for an approval: it ended (${last.outcome}, exit code ` +
        `${last.exitCode})`,
    )
    : new ResumeError(
      `Run '${id}' does not wait for an approval: it goes on now, or it was killed`,
      "A run that was killed is started anew, without --resume",
    );
}

/**
 * What to compile a waiting run's file with: what is not said again is as it was.
 *
 * @param waiting The waiting run.
 * @param options What the command line says.
 * @returns The options.
 */
export function resumeOptions({ plan }: WaitingRun, options: CompileOptions): CompileOptions {
  const given = Object.keys(options.inputs ?? {}).length > 0 || options.inputsFile !== undefined;
  const before = Object.entries(plan.inputs).map(([name, value]) => [name, String(value)]);
  const same = { ...options, ...given ? {} : { inputs: Object.fromEntries(before) } };
  const models = [plan, ...usedPlans(plan)].flatMap(({ model }) => askedAs(model) ?? []);
  const [asked] = models;
  if (asked === undefined) return same;
  const { mode = "auto", model: named } = options;
  // A model that the command line says is that of all; where there are several, it said none.
  const isOne = models.every(({ model }) => model === asked.model);
  const model = named ?? (isOne ? asked.model : undefined);
  return {
    ...same,
    ...(model === undefined ? {} : { model }),
    mode: mode === "auto" ? asked.mode : mode,
  };
}

/** A model as the command line says it. */
function askedAs(model: PlanModel): Required<Pick<CompileOptions, "model" | "mode">> | undefined {
  if (model.type === "none") return undefined;
  return model.type === "openai"
    ? { model: `openai:${model.name}`, mode: "live" }
    : { model: model.name, mode: "rehearse" };
}

/** The plans of the workflows that a plan uses, at any depth. */
function usedPlans({ steps, onSuccess = [], onFailure = [] }: Plan): readonly Plan[] {
  return [...steps, ...onSuccess, ...onFailure].flatMap(({ uses }) =>
    uses === undefined ? [] : [uses.plan, ...usedPlans(uses.plan)]
  );
}

/**
 * Checks that a plan is the one that waits.
 *
 * @param waiting The waiting run.
 * @param plan What its file compiles to now.
 * @throws {ResumeError} If they differ.
 */
export function checkSamePlan({ id, plan: before }: WaitingRun, plan: Plan): void {
  if (plan.fingerprint !== before.fingerprint) {
    throw new ResumeError(
      `'${plan.file}' is not the workflow that waits: run '${id}' began with the fingerprint ` +
        `${before.fingerprint}, and the file has ${plan.fingerprint}`,
      "Undo what was changed in the file, or start anew without --resume",
    );
  }
  const [began, found] = [readFiles(before), readFiles(plan)];
  for (const name of new Set([...began.keys(), ...found.keys()])) {
    if (began.get(name) === found.get(name)) continue;
    throw new ResumeError(
      `${name} is not what it was when run '${id}' began, and '${plan.file}' is made of it`,
      "Undo what was changed in it, or start anew without --resume",
    );
  }
  for (const name of new Set([...Object.keys(before.inputs), ...Object.keys(plan.inputs)])) {
    const [then, now] = [before.inputs[name], plan.inputs[name]];
    if (then === now) continue;
    throw new ResumeError(
      `Input '${name}' is another one: run '${id}' began with '${then}', and this is '${now}'`,
      "Leave --input out: a run goes on with the inputs that it began with",
    );
  }
  if (modelOf(plan) !== modelOf(before)) {
    throw new ResumeError(
      `The model is another one: run '${id}' began with ${modelText(before)}, and this is ` +
        modelText(plan),
      "Leave --model, --live and --rehearse out, and the rehearsal as it was",
    );
  }
  if (JSON.stringify(plan.roots) !== JSON.stringify(before.roots)) {
    throw new ResumeError(
      `The local files of '${plan.file}' are in another place than those of run '${id}'`,
      "Name the same file as before, in the same directory",
    );
  }
}

/**
 * What else a workflow is made of, by what messages call it: the workflows that it uses, and schemas in
 * files of their own. Its fingerprint is that of one file alone.
 */
function readFiles(plan: Plan, key = ""): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const steps = [...plan.steps, ...plan.onSuccess ?? [], ...plan.onFailure ?? []];
  for (const { id, uses, output, assertions } of steps) {
    const step = `${key}${id}`;
    const schemas = [
      output?.schema,
      ...assertions.map((each) => each.kind === "json_schema" ? each.schema : undefined),
    ];
    found.set(`A schema of step '${step}'`, JSON.stringify(schemas));
    if (uses === undefined) continue;
    found.set(`'${uses.file}'`, uses.plan.fingerprint);
    found.set(`The model of '${uses.file}'`, modelOf(uses.plan));
    for (const [name, text] of readFiles(uses.plan, `${step}/`)) found.set(name, text);
  }
  return found;
}

function modelOf({ model }: Plan): string {
  if (model.type === "rehearsal") return JSON.stringify(["rehearsal", model.name, model.steps]);
  return JSON.stringify(model.type === "openai" ? ["openai", model.name] : [model.type]);
}

function modelText({ model }: Plan): string {
  if (model.type === "none") return "none";
  return model.type === "openai" ? `'openai:${model.name}'` : `a rehearsal of '${model.name}'`;
}

/** The right to go on with a waiting run, for as long as the process lives or until it is given up. */
export class Claim implements Disposable {
  /** What the journal takes down. */
  readonly journal: JournalClaim;
  readonly #lock: Deno.FsFile;

  private constructor(journal: JournalClaim, lock: Deno.FsFile) {
    this.journal = journal;
    this.#lock = lock;
  }

  /**
   * Takes it.
   *
   * @param journal The journal.
   * @param cwd The working directory.
   * @param waiting The waiting run.
   * @returns The right.
   * @throws {ResumeError} If another process has it, or another run has succeeded or waits.
   */
  static take(journal: Journal, cwd: string, { id }: WaitingRun): Claim {
    // The kernel lets go of the lock when the process ends, however it ends.
    const lock = Deno.openSync(join(cwd, JOURNAL_FOLDER, `resume-${id}.lock`), {
      create: true,
      write: true,
      mode: 0o600,
    });
    try {
      const by = journal.resumedBy(id);
      if (!lock.tryLockSync(true)) {
        const who = by === undefined ? "another process" : `run '${by}'`;
        throw new ResumeError(
          `Run '${id}' is being gone on with at the moment, by ${who}`,
          "Answer it there, or end that run first",
        );
      }
      if (by !== undefined) refuseFinished(journal, id, by);
      return new Claim({ run: id, instead: by }, lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Gives it up. */
  [Symbol.dispose](): void {
    this.#lock.close();
  }
}

/** Refuses to go on with what another run has done, or does the waiting for. */
function refuseFinished(journal: Journal, id: string, by: string): void {
  if (journal.waits(by)) {
    throw new ResumeError(
      `Run '${id}' was gone on with by run '${by}', which waits itself`,
      `Go on with that one: --resume ${by}`,
    );
  }
  const last = journal.last(by);
  if (last?.type === "run.finished" && last.outcome === "success") {
    throw new ResumeError(`Run '${id}' was gone on with by run '${by}', which is done`);
  }
}

/**
 * Answers the questions that waited, and no others.
 *
 * @param pending The questions, as they were shown.
 * @param answer The answer to them.
 * @param otherwise Who is asked everything else, and those questions too where they are others now.
 * @returns Who asks.
 */
export function answerPending(
  pending: readonly ApprovalParams[],
  answer: ApprovalResult,
  otherwise: Approver,
): Approver {
  const open = [...pending];
  return async (question, signal) => {
    // What a step asks first is what it waited with: it asks it anew, or something else has changed.
    const own = open.filter(({ step }) => step === question.step);
    const shown = own.find(({ callId }) => callId === question.callId) ?? own[0];
    if (shown === undefined) return await otherwise(question, signal);
    open.splice(open.indexOf(shown), 1);
    const difference = differenceOf(shown, question);
    // What is refused need not be what was shown.
    if (difference === undefined) return answer;
    if (answer.verdict === "refused" && question.callId === shown.callId) return answer;
    const other = await otherwise(question, signal);
    if (other.verdict !== "wait") return other;
    return { verdict: "wait", reason: `The answer was given to something else: ${difference}` };
  };
}

function differenceOf(pending: ApprovalParams, question: ApprovalParams): string | undefined {
  if (question.callId !== pending.callId || question.tool !== pending.tool) {
    return "another call is asked about now";
  }
  if (JSON.stringify(question.wishes) !== JSON.stringify(pending.wishes)) {
    return "the call wants something else now";
  }
  return question.detail === pending.detail
    ? undefined
    : "what the call would do has changed since it was shown";
}
