/**
 * Files that are copied out to the host when a run ends: from where in the tree, and to places that
 * no run can change by itself.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "@std/path";
import { BackendError } from "../backends/errors.ts";
import { canonicalPath } from "../backends/paths.ts";
import { StateBackend } from "../backends/state.ts";
import { compileText, knownText } from "./_compile_text.ts";
import { codePaths, isInside, isSystem, programPaths, realPlace, tooWide } from "./_host_paths.ts";
import type { Plan, PlanArtifact } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { PlacedStep } from "./_step_parts.ts";
import type { Scope } from "./_scope.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** What {@linkcode compileArtifacts} needs to know. */
export interface ArtifactOptions {
  /** The workflow file's absolute path. */
  readonly path: string;
  /** Real directories of the host that the run may change, or the run that it is a part of. */
  readonly writable: readonly string[];
  /** Absolute paths of the files that the run is made of: the workflow and its rehearsal. */
  readonly files: readonly string[];
  /** What the paths may refer to: all steps. */
  readonly scope: Scope;
  /** An absolute directory that stands for that of the workflow, and for every one above it. */
  readonly redirect: string | undefined;
}

/** What no artifact may take the place of, by real paths. */
interface Kept {
  readonly writable: readonly string[];
  readonly files: readonly string[];
  readonly code: readonly string[];
  readonly programs: readonly string[];
}

/** What something is that no artifact goes to. */
interface Problem {
  readonly message: string;
  readonly hint: string;
}

/** An artifact, and what is known of what it copies. */
interface Compiled extends PlanArtifact {
  /** Where its one file goes, if that is known. */
  readonly target: string | undefined;
  readonly at: DataPath;
}

const OWN_PLACE = "Write a directory of its own, such as ./artifacts/";

/**
 * @param parts The `artifacts` section, without its faults.
 * @param options Where the file is, and what is to be kept.
 * @param reporter Told of what is wrong.
 * @returns The artifacts that are sound.
 */
export async function compileArtifacts(
  parts: Parts<WorkflowFile>["artifacts"],
  options: ArtifactOptions,
  reporter: Reporter,
): Promise<readonly PlanArtifact[]> {
  if (parts === undefined) return [];
  const kept: Kept = {
    writable: options.writable,
    files: await Promise.all(options.files.map(realFile)),
    code: await codePaths(),
    programs: await programPaths(),
  };
  const artifacts: Compiled[] = [];
  for (const [index, part] of parts.entries()) {
    if (part?.path === undefined || part.to === undefined) continue;
    const at = ["artifacts", index];
    const source = await compileSource(part.path, [...at, "path"], options.scope, reporter);
    if (source === undefined) continue;
    const to = await compileTarget(part.to, source.isMany, [...at, "to"], options, reporter);
    if (to === undefined) continue;
    const target = source.known === undefined
      ? undefined
      : to.endsWith("/")
      ? join(to, basename(source.known))
      : to;
    const problem = problemOf(target ?? to, source.isMany, kept);
    if (problem !== undefined) {
      reporter.error("unsafe-artifact", problem.message, [...at, "to"], { hint: problem.hint });
      continue;
    }
    artifacts.push({
      path: source.template,
      to,
      shownTo: part.to,
      when: part.when ?? "success",
      place: reporter.placeOf(at),
      target,
      at,
    });
  }
  checkTwice(artifacts, reporter);
  return artifacts.map(({ target: _, at: __, ...artifact }) => artifact);
}

/**
 * Holds what used workflows copy out against what the file itself does: they copy to no other place.
 *
 * @param lists The steps of the file.
 * @param placed Where they are in it.
 * @param own Its artifacts.
 * @param reporter Told of places that are too much.
 */
export function checkUsedArtifacts(
  { steps, onSuccess = [], onFailure = [] }: Pick<Plan, "steps" | "onSuccess" | "onFailure">,
  placed: readonly PlacedStep[],
  own: readonly PlanArtifact[],
  reporter: Reporter,
): void {
  const isOwn = ({ to }: PlanArtifact) =>
    own.some((each) => each.to.endsWith("/") ? to.startsWith(each.to) : to === each.to);
  for (const { id, uses } of [...steps, ...onSuccess, ...onFailure]) {
    const more = uses?.plan.artifacts?.find((artifact) => !isOwn(artifact));
    if (uses === undefined || more === undefined) continue;
    const at = placed.find(({ part }) => part?.id === id)?.path ?? [];
    reporter.error(
      "exceeds-caller",
      `${JSON.stringify(uses.file)} copies files out to ${JSON.stringify(more.to)}, and this ` +
        "workflow does not",
      [...at, "uses"],
      { hint: "Copy them out here, with artifacts of this file, or add that destination to them" },
    );
  }
}

/** What is copied. */
interface Source {
  readonly template: PlanArtifact["path"];
  /** Whether the names of the files are not known before the run, or there may be several. */
  readonly isMany: boolean;
  /** The path of the one file, if it is known. */
  readonly known: string | undefined;
}

async function compileSource(
  written: string,
  path: DataPath,
  scope: Scope,
  reporter: Reporter,
): Promise<Source | undefined> {
  const template = compileText(written, path, scope, reporter);
  if (template === undefined) return undefined;
  const known = knownText(template, scope);
  if (known === undefined) return { template, isMany: true, known: undefined };
  const isGlob = /[*?[{]/.test(known);
  try {
    const canonical = canonicalPath(known);
    if (canonical === "/" || (known.endsWith("/") && !isGlob)) {
      reporter.error("invalid-path", `"${known}" is a directory`, path, {
        hint: `For all files in it, write ${canonical === "/" ? "" : canonical}/**`,
      });
      return undefined;
    }
    // Whether the pattern can be understood is the same in every tree.
    if (isGlob) await new StateBackend().glob(canonical, { limit: 1 });
    return {
      template: [canonical],
      isMany: isGlob,
      known: isGlob ? undefined : canonical,
    };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    reporter.error("invalid-path", error.message, path, {
      hint: "Write a path of the tree from its root: /out/report.md, or /out/**",
    });
    return undefined;
  }
}

/** The real place of a destination: a directory where it ends with a slash. */
async function compileTarget(
  written: string,
  isMany: boolean,
  path: DataPath,
  { path: file, redirect }: ArtifactOptions,
  reporter: Reporter,
): Promise<string | undefined> {
  const refuse = (message: string, hint: string) => {
    reporter.error("invalid-artifact", message, path, { hint });
    return undefined;
  };
  const quoted = JSON.stringify(written);
  if (/^~(?:\/|$)/.test(written)) {
    return refuse(
      `Destination ${quoted} begins with "~", which only a shell knows`,
      "Write it relative to this file: ./artifacts/",
    );
  }
  if (/\p{Cc}/u.test(written) || !written.isWellFormed()) {
    return refuse(`Destination ${quoted} has a control character in it`, OWN_PLACE);
  }
  const isDirectory = /(?:^|\/)\.{0,2}$/.test(written);
  if (isMany && !isDirectory) {
    return refuse(
      `Several files may be copied to ${quoted}, which is one file`,
      `Write a slash at its end for a directory: ${written}/`,
    );
  }
  const wanted = redirect === undefined
    ? resolve(dirname(file), written)
    : join(redirect, ...written.split("/").map((part) => part === ".." ? "up" : part));
  if (isDirectory) {
    const place = await realPlace(wanted.replace(/(?<=.)\/+$/, ""));
    return place.type === "bad"
      ? refuse(`Destination ${quoted} cannot be used: ${place.problem}`, OWN_PLACE)
      : `${place.path.replace(/\/$/, "")}/`;
  }
  const parent = await realPlace(dirname(wanted));
  if (parent.type === "bad") {
    return refuse(`Destination ${quoted} cannot be used: ${parent.problem}`, OWN_PLACE);
  }
  const target = join(parent.path, basename(wanted));
  const there = await kindAt(target);
  if (there === "a directory") {
    return refuse(
      `Destination ${quoted} is a directory`,
      `Write a slash at its end to copy into it: ${written}/`,
    );
  }
  if (there !== undefined) {
    return refuse(
      `Destination ${quoted} is ${there}`,
      "Name a file that is not there, or an ordinary one",
    );
  }
  return target;
}

/** What is at a path, if it is no regular file. */
async function kindAt(path: string): Promise<string | undefined> {
  try {
    const info = await Deno.lstat(path);
    if (info.isSymlink) return "a link";
    if (info.isDirectory) return "a directory";
    return info.isFile ? undefined : "not a regular file";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Why nothing may be copied to a real place; a directory ends with a slash. */
function problemOf(to: string, isMany: boolean, kept: Kept): Problem | undefined {
  const place = to.replace(/(?<=.)\/$/, "");
  const shown = JSON.stringify(place);
  const hint = OWN_PLACE;
  if (isSystem(place)) {
    return { message: `Destination ${shown} is a part of the operating system`, hint };
  }
  const hidden = place.split("/").find(isKept);
  if (hidden !== undefined) {
    return { message: `Nothing is copied into a "${hidden}" directory`, hint };
  }
  const root = kept.writable.find((root) => isInside(place, root) || isInside(root, place));
  if (root !== undefined) {
    const how = isInside(place, root) ? "is inside" : "holds";
    return {
      message: `Destination ${shown} ${how} "${root}", which the run may change`,
      hint: "Write a directory outside it: what a run can change it could turn into a link",
    };
  }
  // What is copied may be called as the model likes.
  const holds = (path: string) => isInside(place, path) || (isMany && isInside(path, place));
  if (kept.files.some(holds)) {
    return {
      message: isMany
        ? `Destination ${shown} holds the workflow's own files`
        : `Destination ${shown} is one of the workflow's own files`,
      hint,
    };
  }
  if (kept.code.some(holds)) {
    return { message: `Destination ${shown} is, or holds, Routebook's own code`, hint };
  }
  if (kept.programs.some(holds)) {
    return { message: `Destination ${shown} is, or holds, Deno or packages that it runs`, hint };
  }
  const wide = isMany ? tooWide(place) : undefined;
  return wide === undefined ? undefined : { message: `Destination ${shown} is ${wide}`, hint };
}

/** Whether a directory's name says that nothing is to be copied into it. */
export function isKept(name: string): boolean {
  return name.toLowerCase() === ".git" || name.toLowerCase() === ".routebook";
}

/** Two files with one destination, as far as that is known. */
function checkTwice(artifacts: readonly Compiled[], reporter: Reporter): void {
  for (const [index, { target, when, shownTo, at }] of artifacts.entries()) {
    const other = artifacts.slice(0, index).find((earlier) =>
      earlier.target !== undefined && earlier.target === target &&
      (earlier.when === when || earlier.when === "always" || when === "always")
    );
    if (other === undefined) continue;
    reporter.error(
      "duplicate-artifact",
      `Two artifacts are copied to the same file, ${JSON.stringify(basename(target ?? shownTo))}`,
      [...at, "to"],
      { hint: "Give each a destination of its own" },
    );
  }
}

/** A file's real path, where it exists. */
async function realFile(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}
