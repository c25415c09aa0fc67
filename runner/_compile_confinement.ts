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

/**
 * Says who can confine the host process on this machine.
 *
 * @param options Whether namespaces are to be made inside the host's: a sandbox shell does.
 */
export type Probe = (options: { readonly nested: boolean }) => Promise<PlanConfinement>;

/**
 * Begins to find out who confines a run.
 *
 * @param shell The shell of the run.
 * @param roots Its local files.
 * @param probe Whoever is asked instead of this machine.
 * @returns The answer; none is asked for where there is nothing to confine.
 */
export function askConfinement(
  shell: PlanShell | undefined,
  roots: readonly HostRoot[],
  probe: Probe = probeThisMachine,
): Promise<PlanConfinement> | undefined {
  const isReal = shell?.type === "sandbox";
  return roots.length === 0 && !isReal ? undefined : probe({ nested: isReal });
}

/** What {@linkcode compileConfinement} needs to know. */
export interface ConfinementOptions {
  readonly shell: PlanShell | undefined;
  /** What {@linkcode askConfinement} returned. */
  readonly asked: Promise<PlanConfinement> | undefined;
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
  const { shell, asked, check } = options;
  const confinement = await asked;
  if (confinement === undefined || confinement.type === "bubblewrap") return confinement;
  const tell = (message: string, path: readonly string[]) => {
    const hint = confinement.reason;
    if (check) reporter.warning("no-sandbox", message, path, { hint });
    else reporter.error("no-sandbox", message, path, { hint });
  };
  if (shell?.type === "sandbox") tell('Shell "sandbox" cannot be had on this machine', ["shell"]);
  if (parts.permissions?.require === "sandbox") {
    tell("There is no sandbox on this machine to serve local files from", [
      "permissions",
      "require",
    ]);
  }
  return confinement;
}

async function probeThisMachine(options: { readonly nested: boolean }): Promise<PlanConfinement> {
  const { probeConfinement } = await import("./bubblewrap.ts");
  return await probeConfinement(options);
}
