/**
 * Runs of workflows that ask a real server, in real processes and in a directory of their own.
 *
 * @module
 */

import { join } from "@std/path";
import { compileWorkflow } from "../../runner/compile.ts";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import { type RunOptions, runPlan, type RunResult } from "../../runner/supervise.ts";
import type { OpenAiServer } from "../support/openai_server.ts";

/**
 * Runs a workflow of a model behind a server.
 *
 * @param flow The workflow's keys; name and model are there already.
 * @param server The server.
 * @param options Who is told, and what interrupts the run.
 * @returns How it ended.
 */
export async function live(
  flow: Readonly<Record<string, unknown>>,
  { baseUrl, key }: OpenAiServer,
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  const cwd = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-live-" }));
  try {
    const text = JSON.stringify({ name: "live", model: "openai:gpt-4.1", ...flow });
    await Deno.writeTextFile(join(cwd, "flow.yaml"), text);
    const compiled = await compileWorkflow("flow.yaml", { cwd, mode: "live", key: true, baseUrl });
    const { plan, diagnostics, sources } = compiled;
    if (plan === undefined) throw new Error(formatDiagnostics(diagnostics, sources));
    return await runPlan(plan, { sinks: [], ...options, apiKey: key, runId: "test" });
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}
