/**
 * Values that docker backends and runtimes have in common.
 *
 * @module
 */

import { canonicalPath } from "../backends/paths.ts";
import { systemDirectory } from "./_compile_command.ts";
import type { Reporter } from "./_reporter.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** A docker backend of a file. */
export type BoxPart = Extract<
  NonNullable<NonNullable<Parts<WorkflowFile>["backends"]>[string]>,
  { readonly type?: "docker" | undefined; readonly runtime?: string | undefined }
>;

/** What a shell lets a variable be called. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** An image by its name: a host, a path, a tag and a digest. */
const IMAGE =
  /^(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** A host, with a port and a path if it has them. */
const REGISTRY = /^[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;

/**
 * @param written An image.
 * @returns Whether it is one by form.
 */
export function isImage(written: string): boolean {
  return IMAGE.test(written);
}

/**
 * @param written A registry.
 * @returns Whether it is one by form.
 */
export function isRegistry(written: string): boolean {
  return REGISTRY.test(written);
}

/**
 * @param written A network.
 * @returns Whether it is one by form.
 */
export function isNetwork(written: string): boolean {
  return /^[A-Za-z0-9][\w.:-]*$/.test(written);
}

/**
 * @param written An image's name.
 * @param at Where it is in the file.
 * @param reporter Told if it is none.
 */
export function checkImage(written: string, at: DataPath, reporter: Reporter): void {
  if (IMAGE.test(written)) return;
  const lower = written.toLowerCase();
  reporter.error("invalid-value", `"${written}" is not an image's name`, at, {
    hint: IMAGE.test(lower) ? `Did you mean "${lower}"?` : "Write it like python:3.12-slim",
  });
}

/**
 * A package is a word of the package manager's, and none of its options.
 *
 * @param written The packages, without their faults.
 * @param path Where they are in the file.
 * @param reporter Told of what is wrong.
 * @returns Those that are sound.
 */
export function compilePackages(
  written: BoxPart["packages"],
  path: DataPath,
  reporter: Reporter,
): readonly string[] {
  return (written ?? []).flatMap((name, index) => {
    if (name === undefined) return [];
    if (/^[^\s\p{Cc}-][^\s\p{Cc}]*$/u.test(name)) return [name];
    reporter.error("invalid-value", `"${name}" is not a package's name`, [...path, index], {
      hint: name.startsWith("-")
        ? "Options of a package manager belong into a command of setup"
        : "Write one item for each package",
    });
    return [];
  });
}

/**
 * @param written Commands for the building of an image, without their faults.
 * @param path Where they are in the file.
 * @param reporter Told of what is wrong.
 * @returns Those that are sound.
 */
export function compileSetup(
  written: BoxPart["setup"],
  path: DataPath,
  reporter: Reporter,
): readonly string[] {
  return (written ?? []).flatMap((command, index) => {
    if (command === undefined) return [];
    if (!command.includes("\0") && command.trim() !== "") return [command];
    reporter.error("invalid-value", "A command of setup says nothing", [...path, index], {
      hint: "Write a command for sh",
    });
    return [];
  });
}

/**
 * @param written The directory for the files of the work.
 * @param at Where it is in the file.
 * @param reporter Told of what is wrong.
 * @returns It, if it is sound.
 */
export function compileWorkdir(
  written: string | undefined,
  at: DataPath,
  reporter: Reporter,
): string | undefined {
  if (written === undefined) return undefined;
  const refuse = (message: string, hint: string) => {
    reporter.error("invalid-path", `Directory "${written}" ${message}`, at, { hint });
    return undefined;
  };
  let canonical: string;
  try {
    canonical = canonicalPath(written.startsWith("/") ? written : `/${written}`);
  } catch {
    return refuse("has no path that there can be", "Write a path such as /workspace");
  }
  if (canonical === "/") {
    return refuse("is the whole container", "Write a path such as /workspace");
  }
  if (/\p{Cc}/u.test(canonical)) {
    const message = "has a line break or control character in it";
    return refuse(message, "Write a path such as /workspace");
  }
  if (canonical !== written) {
    return refuse("is not a path in its shortest form", `Write "${canonical}"`);
  }
  const system = systemDirectory(canonical);
  if (system === undefined) return canonical;
  return refuse(
    `is in "${system}", the container's own directory`,
    "Write another path, such as /workspace",
  );
}

/**
 * @param written Variables, without their faults.
 * @param path Where they are in the file.
 * @param reporter Told of what is wrong.
 * @returns Those that are sound.
 */
export function compileVariables(
  written: BoxPart["env"],
  path: DataPath,
  reporter: Reporter,
): Readonly<Record<string, string>> | undefined {
  if (written === undefined) return undefined;
  const variables: [string, string][] = [];
  for (const [name, value] of Object.entries(written)) {
    if (!VARIABLE.test(name)) {
      reporter.error("invalid-name", `"${name}" cannot be a variable's name`, [...path, name], {
        hint: "Use letters, digits and _, and begin with a letter",
        part: "key",
      });
    } else if (value?.includes("\0")) {
      reporter.error("invalid-value", "A variable cannot have a NUL character in it", [
        ...path,
        name,
      ]);
    } else if (value !== undefined) variables.push([name, value]);
  }
  return Object.fromEntries(variables);
}
