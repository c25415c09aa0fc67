/**
 * A step that uses another workflow: a run of its own inside the run, with processes of its own, whose
 * files are those of its caller.
 *
 * @module
 */

import { LENT_TREE } from "../agent/process.ts";
import { RemoteBackend } from "../backends/remote.ts";
import type { Approver } from "./approvals.ts";
import type { EventSink, Outcome } from "./events.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { evaluateTemplate } from "./expressions/template.ts";
import type { Value } from "./expressions/expression.ts";
import { planWithInputs } from "./inputs.ts";
import type { Plan, PlanUses } from "./plan.ts";
import type { RunHost } from "./_run_host.ts";

/** What became of a workflow that was used. */
export interface UsedResult {
  readonly outcome: Outcome;
  /** Its outputs as JSON; empty where it has none. */
  readonly output: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Why it is no success. */
  readonly error?: string;
}

/**
 * Runs a workflow that a step uses.
 *
 * @param uses What it uses.
 * @param key The step's key.
 * @param context What its values refer to.
 * @param signal Ends it.
 * @param host The run that the step is a part of.
 * @returns How it ended.
 */
export async function runUsed(
  uses: PlanUses,
  key: string,
  context: ExpressionContext,
  signal: AbortSignal,
  host: RunHost,
): Promise<UsedResult> {
  const { id: runId, started } = context.run;
  const values = await valuesOf(uses, context);
  const given = await planWithInputs(uses.plan, values, { runId, started });
  if (given.plan === undefined) return failure(given.problem);
  const { processes, spending, lend, emit, wait } = host;
  const refusal = spending.refusal(key);
  if (refusal !== undefined) return { ...failure(refusal), outcome: "budget" };
  const forward: EventSink = ({ seq: _, time: __, run: ___, ...event }) => {
    if (event.type === "run.finished") spending.ended(key, event);
    if (event.type === "run.started" || event.type === "run.finished") return;
    if (!("step" in event)) return emit(event);
    // What it changes of its caller's files the caller has told of, by the paths that it has for them.
    if (event.type === "file.changed" && isCallers(event.path, uses.plan)) return;
    emit({ ...event, step: `${key}/${event.step}` });
  };
  const approver: Approver = async (question, asked) =>
    await lend.approver({ ...question, step: `${key}/${question.step}` }, asked);
  // Loaded here since it runs steps itself.
  const { runPlan } = await import("./supervise.ts");
  const result = await runPlan(
    { ...given.plan, ...spending.usedLimits(key) },
    {
      sinks: [forward],
      ...{ signal, wait, approver, questions: lend.questions },
      runId: lend.runId,
      now: lend.now,
      ...{ apiKey: lend.apiKey, masked: lend.masked },
      secrets: Object.fromEntries(
        Object.entries(lend.secrets).filter(([name]) => uses.plan.secrets?.includes(name)),
      ),
      callerTree: new RemoteBackend({
        channel: processes.agent.channel,
        name: `${LENT_TREE}${key}`,
      }),
    },
  );
  if (result.outcome === "waiting") {
    return {
      ...failure(
        `'${uses.file}' waits for an approval, and a workflow that is used cannot be gone on with: ` +
          "run it where somebody can be asked",
      ),
      outcome: "denied",
    };
  }
  const { outcome, outputs, error } = result;
  const output = Object.keys(outputs).length === 0 ? "" : JSON.stringify(outputs);
  return { outcome, output, outputs, ...error === undefined ? {} : { error } };
}

function failure(error: string): UsedResult & { readonly error: string } {
  return { outcome: "failure", output: "", outputs: {}, error };
}

/** What its inputs are given, in the types that expressions have. */
async function valuesOf(
  { with: given }: PlanUses,
  context: ExpressionContext,
): Promise<Readonly<Record<string, Value>>> {
  const values: [string, Value][] = [];
  for (const [name, template] of Object.entries(given)) {
    values.push([name, await evaluateTemplate(template, context)]);
  }
  return Object.fromEntries(values);
}

/** Whether a path of the used workflow is one of its caller's files. */
function isCallers(path: string, { routes, backends }: Plan): boolean {
  const route = routes.find(({ prefix }) => `${path}/`.startsWith(prefix));
  return backends.some(({ name, type }) => name === route?.backend && type === "caller");
}
