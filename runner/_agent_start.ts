/**
 * What the agent process is told when it starts.
 *
 * @module
 */

import type { StartBudget, StartParams, StartShell } from "../agent/process.ts";
import type { ExpressionContext } from "./expressions/context.ts";
import { renderTemplate } from "./expressions/template.ts";
import type { Plan } from "./plan.ts";

/** What an agent is told that is in no plan. */
export interface AgentStartOptions {
  /** The model's key; a live run needs it, a rehearsed one never sees it. */
  readonly apiKey?: string | undefined;
  /** What the instructions refer to. */
  readonly context: ExpressionContext;
  /**
   * Texts that the agent masks.
   *
   * @default {none}
   */
  readonly secrets?: readonly string[] | undefined;
  /**
   * What all steps together may use up.
   *
   * @default {as much as they want}
   */
  readonly budget?: StartBudget | undefined;
}

/**
 * @param plan The run's plan.
 * @param options What is not in it.
 * @returns The parameters of `agent.start`.
 */
export async function agentStart(plan: Plan, options: AgentStartOptions): Promise<StartParams> {
  const { model, instructions, backends, routes, deny, ask, allow } = plan;
  const { apiKey = "", context, secrets = [], budget } = options;
  const shell = startShell(plan);
  return {
    model: model.type === "openai"
      ? { type: "openai", name: model.name, baseUrl: model.baseUrl, apiKey }
      : model.type === "rehearsal"
      ? { type: "rehearsal", name: model.name }
      : { type: "none" },
    instructions: await renderTemplate(instructions, context),
    backends: backends.map(({ name, type }) => ({
      name,
      type: type === "caller" ? "local" : type,
    })),
    routes,
    deny,
    ask,
    ...(allow === undefined ? {} : { allow }),
    ...(shell === undefined ? {} : { shell }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(budget === undefined ? {} : { budget }),
  };
}

/** The shell, as the agent has to know it. */
function startShell({ shell, backends, routes }: Plan): StartShell | undefined {
  if (shell === undefined) return undefined;
  const { type, tool, limits } = shell;
  const backend = backends.find(({ name }) => name === shell.box);
  if (type !== "docker" || backend?.type !== "docker") return { type, tool, limits };
  const { staged = [], network } = backend.box;
  const native = routes.map(({ prefix }) => prefix).filter((prefix) => !staged.includes(prefix));
  return { type, tool, limits, places: { native, staged }, network: network === "bridge" };
}
