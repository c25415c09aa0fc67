import { assert, assertEquals, assertThrows } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { isWithin } from "../../backends/paths.ts";
import {
  isApproved,
  parseRule,
  Policy,
  refusalReason,
  refusedCommand,
  type Rules,
} from "../../backends/policy.ts";
import fc from "../support/fast_check.ts";

/** The verdicts for reading and for writing, by their first letters, and the rules behind them. */
function verdicts(rules: Rules, path: string): string {
  const policy = new Policy(rules);
  return (["read", "write"] as const).map((verb) => {
    const { verdict, rule } = policy.decide(verb, path);
    return rule === undefined ? verdict : `${verdict} by ${rule}`;
  }).join(", ");
}

Deno.test("Policy.decide() puts deny before ask before allow", () => {
  const cases: [Rules, string][] = [
    [{}, "allow, allow"],
    [{ deny: ["read /a"] }, "deny by read /a, deny by read /a"],
    [{ deny: ["write /a"] }, "allow, deny by write /a"],
    [{ ask: ["read /a"] }, "ask by read /a, ask by read /a"],
    [{ ask: ["write /a"] }, "allow, ask by write /a"],
    [{ ask: ["write /a"], deny: ["read /a"] }, "deny by read /a, deny by read /a"],
    [{ ask: ["read /a"], deny: ["write /a"] }, "ask by read /a, deny by write /a"],
    // The first rule that matches is the one that is named.
    [{ deny: ["write /**", "read /a", "read /**"] }, "deny by read /a, deny by write /**"],
    [{ ask: ["write /**", "read /a"] }, "ask by read /a, ask by write /**"],
    // With a list of what is allowed, nothing else is.
    [{ allow: [] }, "deny, deny"],
    [{ allow: ["read /b"] }, "deny, deny"],
    [{ allow: ["execute *"] }, "deny, deny"],
    [{ allow: ["read /a"] }, "allow by read /a, deny"],
    [{ allow: ["write /a"] }, "allow by write /a, allow by write /a"],
    [{ allow: ["read /**", "write /a"] }, "allow by read /**, allow by write /a"],
    [{ allow: ["write /a"], deny: ["read /a"] }, "deny by read /a, deny by read /a"],
    [{ allow: ["write /a"], deny: ["write /a"] }, "allow by write /a, deny by write /a"],
    // What asks is granted by that, once somebody approves.
    [{ allow: [], ask: ["read /a"] }, "ask by read /a, deny"],
    [{ allow: [], ask: ["write /a"] }, "ask by write /a, ask by write /a"],
    [{ allow: ["read /a"], ask: ["write /a"] }, "allow by read /a, ask by write /a"],
    [{ allow: ["write /a"], ask: ["read /a"] }, "ask by read /a, ask by read /a"],
    [{ allow: ["write /a"], ask: ["write /a"] }, "allow by write /a, ask by write /a"],
    [{ allow: ["read /a"], ask: ["read /a"] }, "ask by read /a, deny"],
  ];
  for (const [rules, expected] of cases) {
    assertEquals(verdicts(rules, "/a"), expected, JSON.stringify(rules));
  }
});

Deno.test("Policy.decide() takes a rule for a directory as one for everything in it", () => {
  const covered: [string, string, boolean][] = [
    ["/secrets", "/secrets", true],
    ["/secrets", "/secrets/deep/key", true],
    ["/secrets/", "/secrets/key", true],
    ["/secrets/.", "/secrets/key", true],
    ["//secrets//", "/secrets/key", true],
    ["/x/../secrets", "/secrets/key", true],
    ["/secrets/**", "/secrets", true],
    ["/secrets/**/**", "/secrets", true],
    ["/secrets/**/", "/secrets", true],
    ["/secrets/*", "/secrets", false],
    ["/secrets/*", "/secrets/deep/key", true],
    ["/secrets/*/**", "/secrets/key", true],
    ["/secrets", "/secretsX", false],
    ["/secrets", "/a/secrets", false],
    ["**/secrets", "/a/secrets/key", true],
    ["**/secrets/**", "/secrets", true],
    ["secrets", "/secrets/key", true],
    ["/", "/", true],
    ["/", "/any/thing", true],
    ["/.", "/any", true],
    ["/**", "/", true],
    ["**", "/", true],
    ["*", "/", false],
    ["*", "/any/thing", true],
    ["{/a,/}", "/any", true],
    ["{a,**}", "/any", true],
    ["{a,b/**}", "/b", true],
    ["{a,b/**}", "/c", false],
    // Letter by letter: neither case nor the forms of Unicode are one.
    ["**/.env", "/.ENV", false],
    ["/caf\u00e9", "/cafe\u0301", false],
    ["/caf\u00e9", "/caf\u00e9/x", true],
    // What looks like a pattern and is none.
    ["[", "/[", true],
    ["[", "/a", false],
    ["{", "/{", true],
    ["a,b", "/a,b/c", true],
    ["\\*", "/*", true],
    ["\\*", "/a", false],
    ["\\**", "/*x", true],
    ["!a", "/!a", true],
    ["[!a]", "/b", true],
    ["a b", "/a b", true],
    ["constructor", "/constructor/x", true],
    ["__proto__", "/__proto__", true],
    ["/a", "/constructor", false],
  ];
  for (const [pattern, path, expected] of covered) {
    for (const verb of ["read", "write"] as const) {
      const policy = new Policy({ deny: [`${verb} ${pattern}`] });
      const { verdict } = policy.decide(verb, path);
      assertEquals(verdict === "deny", expected, `${verb} ${pattern} for ${path}`);
    }
  }
});

Deno.test("Policy.decide() makes a path canonical first", () => {
  const policy = new Policy({ deny: ["read /secrets"], allow: ["read /"] });
  const spellings = [
    ...["/secrets/", "//secrets", "/./secrets", "/x/../secrets", "/secrets/.", "/secrets//key"],
  ];
  for (const path of spellings) assertEquals(policy.decide("read", path).verdict, "deny", path);
  for (const path of ["secrets", "", "/..", "/a\0"]) {
    const error = assertThrows(() => policy.decide("read", path), BackendError);
    assertEquals(error.code, "invalid_path");
  }
});

Deno.test("Policy.decide() finds the first of a thousand rules", () => {
  const rules = Array.from(
    { length: 1_000 },
    (_, number) =>
      number % 3 === 0
        ? `read /dir${number}/**`
        : number % 3 === 1
        ? `read **/name${number}`
        : `write /p*/${number}-?.txt`,
  );
  const policy = new Policy({ deny: rules });
  const cases: [string, string | undefined, string | undefined][] = [
    ["/dir999/x", rules[999], rules[999]],
    ["/dir0/name4", rules[0], rules[0]],
    ["/dir999/name4", rules[4], rules[4]],
    ["/x/name997", rules[997], rules[997]],
    ["/project/5-a.txt", undefined, rules[5]],
    ["/project/6-a.txt", undefined, undefined],
    ["/dir1/x", undefined, undefined],
  ];
  for (const [path, read, write] of cases) {
    assertEquals([policy.decide("read", path).rule, policy.decide("write", path).rule], [
      read,
      write,
    ]);
  }
});

const NAMES = ["a", "b", ".env"];
const path = fc.array(fc.constantFrom(...NAMES), { maxLength: 3 })
  .map((names) => `/${names.join("/")}`);
const pathRule = fc.tuple(
  fc.constantFrom("read", "write"),
  fc.oneof(
    path,
    path.map((path) => `${path === "/" ? "" : path}/**`),
    fc.constantFrom("**/a", "**/.env", "*", "/a/*", "/*/b"),
  ),
).map(([verb, pattern]) => `${verb} ${pattern}`);
const list = fc.array(pathRule, { maxLength: 3 });
const rules: fc.Arbitrary<Rules> = fc.record({
  allow: fc.option(list, { nil: undefined }),
  ask: list,
  deny: list,
});

/** The semantics in as few words as possible, by a matcher of its own. */
function modelDecide({ allow, ask = [], deny = [] }: Rules, verb: "read" | "write", path: string) {
  const covers = (rule: string, verbs: readonly string[]) => {
    const [ruleVerb = "", pattern = ""] = rule.split(" ");
    return verbs.includes(ruleVerb) && modelCovers(pattern, path);
  };
  const refusing = verb === "read" ? ["read"] : ["read", "write"];
  const granting = verb === "read" ? ["read", "write"] : ["write"];
  const denied = deny.find((rule) => covers(rule, refusing));
  if (denied !== undefined) return { verdict: "deny", rule: denied };
  const allowed = allow?.find((rule) => covers(rule, granting));
  const askGrants = allow && ask.find((rule) => covers(rule, granting));
  if (allow !== undefined && allowed === undefined && askGrants === undefined) {
    return { verdict: "deny", rule: undefined };
  }
  const asked = ask.find((rule) => covers(rule, refusing)) ??
    (allowed === undefined ? askGrants : undefined);
  return asked === undefined
    ? { verdict: "allow", rule: allowed }
    : { verdict: "ask", rule: asked };
}

/** As a regular expression over a path and everything above it. */
function modelCovers(pattern: string, path: string): boolean {
  if (pattern === "/" || pattern === "/**") return true;
  const source = (pattern.startsWith("/") ? pattern : `/${pattern}`).replace(/\/\*\*$/, "")
    .replace(/\./g, "\\.").replace(/\/\*\*/g, "(?:/[^/]+){0,}").replace(/(?<!\{0,)\*/g, "[^/]+");
  return new RegExp(`^${source}(?:/|$)`).test(path);
}

Deno.test("Policy.decide() decides as its model does", () => {
  fc.assert(
    fc.property(rules, path, (rules, path) => {
      const policy = new Policy(rules);
      for (const verb of ["read", "write"] as const) {
        const { verdict, rule } = policy.decide(verb, path);
        assertEquals({ verdict, rule }, modelDecide(rules, verb, path));
      }
    }),
    { numRuns: 2_000 },
  );
});

const STRICTNESS = { allow: 0, ask: 1, deny: 2 };

Deno.test("Policy.decide() never lets write what it does not let read", () => {
  fc.assert(
    fc.property(rules, path, (rules, path) => {
      const policy = new Policy(rules);
      const read = STRICTNESS[policy.decide("read", path).verdict];
      assert(read <= STRICTNESS[policy.decide("write", path).verdict]);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("Policy.couldEver() says no only where nothing could be allowed", () => {
  fc.assert(
    fc.property(rules, path, path, (rules, directory, path) => {
      const policy = new Policy(rules);
      for (const verb of ["read", "write"] as const) {
        if (policy.couldEver(verb, directory) || !isWithin(path, directory)) continue;
        assertEquals(policy.decide(verb, path).verdict, "deny");
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("Policy.couldEver() says no of execute where no command could be allowed", () => {
  const cases: [Rules, boolean][] = [
    [{}, true],
    [{ deny: ["execute *"] }, false],
    [{ deny: ["execute * *"] }, true],
    [{ deny: ["execute git *"] }, true],
    [{ deny: ["execute *"], ask: ["execute git *"], allow: ["execute *"] }, false],
    [{ allow: ["read /**"] }, false],
    [{ allow: [], ask: ["execute git *"] }, true],
    [{ allow: ["execute git *"] }, true],
  ];
  for (const [rules, expected] of cases) {
    assertEquals(new Policy(rules).couldEver("execute"), expected, JSON.stringify(rules));
  }
});

Deno.test("Policy.leadsTo() shows the way to what is allowed and nothing else", () => {
  const policy = new Policy({
    allow: ["read /a/b/c", "write /out/*.md"],
    ask: ["write /asked/x"],
    deny: ["read /a/hidden", "read **/never"],
  });
  const cases: [string, boolean][] = [
    ["/", true],
    ["/a", true],
    ["/a/b", true],
    ["/out", true],
    ["/asked", true],
    ["/a/hidden", false],
    ["/a/b/never", false],
    ["/a/x", false],
    ["/b", false],
  ];
  for (const [directory, expected] of cases) {
    assertEquals(policy.leadsTo(directory), expected, directory);
  }
  assertEquals(new Policy({ deny: ["read /a"] }).leadsTo("/a"), false);
  assertEquals(new Policy({ allow: ["read **"], deny: ["read /a"] }).leadsTo("/a"), false);
  assertEquals(new Policy({ allow: ["read **"], ask: ["read /a"] }).leadsTo("/a"), false);
  fc.assert(
    fc.property(rules, path, path, (rules, directory, path) => {
      const policy = new Policy(rules);
      if (!isWithin(path, directory) || policy.decide("read", path).verdict === "deny") return;
      // Whatever may be read is reached through directories that are shown.
      const { verdict } = policy.decide("read", directory);
      assert(verdict !== "deny" || policy.leadsTo(directory));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("Policy says whether its rules make a difference", () => {
  const cases: [Rules, boolean, boolean][] = [
    [{}, false, false],
    [{ ask: [], deny: [] }, false, false],
    [{ deny: ["read /a"] }, true, false],
    [{ ask: ["write /a"] }, true, false],
    [{ deny: ["execute git *"] }, false, true],
    [{ ask: ["execute git *"] }, false, true],
    [{ allow: [] }, true, true],
  ];
  for (const [rules, paths, commands] of cases) {
    const policy = new Policy(rules);
    assertEquals([policy.hasPathRules, policy.hasCommandRules], [paths, commands]);
  }
});

Deno.test("Policy refuses what is no rule, in each of its lists", () => {
  for (const list of ["allow", "ask", "deny"] as const) {
    for (
      const rule of ["", "read", "delete /a", "execute", "execute ", "read ../a", "ask read /a"]
    ) {
      assertThrows(() => new Policy({ [list]: ["read /a", rule] }), SyntaxError, `'${rule}'`);
    }
  }
});

Deno.test("parseRule() takes the words of a command", () => {
  const cases: [string, readonly string[], boolean][] = [
    ["execute git push *", ["git", "push"], true],
    ["execute git push", ["git", "push"], false],
    ["execute *", [], true],
    ["execute * *", ["*"], true],
    ["execute git  push", ["git", "push"], false],
    ["execute rm -rf /*", ["rm", "-rf", "/*"], false],
    ["execute git {push,fetch}", ["git", "{push,fetch}"], false],
    ["execute [", ["["], false],
  ];
  for (const [text, words, open] of cases) {
    assertEquals(parseRule(text), { text, verb: "execute", words, open });
  }
  for (
    const [text = "", message] of [
      ["execute  git", "must have one space and then a command, as in 'execute git push *'"],
      ["execute git ", "must have one space and then a command"],
      ["execute git\npush", "must be one line"],
      ["execute git\0", "must be one line"],
      ["execute git [z-a]", "has no usable pattern: the range '[z-a]' runs backwards"],
      ["execute git x\\", "has no usable pattern: a backslash at the end quotes nothing"],
      [`execute ${"{a,b}".repeat(12)}`, "has no usable pattern: a word of it is too large"],
    ]
  ) assertThrows(() => parseRule(text), SyntaxError, message);
});

Deno.test("isApproved() covers a path, and what the same rule asks about in it", () => {
  const policy = new Policy({
    ask: ["write /d/**", "read /d/secret", "write /e"],
    deny: ["write /d/never"],
  });
  const wish = [{ verb: "write", what: "/d" }] as const;
  const cases: ["read" | "write", string, boolean][] = [
    ["write", "/d", true],
    ["read", "/d", true],
    ["write", "/d/x/y", true],
    ["write", "/d/secret", true],
    ["read", "/d/secret", false],
    ["write", "/dd", false],
    ["write", "/e", false],
    ["write", "/", false],
  ];
  for (const [verb, path, expected] of cases) {
    assertEquals(isApproved(policy, wish, verb, path), expected, `${verb} ${path}`);
  }
  assertEquals(
    isApproved(policy, [{ verb: "read", what: "/d/secret" }], "write", "/d/secret"),
    false,
  );
  assertEquals(isApproved(policy, [{ verb: "execute", what: "/e" }], "write", "/e"), false);
  assertEquals(isApproved(policy, [], "write", "/e"), false);
});

Deno.test("refusalReason() and refusedCommand() name the rule", async () => {
  assertEquals(refusalReason({ verdict: "deny" }), "denied: no rule of 'allow' covers it");
  assertEquals(refusalReason({ verdict: "deny", rule: "read /a" }), "denied by the rule 'read /a'");
  const policy = new Policy({ ask: ["execute git push *"] });
  const error = refusedCommand(await policy.decideCommand("ls; git push 'a b' \"$X\""));
  assertEquals(
    [error.code, error.message],
    [
      "denied",
      "Cannot run 'git push 'a b' …': denied until somebody approves it, " +
      "as the rule 'execute git push *' asks",
    ],
  );
});
