import { assert, assertEquals } from "@std/assert";
import { formatDiagnostics } from "../../runner/diagnostics.ts";
import { comparePlans, readReview } from "../../runner/plan_check.ts";
import {
  environmentOf,
  type PlanReview,
  requiresSandbox,
  reviewOf,
} from "../../runner/plan_review.ts";
import { type Compiled, compiled } from "./_compiled.ts";

const ENVIRONMENT = new Map([
  ["LANG", "C"],
  ["OTHER", "x"],
  ["TOKEN", "abcdefgh"],
  ["SECOND", "ijklmnop"],
]);

async function compiledOf(yaml: string): Promise<Compiled> {
  const result = await compiled(yaml, { mode: "live", env: ENVIRONMENT });
  assert(result.plan !== undefined, result.text);
  return result;
}

function reviewOfCompiled({ plan, dir: directory, document }: Compiled): PlanReview {
  assert(plan !== undefined && document !== undefined);
  return reviewOf(plan, {
    directory,
    required: requiresSandbox(document),
    environment: environmentOf(document),
  });
}

/** What is wider in the second workflow than in the first, as it is printed. */
async function wider(stored: string, now: string): Promise<string> {
  const before = reviewOfCompiled(await compiledOf(stored));
  const after = await compiledOf(now);
  assert(after.document !== undefined);
  const diagnostics = comparePlans(before, reviewOfCompiled(after), after.document);
  return formatDiagnostics(diagnostics, after.sources);
}

/** The workflow that the others differ from. */
const BASE = `\
name: w
model: openai:gpt-4.1
timeout: 1h
budget: { turns: 20, tokens: 1000, usd: 0.5, usd_per_day: 2 }
env: { LANG: {}, MODE: fast }
secrets: [TOKEN]
artifacts:
  - { path: /out/*.md, to: ./out/ }
steps:
  - id: a
    prompt: Go
    timeout: 5m
    budget: { turns: 5, tokens: 100, usd: 0.1 }
    tools: { allow: ["read **"], ask: ["write /a"], deny: ["read /b"] }
    assert: [{ run: make test }]
  - { id: b, run: make }
on_failure:
  - { id: c, run: make clean, timeout: 1m }
`;

Deno.test("comparePlans() tells of each limit that is larger, with its line", async () => {
  const now = BASE.replace("timeout: 1h", "timeout: 2h").replace(
    "tokens: 1000, usd: 0.5, usd_per_day: 2",
    "tokens: 1001, usd: 0.51, usd_per_day: 2.5",
  ).replace("5m", "5m1s").replace(
    "turns: 5, tokens: 100, usd: 0.1",
    "turns: 6, tokens: 101, usd: 0.2",
  )
    .replace("timeout: 1m", "timeout: 2m");
  assertEquals(
    await wider(BASE, now),
    `\
error[wider-timeout]: The run may now take 2h
 --> flow.yaml:3:10
  |
3 | timeout: 2h
  |          ^^
  = hint: In the stored plan it may take 1h

error[wider-budget]: The run may now take 1001 tokens
 --> flow.yaml:4:30
  |
4 | budget: { turns: 20, tokens: 1001, usd: 0.51, usd_per_day: 2.5 }
  |                              ^^^^
  = hint: In the stored plan it may take 1000 tokens

error[wider-budget]: The run may now cost $0.51
 --> flow.yaml:4:41
  |
4 | budget: { turns: 20, tokens: 1001, usd: 0.51, usd_per_day: 2.5 }
  |                                         ^^^^
  = hint: In the stored plan it may cost $0.50

error[wider-budget]: All runs of one day may now cost $2.50
 --> flow.yaml:4:60
  |
4 | budget: { turns: 20, tokens: 1001, usd: 0.51, usd_per_day: 2.5 }
  |                                                            ^^^
  = hint: In the stored plan they may cost $2.00

error[wider-timeout]: Step "a" may now take 5m1s
  --> flow.yaml:12:14
   |
12 |     timeout: 5m1s
   |              ^^^^
   = hint: In the stored plan it may take 5m

error[wider-budget]: Step "a" may now take 6 answers of the model
  --> flow.yaml:13:22
   |
13 |     budget: { turns: 6, tokens: 101, usd: 0.2 }
   |                      ^
   = hint: In the stored plan it may take 5 answers of the model

error[wider-budget]: Step "a" may now take 101 tokens
  --> flow.yaml:13:33
   |
13 |     budget: { turns: 6, tokens: 101, usd: 0.2 }
   |                                 ^^^
   = hint: In the stored plan it may take 100 tokens

error[wider-budget]: Step "a" may now cost $0.20
  --> flow.yaml:13:43
   |
13 |     budget: { turns: 6, tokens: 101, usd: 0.2 }
   |                                           ^^^
   = hint: In the stored plan it may cost $0.10

error[wider-timeout]: Step "c" may now take 2m
  --> flow.yaml:18:40
   |
18 |   - { id: c, run: make clean, timeout: 2m }
   |                                        ^^
   = hint: In the stored plan it may take 1m
`,
  );
});

Deno.test("comparePlans() tells of limits and rules that are gone", async () => {
  const now = BASE.replace("timeout: 1h\n", "").replace(
    /budget: .*0\.5.*\n/,
    "budget: { turns: 20 }\n",
  )
    .replace("    timeout: 5m\n", "").replace(/ {4}budget: .*\n/, "").replace(
      / {4}tools: .*\n/,
      "",
    );
  assertEquals(
    await wider(BASE, now),
    `\
error[wider-timeout]: The run may now take any time
 --> flow.yaml:1:1
  |
1 | name: w
  | ^^^^^^^
  = hint: In the stored plan it may take 1h

error[wider-budget]: The run may now take any number of tokens
 --> flow.yaml:3:9
  |
3 | budget: { turns: 20 }
  |         ^^^^^^^^^^^^^
  = hint: In the stored plan it may take 1000 tokens

error[wider-budget]: The run may now cost any number of dollars
 --> flow.yaml:3:9
  |
3 | budget: { turns: 20 }
  |         ^^^^^^^^^^^^^
  = hint: In the stored plan it may cost $0.50

error[wider-budget]: All runs of one day may now cost any number of dollars
 --> flow.yaml:3:9
  |
3 | budget: { turns: 20 }
  |         ^^^^^^^^^^^^^
  = hint: In the stored plan they may cost $2.00

error[wider-budget]: Step "a" may now take any number of answers of the model
 --> flow.yaml:9:5
  |
9 |   - id: a
  |     ^^^^^
  = hint: In the stored plan it may take 5 answers of the model

error[wider-budget]: Step "a" may now take any number of tokens
 --> flow.yaml:9:5
  |
9 |   - id: a
  |     ^^^^^
  = hint: In the stored plan it may take 100 tokens

error[wider-budget]: Step "a" may now cost any number of dollars
 --> flow.yaml:9:5
  |
9 |   - id: a
  |     ^^^^^
  = hint: In the stored plan it may cost $0.10

error[wider-timeout]: Step "a" may now take any time
 --> flow.yaml:9:5
  |
9 |   - id: a
  |     ^^^^^
  = hint: In the stored plan it may take 5m

error[wider-rules]: Nothing denies "read /b" any more, in step "a"
 --> flow.yaml:9:5
  |
9 |   - id: a
  |     ^^^^^
  = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json

error[wider-rules]: Nobody is asked about "write /a" any more, in step "a"
 --> flow.yaml:9:5
  |
9 |   - id: a
  |     ^^^^^
  = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json

error[wider-rules]: All that routes grant is allowed now: there is no list of allow any more, in step "a"
 --> flow.yaml:9:5
  |
9 |   - id: a
  |     ^^^^^
  = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json
`,
  );
});

Deno.test("comparePlans() tells of rules of a step that became laxer", async () => {
  const now = BASE.replace('"read **"]', '"read **", "write /c/**"]').replace('["write /a"]', "[]")
    .replace('"read /b"', '"read /c"');
  assertEquals(
    await wider(BASE, now),
    `\
error[wider-rules]: "write /c/**" is allowed now, in step "a"
  --> flow.yaml:14:33
   |
14 |     tools: { allow: ["read **", "write /c/**"], ask: [], deny: ["read /c"] }
   |                                 ^^^^^^^^^^^^^
   = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json

error[wider-rules]: Nobody is asked about "write /a" any more, in step "a"
  --> flow.yaml:14:54
   |
14 |     tools: { allow: ["read **", "write /c/**"], ask: [], deny: ["read /c"] }
   |                                                      ^^
   = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json

error[wider-rules]: Nothing denies "read /b" any more, in step "a"
  --> flow.yaml:14:64
   |
14 |     tools: { allow: ["read **", "write /c/**"], ask: [], deny: ["read /c"] }
   |                                                                ^^^^^^^^^^^
   = hint: Review it, and store its plan anew: deno task plan FILE --json > plan.json
`,
  );
});

Deno.test("comparePlans() tells of what is newly taken from the environment, and of other values", async () => {
  const now = BASE
    .replace("env: { LANG: {}, MODE: fast }", "env: { LANG: C, MODE: slow, OTHER: {} }")
    .replace("secrets: [TOKEN]", "secrets: { TOKEN: {}, SECOND: { required: false } }");
  assertEquals(
    await wider(BASE, now),
    `\
error[wider-environment]: Commands now see "LANG" as "C"
 --> flow.yaml:5:14
  |
5 | env: { LANG: C, MODE: slow, OTHER: {} }
  |              ^
  = hint: In the stored plan they do not see it

error[wider-environment]: Commands now see "MODE" as "slow"
 --> flow.yaml:5:23
  |
5 | env: { LANG: C, MODE: slow, OTHER: {} }
  |                       ^^^^
  = hint: In the stored plan they see it as "fast"

error[wider-environment]: Commands now see "OTHER" of the environment
 --> flow.yaml:5:36
  |
5 | env: { LANG: C, MODE: slow, OTHER: {} }
  |                                    ^^
  = hint: In the stored plan they do not

error[wider-environment]: The run is now given the secret "SECOND"
 --> flow.yaml:6:31
  |
6 | secrets: { TOKEN: {}, SECOND: { required: false } }
  |                               ^^^^^^^^^^^^^^^^^^^
  = hint: In the stored plan it is not
`,
  );
});

Deno.test("comparePlans() tells of names in lists with the line of each", async () => {
  const stored = BASE.replace(/env: .*\n/, "env: [LANG]\n");
  const now = stored.replace("env: [LANG]", "env: [LANG, OTHER]")
    .replace("secrets: [TOKEN]", "secrets:\n  - TOKEN\n  - SECOND");
  assertEquals(
    await wider(stored, now),
    `\
error[wider-environment]: Commands now see "OTHER" of the environment
 --> flow.yaml:5:13
  |
5 | env: [LANG, OTHER]
  |             ^^^^^
  = hint: In the stored plan they do not

error[wider-environment]: The run is now given the secret "SECOND"
 --> flow.yaml:8:5
  |
8 |   - SECOND
  |     ^^^^^^
  = hint: In the stored plan it is not
`,
  );
});

Deno.test("comparePlans() tells of artifacts that go elsewhere, and of commands that run at the end or check", async () => {
  const now = BASE.replace("to: ./out/ }", "to: ./other/ }\n  - { path: /in/*, to: ./out/ }")
    .replace("make test", "make check").replace("make clean", "make distclean");
  assertEquals(
    await wider(BASE, now),
    `\
error[wider-artifacts]: "/out/*.md" is now copied to "other/" of the host
 --> flow.yaml:8:5
  |
8 |   - { path: /out/*.md, to: ./other/ }
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: In the stored plan nothing is copied there

error[wider-artifacts]: "/in/*" is now copied to "out/" of the host
 --> flow.yaml:9:5
  |
9 |   - { path: /in/*, to: ./out/ }
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: In the stored plan /out/*.md is copied there

error[wider-command]: A check of step "a" runs its command otherwise than in the stored plan
  --> flow.yaml:16:13
   |
16 |     assert: [{ run: make check }]
   |             ^^^^^^^^^^^^^^^^^^^^^
   = hint: There it is "make test"

error[wider-command]: Step "c" runs its command otherwise than in the stored plan
  --> flow.yaml:19:19
   |
19 |   - { id: c, run: make distclean, timeout: 1m }
   |                   ^^^^^^^^^^^^^^
   = hint: There it is "make clean"
`,
  );
});

Deno.test("comparePlans() takes less for no widening", async () => {
  const now = BASE.replace("timeout: 1h", "timeout: 30m").replace("tokens: 1000", "tokens: 999")
    .replace("secrets: [TOKEN]\n", "").replace(/artifacts:\n.*\n/, "").replace(
      "timeout: 5m",
      "timeout: 4m",
    )
    .replace('deny: ["read /b"]', 'deny: ["read /b", "read /c"]').replace(/ {2}- \{ id: b.*\n/, "");
  assertEquals(await wider(BASE, now), "");
  assertEquals(await wider(BASE.replace(/ {4}(?:timeout|budget|tools): .*\n/g, ""), BASE), "");
});

Deno.test("readReview() reads a plan that was stored before there were budgets, secrets and artifacts", async () => {
  const now = reviewOfCompiled(await compiledOf(BASE));
  const {
    budget: _,
    timeout: _t,
    steps: _s,
    env: _e,
    variables: _v,
    secrets: _c,
    artifacts: _a,
    ...old
  } = now;
  const directory = await Deno.makeTempDir({ prefix: "routebook-stored-" });
  try {
    await Deno.writeTextFile(`${directory}/plan.json`, JSON.stringify({ review: old }));
    const { review, diagnostic } = await readReview("plan.json", directory, "w");
    assertEquals(diagnostic, undefined);
    assert(review !== undefined);
    const { document } = await compiledOf(BASE);
    assert(document !== undefined);
    assertEquals(
      comparePlans(review, now, document).map(({ code, message }) => `${code}: ${message}`),
      [
        'wider-environment: Commands now see "LANG" of the environment',
        'wider-environment: Commands now see "MODE" as "fast"',
        'wider-environment: The run is now given the secret "TOKEN"',
        'wider-artifacts: "/out/*.md" is now copied to "out/" of the host',
      ],
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

const USED_CALLER = `\
name: c
model: openai:m
env: [LANG]
secrets: [TOKEN]
shell: virtual
backends: { disk: { type: local, root: ./ws } }
routes: { /all/: disk }
artifacts: [{ path: /all/a, to: ./out/a }]
steps: [{ id: use, uses: ./inner.yaml }]
`;

/** What is wider where one used workflow takes the place of another. */
async function widerUsed(before: string, after: string): Promise<readonly string[]> {
  const review = async (inner: string) => {
    const result = await compiled(USED_CALLER, {
      mode: "live",
      env: ENVIRONMENT,
      files: { "inner.yaml": `name: i\n${inner}`, "ws/a/b/": "" },
    });
    assert(result.document !== undefined && result.plan !== undefined, result.text);
    // As it is stored and read again.
    const stored: PlanReview = JSON.parse(JSON.stringify(reviewOfCompiled(result)));
    return { document: result.document, stored };
  };
  const [one, two] = [await review(before), await review(after)];
  return comparePlans(one.stored, two.stored, two.document).map(({ code, message, place }) => {
    assertEquals([place?.line, place?.column], [9, 26], message);
    return `${code}: ${message}`;
  });
}

Deno.test("comparePlans() tells what a used workflow may do now, as that of the file itself", async () => {
  const steps = "steps: [{ id: a, prompt: Go }]\n";
  const files = (root: string, access: string) =>
    `backends: { d: { type: local, root: ${root}, access: ${access} } }\nroutes: { /d/: d }\n${steps}`;
  const granted = (grant: string) =>
    `wider-permissions: The workflow that step "use" uses is now granted "${grant}"`;
  const wide = "tools: { deny: [read /x] }\nbudget: { turns: 3 }\ntimeout: 1m\n";
  assertEquals(await widerUsed(wide + steps, wide + steps), []);
  assertEquals(
    await widerUsed(wide + steps, steps.replace("steps", "budget: { turns: 3 }\nsteps")),
    [
      'wider-timeout: Step "use" may now take any time',
      'wider-rules: Nothing denies "read /x" any more, in step "use"',
    ],
  );
  assertEquals(await widerUsed(wide + steps, wide.replace("3", "4") + steps), [
    'wider-budget: Step "use" may now take 4 answers of the model',
  ]);
  assertEquals(await widerUsed(files("./ws/a", "read"), files("./ws/a/b", "read")), []);
  assertEquals(await widerUsed(files("./ws/a/b", "read"), files("./ws/a", "read")), [
    granted("read /all/a"),
  ]);
  assertEquals(await widerUsed(files("./ws/a", "read"), files("./ws/a", "read-write")), [
    granted("write /all/a"),
  ]);
  assertEquals(await widerUsed(files("./ws/a", "read"), steps), [
    granted("read /"),
    granted("write /"),
  ]);
  for (
    const [more, grant] of [
      ["shell: virtual\n", "shell"],
      ["env: [LANG]\n", "env LANG"],
      ["secrets: [TOKEN]\n", "secret TOKEN"],
      ["artifacts: [{ path: /all/s, to: ./out/a }]\n", "copy out /all/s"],
    ] as const
  ) {
    assertEquals(await widerUsed(steps, more + steps), [granted(grant)]);
    assertEquals(await widerUsed(more + steps, steps), []);
  }
});
