/**
 * Routebook: agent workflows that are written down, over one tree of files, with no more
 * permissions than the file grants.
 *
 * @example A composite backend: project files on disk, everything else in memory
 * ```ts
 * import { CompositeBackend, LocalBackend, StateBackend } from "@routebook/routebook";
 * import { assertEquals } from "@std/assert";
 *
 * const memory = new StateBackend();
 * const disk = new LocalBackend({ rootDir: await Deno.makeTempDir() });
 * const backend = new CompositeBackend({ default: memory, routes: { "/project/": disk } });
 * await backend.write("/project/src/main.py", "print('hello')\n");
 * await backend.write("/scratch/notes.txt", "only for now\n");
 * assertEquals([...memory.files.keys()], ["/scratch/notes.txt"]);
 * ```
 *
 * @module
 */

export { BackendError, type BackendErrorCode } from "./backends/errors.ts";
export { LIMITS } from "./backends/limits.ts";
export type * from "./backends/protocol.ts";
export type { PlacingBackend, StoragePlace } from "./backends/places.ts";
export { canonicalPath } from "./backends/paths.ts";
export { StateBackend, type StateBackendOptions, type StateFile } from "./backends/state.ts";
export { LocalBackend, type LocalBackendOptions } from "./backends/local.ts";
export {
  CompositeBackend,
  type CompositeBackendOptions,
  type Mount,
} from "./backends/composite.ts";
export { GuardedBackend, type GuardedBackendOptions } from "./backends/guard.ts";
export { createDeepAgent } from "./agent/agent.ts";
export type * from "./agent/agent.ts";
export type * from "./agent/events.ts";
export type * from "./agent/model.ts";
export { ModelError } from "./agent/model.ts";
export type * from "./agent/rehearsal.ts";
export { RehearsalModel, type RehearsalModelOptions } from "./agent/models/rehearsal.ts";
export { defineTool } from "./agent/tool.ts";
export type * from "./agent/tool.ts";
export { type TestedRun, testWorkflow, type TestWorkflowOptions } from "./runner/test_workflow.ts";
export { rehearsalModel, type RehearsalModelFileOptions } from "./runner/rehearse.ts";
export type * from "./runner/events.ts";
export type { Place } from "./runner/plan.ts";
export type { RunResult } from "./runner/supervise.ts";
