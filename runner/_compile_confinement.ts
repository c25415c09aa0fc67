/**
 * Who will confine the local files and the commands of a run: what this machine has is asked once,
 * and only where it matters.
 *
 * @module
 */

import type { HostRoot, PlanConfinement, PlanShell } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";

/** Says who can confine the host process on this machine. */
export type Probe = () => Promise<PlanConfinement>;

/** What {@linkcode compileConfinement} needs to know. */
export interface ConfinementOptions {
  readonly shell: PlanShell | undefined;
  readonly roots: readonly HostRoot[];
  readonly probe: Probe;
  /** Whether only the file is checked: then a machine without a sandbox is no error of it. */
  readonly check: boolean;
}

/**
 * @param parts The file, without its faults.
 * @param options What is to be confined.
 * @param reporter Told where a sandbox is needed and there is none.
 * @returns Who confines it; `undefined` where there is no host process.
 */
export async function compileConfinement(
  parts: Parts<WorkflowFile>,
  options: ConfinementOptions,
  reporter: Reporter,
): Promise<PlanConfinement | undefined> {
  const { shell, roots, probe, check } = options;
  const isReal = shell?.type === "sandbox";
  if (roots.length === 0 && !isReal) return undefined;
  const confinement = await probe();
  if (confinement.type === "bubblewrap") return confinement;
  const tell = (message: string, path: readonly string[], hint: string) => {
    const whole = `${message}: ${confinement.reason}`;
    if (check) reporter.warning("no-sandbox", whole, path, { hint });
    else reporter.error("no-sandbox", whole, path, { hint });
  };
  if (isReal) {
    tell(
      'Shell "sandbox" cannot be had on this machine',
      ["shell"],
      "Write shell: virtual, which needs no sandbox, or run it on another machine",
    );
  }
  if (parts.permissions?.require === "sandbox") {
    tell(
      "Local files cannot be served from a sandbox on this machine",
      ["permissions", "require"],
      "Leave it out to serve them under Deno's flags and the path guard alone",
    );
  }
  return confinement;
}
