/**
 * Output redirections of the virtual shell that cannot be opened.
 *
 * A command whose `> file` fails must fail with code 1, and the script goes on. The interpreter does so
 * only for what it finds out before it opens the file; an open that fails ends the whole script. So the
 * targets are marked when a script is parsed, and a marked file is opened where the interpreter asks
 * whether it exists.
 *
 * @module
 */

/** What a marked target begins with: a character for private use, which no sensible name has. */
const MARK = "\u{F0B5F}";

const OUTPUT: ReadonlySet<unknown> = new Set([">", ">>", ">|", "&>", "&>>"]);
const APPENDING: ReadonlySet<unknown> = new Set([">>", "&>>"]);
const DEVICES = /^\/dev\/(?:stdout|stderr|full)$/;

/** How a marked path comes back from `resolvePath`. */
const OPEN = "/run/.open";
const OPEN_TO_APPEND = "/run/.append";

/** A path that may stand for the opening of a file. */
export interface RedirectPath {
  /** The file itself. */
  readonly path: string;
  /** Whether, and how, it is to be opened. */
  readonly open: "truncate" | "append" | undefined;
}

/** Marks the targets of all output redirections of a parsed script. */
export function markRedirects<T extends object>(ast: T): T {
  visit(ast, new Set());
  return ast;
}

/**
 * Takes the mark from a path before it is resolved.
 *
 * @returns The path without it, and what its resolved form begins with: nothing where it had none.
 */
export function unmark(path: string): { readonly path: string; readonly prefix: string } {
  if (!path.startsWith(MARK)) return { path, prefix: "" };
  const append = path.startsWith("+", MARK.length);
  return {
    path: path.slice(MARK.length + 1),
    prefix: append ? OPEN_TO_APPEND : OPEN,
  };
}

/** The file that a resolved path is about. */
export function redirectOf(path: string): RedirectPath {
  if (path.startsWith(`${OPEN}/`)) return { path: path.slice(OPEN.length), open: "truncate" };
  if (path.startsWith(`${OPEN_TO_APPEND}/`)) {
    return { path: path.slice(OPEN_TO_APPEND.length), open: "append" };
  }
  return { path, open: undefined };
}

/** What was printed, without marks: the interpreter names the target that it could not open. */
export function withoutMarks(text: string): string {
  return text.replaceAll(`${MARK}+`, "").replaceAll(`${MARK}-`, "");
}

/** Without `.`, `..` and doubled slashes; there is nothing above the root. */
export function foldPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

function visit(node: object, seen: Set<object>): void {
  if (seen.has(node)) return;
  seen.add(node);
  if (isOutput(node)) {
    const { parts } = node.target;
    const value = `${MARK}${APPENDING.has(node.operator) ? "+" : "-"}`;
    if (!isFixed(parts)) parts.unshift({ type: "Literal", value });
  }
  for (const value of Object.values(node)) {
    if (typeof value === "object" && value !== null) visit(value, seen);
  }
}

interface Output {
  readonly operator: string;
  readonly target: { readonly parts: object[] };
}

function isOutput(node: object): node is Output {
  return "type" in node && node.type === "Redirection" && "operator" in node &&
    OUTPUT.has(node.operator) && "target" in node && typeof node.target === "object" &&
    node.target !== null && "parts" in node.target && Array.isArray(node.target.parts);
}

/** Whether the interpreter has to see the target as it is: one of its devices, or a process. */
function isFixed(parts: readonly object[]): boolean {
  const [first] = parts;
  if (parts.length > 1 || first === undefined || !("type" in first)) return false;
  if (first.type === "ProcessSubstitution") return true;
  return "value" in first && typeof first.value === "string" && DEVICES.test(first.value);
}
