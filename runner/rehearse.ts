/**
 * A rehearsal's file as a model, for programs that make their own agents.
 *
 * @module
 */

import { fromFileUrl, resolve } from "@std/path";
import { RehearsalModel } from "../agent/models/rehearsal.ts";

/** Options of {@linkcode rehearsalModel}. */
export interface RehearsalModelFileOptions {
  /** The step of the rehearsal whose answers are played. */
  readonly step: string;
  /**
   * The name of the model that it stands in for.
   *
   * @default {"rehearsal"}
   */
  readonly name?: string;
}

/**
 * Reads one step of a rehearsal's file, to be played in a model's place.
 *
 * @example
 * ```ts
 * import { rehearsalModel } from "@routebook/routebook";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile({ suffix: ".rehearsal.yaml" });
 * await Deno.writeTextFile(file, "name: demo\nsteps:\n  greet:\n    - text: Hello.\n");
 * const model = await rehearsalModel(file, { step: "greet" });
 * const answer = await model.respond({ messages: [{ role: "user", content: "Hi" }], tools: [] });
 * assertEquals(answer.text, "Hello.");
 * ```
 *
 * @param file The file, relative to the working directory or as a URL.
 * @param options Which step.
 * @returns The model; each call gives a new one, at its first answer.
 * @throws {SyntaxError} If the file is not a rehearsal; the message shows every problem in its place.
 * @throws {RangeError} If it has no such step.
 */
export async function rehearsalModel(
  file: string | URL,
  options: RehearsalModelFileOptions,
): Promise<RehearsalModel> {
  const { loadRehearsal } = await import("./rehearsal_file.ts");
  const path = resolve(file instanceof URL ? fromFileUrl(file) : file);
  const workflow = { name: undefined, steps: undefined };
  const { steps, text, diagnostics } = await loadRehearsal(path, path, workflow);
  if (diagnostics.some(({ severity }) => severity === "error")) {
    const { formatDiagnostics } = await import("./diagnostics.ts");
    const sources = new Map(text === undefined ? [] : [[path, text]]);
    throw new SyntaxError(
      `The rehearsal cannot be read:\n\n${
        formatDiagnostics(diagnostics, sources, { color: false })
      }`,
    );
  }
  const turns = steps[options.step];
  if (turns === undefined) {
    throw new RangeError(
      `The rehearsal '${path}' has no step '${options.step}': it has ` +
        Object.keys(steps).join(", "),
    );
  }
  return new RehearsalModel({ name: options.name ?? "rehearsal", turns });
}
