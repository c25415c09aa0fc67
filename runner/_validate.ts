/**
 * Holds data against a schema: each fault a diagnostic at its place, and what is left without the
 * faults, so that one bad part does not hide what is wrong with the others.
 *
 * @module
 */

import type { z } from "zod";
import { OTHER_KEY, OTHER_VALUE, type Section } from "./_section.ts";
import type { Advice } from "./_foreign_words.ts";
import { didYouMean, isMisspelt } from "./_suggest.ts";
import {
  capital,
  describeValue,
  hintFor,
  hintForBig,
  hintForMissing,
  hintForSmall,
  kindOf,
  nameOf,
  tooBig,
  tooSmall,
  unionOf,
} from "./_issue_text.ts";
import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";
import { hintForValue } from "./_yaml_traps.ts";

/**
 * Data of which any part may be missing. Items of lists that were faulty are `undefined`, so that
 * the others keep their index.
 */
export type Parts<T> = T extends readonly (infer Item)[] ? readonly (Parts<Item> | undefined)[]
  : T extends object ? { readonly [Key in keyof T]?: Parts<T[Key]> | undefined }
  : T;

type Issue = z.core.$ZodIssue;

/**
 * @param schema What the file should be.
 * @param sections What its keys are, for hints.
 * @param reporter The file, and where faults are told.
 * @returns What is left of the data when all that is faulty is taken out.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  sections: readonly Section[],
  reporter: Reporter,
): Parts<z.output<Schema>> | undefined {
  const { data } = reporter.yaml;
  // A schema is used once: compiling it would take longer than walking it.
  const result = schema.safeParse(data, { jitless: true });
  const issues = result.success
    ? []
    : result.error.issues.flatMap((issue) => concrete(issue, data));
  for (const issue of issues) describe(issue, sections, reporter);
  const faulty = new Set(issues.flatMap(faultyPaths).map((path) => JSON.stringify(path)));
  warnOfNumbers(data, { faulty, reporter, path: [] });
  // All that the schema objects to is gone, so what is left is of its type.
  const left = faulty.size === 0 ? data : without(data, faulty, []);
  return left as Parts<z.output<Schema>> | undefined;
}

/** An issue of a union, as the issues of the one form that was meant. */
function concrete(issue: Issue, data: unknown): readonly Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const meant = issue.errors.filter((errors) =>
    !errors.some(({ code, path }) => code === "invalid_type" && path.length === 0)
  );
  const [only, another] = meant;
  if (only === undefined || another !== undefined) return [issue];
  return only
    .map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
    .flatMap((inner) => concrete(inner, data));
}

function faultyPaths(issue: Issue): readonly DataPath[] {
  const path = dataPath(issue);
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
}

function dataPath({ path }: Issue): DataPath {
  return path.map((part) => typeof part === "symbol" ? String(part) : part);
}

function without(data: unknown, faulty: ReadonlySet<string>, path: DataPath): unknown {
  if (faulty.has(JSON.stringify(path))) return undefined;
  if (Array.isArray(data)) {
    return data.map((item, index) => without(item, faulty, [...path, index]));
  }
  if (typeof data !== "object" || data === null) return data;
  const kept: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(data)) {
    const left = without(value, faulty, [...path, key]);
    if (left !== undefined) kept[key] = left;
  }
  return kept;
}

/** A walk through the data. */
interface Walk {
  readonly faulty: ReadonlySet<string>;
  readonly reporter: Reporter;
  /** Where it is now: of thousands of values few are told of. */
  readonly path: (string | number)[];
}

/** Warns of numbers that are written as people may not expect them to be read: `08`, `1e3`. */
function warnOfNumbers(data: unknown, walk: Walk): void {
  if (typeof data === "number") {
    warnOfNumber(data, walk);
  } else if (typeof data === "object" && data !== null) {
    const isList = Array.isArray(data);
    for (const [key, value] of Object.entries(data)) {
      if (typeof value === "string") continue;
      walk.path.push(isList ? Number(key) : key);
      warnOfNumbers(value, walk);
      walk.path.pop();
    }
  }
}

function warnOfNumber(data: number, { faulty, reporter, path: current }: Walk): void {
  const path = [...current];
  const source = reporter.yaml.sourceOf(path);
  if (source === undefined) return;
  // A version that loses its zero: 3.10 is 3.1. Where numbers alone can stand, it is the same.
  const isText = path.at(-2) === "with" || path.includes("foreach");
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(source) && !(isText && /\.\d*0$/.test(source))) return;
  if (faulty.has(JSON.stringify(path))) return;
  reporter.warning("unclear-number", `${source} is read as the number ${data}`, path, {
    hint: `Write ${data}, or "${source}" in quotes if it is a text`,
  });
}

function describe(issue: Issue, sections: readonly Section[], reporter: Reporter): void {
  const path = dataPath(issue);
  switch (issue.code) {
    case "unrecognized_keys":
      for (const key of issue.keys) unknownKey(key, path, sections, reporter);
      return;
    case "invalid_type":
      if (reporter.yaml.has(path)) wrongType(kindOf(issue.expected), path, sections, reporter);
      else missingKey(path, sections, reporter);
      return;
    case "invalid_union":
      if (issue.errors.length === 0) return unknownType(issue, path, sections, reporter);
      if (!reporter.yaml.has(path)) return missingKey(path, sections, reporter);
      return wrongType(unionOf(issue), path, sections, reporter);
    case "invalid_value": {
      const expected = issue.values.map((value) => JSON.stringify(value)).join(" or ");
      const found = valueAt(reporter.yaml.data, path);
      if (typeof found !== "string") return wrongType(expected, path, sections, reporter);
      const hint = adviceFor(found, path, sections) ?? `Write ${expected}`;
      return reporter.error(
        "invalid-value",
        `Expected ${expected} for ${nameOf(path)}, found ${JSON.stringify(found)}`,
        path,
        {
          hint,
          ...didYouMean(found, issue.values.filter((value) => typeof value === "string")),
        },
      );
    }
    case "too_small":
      return reporter.error("invalid-value", tooSmall(issue, path), path, {
        hint: hintForSmall(issue),
      });
    case "too_big":
      return reporter.error("invalid-value", tooBig(issue, path), path, {
        hint: hintForBig(issue),
      });
    default:
      if (path.at(-1) === "item") {
        const found = JSON.stringify(valueAt(reporter.yaml.data, path));
        return reporter.error("invalid-name", `${found} cannot be an item's name`, path);
      }
      return reporter.error("invalid-value", `${capital(nameOf(path))} must be one line`, path, {
        hint: "Write it without line breaks and control characters",
      });
  }
}

function unknownKey(
  key: string,
  path: DataPath,
  sections: readonly Section[],
  reporter: Reporter,
): void {
  const section = sectionAt(path, sections);
  const label = section?.label ?? "key";
  const at = [...path, key];
  const quoted = JSON.stringify(key);
  if (section?.later?.includes(key)) {
    reporter.error(
      "unsupported-key",
      `${capital(label)} ${quoted} is not supported in this version`,
      at,
      {
        hint: said(section.instead?.[key], valueAt(reporter.yaml.data, at)) ??
          "Take it out: nothing would enforce it",
        part: "key",
      },
    );
    return;
  }
  if (key === "<<") {
    reporter.error("unknown-key", `Unknown ${label} ${quoted}`, at, {
      hint: "Merge keys are not part of YAML 1.2: write the keys out",
      part: "key",
    });
    return;
  }
  const instead = section?.instead && Object.hasOwn(section.instead, key)
    ? said(section.instead[key], valueAt(reporter.yaml.data, at))
    : undefined;
  const known = section === undefined ? [] : section.keys;
  const comma = hintForComma(at, reporter);
  const hint = comma !== undefined
    ? { hint: comma }
    : instead === undefined
    ? unspaced(key, known)
    : { hint: instead };
  reporter.error("unknown-key", `Unknown ${label} ${quoted}`, at, {
    ...(known.length === 0 ? {} : { hint: `The keys here are ${known.join(", ")}` }),
    ...hint,
    part: "key",
  });
}

/** The hint for what follows a comma in a text in braces, where it has become a key. */
function hintForComma(path: DataPath, { yaml }: Reporter): string | undefined {
  if (!yaml.isBareKey(path)) return undefined;
  const owner = path.slice(0, -1);
  const key = String(path.at(-1));
  const keys = yaml.keysOf(owner);
  let index = keys.indexOf(key) - 1;
  const rest = [key];
  const isBare = (at: number) => yaml.isBareKey([...owner, keys[at] ?? ""]);
  for (; isBare(index); index--) rest.unshift(keys[index] ?? "");
  for (let next = keys.indexOf(key) + 1; isBare(next); next++) rest.push(keys[next] ?? "");
  const before = keys[index];
  const text = before === undefined ? undefined : valueAt(yaml.data, [...owner, before]);
  if (before === undefined || typeof text !== "string") return undefined;
  const whole = JSON.stringify([text, ...rest].join(", "));
  return `A comma ends a text in { }: put quotes around all of it, ${before}: ${whole}`;
}

/** The hint for a key that is misspelt, or that has its value in it for want of a space. */
function unspaced(key: string, known: readonly string[]): { readonly hint?: string } {
  const [name = "", value] = key.split(/:(.*)/s, 2);
  return value !== undefined && known.includes(name)
    ? { hint: `Put a space after the colon: ${name}: ${value}` }
    : didYouMean(key, known);
}

function missingKey(path: DataPath, sections: readonly Section[], reporter: Reporter): void {
  const owner = path.slice(0, -1);
  const section = sectionAt(owner, sections);
  const key = String(path.at(-1));
  const written = reporter.yaml.keysOf(owner);
  if (isMisspelt(key, written, section?.keys ?? [])) return;
  if (written.some((each) => each.startsWith(`${key}:`))) return;
  // It is there by another program's name, and was told what it is called here.
  const advice = written.map((each) => said(section?.instead?.[each], undefined) ?? "");
  if (advice.some((each) => each.includes(`"${key}"`) || each.includes(`${key}: `))) return;
  reporter.error("missing-key", `Missing ${section?.label ?? "key"} "${key}"`, owner, {
    hint: hintForMissing(key),
    part: "key",
  });
}

function unknownType(
  issue: Issue,
  path: DataPath,
  sections: readonly Section[],
  reporter: Reporter,
): void {
  const options = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  const known = options.map((option) => JSON.stringify(option)).join(" or ");
  if (!reporter.yaml.has(path)) {
    reporter.error("missing-key", `Missing key "type": it is ${known}`, path.slice(0, -1), {
      hint: hintForMissing("type"),
      part: "key",
    });
    return;
  }
  const found = valueAt(reporter.yaml.data, path);
  if (typeof found !== "string") return wrongType(known, path, sections, reporter);
  reporter.error(
    "invalid-value",
    `Expected ${known} for ${nameOf(path)}, found ${JSON.stringify(found)}`,
    path,
    {
      hint: adviceFor(found, path, sections) ?? `Write ${known}`,
      ...didYouMean(found, options.map(String)),
    },
  );
}

function wrongType(
  expected: string,
  path: DataPath,
  sections: readonly Section[],
  reporter: Reporter,
): void {
  const found = valueAt(reporter.yaml.data, path);
  const isTrap = found === null || typeof found === "object";
  const hint = path.length === 0
    ? 'Begin with "name: ..." and "steps:"'
    : (found === null ? hintForComma(path, reporter) : undefined) ??
      (isTrap ? hintForValue(reporter.yaml.lineFrom(path)) : undefined) ??
      adviceFor(found, path, sections) ?? hintFor(expected, found, reporter.yaml.sourceOf(path));
  reporter.error(
    "wrong-type",
    path.length === 0
      ? `Expected a map of keys and values, found ${describeValue(found)}`
      : `Expected ${expected} for ${nameOf(path)}, found ${describeValue(found)}`,
    path,
    { hint },
  );
}

/** What a section says of a value that its key cannot have. */
function adviceFor(
  found: unknown,
  path: DataPath,
  sections: readonly Section[],
): string | undefined {
  const values = sectionAt(path.slice(0, -1), sections)?.values;
  const key = String(path.at(-1));
  if (values === undefined) return undefined;
  const advice = Object.hasOwn(values, key) ? values[key] : values[OTHER_KEY];
  if (advice === undefined) return undefined;
  const named = typeof found === "string" && Object.hasOwn(advice, found);
  return said(named ? advice[found] : advice[OTHER_VALUE], found);
}

function said(advice: Advice | undefined, value: unknown): string | undefined {
  return typeof advice === "function" ? advice(value) : advice;
}

function valueAt(data: unknown, path: DataPath): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = Reflect.get(value, part);
  }
  return value;
}

function sectionAt(path: DataPath, sections: readonly Section[]): Section | undefined {
  return sections.find(({ at }) =>
    at.length === path.length && at.every((part, index) => part === "*" || part === path[index])
  );
}
