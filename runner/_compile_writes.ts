/**
 * Steps side by side that produce the same file: which of them is kept would be left to chance.
 *
 * @module
 */

import type { Expression, Template } from "./expressions/expression.ts";
import { templateText } from "./expressions/template.ts";
import type { PlanForeach } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How many warnings are enough. */
const TOLD = 20;

/** A file that a step produces. */
export interface Write {
  readonly step: string;
  /** The step's place in the list. */
  readonly position: number;
  readonly path: Template;
  /** Where in the file the path is. */
  readonly at: DataPath;
  readonly foreach: PlanForeach | undefined;
}

/**
 * @param writes What steps produce, in the order of the file.
 * @param isBefore Whether one step, by its place in the list, has ended when another one begins.
 * @param reporter Told of files that two can write at the same time.
 */
export function checkWrites(
  writes: readonly Write[],
  isBefore: (before: number, after: number) => boolean,
  reporter: Reporter,
): void {
  for (const write of writes) checkItems(write, reporter);
  const isApart = (a: Write, b: Write) =>
    a.position !== b.position && !isBefore(a.position, b.position) &&
    !isBefore(b.position, a.position);
  const known = new Map<string, Write[]>();
  const unknown: Write[] = [];
  const told = new Set<string>();
  for (const write of writes) {
    if (told.size >= TOLD) return;
    const [text = ""] = write.path;
    const isKnown = typeof text === "string" && write.path.length <= 1;
    // What is known differs from what is written otherwise; only of the rest each has to be tried.
    const others = isKnown ? [...known.get(text) ?? [], ...unknown] : [...known.values()].flat();
    for (const other of isKnown ? others : [...others, ...unknown]) {
      const pair = `${other.position} ${write.position}`;
      if (!isApart(other, write) || told.has(pair)) continue;
      if (!mayBeSame(other.path, write.path)) continue;
      told.add(pair);
      tell(other, write, reporter);
      break;
    }
    if (!isKnown) unknown.push(write);
    else if (known.has(text)) known.get(text)?.push(write);
    else known.set(text, [write]);
  }
}

/** Items that are done at the same time have to write each its own file. */
function checkItems({ step, path, at, foreach }: Write, reporter: Reporter): void {
  if (foreach === undefined || foreach.concurrency === 1) return;
  const isOwn = path.some((part) =>
    typeof part !== "string" && namesIn(part.expression).has(foreach.item)
  );
  if (isOwn) return;
  reporter.warning(
    "parallel-writes",
    `Step "${step}" does ${foreach.concurrency} items at a time, and all of them produce ` +
      `"${templateText(path)}"`,
    at,
    { hint: `Name the file after the item: \${{ ${foreach.item} }}` },
  );
}

function tell(one: Write, other: Write, reporter: Reporter): void {
  const [first, second] = [templateText(one.path), templateText(other.path)];
  const what = first === second
    ? `both produce "${second}"`
    : `may produce the same file, "${first}" and "${second}"`;
  reporter.warning(
    "parallel-writes",
    `Steps "${one.step}" and "${other.step}" may run at the same time, and ${what}`,
    other.at,
    { hint: `Let one wait for the other, needs: [${one.step}], or give each a file of its own` },
  );
}

/** Whether two paths can be the same. An expression may become any text. */
function mayBeSame(one: Template, other: Template): boolean {
  const [a, b] = [boundsOf(one), boundsOf(other)];
  if (a.text !== undefined && b.text !== undefined) return a.text === b.text;
  if (a.text !== undefined) return fits(a.text, other);
  if (b.text !== undefined) return fits(b.text, one);
  // Whatever is fixed in between of one, an expression of the other can be.
  return (a.start.startsWith(b.start) || b.start.startsWith(a.start)) &&
    (a.end.endsWith(b.end) || b.end.endsWith(a.end));
}

/** What a path begins and ends with, or the whole of it where all is known. */
function boundsOf(path: Template) {
  const [first = "", last = ""] = [path[0], path.at(-1)];
  const text = path.every((part) => typeof part === "string") ? path.join("") : undefined;
  return {
    text,
    start: typeof first === "string" ? first : "",
    end: typeof last === "string" ? last : "",
  };
}

function fits(text: string, path: Template): boolean {
  const { start, end } = boundsOf(path);
  if (!text.startsWith(start) || !text.endsWith(end) || text.length < start.length + end.length) {
    return false;
  }
  let rest = text.slice(start.length, text.length - end.length);
  for (const part of path.slice(1, -1)) {
    if (typeof part !== "string") continue;
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return true;
}

/** The names that an expression begins its references with. */
function namesIn(expression: Expression, names = new Set<string>()): ReadonlySet<string> {
  switch (expression.type) {
    case "name":
      names.add(expression.name);
      break;
    case "member":
      namesIn(expression.of, names);
      break;
    case "index":
      namesIn(expression.of, names);
      namesIn(expression.index, names);
      break;
    case "call":
      for (const argument of expression.arguments) namesIn(argument, names);
      break;
    case "not":
      namesIn(expression.operand, names);
      break;
    case "binary":
      namesIn(expression.left, names);
      namesIn(expression.right, names);
      break;
  }
  return names;
}
