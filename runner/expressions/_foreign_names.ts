/**
 * What other programs call things, where an expression names a value, and what it is called here.
 *
 * @module
 */

const CONTEXTS: Readonly<Record<string, (names: readonly string[]) => string>> = {
  github: ([, second, third, fourth]) => {
    if (second === "event" && third === "inputs") {
      return `Write inputs.${fourth ?? "NAME"}`;
    }
    if (second === "workflow") return "Write run.workflow";
    if (second === "run_id" || second === "run_number") return "Write run.id";
    return "Give it to the run: declare it below inputs, or name its variable below env";
  },
  needs: ([, step = "ID", third, fourth]) =>
    third === "result"
      ? `Write steps.${step}.status`
      : third === "outputs"
      ? `Write steps.${step}.outputs.${fourth ?? "NAME"}`
      : `Write steps.${step}.output`,
  jobs: ([, step = "ID", third, fourth]) =>
    third === "result"
      ? `Write steps.${step}.status`
      : `Write steps.${step}.outputs.${fourth ?? "NAME"}`,
  matrix: () => "Repeat the step with foreach, and write item, or item.NAME",
  strategy: () => "Repeat the step with foreach",
  vars: ([, name = "NAME"]) => `Write inputs.${name} or env.${name}, and declare it there`,
  variables: ([, name = "NAME"]) => `Write env.${name}, and name it below env`,
  parameters: ([, name = "NAME"]) => `Write inputs.${name}`,
  params: ([, name = "NAME"]) => `Write inputs.${name}`,
  runner: () => "The machine is not known to a workflow: take what is needed from env",
  job: () => "Write success(), failure() or steps.ID.status",
  workflow: ([, second]) =>
    second === "name" ? "Write run.workflow" : "Write run.workflow or run.id",
  input: ([, name = "NAME"]) => `Write inputs.${name}`,
  step: ([, id = "ID"]) => `Write steps.${id}.output`,
  secret: ([, name = "NAME"]) => `Write secrets.${name}`,
  outputs: ([, name = "NAME"]) => `Write steps.ID.outputs.${name}`,
  output: () => "Write steps.ID.output",
  True: () => "Write true",
  False: () => "Write false",
  TRUE: () => "Write true",
  FALSE: () => "Write false",
  None: () => "Write null",
  nil: () => "Write null",
  undefined: () => "Write null",
  NULL: () => "Write null",
  Null: () => "Write null",
  NaN: () => "There is no such value in expressions",
  Infinity: () => "There is no such value in expressions",
};

/** What other programs call the parts of a step. */
const STEP_PARTS: Readonly<Record<string, string>> = {
  conclusion: "status",
  outcome: "status",
  result: "status",
  state: "status",
  text: "output",
  response: "output",
  result_text: "output",
  stdout: "output",
  stderr: "outputs.stderr",
  exit_code: "outputs.exit_code",
  exitCode: "outputs.exit_code",
  code: "outputs.exit_code",
};

/**
 * @param names What is written, from its beginning: `github`, `workflow`.
 * @returns What to write instead, if other programs have it.
 */
export function foreignReference(names: readonly string[]): string | undefined {
  const [first = "", step, part = ""] = names;
  const context = Object.hasOwn(CONTEXTS, first) ? CONTEXTS[first] : undefined;
  if (context !== undefined) return context(names);
  if (first !== "steps" || names.length !== 3 || !Object.hasOwn(STEP_PARTS, part)) return undefined;
  return `Write steps.${step}.${STEP_PARTS[part]}`;
}
