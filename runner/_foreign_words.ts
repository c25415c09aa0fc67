/**
 * How other programs spell what this format spells otherwise, and what to write instead: the exact
 * words, with the value that was written where that makes sense.
 *
 * @module
 */

/** What to write instead: the words, or what makes them of the value; none if it has none. */
export type Advice = string | ((value: unknown) => string | undefined);

/** What to write instead of keys, by key. */
export type Instead = Readonly<Record<string, Advice>>;

/** The same advice for several keys. */
function all(keys: string, advice: Advice): Instead {
  return Object.fromEntries(keys.split(" ").map((key) => [key, advice]));
}

/** A value in the fewest words of YAML, if it is short. */
export function inline(value: unknown): string {
  const written = isPlain(value) ? value : flow(value);
  return written.length > 60 ? "..." : written;
}

/** Whether a text is one of several words that needs no quotes where nothing stands around it. */
function isPlain(value: unknown): value is string {
  return typeof value === "string" &&
    /^[\p{L}./][\p{L}\p{N}_./*()'$<>=!&|-]*(?: \S+)*$/u.test(value) &&
    !/: |:$| #|\n|^(?:true|false|null)$/i.test(value);
}

function flow(value: unknown): string {
  if (typeof value === "string") {
    const plain = /^[\p{L}./][\p{L}\p{N}_./@:*-]*$/u.test(value) && !value.endsWith(":") &&
      !/^(?:true|false|null)$/i.test(value);
    return plain || /^\$\{\{[^{}]*\}\}$/.test(value) ? value : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const pairs = Object.entries(value).map(([key, each]) => `${flow(key)}: ${flow(each)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/** The part of a value that is there under a key. */
export function partOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}

/** Advice to write a key of this format with the value that was written. */
function spelt(key: string, example: string): Advice {
  return (value) => {
    const isWritten = value !== null && typeof value !== "object";
    return `It is spelt "${key}" here: write ${key}: ${isWritten ? inline(value) : example}`;
  };
}

/** A number of seconds as the format writes it. */
function duration(seconds: number): string {
  if (seconds % 60 !== 0 || seconds === 0) return `${Number(seconds.toFixed(3))}s`;
  const minutes = seconds / 60;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** Advice to write a time, of a number of a unit that is so many seconds long. */
function time(unit: number, key = "timeout"): Advice {
  return (value) => {
    const count = typeof value === "string" ? Number(value) : value;
    const isNumber = typeof count === "number" && Number.isFinite(count) && count > 0;
    return `Write ${key}: ${isNumber ? duration(count * unit) : "20m"}`;
  };
}

const COMMAND: Advice = (value) =>
  `A command is spelt "run" here: write run: ${
    typeof value === "string" && !value.includes("\n") ? inline(value) : "..."
  }`;

const DIRECTORY: Advice = (value) =>
  typeof value === "string" && value.startsWith("/")
    ? `It is spelt "cwd" here: write cwd: ${inline(value)}`
    : 'It is spelt "cwd" here, a directory of the tree: write cwd: /project';

const MATRIX: Advice = (value) => {
  const axes = partOf(value, "matrix") ?? value;
  if (typeof axes !== "object" || axes === null) {
    return "Write foreach: [a, b] at the step, and ${{ item }} where a value is wanted";
  }
  const lists = Object.entries(axes)
    .filter((axis): axis is [string, unknown[]] => Array.isArray(axis[1]));
  const [first] = lists;
  if (first === undefined || lists.length > 1) {
    return "Write foreach at the step, with an item for each combination: " +
      "foreach: [{ os: a, version: 1 }], and ${{ item.os }}";
  }
  const [name, values] = first;
  return `Write foreach: { items: ${inline(values)}, item: ${name} } at the step`;
};

const ONE_SHELL = "All commands have one shell: write shell: sandbox at the top";
const HERE = "A workflow runs on this machine: leave it out";
const NO_CONTAINER =
  "Write a backend at the top, box: { type: docker, image: ... }, and shell: docker";
const PARALLEL: Advice = (value) =>
  typeof value === "number"
    ? `It is spelt "concurrency" here: write concurrency: ${value} at the top, or in foreach`
    : 'It is spelt "concurrency" here: at the top for steps, in foreach for its items';
const FAIL_FAST = "No new item of foreach starts once one failed, and steps that do not need it " +
  "go on: leave it out";
const TEMPERATURE = "The model decides it itself: leave it out";
const BUDGET = (key: string): Advice => (value) =>
  `Write budget: { ${key}: ${typeof value === "number" ? value : key === "usd" ? 1 : 1000} }`;

/** What models and budgets are called elsewhere, at the top and at a step. */
const OF_THE_MODEL: Instead = {
  ...all(
    "system_prompt systemPrompt system-prompt system persona",
    (value) =>
      typeof value === "string" && !value.includes("\n")
        ? `It is spelt "instructions" here: write instructions: ${inline(value)}`
        : 'It is spelt "instructions" here',
  ),
  ...all(
    "temperature top_p seed presence_penalty frequency_penalty reasoning_effort",
    TEMPERATURE,
  ),
  ...all("max_turns maxTurns max-turns max_iterations maxIterations turns", BUDGET("turns")),
  ...all("max_tokens maxTokens max-tokens tokens token_limit", BUDGET("tokens")),
  ...all("cost budget_usd max_cost max_usd usd max_budget_usd cost_limit", BUDGET("usd")),
  ...all(
    "api_key apiKey openai_api_key",
    "A key is never written in a file: set OPENAI_API_KEY where the workflow is run",
  ),
  ...all("llm engine provider", spelt("model", "openai:gpt-4.1")),
};

const TIMES: Instead = {
  "timeout-minutes": time(60),
  ...all("timeout_minutes timeoutMinutes", time(60)),
  ...all("timeout_seconds timeoutSeconds timeout-seconds time_limit max_time", time(1)),
  ...all("timeout_ms timeoutMs", time(0.001)),
};

/** For keys of the workflow. */
export const FOREIGN_WORKFLOW: Instead = {
  ...OF_THE_MODEL,
  ...TIMES,
  on: 'A workflow is started by a command: leave "on" out',
  jobs:
    'There are no jobs: write their steps below "steps", and "needs" where one waits for another',
  ...all("tasks stages pipeline nodes", 'It is spelt "steps" here: a list, each with an id'),
  ...all("runs-on runner image", HERE),
  ...all("container containers services", NO_CONTAINER),
  "run-name": spelt("name", "flask app"),
  title: spelt("name", "flask app"),
  version: 'The format has no version to write: leave "version" out',
  defaults: (value) => {
    const cwd = partOf(partOf(value, "run"), "working-directory");
    if (typeof cwd === "string") return `Write it at each run step: cwd: ${inline(cwd)}`;
    return "Each run step has its own cwd, and all commands have one shell: write shell: sandbox";
  },
  "working-directory": (value) =>
    `Each run step has its own: write cwd${
      typeof value === "string" && value.startsWith("/") ? `: ${inline(value)}` : ""
    } there`,
  ...all("strategy matrix", MATRIX),
  ...all("max-parallel max_parallel maxParallel parallel parallelism max_concurrency", PARALLEL),
  "fail-fast": FAIL_FAST,
  ...all("variables vars environment", 'It is spelt "env" here'),
  ...all("parameters params args arguments", 'It is spelt "inputs" here'),
  ...all("on_error on-error onError on-failure onFailure failure", 'It is spelt "on_failure" here'),
  ...all("on-success onSuccess success", 'It is spelt "on_success" here'),
  finally: "Write the steps in on_success and in on_failure, or at the end with if: always()",
  ...all("agent", "The model is the agent: write model and instructions at the top"),
  ...all("filesystem storage files volumes", 'It is spelt "backends" here, with "routes" to them'),
  ...all("mounts paths", 'It is spelt "routes" here'),
  ...all(
    "approvals approval",
    "Write rules of what somebody has to approve: tools: { ask: [...] }",
  ),
  ...all("prices pricing", 'It is spelt "models" here'),
  ...all("cron schedules", 'It is spelt "schedule", and is not supported in this version'),
  ...all("tests test", "Write what must hold below assert of a step, and a rehearsal for tests"),
};

/** For keys of a step. */
export const FOREIGN_STEP: Instead = {
  ...OF_THE_MODEL,
  ...TIMES,
  ...all(
    "continue-on-error ignore_errors ignore-errors ignoreErrors allow_failure",
    (value) =>
      `It is spelt "continue_on_error" here: write continue_on_error: ${
        value === false ? false : true
      }`,
  ),
  ...all(
    "on_error on-error onError",
    (value) =>
      value === "continue"
        ? "Write continue_on_error: true"
        : "Write on_failure at the top, or continue_on_error: true here",
  ),
  ...all(
    "on_failure on-failure onFailure",
    "It belongs to the workflow: write on_failure at the top",
  ),
  ...all(
    "on_success on-success onSuccess",
    "It belongs to the workflow: write on_success at the top",
  ),
  ...all("runs-on runner image", HERE),
  ...all("container containers services", NO_CONTAINER),
  ...all("shell sandbox", ONE_SHELL),
  ...all("strategy matrix", MATRIX),
  ...all(
    "loop for_each forEach for-each with_items each for map",
    (value) =>
      `It is spelt "foreach" here: write foreach: ${
        Array.isArray(value) || typeof value === "string" ? inline(value) : "[a, b]"
      }`,
  ),
  while: "There is no loop with a condition: write retry: { attempts: 3 } with an assert",
  until: "There is no loop with a condition: write retry: { attempts: 3 } with an assert",
  ...all("max-parallel max_parallel maxParallel parallel", PARALLEL),
  concurrency: (value) =>
    `It belongs to foreach: write foreach: { items: [...], concurrency: ${
      typeof value === "number" ? value : 2
    } }`,
  "fail-fast": FAIL_FAST,
  ...all(
    "depends_on depends-on dependsOn after requires dependencies need",
    (value) =>
      `It is spelt "needs" here: write needs: ${
        typeof value === "string" || Array.isArray(value) ? inline(value) : "[a, b]"
      }`,
  ),
  ...all(
    "when condition only_if unless",
    (value) =>
      `It is spelt "if" here: write if: ${typeof value === "string" ? inline(value) : "..."}`,
  ),
  ...all(
    "retries max_retries maxRetries max-retries",
    (value) =>
      `Write retry: { attempts: ${typeof value === "number" && value >= 0 ? value + 1 : 3} }`,
  ),
  ...all(
    "max_attempts maxAttempts max-attempts attempts",
    (value) => `Write retry: { attempts: ${typeof value === "number" && value > 0 ? value : 3} }`,
  ),
  ...all(
    "backoff retry_delay delay",
    "It belongs to retry: write retry: { attempts: 3, backoff: 5s }",
  ),
  ...all("working-directory working_directory workdir dir directory", DIRECTORY),
  ...all("command cmd script execute bash sh exec", COMMAND),
  ...all("args argv", "Write the program and its arguments as a list: run: [git, status]"),
  ...all("environment vars variables", 'It is spelt "env" here'),
  ...all(
    "message messages ask instruction task goal user input",
    (value) =>
      typeof value === "string" && !value.includes("\n")
        ? `It is spelt "prompt" here: write prompt: ${inline(value)}`
        : 'It is spelt "prompt" here',
  ),
  ...all("agent", "The model is the agent: write model and instructions"),
  ...all("description title label", spelt("name", "Build the app")),
  outputs: (value) => {
    const names = Object.keys(typeof value === "object" && value !== null ? value : {});
    const properties = names.map((name) => `${name}: { type: string }`).join(", ") ||
      "name: { type: string }";
    return `Write output: { schema: { type: object, properties: { ${properties} } } }`;
  },
  ...all(
    "output_schema response_format json_schema schema outputSchema responseFormat structured_output",
    "Write output: { schema: { type: object, properties: { ... } } }",
  ),
  ...all(
    "validate expect tests test check checks assertions verify",
    'It is spelt "assert" here: ' +
      "write assert: [{ file: /out/app.py, contains: ... }]",
  ),
  ...all(
    "creates writes files generates",
    (value) =>
      `It is spelt "produces" here: write produces: ${
        typeof value === "string"
          ? inline([value])
          : Array.isArray(value)
          ? inline(value)
          : "[/out/a]"
      }`,
  ),
  ...all("artifacts artifact", "They belong to the workflow: write artifacts at the top"),
  secrets: (value) =>
    value === "inherit"
      ? "A workflow that is used names its own secrets: leave it out"
      : "Name them at the top, secrets: [TOKEN], and hand them on with env: " +
        "{ TOKEN: ${{ secrets.TOKEN }} }",
  permissions: "It belongs to the workflow; a step narrows its own tools: { deny: [...] }",
  ...all("allowed_tools allowedTools", "Write tools: { allow: [...] } with rules"),
  ...all("disallowed_tools disallowedTools", "Write tools: { deny: [...] } with rules"),
  ...all("workflow use call", spelt("uses", "./other.yaml")),
  inputs: 'The inputs of a workflow that is used are spelt "with" here',
  ...all("conversation context history memory", spelt("session", "new")),
  steps: "Steps do not nest: write them one after the other, or in a file of their own and uses",
};

/** For keys of retry. */
export const FOREIGN_RETRY: Instead = {
  ...all(
    "max max_attempts maxAttempts max-attempts count limit times",
    (value) =>
      `It is spelt "attempts" here: write attempts: ${typeof value === "number" ? value : 3}`,
  ),
  ...all(
    "retries max_retries maxRetries",
    (value) => `Write attempts: ${typeof value === "number" && value >= 0 ? value + 1 : 3}`,
  ),
  ...all(
    "delay wait interval sleep",
    (value) =>
      `Write backoff: ${
        typeof value === "number"
          ? duration(value)
          : typeof value === "string"
          ? inline(value)
          : "5s"
      }`,
  ),
  ...all("delay_seconds delaySeconds", time(1, "backoff")),
  on: "A step is tried again whatever failed: leave it out",
  when: "A step is tried again whatever failed: leave it out",
};

/** For keys of an artifact. */
export const FOREIGN_ARTIFACT: Instead = {
  name: "An artifact has no name: write path and to",
  ...all("dest destination target out output dir directory", spelt("to", "./out/")),
  ...all("from src source file files glob pattern", spelt("path", "/out/*.png")),
  ...all(
    "retention-days retention_days",
    "Files stay until somebody removes them: leave it out",
  ),
  ...all("if condition", spelt("when", "success")),
  "if-no-files-found": "An artifact that is not there is told of in the report: leave it out",
};
