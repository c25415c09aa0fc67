/**
 * What the agent reaches of the host: the files of local backends and the shell, with the workflow's
 * rules in front of them. The agent's own process applies the same rules; here they hold whatever
 * becomes of it.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import { PolicyJudge } from "../backends/judge.ts";
import { JudgedBackend } from "../backends/judged.ts";
import { PlaceJudge } from "../backends/place_judge.ts";
import { Policy, refusedCommand } from "../backends/policy.ts";
import type { Backend } from "../backends/protocol.ts";
import { RemoteBackend } from "../backends/remote.ts";
import { type ExecuteOptions, type Shell, SYSTEM_DIRECTORIES } from "../backends/shells/shell.ts";
import type { Plan } from "./plan.ts";
import { commandText } from "./_screen_commands.ts";

/** What somebody approved for now. */
export interface Grants {
  /**
   * Whether something was approved.
   *
   * @param verb What is wanted.
   * @param path A canonical path.
   */
  isGranted(verb: "read" | "write", path: string): boolean;
  /**
   * Whether a command was approved, to run like this. It was approved for once: that was it.
   *
   * @param command The command.
   * @param options Where and how it is to run.
   */
  takeCommand(command: string, options: ApprovedOptions): boolean;
}

/** What a command's approval is for, beside the command. */
export type ApprovedOptions = Pick<ExecuteOptions, "cwd" | "env" | "stdin">;

/** What the relay needs to know of a plan. */
export type RelayPlan =
  & Pick<Plan, "routes" | "deny">
  & Partial<Pick<Plan, "allow" | "ask" | "env" | "shell">>;

const NOTHING: Grants = { isGranted: () => false, takeCommand: () => false };

/**
 * The agent's way to one local backend.
 *
 * Rules speak of the tree's paths, and a request of the agent of the backend's own: each is judged by
 * the names that routes give it. Where a file has several, it may be had by any of them, so that the
 * relay refuses what all of them refuse, and what none leads to.
 *
 * @param plan The run's plan.
 * @param name The backend's name: of a local one, or of one whose files are those of a caller.
 * @param host The channel to the host, or the caller's tree.
 * @param grants What was approved.
 * @returns What to serve the agent under that name: the host itself where there is nothing to judge.
 */
export function relayOf(
  plan: RelayPlan,
  name: string,
  host: Channel | Backend,
  grants: Grants = NOTHING,
): Backend | Channel {
  const { routes, shell } = plan;
  const policy = new Policy(plan);
  // Only the default route leads to directories that a shell has for its own: no other may.
  const isReserved = shell !== undefined &&
    routes.some(({ prefix, backend }) => prefix === "/" && backend === name);
  const tree = new PolicyJudge({
    policy,
    reserved: isReserved ? SYSTEM_DIRECTORIES : [],
    isGranted: (verb, path) => grants.isGranted(verb, path),
  });
  const judge = new PlaceJudge({ backend: name, routes, tree });
  if (!(host instanceof Channel)) return new JudgedBackend(host, judge);
  if (!policy.hasPathRules && !isReserved && judge.isEven) return host;
  return new JudgedBackend(new RemoteBackend({ channel: host, name }), judge);
}

/**
 * The agent's way to the shell. Every command is judged again, and sees the workflow's variables
 * beneath its own.
 *
 * @param plan The run's plan.
 * @param shell Whoever runs the commands.
 * @param grants What was approved.
 * @returns A shell that refuses what the rules refuse: its errors are `denied`.
 */
export function relayShell(plan: RelayPlan, shell: Shell, grants: Grants = NOTHING): Shell {
  const policy = new Policy(plan);
  return {
    type: shell.type,
    async execute(command, options = {}) {
      const decision = policy.decideCommand(command, { env: options.env });
      const isGranted = decision.verdict === "allow" ||
        (decision.verdict === "ask" && grants.takeCommand(commandText(command), options));
      if (!isGranted) throw refusedCommand(decision);
      const { env } = plan;
      if (env === undefined) return await shell.execute(command, options);
      return await shell.execute(command, { ...options, env: { ...env, ...options.env } });
    },
  };
}
