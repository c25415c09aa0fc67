/**
 * What a tool is: a name and a schema for the model, a function for the agent. The built-in tools of
 * `agent/tools/` and those of a program that imports this project come through the same door.
 *
 * @module
 */

import { z } from "zod";
import type { Backend } from "../backends/protocol.ts";
import type { Shell } from "../backends/shells/shell.ts";
import type { ToolDescription } from "./model.ts";

/** What a tool works with. */
export interface ToolContext {
  /** The agent's files. */
  readonly backend: Backend;
  /** Runs commands over the same files, where the agent has a shell; what they print is told live. */
  readonly shell?: Shell | undefined;
  /** Ends the call. Pass it on to whatever takes time. */
  readonly signal: AbortSignal;
}

/**
 * Which files a call touches, as absolute paths of the tree; a directory stands for all that is in
 * it. Calls of one answer run side by side where their effects cannot conflict.
 */
export interface ToolEffects {
  /** What it looks at. */
  readonly reads: readonly string[];
  /** What it changes. */
  readonly writes: readonly string[];
}

/** A command that a call runs in the shell. */
export interface ToolCommand {
  /** A script for `sh`. */
  readonly script: string;
  /** Variables that it sees. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * The directory that it runs in.
   *
   * @default {"/"}
   */
  readonly cwd?: string | undefined;
  /** What it reads from its standard input. */
  readonly stdin?: string | undefined;
}

/** The parameters of a tool: an object of zod, such as `z.strictObject({ path: z.string() })`. */
export interface ToolParameters<Arguments> {
  /** Checks the arguments of a call. */
  safeParseAsync(
    args: unknown,
  ): Promise<{ readonly success: true; readonly data: Arguments } | { readonly success: false }>;
}

/** What {@linkcode defineTool} makes a tool of. */
export interface ToolDefinition<Arguments> {
  /** Letters, digits, `_` and `-`, 64 at most. */
  readonly name: string;
  /** What it does, when to use it and what its result looks like, for the model. */
  readonly description: string;
  /** The arguments. `.describe()` each of them for the model. */
  readonly parameters: ToolParameters<Arguments>;
  /** Which files a call touches. A tool without it runs alone. */
  effects?(args: Arguments): ToolEffects;
  /** The command that a call runs in the shell, for a tool that does: rules of `execute` are for it. */
  command?(args: Arguments): ToolCommand;
  /**
   * Says what a call would do, several lines for a person who is to approve it, and changes nothing.
   * Without it the person is shown the arguments.
   *
   * @returns The lines, such as a unified diff. No more of the call is done where it throws.
   */
  preview?(args: Arguments, context: ToolContext): string | Promise<string>;
  /**
   * Does the work.
   *
   * @returns What the model is told.
   * @throws If it fails: the model is told the error's message.
   */
  execute(args: Arguments, context: ToolContext): string | Promise<string>;
}

/** A call whose arguments fit, ready to run. */
export interface PreparedCall {
  /** Which files it touches; `undefined` where that is unknown, so that it runs alone. */
  readonly effects: ToolEffects | undefined;
  /** The command that it runs in the shell, if it does. */
  readonly command?: ToolCommand | undefined;
  /** Says what it would do, for a person who is to approve it. Nothing is changed. */
  readonly preview?: ((context: ToolContext) => Promise<string>) | undefined;
  /** Runs it. */
  execute(context: ToolContext): Promise<string>;
}

/** A call whose arguments were looked at. */
export type Preparation =
  | { readonly ok: true; readonly call: PreparedCall }
  | {
    readonly ok: false;
    /** What is wrong with them, a sentence each. */
    readonly problems: readonly string[];
  };

/** A tool that an agent can offer to its model. {@linkcode defineTool} makes one. */
export interface Tool {
  /** Its name. */
  readonly name: string;
  /** What the model is told of it. */
  describe(): ToolDescription;
  /** Checks the arguments of a call. Nothing is run yet. */
  prepare(args: unknown): Promise<Preparation>;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Makes a tool.
 *
 * @param definition Its name, its description, its parameters and what it does.
 * @returns The tool, for `createDeepAgent({ tools: [...] })`.
 * @throws {TypeError} If the name is not 1 to 64 letters, digits, `_` and `-`, the description is
 * empty, or the parameters are no object of zod.
 *
 * @example
 * ```ts
 * import { defineTool } from "./tool.ts";
 * import { StateBackend } from "../backends/state.ts";
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 *
 * const countLines = defineTool({
 *   name: "count_lines",
 *   description: "Counts the lines of a text file.",
 *   parameters: z.strictObject({ path: z.string().describe("The file's absolute path.") }),
 *   effects: ({ path }) => ({ reads: [path], writes: [] }),
 *   execute: async ({ path }, { backend, signal }) =>
 *     `${(await backend.read(path, { signal })).totalLines} lines`,
 * });
 *
 * const backend = new StateBackend();
 * await backend.write("/poem.txt", "one\ntwo\n");
 * const prepared = await countLines.prepare({ path: "/poem.txt" });
 * if (!prepared.ok) throw new TypeError(prepared.problems.join("; "));
 * const { signal } = new AbortController();
 * assertEquals(await prepared.call.execute({ backend, signal }), "2 lines");
 * ```
 */
export function defineTool<Arguments>(definition: ToolDefinition<Arguments>): Tool {
  const { name, description, parameters } = definition;
  if (!NAME.test(name)) {
    throw new TypeError(
      `Cannot name a tool '${name}': use 1 to 64 letters, digits, '_' and '-'`,
    );
  }
  if (description.trim() === "") {
    throw new TypeError(`Cannot offer the tool '${name}' without a description`);
  }
  if (!(parameters instanceof z.ZodObject)) {
    throw new TypeError(`The parameters of the tool '${name}' must be an object of zod`);
  }
  let described: ToolDescription | undefined;
  return {
    name,
    describe() {
      described ??= { name, description, parameters: jsonSchema(name, parameters) };
      return described;
    },
    async prepare(args) {
      let parsed = await definition.parameters.safeParseAsync(args);
      // Models write null for a parameter that they leave out.
      if (!parsed.success) parsed = await definition.parameters.safeParseAsync(withoutNulls(args));
      if (!parsed.success) return { ok: false, problems: await problems(parameters, args) };
      const fit = parsed.data;
      return {
        ok: true,
        call: {
          effects: definition.effects?.(fit),
          command: definition.command?.(fit),
          preview: definition.preview === undefined
            ? undefined
            : async (context) => await definition.preview?.(fit, context) ?? "",
          execute: async (context) => await definition.execute(fit, context),
        },
      };
    },
  };
}

function jsonSchema(name: string, parameters: z.ZodObject): Readonly<Record<string, unknown>> {
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(parameters, { io: "input" });
    return schema;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(
      `Cannot describe the parameters of the tool '${name}' as JSON Schema: ${reason}`,
      { cause },
    );
  }
}

function withoutNulls(args: unknown): unknown {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return args;
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
}

async function problems(parameters: z.ZodObject, args: unknown): Promise<readonly string[]> {
  const known = Object.keys(parameters.shape);
  const { error } = await parameters.safeParseAsync(args, { reportInput: true });
  return (error?.issues ?? []).map((issue) => problem(issue, known));
}

function problem(issue: z.core.$ZodIssue, known: readonly string[]): string {
  const where = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => `'${where === "" ? key : `${where}.${key}`}'`);
    const verb = keys.length === 1 ? "is not a parameter" : "are not parameters";
    const hint = where === "" ? `; the parameters are ${quotedList(known)}` : "";
    return `${keys.join(", ")} ${verb}${hint}`;
  }
  if (issue.code === "invalid_type") {
    const expected = issue.input === undefined ? "is missing: it must be" : "must be";
    if (where === "") return "The arguments must be a JSON object";
    return `'${where}' ${expected} ${article(issue.expected)}`;
  }
  return where === "" ? issue.message : `'${where}': ${issue.message}`;
}

function quotedList(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((name) => `'${name}'`).join(", ");
}

function article(type: string): string {
  const word = type === "int" ? "integer" : type;
  return `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
}
