/**
 * Collects what is wrong with one YAML file, at its places.
 *
 * @module
 */

import {
  type DiagnosticCode,
  type ErrorCode,
  hintFor,
  type WarningCode,
} from "./diagnostic_codes.ts";
import type { Diagnostic } from "./diagnostics.ts";
import type { Place } from "./plan.ts";
import type { DataPath, Location, YamlFile } from "./_yaml_file.ts";

/** What a report may add. */
export interface ReportOptions {
  /** What to do about it, if that is more exact than what the registry says of the code. */
  readonly hint?: string | undefined;
  /**
   * What to point at: the value, or its key; an item of a list has no key and is pointed at itself.
   *
   * @default {"value"}
   */
  readonly part?: "value" | "key" | undefined;
  /** A place that is known already, instead of the path's. */
  readonly location?: Location | undefined;
}

/** The problems of one file. */
export class Reporter {
  readonly yaml: YamlFile;
  readonly #diagnostics: Diagnostic[];

  /**
   * @param yaml The file.
   * @param diagnostics Where its problems are added.
   */
  constructor(yaml: YamlFile, diagnostics: Diagnostic[]) {
    this.yaml = yaml;
    this.#diagnostics = diagnostics;
  }

  /** Tells of something that makes the file unusable. */
  error(code: ErrorCode, message: string, path: DataPath, options: ReportOptions = {}): void {
    this.#report("error", code, message, path, options);
  }

  /** Tells of something that is probably not what was meant. */
  warning(
    code: WarningCode,
    message: string,
    path: DataPath,
    options: ReportOptions = {},
  ): void {
    this.#report("warning", code, message, path, options);
  }

  /** Tells of an error that is not in the file: an option, or the environment. */
  outside(code: ErrorCode, message: string, hint?: string): void {
    this.#diagnostics.push({ severity: "error", code, message, hint: hintFor(code, hint) });
  }

  /** Where the value at a path is. */
  placeOf(path: DataPath): Place {
    return this.yaml.valueLocation(path).place;
  }

  #report(
    severity: Diagnostic["severity"],
    code: DiagnosticCode,
    message: string,
    path: DataPath,
    options: ReportOptions,
  ): void {
    const location = options.location ?? this.#locate(path, options.part ?? "value");
    const { place, length } = location;
    const hint = hintFor(code, options.hint);
    this.#diagnostics.push({ severity, code, message, place, length, hint });
  }

  #locate(path: DataPath, part: "value" | "key"): Location {
    if (part === "value") return this.yaml.valueLocation(path);
    return this.yaml.keyLocation(path);
  }
}
