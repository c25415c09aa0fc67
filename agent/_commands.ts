/**
 * The workflow's own commands: those of `run` steps go the way that the model's do.
 *
 * @module
 */

import type { ExecuteResult } from "../backends/shells/shell.ts";
import { CallShell } from "./_call_shell.ts";
import type { Session } from "./_session.ts";
import type { CommandParams } from "./process.ts";

/**
 * Runs a command of the workflow's own.
 *
 * @param session Where.
 * @param params The command.
 * @param signal Ends it.
 * @returns How it ended.
 * @throws {TypeError} If the run has no shell.
 * @throws {BackendError} If it cannot be run.
 */
export async function runCommand(
  session: Session,
  { step, command, cwd, env, timeout }: CommandParams,
  signal: AbortSignal,
): Promise<ExecuteResult> {
  const teller = session.teller(step, signal);
  const { shell } = session.workplaces.of(
    undefined,
    (change) => teller.tell({ type: "file.changed", ...change }),
  );
  if (shell === undefined) throw new TypeError("There is no shell in this run");
  const told = new CallShell(
    shell,
    (output) => teller.tell({ type: "command.output", callId: "", ...output }),
  );
  try {
    return await told.execute(command, { cwd, env, timeout, signal });
  } finally {
    teller.close();
  }
}
