/**
 * The host process of a run, alone: the real one, started as its plan says, and spoken to as the
 * runner does.
 *
 * @module
 */

import type { Backend } from "../../backends/protocol.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { RemoteShell } from "../../backends/shells/remote_shell.ts";
import type { Shell } from "../../backends/shells/shell.ts";
import { hostStart } from "../../runner/_host_start.ts";
import { Child } from "../../runner/child.ts";
import type { Plan } from "../../runner/plan.ts";
import type { World } from "./_world.ts";

/** A host that was started. */
export class Host implements AsyncDisposable {
  readonly plan: Plan;
  readonly child: Child;
  /** The sandbox shell, as the runner's relay reaches it: no rule in the way. */
  readonly shell: Shell;

  private constructor(plan: Plan, child: Child) {
    this.plan = plan;
    this.child = child;
    this.shell = new RemoteShell({ channel: child.channel, type: "sandbox" });
  }

  /**
   * Starts one inside bubblewrap, with a sandbox shell.
   *
   * @param world Where the workflow is written.
   * @param flow Its keys.
   * @param through A program and its arguments that starts the command that follows them.
   * @returns The host, which ends when it is disposed of.
   */
  static async start(
    world: World,
    flow: Readonly<Record<string, unknown>>,
    through: readonly string[] = [],
  ): Promise<Host> {
    const { plan, diagnostics } = await world.compile({ shell: "sandbox", ...flow });
    const planned = plan?.processes.find(({ name }) => name === "host");
    if (plan === undefined || planned === undefined) {
      throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join("\n"));
    }
    const child = new Child({ ...planned, command: [...through, ...planned.command] });
    const host = new Host(plan, child);
    await child.ask("host.start", hostStart(plan));
    return host;
  }

  /**
   * @param name A backend's name in the workflow.
   * @returns The files that the host serves under it.
   */
  files(name: string): Backend {
    return new RemoteBackend({ channel: this.child.channel, name });
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end();
  }
}
