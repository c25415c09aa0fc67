/**
 * The order of steps: a sequence, or the graph that `needs` makes of them. Which steps come before
 * another one is known of all of them at once, as a bit each.
 *
 * @module
 */

import type { Reporter } from "./_reporter.ts";
import { didYouMean } from "./_suggest.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How many circles of one file are told. */
const TOLD = 10;

/** How many steps of one circle are drawn from its beginning. */
const DRAWN = 10;

/** A step as the graph knows it. */
export interface GraphStep {
  /** `undefined` for one that has no usable id: nothing can name it. */
  readonly id: string | undefined;
  /** What it names, without its faults. */
  readonly needs: string | readonly (string | undefined)[] | undefined;
  /** Where in the file it is. */
  readonly path: DataPath;
}

/** Which steps wait for which. */
export interface StepGraph {
  /** Whether some step names what it needs; otherwise they are a sequence. */
  readonly isGraph: boolean;
  /** Their places in the list, each after those that it waits for; in a circle, in some order. */
  readonly sequence: readonly number[];
  /**
   * @param index A step's place in the list.
   * @returns The ids of the steps that it waits for directly.
   */
  needsOf(index: number): readonly string[];
  /**
   * @param before A step's place in the list.
   * @param after Another one's.
   * @returns Whether the first has ended when the second begins.
   */
  isBefore(before: number, after: number): boolean;
}

/**
 * Makes the graph of steps.
 *
 * @param steps The steps, in the order of the file.
 * @param others Steps that cannot be needed, by their ids: the list that each is in.
 * @param reporter Told of steps that there are not, and of circles.
 * @returns The graph. Where a step names what there is not, all others count as before it: what is
 * wrong is told once.
 */
export function compileGraph(
  steps: readonly GraphStep[],
  others: ReadonlyMap<string, string>,
  reporter: Reporter,
): StepGraph {
  const indexes = new Map<string, number>();
  for (const [index, { id }] of steps.entries()) {
    if (id !== undefined && !indexes.has(id)) indexes.set(id, index);
  }
  const isGraph = steps.some(({ path }) => namesNeeds(path, reporter));
  const edges = isGraph
    ? steps.map((step) => edgesOf(step, indexes, others, reporter))
    : sequence(steps);
  const left = tangled(edges);
  for (const circle of circles(edges, left)) tellCircle(circle, steps, reporter);
  const order = topological(edges);
  const before = closure(edges, order, left.size > 0);
  return {
    isGraph,
    sequence: order,
    needsOf: (index) => (edges[index]?.to ?? []).flatMap((each) => steps[each]?.id ?? []),
    isBefore: (first, second) => before[second]?.has(first) ?? false,
  };
}

/** What a step waits for: places in the list. */
interface Edges {
  readonly to: readonly number[];
  /** The part of the file that names each. */
  readonly at: readonly DataPath[];
  /** Whether something that it names is not known. */
  readonly isUnclear: boolean;
}

/** An empty list is the same as none. */
function namesNeeds(path: DataPath, { yaml }: Reporter): boolean {
  const at = [...path, "needs"];
  return yaml.has(at) && (yaml.sourceOf(at) !== undefined || yaml.has([...at, 0]));
}

function sequence(steps: readonly GraphStep[]): readonly Edges[] {
  let last: number | undefined;
  return steps.map(({ id }, index) => {
    const to = last === undefined ? [] : [last];
    if (id !== undefined) last = index;
    return { to, at: [], isUnclear: false };
  });
}

function edgesOf(
  { id, needs, path }: GraphStep,
  indexes: ReadonlyMap<string, number>,
  others: ReadonlyMap<string, string>,
  reporter: Reporter,
): Edges {
  const isOne = typeof needs === "string";
  const names = isOne ? [needs] : needs ?? [];
  const to = new Map<number, DataPath>();
  let isUnclear = needs === undefined && reporter.yaml.has([...path, "needs"]);
  for (const [index, name] of names.entries()) {
    const at = isOne ? [...path, "needs"] : [...path, "needs", index];
    const found = name === undefined ? undefined : indexes.get(name);
    if (found !== undefined) {
      const quoted = JSON.stringify(name);
      if (to.has(found)) reporter.warning("repeated-need", `Step ${quoted} is named twice`, at);
      else to.set(found, at);
      continue;
    }
    isUnclear = true;
    if (name === undefined) continue;
    const list = others.get(name);
    const message = list === undefined
      ? `There is no step ${JSON.stringify(name)}`
      : `Step ${JSON.stringify(name)} is one of "${list}", which run when all others have ended`;
    const known = [...indexes.keys()].filter((each) => each !== id);
    reporter.error("unknown-step", message, at, list === undefined ? didYouMean(name, known) : {});
  }
  return { to: [...to.keys()], at: [...to.values()], isUnclear };
}

function tellCircle(
  circle: readonly { readonly index: number; readonly at: DataPath }[],
  steps: readonly GraphStep[],
  reporter: Reporter,
): void {
  const names = circle.map(({ index }) => steps[index]?.id ?? "");
  const [first] = circle;
  if (first === undefined) return;
  const isOne = names.length === 1;
  const [begin, end] = [names.slice(0, DRAWN), names.slice(Math.max(DRAWN, names.length - 2))];
  const left = names.length - begin.length - end.length;
  const drawn = [...begin, ...(left > 0 ? ["..."] : []), ...end, names[0]].join(" -> ");
  reporter.error(
    "circular-needs",
    isOne ? `A step needs itself: ${drawn}` : `Steps need each other in a circle: ${drawn}`,
    first.at,
    { hint: isOne ? "Take it out" : "None of them would ever begin: take one of these needs out" },
  );
}

/** A shortest circle through each step that is on one and on none that was found before. */
function circles(
  edges: readonly Edges[],
  left: ReadonlySet<number>,
): readonly (readonly { readonly index: number; readonly at: DataPath }[])[] {
  const told = new Set<number>();
  const found: { index: number; at: DataPath }[][] = [];
  for (const start of left) {
    if (told.has(start) || found.length === TOLD) continue;
    const way = wayBack(start, edges, left);
    if (way === undefined) continue;
    for (const index of way) told.add(index);
    found.push(way.map((index, position) => {
      const next = way[(position + 1) % way.length];
      const { to, at } = edges[index] ?? { to: [], at: [] };
      return { index, at: at[to.findIndex((each) => each === next)] ?? [] };
    }));
  }
  return found;
}

/** The steps that can never begin, and of those the ones that some other of them waits for. */
function tangled(edges: readonly Edges[]): ReadonlySet<number> {
  const waits = edges.map(({ to }) => to);
  const waited: number[][] = edges.map(() => []);
  for (const [index, to] of waits.entries()) for (const each of to) waited[each]?.push(index);
  const left = new Set(edges.keys());
  for (const [inward, outward] of [[waits, waited], [waited, waits]] as const) {
    const open = inward.map((list) => list.filter((each) => left.has(each)).length);
    const free = [...left].filter((index) => open[index] === 0);
    for (let index = free.pop(); index !== undefined; index = free.pop()) {
      left.delete(index);
      for (const next of outward[index] ?? []) {
        const rest = (open[next] ?? 0) - 1;
        open[next] = rest;
        if (rest === 0 && left.has(next)) free.push(next);
      }
    }
  }
  return left;
}

function wayBack(
  start: number,
  edges: readonly Edges[],
  within: ReadonlySet<number>,
): readonly number[] | undefined {
  const from = new Map<number, number>();
  let row = [start];
  while (row.length > 0) {
    const next: number[] = [];
    for (const index of row) {
      for (const to of edges[index]?.to ?? []) {
        if (to === start) {
          const way = [index];
          for (let at = index; at !== start; way.push(at)) at = from.get(at) ?? start;
          return way.reverse();
        }
        if (from.has(to) || !within.has(to)) continue;
        from.set(to, index);
        next.push(to);
      }
    }
    row = next;
  }
  return undefined;
}

/** The steps before each one, directly or not. In a circle each is before every other. */
function closure(
  edges: readonly Edges[],
  order: readonly number[],
  hasCircles: boolean,
): readonly Bits[] {
  const sets = edges.map(({ to, isUnclear }, index) => {
    const bits = new Bits(edges.length);
    if (isUnclear) bits.fillBut(index);
    for (const each of to) bits.add(each);
    return bits;
  });
  // In an order in which what is needed comes first, once is enough; circles take some more.
  for (let again = true; again;) {
    again = false;
    for (const index of order) {
      const bits = sets[index];
      for (const each of edges[index]?.to ?? []) {
        const more = sets[each];
        if (bits !== undefined && more !== undefined && bits.addAll(more)) {
          again = hasCircles;
        }
      }
    }
  }
  return sets;
}

function topological(edges: readonly Edges[]): readonly number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  for (const start of edges.keys()) {
    const stack: { index: number; next: number }[] = seen.has(start)
      ? []
      : [{ index: start, next: 0 }];
    seen.add(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const to = edges[top.index]?.to[top.next++];
      if (to === undefined) {
        order.push(top.index);
        stack.pop();
      } else if (!seen.has(to)) {
        seen.add(to);
        stack.push({ index: to, next: 0 });
      }
    }
  }
  return order;
}

/** A set of small whole numbers. */
class Bits {
  readonly #size: number;
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.#size = size;
    this.#words = new Uint32Array(Math.ceil(size / 32));
  }

  has(index: number): boolean {
    return ((this.#words[index >>> 5] ?? 0) >>> (index & 31) & 1) === 1;
  }

  add(index: number): void {
    this.#words[index >>> 5] = (this.#words[index >>> 5] ?? 0) | (1 << (index & 31));
  }

  fillBut(index: number): void {
    for (let each = 0; each < this.#size; each++) if (each !== index) this.add(each);
  }

  /** Whether that changed anything. */
  addAll(other: Bits): boolean {
    let changed = false;
    for (let at = 0; at < other.#words.length; at++) {
      const before = this.#words[at] ?? 0;
      const after = (before | (other.#words[at] ?? 0)) >>> 0;
      if (after !== before) {
        this.#words[at] = after;
        changed = true;
      }
    }
    return changed;
  }
}
