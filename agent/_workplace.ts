/**
 * What a step has to work with: the run's tree, tools and shell, or less by rules of its own.
 *
 * @module
 */

import type { Channel } from "../backends/channel.ts";
import { GuardedBackend } from "../backends/guard.ts";
import type { ObservedChange } from "../backends/observe.ts";
import { parseRule } from "../backends/policy.ts";
import type { Backend } from "../backends/protocol.ts";
import type { Shell } from "../backends/shells/shell.ts";
import { AgentShell } from "./_agent_shell.ts";
import { offeredTools } from "./_offered.ts";
import type { StartParams, StartRoute, StepRules } from "./process.ts";
import type { Tool } from "./tool.ts";
import { BUILT_IN_TOOLS } from "./tools/built_in.ts";
import { executeTool } from "./tools/execute.ts";

/** What a step has. */
export interface Workplace {
  /** The files, with all rules in front of them. */
  readonly tree: Backend;
  /** What the model is offered, by name. */
  readonly tools: ReadonlyMap<string, Tool>;
  /** Where commands run, if the run has a shell. */
  readonly shell: Shell | undefined;
}

/** What a run has, from which each step gets its part. */
export class Workplaces {
  /** The files of the run, with its rules in front of them. */
  readonly tree: Backend;
  readonly #start: StartParams;
  readonly #shell: AgentShell | undefined;
  /** The routes to directories of the host. */
  readonly #local: readonly StartRoute[];

  /**
   * @param start What the run has.
   * @param tree Its files, with its rules in front of them.
   * @param channel The channel to the runner.
   */
  constructor(start: StartParams, tree: Backend, channel: Channel) {
    const { backends, routes, shell } = start;
    this.#start = start;
    this.tree = tree;
    const locals = backends.filter(({ type }) => type === "local").map(({ name }) => name);
    this.#local = routes.filter(({ backend }) => locals.includes(backend));
    const local = this.#local.map(({ prefix }) => prefix);
    this.#shell = shell && new AgentShell({ shell, channel, tree, local });
  }

  /** The files as the command that is interpreted elsewhere reaches them; none while none runs. */
  get served(): Backend | undefined {
    return this.#shell?.served;
  }

  /** What is offered where a step has no rules of its own. */
  get tools(): ReadonlyMap<string, Tool> {
    return this.#toolsOver(this.tree, true);
  }

  /**
   * What a step has.
   *
   * @param rules Its own rules, if it has any.
   * @param onChange Told of what its commands change.
   * @returns The step's part.
   */
  of(rules: StepRules | undefined, onChange: (change: ObservedChange) => void): Workplace {
    const tree = rules === undefined
      ? this.tree
      : new GuardedBackend({ backend: this.tree, ...rules });
    const confined = rules === undefined || this.#keepsTo(rules, tree);
    const shell = confined ? this.#shell?.over({ tree, onChange }) : undefined;
    return { tree, tools: this.#toolsOver(tree, confined), shell };
  }

  /**
   * Whether commands keep to a step's own rules. Those of a virtual shell have no other files than the
   * step, but real programs have the host's directories as the run has them.
   */
  #keepsTo(rules: StepRules, tree: Backend): boolean {
    if (this.#shell?.type === "virtual" || this.#local.length === 0) return true;
    const refused = [...rules.deny, ...rules.ask].map(parseRule);
    if (refused.some(({ verb }) => verb !== "execute")) return false;
    if (!(tree instanceof GuardedBackend)) return true;
    const { policy } = tree;
    return this.#local.every(({ prefix, access }) =>
      policy.decide(access === "read" ? "read" : "write", prefix).verdict === "allow"
    );
  }

  #toolsOver(tree: Backend, confined: boolean): ReadonlyMap<string, Tool> {
    const { shell, routes } = this.#start;
    const tools = shell?.tool && confined
      ? [...BUILT_IN_TOOLS, executeTool(shell.type)]
      : BUILT_IN_TOOLS;
    const policies = tree instanceof GuardedBackend ? tree.policies : [];
    return new Map(offeredTools(tools, policies, routes).map((tool) => [tool.name, tool]));
  }
}
