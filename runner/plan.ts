/**
 * What a workflow file compiles to: plain data, everything a run needs and nothing else. `plan`
 * prints it, `run` carries it out.
 *
 * @module
 */

import type { ModelPrice } from "../agent/process.ts";
import type { RehearsalTurn } from "../agent/rehearsal.ts";
import type { BoxOptions, EngineAddress, Runtime } from "../backends/docker/options.ts";
import type { ShellLimits, ShellType } from "../backends/shells/shell.ts";
import type { PlanAssertion } from "./plan_assertions.ts";
import type { Template, TemplateExpression, Value } from "./expressions/expression.ts";

/** Whether a route may be changed through. */
export type Access = "read" | "read-write";

/** Where in a file something is, counted from 1; for messages. */
export interface Place {
  /** The file, as the user named it. */
  readonly file: string;
  /** The line. */
  readonly line: number;
  /** The column, in UTF-16 code units. */
  readonly column: number;
}

/** A store of files. */
export type PlanBackend =
  | { readonly name: string; readonly type: "state" }
  /** The tree of the workflow that uses this one. */
  | { readonly name: string; readonly type: "caller" }
  | {
    readonly name: string;
    readonly type: "local";
    /** The absolute real path of its root on the host; it may not exist yet if writable. */
    readonly root: string;
    readonly access: Access;
  }
  | {
    readonly name: string;
    /** A container of the run's engine. */
    readonly type: "docker";
    readonly box: PlanBox;
  };

/** What a container is made of; nothing in it has to be looked up. */
export interface PlanBox extends BoxOptions {
  /** What its image is built from, where `image` names none. */
  readonly runtime?: Runtime | undefined;
}

/** A prefix of the tree and the files that stand there. The last route of a plan is `/`. */
export interface PlanRoute {
  /** Canonical, with a slash at both ends: `/project/`; `/` is the default. */
  readonly prefix: string;
  /** The backend's name. */
  readonly backend: string;
  /** The canonical path inside the backend that stands at the prefix: `/` or `/project`. */
  readonly path: string;
  /** What may be done there: the narrower of the route's and the backend's. */
  readonly access: Access;
}

/** A directory of the host that the host process serves, as one part of a local backend. */
export interface HostRoot {
  /** The backend's name. */
  readonly backend: string;
  /** The path inside the backend. */
  readonly path: string;
  /** The absolute real path on the host. */
  readonly directory: string;
  readonly access: Access;
  /** Absolute host paths inside `directory` that may never be changed, such as the workflow. */
  readonly protected: readonly string[];
}

/**
 * The permissions of one process, in Deno's own words. `*` alone stands for everything of a kind;
 * it is never part of a path.
 */
export interface Permissions {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly denyWrite: readonly string[];
  readonly net: readonly string[];
  readonly env: readonly string[];
  readonly run: readonly string[];
  /** What of the system may be asked: `uid`. Absent where nothing may. */
  readonly sys?: readonly string[];
}

/** One process of a run. */
export interface PlanProcess {
  /**
   * `shell` interprets the commands of a virtual shell and may do nothing else; `docker` holds the
   * containers and may do nothing but talk with the engine.
   */
  readonly name: "runner" | "agent" | "host" | "shell" | "docker";
  /**
   * What of this machine it is granted. Inside bubblewrap the flags of its command name the same
   * files where they stand there, and what belongs to the namespace itself.
   */
  readonly permissions: Permissions;
  /** The program and its arguments; where bubblewrap confines it, bubblewrap's. */
  readonly command: readonly string[];
}

/** An input's value. */
export type InputValue = string | number | boolean;

/** A JSON Schema: draft 2020-12, or 2019-09 and draft-07 as far as it agrees with them. */
export type JsonSchema = boolean | { readonly [keyword: string]: Value };

/** When a step runs. */
export interface PlanCondition {
  readonly expression: TemplateExpression;
  /**
   * Whether it calls `always`, `success` or `failure` itself; without that the step runs only where
   * nothing failed that it waits for.
   */
  readonly asksStatus: boolean;
  readonly place: Place;
}

/** What a step is repeated for. */
export interface PlanForeach {
  /** The items, or the expression that gives a list of them. */
  readonly items: readonly Value[] | TemplateExpression;
  /** What expressions call an item: `item` unless the file says otherwise. */
  readonly item: string;
  /** How many at a time. */
  readonly concurrency: number;
  readonly place: Place;
}

/** How long to wait before another attempt. */
export interface PlanBackoff {
  /** Milliseconds before the second attempt. */
  readonly delay: number;
  /** What each further wait is multiplied with; 1 is the same wait each time. */
  readonly factor: number;
  /** The longest wait, in milliseconds. */
  readonly max: number;
}

/** What a step, or a run, may use up. */
export interface PlanBudget {
  /** Requests of models. */
  readonly turns?: number;
  /** Tokens of requests and answers together. */
  readonly tokens?: number;
  /** US dollars. */
  readonly usd?: number;
}

/** What a run may use up. */
export interface PlanRunBudget extends PlanBudget {
  readonly turns: number;
  /** US dollars of all runs of the file on one day, UTC, as the journal knows them. */
  readonly usdPerDay?: number;
}

/** What a model costs: US dollars for a million tokens. */
export type Price = ModelPrice;

/** An input, as it is declared. */
export interface PlanInput {
  readonly type: "string" | "number" | "boolean" | "choice" | "path";
  readonly description?: string;
  readonly required: boolean;
  readonly default?: InputValue;
  /** The values of a choice. */
  readonly options?: readonly string[];
  /** A regular expression (RE2) that the whole text must match. */
  readonly pattern?: string;
}

/** Another workflow that a step uses. */
export interface PlanUses {
  /** Its file, as the user would name it. */
  readonly file: string;
  /** What it compiles to; its inputs are those that have a default. */
  readonly plan: Plan;
  /** What its inputs are given, by their names. */
  readonly with: Readonly<Record<string, Template>>;
}

/** Files that are copied out to the host when the run ends. */
export interface PlanArtifact {
  /** A path or glob of the tree. */
  readonly path: Template;
  /** The absolute path on the host: a directory where it ends with a slash. */
  readonly to: string;
  /** As in the file, for messages. */
  readonly shownTo: string;
  /** Whether it is copied after a success, a failure, or both. */
  readonly when: "success" | "failure" | "always";
  readonly place: Place;
}

/** What a step grants and refuses, besides the rules of the workflow. */
export interface PlanStepTools {
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  readonly allow?: readonly string[];
}

/** The shell of a run. */
export interface PlanShell {
  readonly type: ShellType;
  /** Whether the model is offered `execute`; otherwise the shell is for `run` steps alone. */
  readonly tool: boolean;
  readonly limits: ShellLimits;
  /** The backend in whose container commands run; there for a shell of type `docker` alone. */
  readonly box?: string;
}

/**
 * Who confines the host process: bubblewrap and Deno's flags, or Deno's flags and the path guard alone.
 */
export type PlanConfinement =
  | { readonly type: "bubblewrap" }
  | {
    readonly type: "flags";
    /** Why it is not bubblewrap, in a sentence. */
    readonly reason: string;
  };

/** Why a process is granted something: the line of the file that caused it. */
export interface PlanGrant {
  readonly process: PlanProcess["name"];
  readonly kind: keyof Permissions;
  /** One value of that kind, as it stands in the process's permissions. */
  readonly value: string;
  /** A sentence. */
  readonly reason: string;
  /** Absent where every run has it, whatever its file says. */
  readonly place?: Place;
}

/** A command of a `run` step. It has no expressions: values travel through `env`. */
export interface PlanCommand {
  /** A script for `sh`, or a program with its arguments. */
  readonly command: string | readonly string[];
  /** A canonical directory of the tree. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, Template>>;
}

/** One step: a prompt for the model, a command for the shell, or another workflow. */
export type PlanStep =
  & PlanStepBase
  & (
    | { readonly prompt: Template; readonly run?: undefined; readonly uses?: undefined }
    | { readonly run: PlanCommand; readonly prompt?: undefined; readonly uses?: undefined }
    | { readonly uses: PlanUses; readonly prompt?: undefined; readonly run?: undefined }
  );

/** What all steps have. */
export interface PlanStepBase {
  readonly id: string;
  readonly name: string;
  /**
   * The steps that must have ended before: those that the file names, or the one before it in a file
   * where no step names any.
   */
  readonly needs: readonly string[];
  readonly if?: PlanCondition;
  readonly foreach?: PlanForeach;
  /** Milliseconds for each attempt, its checks included. */
  readonly timeout?: number;
  /** Whether what needs this step runs although it failed. */
  readonly continueOnError?: boolean;
  readonly backoff?: PlanBackoff;
  readonly budget?: PlanBudget;
  /** The form of the answer, of what a command prints. */
  readonly output?: { readonly schema: JsonSchema; readonly place: Place };
  /** Another model than the workflow's: `gpt-4.1-mini`. */
  readonly model?: string;
  /** Stands in the place of the workflow's instructions. */
  readonly instructions?: Template;
  readonly tools?: PlanStepTools;
  /**
   * The step whose conversation this one goes on with, or with that of the nearest one before it where
   * it is skipped; a new conversation without it.
   */
  readonly continues?: string;
  readonly produces: readonly { readonly path: Template; readonly place: Place }[];
  readonly assertions: readonly PlanAssertion[];
  readonly attempts: number;
  readonly feedback: boolean;
  readonly place: Place;
}

/** The model that the steps are run with; `none` where every step is a command. */
export type PlanModel =
  | { readonly type: "none" }
  | {
    readonly type: "openai";
    /** `gpt-4.1`. */
    readonly name: string;
    /** `https://api.openai.com/v1`. */
    readonly baseUrl: string;
    /** What the agent process may reach: `api.openai.com:443`. */
    readonly netHost: string;
  }
  | {
    readonly type: "rehearsal";
    /** The model it stands in for: `openai:gpt-4.1`. */
    readonly name: string;
    /** The rehearsal's file, as the user would name it. */
    readonly file: string;
    readonly steps: Readonly<Record<string, readonly RehearsalTurn[]>>;
    /** What judges say of each step, in the order in which they are asked; a verdict as JSON. */
    readonly judges?: Readonly<Record<string, readonly RehearsalTurn[]>>;
  };

/** A compiled workflow. */
export interface Plan {
  readonly name: string;
  readonly description: string;
  /** The workflow file, as the user named it. */
  readonly file: string;
  /** The SHA-256 of the file's bytes, in hexadecimal: what tells an edited workflow apart. */
  readonly fingerprint: string;
  readonly model: PlanModel;
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** The inputs as they are declared. */
  readonly declared?: Readonly<Record<string, PlanInput>>;
  /** Variables that all commands see, with their values. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables of a workflow that is used, whose values depend on inputs that its caller gives. */
  readonly openEnv?: Readonly<Record<string, Template>>;
  /** The names of the secrets that the run has; their values are in no plan. */
  readonly secrets?: readonly string[];
  readonly instructions: Template;
  readonly backends: readonly PlanBackend[];
  readonly routes: readonly PlanRoute[];
  readonly roots: readonly HostRoot[];
  /** Rules of `tools.deny`, canonical: `read **` + `/.env*`. */
  readonly deny: readonly string[];
  /** Rules of `tools.ask`. */
  readonly ask: readonly string[];
  /** Rules of `tools.allow`; without them everything is allowed that the routes grant. */
  readonly allow?: readonly string[];
  /** The shell, where the file grants one or a step runs a command. */
  readonly shell?: PlanShell;
  /** Where the containers of docker backends are; absent without such a backend, and in a check. */
  readonly engine?: EngineAddress;
  /** What led to the engine, for people: `DOCKER_HOST=unix:///run/docker.sock`. */
  readonly engineBy?: string;
  /** Absent where there is no host process. */
  readonly confinement?: PlanConfinement;
  /** What each process is granted, and why. */
  readonly grants: readonly PlanGrant[];
  readonly budget: PlanRunBudget;
  /**
   * What the models cost that the run may ask, by their whole names, `openai:gpt-4.1`; absent where
   * neither a budget in dollars nor a table of prices is in the file.
   */
  readonly prices?: Readonly<Record<string, Price>>;
  /** How many steps may run at a time. */
  readonly concurrency?: number;
  /** Milliseconds for the whole run. */
  readonly timeout?: number;
  readonly steps: readonly PlanStep[];
  /** Run one after the other when all steps succeeded. */
  readonly onSuccess?: readonly PlanStep[];
  /** Run one after the other when a step failed. */
  readonly onFailure?: readonly PlanStep[];
  readonly artifacts?: readonly PlanArtifact[];
  readonly outputs: Readonly<Record<string, Template>>;
  readonly processes: readonly PlanProcess[];
}
