/**
 * What a workflow file compiles to: plain data, everything a run needs and nothing else. `plan`
 * prints it, `run` carries it out.
 *
 * @module
 */

import type { RehearsalTurn } from "../agent/rehearsal.ts";
import type { ShellLimits, ShellType } from "../backends/shells/shell.ts";
import type { Template } from "./expressions.ts";

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
  | {
    readonly name: string;
    readonly type: "local";
    /** The absolute real path of its root on the host; it may not exist yet if writable. */
    readonly root: string;
    readonly access: Access;
  };

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
}

/** One process of a run. */
export interface PlanProcess {
  /** `shell` interprets the commands of a virtual shell and may do nothing else. */
  readonly name: "runner" | "agent" | "host" | "shell";
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

/** What is asserted of a file after a step. */
export interface PlanAssertion {
  readonly file: Template;
  readonly kind: "contains" | "not_contains" | "matches" | "equals" | "exists" | "not_exists";
  /** The text or pattern; absent for `exists` and `not_exists`. */
  readonly value?: Template;
  readonly place: Place;
}

/** The shell of a run. */
export interface PlanShell {
  readonly type: ShellType;
  /** Whether the model is offered `execute`; otherwise the shell is for `run` steps alone. */
  readonly tool: boolean;
  readonly limits: ShellLimits;
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

/** One step: a prompt for the model or a command for the shell. */
export type PlanStep =
  & PlanStepBase
  & (
    | { readonly prompt: Template; readonly run?: undefined }
    | { readonly run: PlanCommand; readonly prompt?: undefined }
  );

/** What all steps have. */
export interface PlanStepBase {
  readonly id: string;
  readonly name: string;
  readonly needs: readonly string[];
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
  /** Absent where there is no host process. */
  readonly confinement?: PlanConfinement;
  /** What each process is granted, and why. */
  readonly grants: readonly PlanGrant[];
  /** Model requests that the whole run may make. */
  readonly turns: number;
  readonly steps: readonly PlanStep[];
  readonly outputs: Readonly<Record<string, Template>>;
  readonly processes: readonly PlanProcess[];
}
