/**
 * The policy: what the rules of `allow`, `ask` and `deny` say of a path or a command.
 *
 * `deny` comes before `ask`, and `ask` before `allow`. Without a list of `allow` everything is
 * allowed; with one, what no rule of `allow` or `ask` covers is denied, whatever its verb.
 *
 * @module
 */

import { CommandRules } from "./_command_rules.ts";
import { showWords } from "./_command_words.ts";
import { type SimpleCommand, simpleCommands } from "./_commands.ts";
import { PathRules } from "./_path_rules.ts";
import { type CommandRule, parseRule, type PathRule } from "./_rules.ts";
import { BackendError } from "./errors.ts";
import { canonicalPath, isWithin } from "./paths.ts";

export { type CommandRule, parseRule, type PathRule, type Rule } from "./_rules.ts";

/** Rules such as `read **` + `/.env*`, `write /deploy/**` or `execute git push *`. */
export interface Rules {
  /**
   * What is allowed. With it, what neither it nor `ask` covers is denied.
   *
   * @default {everything}
   */
  readonly allow?: readonly string[] | undefined;
  /**
   * What somebody has to approve.
   *
   * @default {[]}
   */
  readonly ask?: readonly string[] | undefined;
  /**
   * What is denied.
   *
   * @default {[]}
   */
  readonly deny?: readonly string[] | undefined;
}

/** What may become of a wish. */
export type Verdict = "allow" | "ask" | "deny";

/** What the rules say of a path. */
export interface Decision {
  /** What becomes of the wish. */
  readonly verdict: Verdict;
  /** The rule as written; absent where nothing but the lack of a rule decides. */
  readonly rule?: string | undefined;
}

/** What the rules say of a command. */
export interface CommandDecision extends Decision {
  /** The simple command it is about, for messages; absent where no single one is. */
  readonly command?: string | undefined;
  /** Why it cannot be told what is run, where that is the reason: a clause. */
  readonly unclear?: string | undefined;
}

/** Options of {@linkcode Policy.decideCommand}. */
export interface DecideCommandOptions {
  /**
   * The variables that the command is given.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Something that a rule of `ask` is for and that somebody approved. */
export interface ApprovedWish {
  /** What was wanted. */
  readonly verb: "read" | "write" | "execute";
  /** A canonical path; for `execute` the command. */
  readonly what: string;
}

/**
 * Rules, compiled.
 *
 * @example
 * ```ts
 * import { Policy } from "./policy.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const policy = new Policy({
 *   allow: ["write /project/**", "execute git *"],
 *   ask: ["execute git push *"],
 *   deny: ["read /project/.env"],
 * });
 * assertEquals(policy.decide("read", "/project/app.py").verdict, "allow");
 * assertEquals(policy.decide("write", "/project/.env"), { verdict: "deny", rule: "read /project/.env" });
 * assertEquals(policy.decide("read", "/etc/passwd"), { verdict: "deny" });
 * assertEquals(policy.decideCommand("git status && sh -c 'git push'"), {
 *   verdict: "ask",
 *   rule: "execute git push *",
 *   command: "git push",
 * });
 * ```
 */
export class Policy {
  /** Whether the rules can make a difference to any path. */
  readonly hasPathRules: boolean;
  /** Whether the rules can make a difference to any command. */
  readonly hasCommandRules: boolean;
  readonly #deny: Record<"read" | "write", PathRules>;
  readonly #ask: Record<"read" | "write", PathRules>;
  /** What `ask` grants, beside what it asks about: a rule of `write` where there is a list of `allow`. */
  readonly #granted: Record<"read" | "write", PathRules>;
  readonly #allow: Record<"read" | "write", PathRules> | undefined;
  readonly #commands: Record<Verdict, CommandRules>;

  /**
   * Compiles rules.
   *
   * @param rules The rules.
   * @throws {SyntaxError} If one of them cannot be understood.
   */
  constructor(rules: Rules) {
    const [allow, ask, deny] = [rules.allow ?? [], rules.ask ?? [], rules.deny ?? []].map((texts) =>
      texts.map(parseRule)
    );
    const paths = (list: typeof allow = []) =>
      list.filter((rule): rule is PathRule => rule.verb !== "execute");
    const commands = (list: typeof allow = []) =>
      list.filter((rule): rule is CommandRule => rule.verb === "execute");
    const refusing = (list: typeof allow) => ({
      read: new PathRules(paths(list).filter(({ verb }) => verb === "read")),
      write: new PathRules(paths(list)),
    });
    const granting = (list: typeof allow) => ({
      read: new PathRules(paths(list)),
      write: new PathRules(paths(list).filter(({ verb }) => verb === "write")),
    });
    this.#deny = refusing(deny);
    this.#ask = refusing(ask);
    this.#granted = granting(ask);
    this.#allow = rules.allow === undefined ? undefined : granting(allow);
    this.#commands = {
      allow: new CommandRules(commands(allow)),
      ask: new CommandRules(commands(ask)),
      deny: new CommandRules(commands(deny)),
    };
    this.hasPathRules = rules.allow !== undefined ||
      paths(deny).length + paths(ask).length > 0;
    this.hasCommandRules = rules.allow !== undefined ||
      commands(deny).length + commands(ask).length > 0;
  }

  /**
   * What the rules say of a file or directory.
   *
   * What may not be read may not be written, and what asks to be read asks to be written. What may
   * be written may be read, where `allow` or `ask` says so alone.
   *
   * @param verb What is wanted.
   * @param path An absolute path; it is made canonical first.
   * @returns The verdict, and the rule behind it.
   * @throws {BackendError} `invalid_path` if it is no path.
   */
  decide(verb: "read" | "write", path: string): Decision {
    const at = canonicalPath(path);
    const denied = this.#deny[verb].first(at);
    if (denied !== undefined) return { verdict: "deny", rule: denied.text };
    const asks = this.#ask[verb].first(at);
    if (this.#allow === undefined) {
      return asks === undefined ? { verdict: "allow" } : { verdict: "ask", rule: asks.text };
    }
    const allowed = this.#allow[verb].first(at);
    const granted = this.#granted[verb].first(at);
    if (allowed === undefined && granted === undefined) return { verdict: "deny" };
    const asking = asks ?? (allowed === undefined ? granted : undefined);
    return asking !== undefined
      ? { verdict: "ask", rule: asking.text }
      : { verdict: "allow", rule: allowed?.text };
  }

  /**
   * What the rules say of a command: the strictest of what they say of its simple commands, those in
   * pipelines, lists, loops, functions and substitutions, and those that `sh -c`, `env`, `xargs`,
   * `find -exec` and their like run, included.
   *
   * A rule is the words of a command, each a pattern. `execute git push *` is for `git push` with any
   * arguments, or none, and `execute git push` for that alone. Quotes make no difference, and neither
   * does the directory of the program: `/usr/bin/git` is `git`. Only for permission it has to be one
   * of the system's own directories, and no variable may be set by which `git` could mean something
   * else. Options count as words: `git -C x push` is not `git push *`, so that a rule that is to hold
   * says `execute git *`. An argument that is filled in when the command runs is taken for what a rule
   * of `deny` or `ask` has there, and never for what one of `allow` has. Where the name of a program
   * is not written out, or a script cannot be parsed, every rule of `deny` and `ask` is for it.
   *
   * Rules of commands are for review, not for containment: a script in a file (`sh x.sh`), a program
   * with a language of its own (`python x.py`, `awk`, `make`) or one that was copied to another name
   * is not seen through. What a command can touch is settled by the shell that runs it.
   *
   * @param command A script for `sh`, or a program with its arguments.
   * @param options What else it is given.
   * @returns The verdict, the rule behind it and the simple command that it is about.
   */
  decideCommand(
    command: string | readonly string[],
    { env = {} }: DecideCommandOptions = {},
  ): CommandDecision {
    if (!this.hasCommandRules) return { verdict: "allow" };
    const { allow, ask, deny } = this.#commands;
    const found = simpleCommands(command, env);
    let asked: CommandDecision | undefined;
    let allowed: CommandRule | undefined;
    for (const each of found) {
      const denying = each.use === "grant" ? undefined : deny.mayMatch(each.words);
      if (denying !== undefined) return { verdict: "deny", rule: denying.text, ...about(each) };
      const isAsked = each.use !== "grant" || this.#allow !== undefined;
      const asking = isAsked ? ask.mayMatch(each.words) : undefined;
      if (asking !== undefined) asked ??= { verdict: "ask", rule: asking.text, ...about(each) };
      if (this.#allow === undefined || each.use === "refuse" || asking !== undefined) continue;
      const granting = allow.surelyMatch(each.words);
      if (granting === undefined) return { verdict: "deny", ...about(each) };
      allowed ??= granting;
    }
    return asked ?? { verdict: "allow", rule: allowed?.text };
  }

  /**
   * Whether something of a kind could ever be allowed, or asked for.
   *
   * @param verb The kind.
   * @param directory The canonical directory that it is about; `execute` is about none.
   * @returns `false` where that is impossible: then nobody need be offered it.
   */
  couldEver(verb: "read" | "write" | "execute", directory = "/"): boolean {
    if (verb === "execute") {
      const { allow, ask, deny } = this.#commands;
      if (deny.coverEverything) return false;
      return this.#allow === undefined || allow.size + ask.size > 0;
    }
    const denied = this.#deny[verb];
    if (denied.first(directory) !== undefined) return false;
    return this.#allow === undefined || this.#allow[verb].reaches(directory, denied) ||
      this.#granted[verb].reaches(directory, denied);
  }

  /**
   * Whether a directory that may not be read itself leads to something that may be, or may be asked
   * for: then it is shown, with nothing in it but what is shown for its own sake.
   *
   * @param directory A canonical path.
   */
  leadsTo(directory: string): boolean {
    if (this.#allow === undefined) return false;
    const refusing = this.#deny.read.first(directory) ?? this.#ask.read.first(directory);
    if (refusing !== undefined) return false;
    return this.#allow.read.mayCoverBelow(directory) ||
      (this.#granted.read.first(directory) === undefined &&
        this.#granted.read.mayCoverBelow(directory));
  }

  /**
   * Patterns of all files in a directory that are not allowed to be read, and of some others; they
   * may stand in braces.
   *
   * @param directory A canonical path.
   * @returns The patterns, or `undefined` where they cannot be told.
   */
  unreadable(directory: string): readonly string[] | undefined {
    const granted = this.#allow === undefined || this.#allow.read.first(directory) !== undefined;
    return granted ? [...this.#deny.read.patterns, ...this.#ask.read.patterns] : undefined;
  }
}

/** What a decision is about: a simple command, or why there is none to name. */
function about({ words, why }: SimpleCommand): Pick<CommandDecision, "command" | "unclear"> {
  return why === undefined ? { command: showWords(words) } : { unclear: why };
}

/**
 * Whether what was approved covers a path that a rule of `ask` is for. It covers the very path, and
 * of what is in it that which the same rule asks about. Who may write may read.
 *
 * @param policy The rules.
 * @param wishes What was approved.
 * @param verb What is wanted.
 * @param path A canonical path.
 * @returns Whether it does.
 */
export function isApproved(
  policy: Policy,
  wishes: readonly ApprovedWish[],
  verb: "read" | "write",
  path: string,
): boolean {
  return wishes.some((wish) => {
    if (wish.verb === "execute" || (wish.verb === "read" && verb === "write")) return false;
    if (wish.what === path) return true;
    return isWithin(path, wish.what) &&
      policy.decide(verb, path).rule === policy.decide(verb, wish.what).rule;
  });
}

/**
 * Why a decision is no permission: a clause that begins with `denied`, as in
 * `Cannot read '/a': denied by the rule 'read /a'`.
 *
 * @param decision What the rules say, other than `allow`.
 * @returns The clause.
 */
export function refusalReason({ verdict, rule }: Decision): string {
  if (rule === undefined) return "denied: no rule of 'allow' covers it";
  return verdict === "ask"
    ? `denied until somebody approves it, as the rule '${rule}' asks`
    : `denied by the rule '${rule}'`;
}

/**
 * The error for a command that the rules do not let run.
 *
 * @param decision What they say of it, other than `allow`.
 * @returns A `denied` whose sentence names the simple command and the rule.
 */
export function refusedCommand(decision: CommandDecision): BackendError {
  const { command, unclear } = decision;
  const what = command === undefined ? "the command" : `'${command}'`;
  const why = unclear === undefined ? "" : `, since ${unclear}: write out what is to be run`;
  return new BackendError("denied", "/", `Cannot run ${what}: ${refusalReason(decision)}${why}`);
}
