/**
 * Programs that run the command they are given, and what of their arguments that command is.
 *
 * @module
 */

import { MANY, ONE, type Word } from "./_command_words.ts";

/** What a program runs. */
export type Inner =
  | { readonly type: "command"; readonly words: readonly Word[] }
  /** Text for `sh`. */
  | { readonly type: "script"; readonly text: Word }
  /** What it reads from its standard input is text for `sh`. */
  | { readonly type: "input" };

/** What is known of a program that runs others. */
export interface Wrapper {
  /** Whether it may be used wherever what it runs may be. */
  readonly transparent: boolean;
  /** What it runs; nothing where it is used for something else; `undefined` where it cannot be told. */
  inner(words: readonly Word[]): readonly Inner[] | undefined;
}

/** The options of a program, as far as it matters where the command begins. */
interface Options {
  /** Letters and names of options that take no value. */
  readonly flags?: string;
  /** Letters and names of options that take one. */
  readonly valued?: string;
  /** Options with which it does not run the command. */
  readonly other?: string;
  /** Arguments before the command. */
  readonly arguments?: number;
  /** Assignments may stand before the command. */
  readonly assignments?: boolean;
}

/**
 * Where the command begins after a program's options; `undefined` where that cannot be told, and
 * `null` where the program does something else.
 */
function commandStart(words: readonly Word[], options: Options): number | null | undefined {
  const flags = new Set(options.flags?.split(" "));
  const valued = new Set(options.valued?.split(" "));
  const other = new Set(options.other?.split(" "));
  let at = 1;
  for (; at < words.length; at++) {
    const word = words[at];
    if (typeof word !== "string") return undefined;
    if (word === "--") {
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    if (word.startsWith("--")) {
      const [name = "", value] = word.slice(2).split(/=(.*)/s);
      if (other.has(name)) return null;
      if (valued.has(name)) at += value === undefined ? 1 : 0;
      else if (!flags.has(name)) return undefined;
      continue;
    }
    for (let letter = 1; letter < word.length; letter++) {
      const option = word.charAt(letter);
      if (other.has(option)) return null;
      if (valued.has(option)) {
        if (letter === word.length - 1) at++;
        break;
      }
      if (!flags.has(option)) return undefined;
    }
  }
  if (options.assignments === true) {
    for (; at < words.length; at++) {
      const word = words[at];
      if (typeof word !== "string") return undefined;
      if (word !== "-" && !word.includes("=")) break;
    }
  }
  for (const word of words.slice(at, at + (options.arguments ?? 0))) {
    if (typeof word !== "string" && word.many) return undefined;
  }
  return at + (options.arguments ?? 0);
}

function prefix(options: Options, transparent = true): Wrapper {
  return {
    transparent,
    inner(words) {
      const start = commandStart(words, options);
      if (start === undefined) return undefined;
      return start === null ? [] : commandAt(words, start);
    },
  };
}

function commandAt(words: readonly Word[], start: number): Inner[] {
  return start < words.length ? [{ type: "command", words: words.slice(start) }] : [];
}

/** Names of the standard input. */
const STDIN = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/(?:self|\$\$)\/fd\/\d+)$/;

/** `sh -c text`; without `-c` it runs a file, which is not looked into, or what it reads. */
const SHELL: Wrapper = {
  transparent: true,
  inner(words) {
    let [isText, isInput] = [false, false];
    let at = 1;
    for (; at < words.length; at++) {
      const word = words[at];
      if (typeof word !== "string") return undefined;
      if (word === "--" || word === "-") {
        at++;
        break;
      }
      if (!/^[-+][-A-Za-z]+$/.test(word)) break;
      if (word.startsWith("--")) {
        if (word === "--version" || word === "--help") return [];
        if (word === "--rcfile" || word === "--init-file") at++;
        continue;
      }
      isText ||= word.startsWith("-") && word.includes("c");
      isInput ||= word.startsWith("-") && word.includes("s");
      at += word.match(/[oO]/g)?.length ?? 0;
    }
    const operand = words[at];
    if (isText) return operand === undefined ? [] : [{ type: "script", text: operand }];
    if (isInput || operand === undefined) return [{ type: "input" }];
    return typeof operand === "string" && !STDIN.test(operand) ? [] : [{ type: "input" }];
  },
};

/** `. file`: not looked into either. */
const SOURCE: Wrapper = {
  transparent: false,
  inner(words) {
    const file = words[words[1] === "--" ? 2 : 1];
    return typeof file === "string" && !STDIN.test(file) ? [] : [{ type: "input" }];
  },
};

/** Without `-S`, which takes a command apart by rules of its own. */
const ENV_OPTIONS: Options = {
  flags: "i 0 v ignore-environment null debug block-signal default-signal ignore-signal " +
    "list-signal-handling",
  valued: "u C unset chdir",
  other: "help version",
  assignments: true,
};

const XARGS_OPTIONS: Options = {
  flags: "0 o p r t x null open-tty interactive no-run-if-empty verbose exit",
  valued: "a d E I L n P s arg-file delimiter max-args max-procs max-chars process-slot-var",
  other: "help version show-limits",
};

const XARGS: Wrapper = {
  transparent: true,
  inner(words) {
    const start = commandStart(words, XARGS_OPTIONS);
    if (start === null) return [];
    if (start === undefined) return undefined;
    const options = words.slice(1, start);
    const marks = options.flatMap((word, index) => {
      const attached = typeof word === "string" ? /^-[^-]*?I(.*)$/s.exec(word)?.[1] : undefined;
      if (attached === undefined) return [];
      return [attached === "" ? options[index + 1] ?? ONE : attached];
    });
    const command: readonly Word[] = start < words.length ? words.slice(start) : ["echo"];
    const filled = command.map((word) => marks.some((mark) => hasMark(word, mark)) ? ONE : word);
    return [{ type: "command", words: marks.length > 0 ? filled : [...filled, MANY] }];
  },
};

function hasMark(word: Word, mark: Word): boolean {
  return typeof word === "string" && (typeof mark !== "string" || word.includes(mark));
}

/** How many commands of one `find` are looked at. */
const ACTIONS = 20;

const FIND: Wrapper = {
  transparent: false,
  inner(words) {
    const found: Inner[] = [];
    for (let at = 1; at < words.length; at++) {
      if (found.length > ACTIONS) return undefined;
      const word = words[at];
      if (typeof word === "string" && !/^-(?:exec|execdir|ok|okdir)$/.test(word)) continue;
      // Any number of words may hold all of a command.
      if (typeof word !== "string" && word?.many === true) return undefined;
      const rest = words.slice(at + 1);
      const end = rest.findIndex((each, index) =>
        each === ";" || (each === "+" && rest[index - 1] === "{}")
      );
      const command = rest.slice(0, end === -1 ? rest.length : end)
        .map((each) => hasMark(each, "{}") ? ONE : each);
      if (command.length > 0) found.push({ type: "command", words: command });
    }
    return found;
  },
};

/** `trap text signal`. */
const TRAP: Wrapper = {
  transparent: false,
  inner(words) {
    const text = words[words[1] === "--" ? 2 : 1];
    const other = text === undefined || text === "" ||
      (typeof text === "string" && text.startsWith("-"));
    return other ? [] : [{ type: "script", text }];
  },
};

const EVAL: Wrapper = {
  transparent: true,
  inner(words) {
    const parts = words.slice(words[1] === "--" ? 2 : 1);
    if (parts.length === 0) return [];
    const known = parts.filter((word) => typeof word === "string");
    return known.length < parts.length ? undefined : [{ type: "script", text: known.join(" ") }];
  },
};

const APPLETS: Wrapper = {
  transparent: true,
  inner: (words) =>
    typeof words[1] === "string" && words[1].startsWith("-") ? [] : commandAt(words, 1),
};

/** `nice -5`, `nice --5` and `nice -n 5`. */
const NICE: Wrapper = {
  transparent: true,
  inner: (words) =>
    typeof words[1] === "string" && /^--?\d+$/.test(words[1])
      ? commandAt(words, 2)
      : prefix({ valued: "n adjustment" }).inner(words),
};

/** What changes the meaning of names in ways that are not followed. */
const CHANGES_NAMES: Wrapper = {
  transparent: false,
  inner: (words) => words.length === 1 ? [] : undefined,
};

/** The programs that are looked through, by name. */
export const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ...["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "lksh"].map((name) =>
    [name, SHELL] as const
  ),
  ["env", prefix(ENV_OPTIONS)],
  ["xargs", XARGS],
  ["find", FIND],
  ["eval", EVAL],
  ["trap", TRAP],
  ["source", SOURCE],
  [".", SOURCE],
  ["busybox", APPLETS],
  ["toybox", APPLETS],
  ["nice", NICE],
  ["alias", CHANGES_NAMES],
  ["enable", CHANGES_NAMES],
  ["hash", CHANGES_NAMES],
  ["command", prefix({ flags: "p", other: "v V" })],
  ["builtin", prefix({})],
  ["exec", prefix({ flags: "c l", valued: "a" })],
  ["nohup", prefix({ other: "help version" })],
  ["setsid", prefix({ flags: "c f w ctty fork wait", other: "h V help version" })],
  ["stdbuf", prefix({ valued: "i o e input output error", other: "help version" })],
  [
    "timeout",
    prefix({
      flags: "v f p verbose foreground preserve-status",
      valued: "k s kill-after signal",
      other: "help version",
      arguments: 1,
    }),
  ],
  [
    "time",
    prefix({
      flags: "p v a q portability verbose append quiet",
      valued: "f o format output",
      other: "V help version",
    }),
  ],
  [
    "sudo",
    prefix({
      flags: "A b B E H i k n P S s N askpass background bell preserve-env set-home login " +
        "reset-timestamp non-interactive preserve-groups stdin shell no-update",
      valued:
        "a C c D g h p R r t T U u auth-type close-from login-class chdir group host prompt " +
        "chroot role type command-timeout other-user user",
      other: "e K l V v edit remove-timestamp list version validate help",
      assignments: true,
    }, false),
  ],
  ["doas", prefix({ flags: "L n s", valued: "a C u" }, false)],
]);

/**
 * More programs that run others, each with a syntax of its own: any of their arguments may begin a
 * command, or be one.
 */
export const RUNNERS: ReadonlySet<string> = new Set(
  ("bind bwrap chpst chroot chrt compgen complete coproc daemonize expect fakeroot firejail flock " +
    "ionice linux32 linux64 mapfile nsenter numactl parallel prlimit proot pkexec readarray " +
    "rlwrap runcon runuser script setarch setpriv softlimit ssh start-stop-daemon strace ltrace su " +
    "systemd-run taskset tmux screen unbuffer unshare uidmap valgrind watch xvfb-run").split(" "),
);
