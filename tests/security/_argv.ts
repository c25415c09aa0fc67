/**
 * Reads the commands of a plan back, strictly: what is not one of the few forms that they may have
 * is an error, so that a value of a workflow that slipped into another place is found.
 *
 * @module
 */

/** What the arguments of Deno grant. */
export interface DenoGrants {
  readonly flags: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly denyWrite: readonly string[];
  readonly net: readonly string[];
  readonly env: readonly string[];
  readonly run: readonly string[];
  readonly module: string;
  readonly args: readonly string[];
}

const LISTS = {
  "--allow-read": "read",
  "--allow-write": "write",
  "--deny-write": "denyWrite",
  "--allow-net": "net",
  "--allow-env": "env",
  "--allow-run": "run",
} as const;

const PLAIN = new Set([
  "--no-prompt",
  "--cached-only",
  "--no-remote",
  "--no-lock",
  "--ignore-env",
]);

/**
 * @param words `deno`'s arguments, beginning with `run`.
 * @returns What they grant.
 * @throws {Error} If they have any other form.
 */
export function parseDeno(words: readonly string[]): DenoGrants {
  if (words[0] !== "run") throw new Error(`'${words[0]}' is not 'run'`);
  const lists = { read: [], write: [], denyWrite: [], net: [], env: [], run: [] } as Record<
    string,
    string[]
  >;
  const flags: string[] = [];
  let index = 1;
  for (; index < words.length; index++) {
    const word = words[index] ?? "";
    if (!word.startsWith("-")) break;
    const [name = "", ...rest] = word.split("=");
    const kind = LISTS[name as keyof typeof LISTS];
    if (kind === undefined) {
      if (!PLAIN.has(word)) throw new Error(`Unexpected argument of deno: ${JSON.stringify(word)}`);
      if (flags.includes(word)) throw new Error(`'${word}' stands there twice`);
      flags.push(word);
      continue;
    }
    const list = lists[kind];
    if (list === undefined || list.length > 0) throw new Error(`'${name}' stands there twice`);
    list.push(...(rest.length === 0 ? ["*"] : rest.join("=").split(",")));
  }
  const { read = [], write = [], denyWrite = [], net = [], env = [], run = [] } = lists;
  return {
    ...{ flags, read, write, denyWrite, net, env, run },
    module: words[index] ?? "",
    args: words.slice(index + 1),
  };
}
