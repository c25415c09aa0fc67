/**
 * The page that says what each diagnostic means, made of the registry: docs/diagnostics.md.
 *
 * @module
 */

import type { CodeEntry, CodeExample, ExampleOptions } from "./codes/entry.ts";
import { CODE_TOPICS, DIAGNOSTIC_CODES } from "./diagnostic_codes.ts";

const WIDTH = 100;

const HEAD = `\
<!-- deno-fmt-ignore-file -->
<!-- Written by "deno task docs" from runner/codes/: change it there. -->

# Diagnostics

${
  wrapped(
    "Every error and warning that \`check\`, \`plan\` and \`run\` can give, by its code: what it " +
      "means, what to do about it, and something small that has it. Each example is run as a " +
      "test. A diagnostic looks like this:",
  )
}

    error[unknown-key]: Unknown step key "promt"
     --> workflows/flask.yaml:14:5
       |
    14 |     promt: Go
       |     ^^^^^
       = hint: Did you mean "prompt"?

${
  wrapped(
    "An error stops a run before anything is started, with exit code 2, or 7 where a rehearsal " +
      "does not match its workflow, or 3 where a plan is wider than a stored one. A warning " +
      "stops nothing.",
  )
}
`;

/**
 * @returns The text of docs/diagnostics.md.
 */
export function diagnosticsPage(): string {
  const topics = Object.entries(CODE_TOPICS);
  const index = topics.map(([topic, codes]) => {
    const names = Object.keys(codes).map((code) => `[${code}](#${code})`).join(", ");
    return `- ${topic}: ${names}\n`;
  });
  const sections = topics.map(([topic, codes]) =>
    `\n## ${topic}\n${
      Object.entries<CodeEntry>(codes).map(([code, entry]) => sectionOf(code, entry)).join("")
    }`
  );
  const count = Object.keys(DIAGNOSTIC_CODES).length;
  return `${HEAD}\nThe ${count} codes:\n\n${index.join("")}${sections.join("")}`;
}

const SEVERITIES = {
  error: "Error.",
  warning: "Warning.",
  either: "Error, or a warning.",
} as const;

function sectionOf(code: string, { severity, means, mend, example }: CodeEntry): string {
  const told = wrapped(`${SEVERITIES[severity]} ${means}`);
  return `\n### ${code}\n\n${told}\n\n${wrapped(mend.endsWith(".") ? mend : `${mend}.`)}\n\n${
    typeof example === "string" ? block(example) : exampleText(example)
  }`;
}

function exampleText(example: CodeExample): string {
  const { workflow, shown = workflow, files = {}, links = {}, file, stored } = example;
  const parts: string[] = [];
  const circumstances = circumstancesOf(example);
  if (circumstances !== "") parts.push(`${wrapped(circumstances)}\n`);
  if (stored !== undefined) {
    parts.push("The workflow whose plan was stored:\n", block(stored), "The workflow now:\n");
  }
  const isSpare = file !== undefined || (example.command !== undefined && stored === undefined);
  if (!isSpare) parts.push(block(shown));
  for (const [name, text] of Object.entries(files)) {
    if (!name.endsWith("/") && text.includes("\n")) parts.push(`\`${name}\`:\n`, block(text));
  }
  for (const [name, target] of Object.entries(links)) {
    parts.push(`\`${name}\` is a link to \`${target}\`.\n`);
  }
  return parts.join("\n");
}

function circumstancesOf({ command, file, latin1, full, granted, options = {} }: CodeExample) {
  const told: string[] = [];
  if (command !== undefined) {
    const [name, ...args] = command;
    told.push(`\`deno task ${[name, ...args].join(" ")}${full === true ? " > /dev/full" : ""}\``);
  }
  if (file !== undefined) told.push(`\`deno task run ${file}\``);
  if (latin1 === true) told.push("Saved as Latin-1.");
  if (granted !== undefined) {
    told.push(`By a version of Routebook that grants ${granted.map((each) => `"${each}"`)}.`);
  }
  told.push(...optionsOf(options));
  return told.join(" ");
}

function optionsOf({ mode, key, model, inputs = {}, baseUrl, env = {} }: ExampleOptions) {
  const flags = [
    ...(mode === undefined ? [] : [mode === "live" ? "--live" : "--rehearse"]),
    ...(model === undefined ? [] : [`--model ${model}`]),
    ...Object.entries(inputs).map(([name, value]) => `--input ${name}=${value}`),
  ];
  const variables = [
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(baseUrl === undefined ? [] : [`OPENAI_BASE_URL=${baseUrl}`]),
  ];
  return [
    ...(flags.length === 0 ? [] : [`With \`${flags.join(" ")}\`.`]),
    ...(variables.length === 0 ? [] : [`With \`${variables.join(" ")}\` in the environment.`]),
    ...(key === false ? ["Without OPENAI_API_KEY."] : []),
  ];
}

/** A text as a block of code. */
function block(text: string): string {
  const lines = text.replace(/\n+$/, "").split("\n");
  return `${lines.map((line) => line === "" ? "" : `    ${line}`).join("\n")}\n`;
}

/** A paragraph in lines that are not too long. */
function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join("\n");
}
