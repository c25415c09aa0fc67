/**
 * What the registry of diagnostics says of a code. To add one, write an object into the file of its
 * topic in this folder:
 *
 *     "unknown-step": {
 *       severity: "error",
 *       means: "A step is named that the workflow does not have.",
 *       mend: "Name one of the steps of this file",
 *       example: flow("", "  - { id: b, needs: a, prompt: Go }"),
 *     },
 *
 * The types then let the compiler report it, a test runs the example and expects the code of it,
 * and `deno task docs` writes it into docs/diagnostics.md.
 *
 * @module
 */

/** A file that has the problem, and how it is looked at. */
export interface CodeExample {
  /** The text of `flow.yaml`. */
  readonly workflow: string;
  /** Other files beside it, by name; those that end with a slash are directories. */
  readonly files?: Readonly<Record<string, string>>;
  /** Links beside it, by name, and where they lead. */
  readonly links?: Readonly<Record<string, string>>;
  /**
   * The file that is looked at.
   *
   * @default {"flow.yaml"}
   */
  readonly file?: string;
  /** Saves the file in Latin-1. */
  readonly latin1?: true;
  /** How it is run: options of the command line, and the environment. */
  readonly options?: ExampleOptions;
  /** The workflow whose plan was stored: it is held against that one, as `plan --check` does. */
  readonly stored?: string;
  /** What a process is granted besides; it stands for a version of Routebook that grants more. */
  readonly granted?: readonly string[];
  /** The command line that has the problem, if no file has. */
  readonly command?: readonly string[];
  /** Writes the standard output of the command line to a device that is full. */
  readonly full?: true;
  /** What is shown of a workflow that is too long to be shown whole. */
  readonly shown?: string;
}

/** How the file of an example is run. */
export interface ExampleOptions {
  readonly mode?: "live" | "rehearse";
  /** Whether there is a key for the model; there is unless said otherwise. */
  readonly key?: boolean;
  readonly model?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly baseUrl?: string;
  readonly check?: boolean;
  /** The variables that the environment has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the machine has bubblewrap; it has not unless said otherwise. */
  readonly bubblewrap?: true;
  /** Whether the machine has an engine; it has not unless said otherwise. */
  readonly engine?: true;
}

/** What a code is about. */
export interface CodeEntry {
  /** Whether it stops a run; `either` where that depends on what the file is looked at for. */
  readonly severity: "error" | "warning" | "either";
  /** What is wrong, and why that matters: a sentence or two. */
  readonly means: string;
  /** What to do about it; it is the hint where the compiler has none that is more exact. */
  readonly mend: string;
  /** Something small that has the problem: the text of a workflow alone, or more. */
  readonly example: string | CodeExample;
  /** That it is about no place in a file, but about a command line, a variable or a machine. */
  readonly placeless?: true;
}

/** Entries by their codes. */
export type Codes = Readonly<Record<string, CodeEntry>>;

/**
 * A small workflow for an example.
 *
 * @param keys Lines at the top, between the name and the steps.
 * @param steps Lines below `steps`.
 * @returns The text of a file.
 */
export function flow(keys: string, steps = "  - { id: a, prompt: Go }"): string {
  const top = keys === "" ? "" : `${keys}\n`;
  return `name: demo\nmodel: openai:gpt-4.1\n${top}steps:\n${steps}\n`;
}
