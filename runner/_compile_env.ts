/**
 * The variables and the secrets of a workflow: named in the file, and taken from the environment of
 * whoever runs it. The value of no secret is in a plan.
 *
 * @module
 */

import { MIN_SECRET } from "../agent/secrets.ts";
import type { Template } from "./expressions/expression.ts";
import { fixedText, fixedValue } from "./_fixed_text.ts";
import type { Plan } from "./plan.ts";
import type { Reporter } from "./_reporter.ts";
import type { GivenScope } from "./_scope.ts";
import type { WorkflowFile } from "./schema.ts";
import type { Parts } from "./_validate.ts";
import type { DataPath } from "./_yaml_file.ts";

/** The environment of whoever runs a workflow: `Deno.env` is one, and a `Map` is. */
export interface Environment {
  /** The value of a variable, if it has one. */
  get(name: string): string | undefined;
}

/** An environment that has nothing. */
export const NO_ENVIRONMENT: Environment = { get: () => undefined };

/** What {@linkcode compileEnvironment} needs to know. */
export interface EnvironmentOptions {
  readonly env: Environment;
  /** The inputs: what values may refer to. */
  readonly inputs: GivenScope;
  /** Whether everything must be there that is required, because it is to be run. */
  readonly needed: boolean;
}

/** What {@linkcode compileEnvironment} made of a file. */
export interface CompiledEnvironment {
  /** All variables that are declared, with their values where those are known. */
  readonly env: ReadonlyMap<string, string | undefined>;
  /** Variables whose values depend on inputs that are not known yet. */
  readonly open: Readonly<Record<string, Template>>;
  readonly secrets: readonly string[];
  /** What is taken from the environment, and where the file says so. */
  readonly taken: readonly { readonly name: string; readonly path: DataPath }[];
}

/** A name that is declared, where, and what is said of it. */
interface Declared<Part> {
  readonly name: string;
  readonly path: DataPath;
  /** `undefined` where nothing is said, as in a list of names. */
  readonly part: Part | undefined;
}

type EnvParts = Parts<WorkflowFile>["env"];
type VariablePart = Exclude<NonNullable<EnvParts>, readonly unknown[]>[string];
type SecretPart = Exclude<NonNullable<Parts<WorkflowFile>["secrets"]>, readonly unknown[]>[string];

/** What a shell lets a variable be called. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What the shell sets itself, and what would change which programs it starts. */
const RESERVED =
  /^(?:HOME|PATH|PWD|OLDPWD|SHELL|SHLVL|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|_|LD_.*)$/;

/** The model's key: no process that runs commands has it. */
const MODEL_KEY = "OPENAI_API_KEY";

/**
 * @param parts The file, without its faults.
 * @param options The environment, and what of it must be there.
 * @param reporter Told of what is wrong.
 * @returns The variables, and the names of the secrets.
 */
export async function compileEnvironment(
  parts: Pick<Parts<WorkflowFile>, "env" | "secrets">,
  options: EnvironmentOptions,
  reporter: Reporter,
): Promise<CompiledEnvironment> {
  const variables = declarations<VariablePart>(parts.env, "env", reporter);
  const secrets = declarations<SecretPart>(parts.secrets, "secrets", reporter);
  const names = new Set(variables.map(({ name }) => name));
  for (const { name, path } of secrets) {
    if (!names.has(name)) continue;
    reporter.error("invalid-value", `"${name}" is a variable and a secret`, path, {
      hint: 'Keep it in "secrets": what is in "env" is shown',
      part: "key",
    });
  }
  const env = new Map<string, string | undefined>();
  const open: [string, Template][] = [];
  for (const { name, path, part } of variables) {
    if (typeof part !== "string") {
      env.set(name, takenValue({ name, path, part }, options, reporter));
      continue;
    }
    const template = fixedText(part, path, options.inputs, reporter);
    const value = template && await fixedValue(template, path, options.inputs, reporter);
    env.set(name, value);
    if (template !== undefined && value === undefined) open.push([name, template]);
  }
  for (const secret of secrets) checkSecret(secret, options, reporter);
  const taken = [...variables.filter(({ part }) => typeof part !== "string"), ...secrets];
  return {
    env,
    open: Object.fromEntries(open),
    secrets: secrets.map(({ name }) => name),
    taken: taken.map(({ name, path }) => ({ name, path })),
  };
}

/**
 * The values of secrets.
 *
 * @param names Their names, as in a plan.
 * @param env The environment.
 * @returns Those that are there.
 */
export function secretValues(
  names: readonly string[] = [],
  env: Environment,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name): [string, string] => [name, env.get(name) ?? ""])
      .filter(([, value]) => value !== ""),
  );
}

/** The names of a section, as a list or with something said of each; unsound ones are told. */
function declarations<Part>(
  parts: readonly (string | undefined)[] | Readonly<Record<string, Part>> | undefined,
  section: "env" | "secrets",
  reporter: Reporter,
): readonly Declared<Part>[] {
  const found: Declared<Part>[] = isList(parts)
    ? parts.flatMap((name, index) =>
      name === undefined ? [] : [{ name, path: [section, index], part: undefined }]
    )
    : Object.entries(parts ?? {}).map(([name, part]) => ({ name, path: [section, name], part }));
  const sound = new Map<string, Declared<Part>>();
  for (const each of found) {
    const { name, path } = each;
    if (sound.has(name)) {
      reporter.error("invalid-value", `"${name}" is named twice`, path, {
        hint: "Name it once",
      });
    } else if (checkName(name, section, path, reporter)) sound.set(name, each);
  }
  return [...sound.values()];
}

function isList<T>(parts: readonly T[] | object | undefined): parts is readonly T[] {
  return Array.isArray(parts);
}

function checkName(
  name: string,
  section: "env" | "secrets",
  path: DataPath,
  reporter: Reporter,
): boolean {
  const part = "key";
  if (!VARIABLE.test(name) || name === "__proto__") {
    const isPair = /^[A-Za-z_][A-Za-z0-9_]*=/.test(name);
    reporter.error("invalid-name", `"${name}" cannot be a variable's name`, path, {
      hint: isPair && section === "env"
        ? `Write a map: { ${name.slice(0, name.indexOf("="))}: value }`
        : "Use letters, digits and _, and begin with a letter",
      part,
    });
    return false;
  }
  if (RESERVED.test(name)) {
    reporter.error("reserved-variable", `"${name}" is the shell's own variable`, path, { part });
    return false;
  }
  if (name === MODEL_KEY && section === "env") {
    reporter.error("reserved-variable", `"${name}" is the model's key: no command sees it`, path, {
      hint: 'A command that needs it has it as a secret: name it below "secrets"',
      part,
    });
    return false;
  }
  return true;
}

function takenValue(
  { name, path, part }: Declared<Exclude<VariablePart, string>>,
  { env, needed }: EnvironmentOptions,
  reporter: Reporter,
): string | undefined {
  const written = part?.default;
  const isRequired = part?.required ?? written === undefined;
  if (part?.required === true && written !== undefined) {
    const message = `Variable "${name}" is required: its default is never used`;
    reporter.warning("unused-default", message, [...path, "default"]);
  }
  const value = env.get(name);
  if (value !== undefined) return value;
  if (!isRequired) return written;
  if (needed) {
    reporter.error("missing-variable", `The environment has no variable "${name}"`, path, {
      hint: `Set it before the run: ${name}=value deno task run FILE`,
      part: "key",
    });
  }
  return undefined;
}

function checkSecret(
  { name, path, part }: Declared<SecretPart>,
  { env, needed }: EnvironmentOptions,
  reporter: Reporter,
): void {
  if (!needed) return;
  const value = env.get(name) ?? "";
  if (value === "") {
    if (part?.required === false) return;
    reporter.error("missing-secret", `The environment has no secret "${name}"`, path, {
      hint: `Set it before the run: ${name}=value deno task run FILE`,
      part: "key",
    });
  } else if (value.trim().length < MIN_SECRET) {
    const message = `Secret "${name}" has less than ${MIN_SECRET} characters: it cannot be masked`;
    reporter.error("short-secret", message, path, { part: "key" });
  }
}

/**
 * @param declared The inputs.
 * @param environment The variables and secrets.
 * @returns What a plan says of them; nothing of what there is none of.
 */
export function planInputs(
  declared: NonNullable<Plan["declared"]>,
  { env, open, secrets }: CompiledEnvironment,
): Pick<Plan, "declared" | "env" | "openEnv" | "secrets"> {
  const known = [...env].filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...(Object.keys(declared).length === 0 ? {} : { declared }),
    ...(known.length === 0 ? {} : { env: Object.fromEntries(known) }),
    ...(Object.keys(open).length === 0 ? {} : { openEnv: open }),
    ...(secrets.length === 0 ? {} : { secrets }),
  };
}
