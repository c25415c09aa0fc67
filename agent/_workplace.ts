/**
 * What a step has to work with: the run's tree, tools and shell, or less by rules of its own.
 *
 * @module
 */

import type { Channel } from "../backends/channel.ts";
import { GuardedBackend } from "../backends/guard.ts";
import type { ObservedChange } from "../backends/observe.ts";
import { pathPattern } from "../backends/path_pattern.ts";
import { parseRule, type PathRule } from "../backends/policy.ts";
import type { Backend } from "../backends/protocol.ts";
import { type Prefixes, StagedPlaces } from "../backends/shells/_staged_places.ts";
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
  /** Which files real programs have by themselves, and which are brought to them. */
  readonly #places: Prefixes;
  /** The routes to the former. */
  readonly #native: readonly StartRoute[];

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
    const { native = prefixesTo(routes, locals), staged } = shell?.places ?? {};
    const places = this.#places = { mounts: native, staged };
    this.#native = routes.filter(({ prefix }) => native.includes(prefix));
    this.#shell = shell && new AgentShell({ shell, channel, tree, places });
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
   * step, but real programs have the files of the host, or of their container, as the run has them.
   */
  #keepsTo(rules: StepRules, tree: Backend): boolean {
    if (this.#shell?.type === "virtual" || this.#native.length === 0) return true;
    const refused = [...rules.deny, ...rules.ask].map(parseRule);
    if (refused.some((rule) => rule.verb !== "execute" && !this.#isStaged(rule))) return false;
    if (!(tree instanceof GuardedBackend)) return true;
    const { policy } = tree;
    return this.#native.every(({ prefix, access }) =>
      policy.decide(access === "read" ? "read" : "write", prefix).verdict === "allow"
    );
  }

  /** Whether a rule is for files alone that are known to be brought to commands as the step has them. */
  #isStaged({ pattern }: PathRule): boolean {
    if (this.#places.staged === undefined) return false;
    return new StagedPlaces(this.#places).areStaged(pathPattern(pattern, "/").base);
  }

  #toolsOver(tree: Backend, confined: boolean): ReadonlyMap<string, Tool> {
    const { shell, routes } = this.#start;
    const tools = shell?.tool && confined
      ? [...BUILT_IN_TOOLS, executeTool(shell.type, { network: shell.network })]
      : BUILT_IN_TOOLS;
    const policies = tree instanceof GuardedBackend ? tree.policies : [];
    return new Map(offeredTools(tools, policies, routes).map((tool) => [tool.name, tool]));
  }
}

function prefixesTo(routes: readonly StartRoute[], backends: readonly string[]): readonly string[] {
  return routes.filter(({ backend }) => backends.includes(backend)).map(({ prefix }) => prefix);
}
