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
 * @example An agent that runs commands over the same files, without any program of the machine
 * ```ts
 * import {
 *   createDeepAgent,
 *   GuardedBackend,
 *   RehearsalModel,
 *   StateBackend,
 *   VirtualShell,
 * } from "@routebook/routebook";
 * import { assertEquals } from "@std/assert";
 *
 * const memory = new StateBackend({ files: { "/words.txt": "pear\napple\npear\n", "/.env": "KEY=1" } });
 * const backend = new GuardedBackend({ backend: memory, deny: ["read /.env"] });
 * // A scripted model; "openai:gpt-4.1" takes its place where there is a key.
 * const model = new RehearsalModel({
 *   name: "openai:gpt-4.1",
 *   turns: [
 *     { text: "", calls: [{ tool: "execute", arguments: { command: "ls -a; sort -u words.txt > sorted.txt" } }] },
 *     { text: "I sorted the words.", calls: [] },
 *   ],
 * });
 * const agent = createDeepAgent({ model });
 * await agent.run("Sort the words.", { backend, shell: new VirtualShell({ backend }) });
 * assertEquals((await backend.read("/sorted.txt")).text, "apple\npear\n");
 * ```
 *
 * @example A container for commands and most files, and a directory of the machine that it may read
 *
 * It needs Docker or Podman, and `--allow-read`, `--allow-write` and `--allow-net` for its socket.
 *
 * ```ts ignore
 * import {
 *   CompositeBackend,
 *   createDeepAgent,
 *   DockerSandbox,
 *   LocalBackend,
 *   RehearsalModel,
 * } from "@routebook/routebook";
 *
 * const directory = `${Deno.cwd()}/local`;
 * await using box = new DockerSandbox({
 *   runtime: "python-datascience", // Isolated execution
 *   mounts: [{ prefix: "/local/", directory, access: "read" }], // Commands see it as the tools do
 * });
 * await box.start();
 * const local = new LocalBackend({ rootDir: directory, access: "read" });
 * const backend = new CompositeBackend({ default: box, routes: { "/local/": local } });
 * // A scripted model; "openai:gpt-4.1" takes its place where there is a key.
 * const model = new RehearsalModel({
 *   name: "openai:gpt-4.1",
 *   turns: [
 *     {
 *       text: "",
 *       calls: [
 *         { tool: "read_file", arguments: { path: "/local/sales.csv", limit: 3 } },
 *         {
 *           tool: "write_file",
 *           arguments: {
 *             path: "/work/mean.py",
 *             content: "import pandas\nprint(pandas.read_csv('/local/sales.csv').revenue.mean())\n",
 *           },
 *         },
 *         { tool: "execute", arguments: { command: "python3 /work/mean.py | tee /work/mean.txt" } },
 *       ],
 *     },
 *     { text: "The mean is in /work/mean.txt.", calls: [] },
 *   ],
 * });
 * const agent = createDeepAgent({ model, instructions: "You analyse the data in /local/." });
 * const { output } = await agent.run("What is the mean revenue?", { backend, shell: box });
 * console.log(output, (await backend.read("/work/mean.txt")).text);
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
export { JudgedBackend } from "./backends/judged.ts";
export type { Judge, Judgement } from "./backends/judge.ts";
export {
  type ApprovedWish,
  type CommandDecision,
  type DecideCommandOptions,
  type Decision,
  Policy,
  type Rules,
  type Verdict,
} from "./backends/policy.ts";
export { PRESET_NAMES, type PresetName, rulesOfPreset } from "./backends/presets.ts";
export type * from "./backends/shells/shell.ts";
export { SHELL_LIMITS, SYSTEM_DIRECTORIES } from "./backends/shells/shell.ts";
export { VirtualShell, type VirtualShellOptions } from "./backends/shells/virtual.ts";
export {
  type SandboxMount,
  SandboxShell,
  type SandboxShellOptions,
} from "./backends/shells/sandbox.ts";
export { DockerSandbox, type DockerSandboxOptions } from "./backends/docker/sandbox.ts";
export type * from "./backends/docker/options.ts";
export {
  RUNTIME_NAMES,
  type RuntimeName,
  RUNTIMES,
  UnknownRuntimeError,
} from "./backends/docker/runtimes.ts";
export { StagingShell, type StagingShellOptions } from "./backends/shells/staging.ts";
export type { ChangedFile, Stage, StageChanges, StagedEntry } from "./backends/shells/stage.ts";
export { createDeepAgent } from "./agent/agent.ts";
export type * from "./agent/agent.ts";
export type * from "./agent/events.ts";
export type { ApprovalParams, ApprovalWish } from "./agent/process.ts";
export type * from "./agent/model.ts";
export { ModelError } from "./agent/model.ts";
export type * from "./agent/rehearsal.ts";
export { RehearsalModel, type RehearsalModelOptions } from "./agent/models/rehearsal.ts";
export { defineTool } from "./agent/tool.ts";
export type * from "./agent/tool.ts";
export { type TestedRun, testWorkflow, type TestWorkflowOptions } from "./runner/test_workflow.ts";
export { rehearsalModel, type RehearsalModelFileOptions } from "./runner/rehearse.ts";
export type * from "./runner/events.ts";
export type { Place, PlanConfinement } from "./runner/plan.ts";
export type { RunResult } from "./runner/supervise.ts";
