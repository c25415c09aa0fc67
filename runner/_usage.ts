/**
 * What the command line says of itself.
 *
 * @module
 */

const OPTIONS = `\
  --input NAME=VALUE   run, plan: set an input; may be repeated
  --inputs FILE        run, plan: set inputs from a YAML file, NAME: value
  --model MODEL        run, plan: use this model instead of the file's, such as openai:gpt-4.1
  --rehearse           run, plan: play the file's rehearsal, even where a key is set
  --live               run, plan: call the model, even where a rehearsal is declared
  --json               run, log, sandboxes: one event, run or container a line;
                       plan: the plan as data; check: all problems as one document
  --format FORMAT      check: text, json, or github for annotations of GitHub Actions
  --explain            plan: why it may do so, permission by permission, with the line of the file
  --check PLAN         plan: fail if it may do more than a stored plan, which --json printed
  --resume RUN         run: go on with a run that waits for an approval
  --approve            run --resume: approve what it waits for
  --refuse REASON      run --resume: refuse what it waits for, and tell the model why
  --remove NAME...     sandboxes: remove containers, by their names or ids, with their files
  --all                sandboxes --remove: remove all of them
  --help               Print this; run FILE --help: what a workflow takes and gives
`;

/** All of it. */
export const USAGE = `\
Routebook runs agent workflows that are written down.

Usage:
  deno task run FILE [options]     Run a workflow
  deno task plan FILE [options]    Print what it may touch, and touch nothing
  deno task check FILE...          Print every problem of files, folders and globs
  deno task graph FILE             Print its steps as a Mermaid flowchart
  deno task log [RUN]              List the runs of this directory, or show one again
  deno task sandboxes              List the containers of this machine, or remove some

Options:
${OPTIONS}
Environment:
  OPENAI_API_KEY       The model's key; without it a declared rehearsal is played
  OPENAI_BASE_URL      Another server that speaks the same API, such as http://127.0.0.1:11434/v1
  ROUTEBOOK_INPUT_NAME The input "name"; --input and --inputs come before it
  DOCKER_HOST          The engine of containers, such as unix:///var/run/docker.sock
  ROUTEBOOK_BASE_NAME  What the runtime "name" begins with; docs/workflow.md has others of this kind
  others               What a file names below env and secrets
  NO_COLOR             No colours

Exit codes:
  0 done                 1 step or check failed   2 invalid workflow or usage
  3 permission denied, or more than a stored plan
  4 budget exceeded      5 out of time            6 waiting for approval
  7 rehearsal does not match                      130 interrupted
`;

/** The options of `run`, a line or two each. */
export function runOptions(): readonly string[] {
  let isShown = false;
  return OPTIONS.trimEnd().split("\n").filter((line) => {
    // A line without an option goes on with the one above it.
    if (line.startsWith("  --")) isShown = /\brun\b[^:]*:/.test(line);
    return isShown;
  });
}
