import { assertEquals } from "@std/assert";
import { Policy } from "../../backends/policy.ts";
import { comparePlans } from "../../runner/plan_check.ts";
import type { Plan } from "../../runner/plan.ts";
import { reviewOf } from "../../runner/plan_review.ts";
import type { YamlFile } from "../../runner/_yaml_file.ts";
import { compileWorkflow } from "../../runner/compile.ts";
import fc from "../support/fast_check.ts";
import { UNCONFINED } from "./_compiled.ts";

/** A directory with some places for routes; the same one for all workflows of a test. */
async function workplace(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-wider-" }));
  await Deno.mkdir(`${path}/a/x/y`, { recursive: true });
  await Deno.mkdir(`${path}/b/x`, { recursive: true });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** What a route may lead to: memory, or a directory of one of two backends. */
const target = fc.record({
  place: fc.constantFrom("m", "a", "a/x", "a/x/y", "b", "b/x"),
  access: fc.constantFrom("read", "read-write"),
});

const PREFIXES = ["/p/x/y/", "/p/x/", "/p/", "/q/"];
const routes = fc.record(
  Object.fromEntries(PREFIXES.map((prefix) => [prefix, target])),
  { requiredKeys: [] },
);

const scalars = fc.record({
  shell: fc.boolean(),
  turns: fc.integer({ min: 1, max: 3 }),
  memory: fc.constantFrom("16mb", "32mb"),
  command: fc.constantFrom(undefined, "ls", "pwd"),
  host: fc.constantFrom("one.example", "two.example"),
});

const RULES = [
  ..."read **|read /p/**|write /p/x|write **|read /q|write /q/f|read **/f|read /p/x/f".split("|"),
  ..."execute ls|execute *|execute pwd *".split("|"),
];
const rules = fc.uniqueArray(fc.constantFrom(...RULES), { maxLength: 3 });
const tools = fc.record({ deny: rules, ask: rules, allow: fc.option(rules, { nil: undefined }) });

interface Workflow {
  readonly routes: Readonly<Record<string, { place: string; access: string } | undefined>>;
  readonly scalars: Scalars;
  readonly tools: {
    readonly deny: readonly string[];
    readonly ask: readonly string[];
    readonly allow: readonly string[] | undefined;
  };
}

interface Scalars {
  readonly shell: boolean;
  readonly turns: number;
  readonly memory: string;
  readonly command: string | undefined;
  readonly host: string;
}

/** With a rule about paths, what stands at a path counts, not only what is reached at all. */
const ONE_RULE = { deny: ["read /none"], ask: [], allow: undefined };

function yamlOf({ routes, scalars, tools }: Workflow): string {
  const { shell, turns, memory, command, host } = scalars;
  const lines = PREFIXES.flatMap((prefix) => {
    const route = routes[prefix];
    if (route === undefined) return [];
    const [backend = "m", ...path] = route.place.split("/");
    const inner = backend === "m" ? prefix : path.join("/") || "/";
    return [`  ${prefix}: { backend: ${backend}, path: ${inner}, access: ${route.access} }`];
  });
  return [
    "name: w",
    "model: openai:m",
    `base_url: https://${host}`,
    shell ? "shell: virtual" : "",
    `limits: { memory: ${memory} }`,
    "backends: { m: { type: state }, a: { type: local, root: a }, b: { type: local, root: b } }",
    "default: m",
    lines.length === 0 ? "" : `routes:\n${lines.join("\n")}`,
    `tools: ${JSON.stringify(tools)}`,
    `budget: { turns: ${turns} }`,
    "steps:",
    "  - { id: s, prompt: Go }",
    command === undefined ? "" : `  - { id: c, run: ${command} }`,
    "",
  ].join("\n");
}

interface Compiled {
  readonly plan: Plan;
  readonly document: YamlFile;
}

async function compile(dir: string, workflow: Workflow): Promise<Compiled | undefined> {
  await Deno.writeTextFile(`${dir}/w.yaml`, yamlOf(workflow));
  const { plan, document } = await compileWorkflow("w.yaml", {
    cwd: dir,
    mode: "live",
    key: true,
    probe: () => Promise.resolve(UNCONFINED),
  });
  // Some rules forbid the command: there is no such workflow.
  return plan === undefined || document === undefined ? undefined : { plan, document };
}

function passes(dir: string, stored: Compiled, now: Compiled): boolean {
  const [before, after] = [stored, now].map(({ plan }) =>
    reviewOf(plan, { directory: dir, required: false, environment: { env: [], variables: {} } })
  );
  return before !== undefined && after !== undefined &&
    comparePlans(before, after, now.document).length === 0;
}

/** Paths of the tree, some in every place that a route may be for. */
const PATHS = ["/", "/p/", "/p/x/", "/p/x/y/", "/p/z/", "/q/", "/q/x/", "/r/"]
  .flatMap((directory) => [`${directory}f`, `${directory}g`]);

const RANKS = { none: 0, ask: 1, allow: 2, deny: 0 } as const;

/** The file of the host that a path is, found step by step, and what may be done with it. */
function reach(
  plan: Plan,
  path: string,
): { file: string | undefined; read: number; write: number } {
  const policy = new Policy(plan);
  const route = plan.routes.find(({ prefix }) => path.startsWith(prefix));
  const backend = plan.backends.find(({ name }) => name === route?.backend);
  const read = RANKS[policy.decide("read", path).verdict];
  const canWrite = route?.access === "read-write";
  const write = canWrite ? RANKS[policy.decide("write", path).verdict] : 0;
  if (route === undefined || backend?.type !== "local") return { file: undefined, read, write };
  const names = [...route.path.split("/"), ...path.slice(route.prefix.length).split("/")];
  return { file: [backend.root, ...names.filter((name) => name !== "")].join("/"), read, write };
}

/** Whether some path of the tree leads to more of the host, or lets more be done with it. */
function treeWidens(stored: Plan, now: Plan): boolean {
  return PATHS.some((path) => {
    const [before, after] = [reach(stored, path), reach(now, path)];
    if (after.file === undefined || after.read + after.write === 0) return false;
    if (before.file !== after.file) return true;
    return after.read > before.read || after.write > before.write;
  });
}

/** Whether the operating system lets the host process do more, whatever the tree. */
function hostWidens(dir: string, stored: Plan, now: Plan): boolean {
  const files = ["a", "a/x", "a/x/y", "a/z", "b", "b/x", "b/z"].map((name) => `${dir}/${name}/f`);
  const isIn = (file: string, directory: string) => file.startsWith(`${directory}/`);
  const can = (plan: Plan, file: string, access: string) =>
    plan.roots.some((root) =>
      isIn(file, root.directory) && (access === "read" || root.access === "read-write") &&
      (access === "read" || !root.protected.some((kept) => isIn(file, kept)))
    );
  return files.some((file) =>
    ["read", "write"].some((access) => can(now, file, access) && !can(stored, file, access))
  );
}

function scalarsWiden(stored: Scalars, now: Scalars): boolean {
  const hasShell = (one: Scalars) => one.shell || one.command !== undefined;
  return (now.shell && !stored.shell) || now.turns > stored.turns || now.host !== stored.host ||
    (now.command !== undefined && now.command !== stored.command) ||
    (hasShell(stored) && hasShell(now) && now.memory > stored.memory);
}

Deno.test("comparePlans() passes exactly the workflows that reach no more of the host", async () => {
  await using dir = await workplace();
  const workflow = fc.record({ routes, scalars, tools: fc.constant(ONE_RULE) });
  const seen = { passed: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      workflow,
      workflow,
      fc.constantFrom(...PREFIXES, "scalars", "all"),
      async (a, b, what) => {
        // Mostly one thing alone is changed: two random workflows are hardly ever alike.
        const changed = what === "all"
          ? b
          : what === "scalars"
          ? { ...a, scalars: b.scalars }
          : { ...a, routes: { ...a.routes, [what]: b.routes[what] } };
        const stored = await compile(dir.path, a);
        const now = await compile(dir.path, changed);
        if (stored === undefined || now === undefined) throw new Error(yamlOf(changed));
        const isWider = treeWidens(stored.plan, now.plan) ||
          hostWidens(dir.path, stored.plan, now.plan) || scalarsWiden(a.scalars, changed.scalars);
        seen[isWider ? "refused" : "passed"]++;
        assertEquals(passes(dir.path, stored, now), !isWider, `${yamlOf(a)}\n${yamlOf(changed)}`);
      },
    ),
    { numRuns: 200 },
  );
  // Both are found often enough to say something.
  assertEquals([seen.passed > 15, seen.refused > 15], [true, true], JSON.stringify(seen));
});

Deno.test("comparePlans() passes no workflow whose rules let more be done", async () => {
  await using dir = await workplace();
  const fixed = {
    routes: { "/p/": { place: "a", access: "read-write" }, "/q/": { place: "b", access: "read" } },
    scalars: { shell: true, turns: 1, memory: "16mb", command: undefined, host: "one.example" },
  };
  const seen = { passed: 0, refused: 0 };
  const commands = ["ls", "ls -l", "pwd", "rm x"];
  await fc.assert(
    fc.asyncProperty(
      tools,
      tools,
      fc.constantFrom("deny", "ask", "allow", "all"),
      async (a, b, what) => {
        const changed = what === "all" ? b : { ...a, [what]: b[what] };
        const stored = await compile(dir.path, { ...fixed, tools: a });
        const now = await compile(dir.path, { ...fixed, tools: changed });
        if (stored === undefined || now === undefined) {
          throw new Error(
            JSON.stringify([a, changed]),
          );
        }
        if (!passes(dir.path, stored, now)) {
          seen.refused++;
          return;
        }
        seen.passed++;
        const about = JSON.stringify([a, changed]);
        assertEquals(treeWidens(stored.plan, now.plan), false, about);
        for (const command of commands) {
          const [before, after] = await Promise.all(
            [stored, now].map(async ({ plan }) =>
              RANKS[(await new Policy(plan).decideCommand(command)).verdict]
            ),
          );
          assertEquals((after ?? 0) <= (before ?? 0), true, `${command}: ${about}`);
        }
      },
    ),
    { numRuns: 200 },
  );
  assertEquals([seen.passed > 15, seen.refused > 15], [true, true], JSON.stringify(seen));
});
