/**
 * Values of a workflow file that try to become something else: a second path of a flag, another
 * flag, another argument, a line of their own.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, resolve } from "@std/path";
import fc from "fast-check";
import type { Plan } from "../../runner/plan.ts";
import { type DenoGrants, parseDeno } from "./_argv.ts";
import { World } from "./_world.ts";

/** Texts that mean something to a flag, a path, a shell, a URL or a line of a protocol. */
const WORDS = [
  ...[",", "/", ",/", "\n", "\r\n", "\0", "\t", " ", "=", "*", "--", "-", "..", "../", "./", "//"],
  ...["--allow-all", "--allow-run", ",/etc", "\n--allow-net", " --allow-env", "=/", "\u2028", "é"],
  ...["$(id)", "`id`", "${HOME}", ";", "'", '"', "\\", "|", "&", "#", "%2c", "%0a", "@", ":", "?"],
  ...["--bind", "--dev-bind / /", "--setenv", "--cap-add", "ALL", "a", "b", "🦕", "\ud800", "\x7f"],
];

const hostile = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 })
  .map((words) => words.join(""));

const CODE = fromFileUrl(new URL("../..", import.meta.url));

/** Strings of a file that name something of the host, of a process or of the tree. */
const VALUES = {
  name: "attack",
  root: "disk",
  path: "place",
  prefix: "project",
  backend: "store",
  model: "gpt",
  host: "model.example",
  url: "v1",
  input: "value",
  rule: "project/secret",
  prompt: "Attack.",
} as const;

type Values = Record<keyof typeof VALUES, string>;

/** A file in which one value is hostile, or several are. */
const values: fc.Arbitrary<Values> = fc.record(
  Object.fromEntries(
    Object.entries(VALUES).map(([key, value]) => [
      key,
      fc.oneof(
        { weight: 8, arbitrary: fc.constant(value) },
        { weight: 1, arbitrary: hostile.map((text) => `${value}${text}`) },
        { weight: 1, arbitrary: hostile },
      ),
    ]),
  ) as Record<keyof Values, fc.Arbitrary<string>>,
);

function flowOf(
  { name, root, path, prefix, backend, model, host, url, input, rule, prompt }: Values,
) {
  return {
    name,
    description: prompt,
    instructions: prompt,
    inputs: { value: { default: input } },
    backends: { [backend]: { type: "local", root: `../ws/${root}` } },
    routes: { [`/${prefix}/`]: { backend, path: `/${path}` } },
    model: `openai:${model}`,
    base_url: `https://${host}/${url}`,
    tools: { deny: [`read /${rule}`] },
    steps: [{ id: "attack", prompt: `${prompt} ${"${{ inputs.value }}"}` }],
    outputs: { [backend]: prompt },
  };
}

function denoOf(plan: Plan, name: string): DenoGrants {
  const command = plan.processes.find((process) => process.name === name)?.command ?? [];
  const at = command.indexOf(Deno.execPath());
  assert(at !== -1, `no Deno in ${name}`);
  return parseDeno(command.slice(at + 1));
}

/** The flags that each process has but for its grants, and nothing after its module. */
function assertConfined(grants: DenoGrants, module: string): void {
  for (const flag of ["--no-prompt", "--cached-only", "--no-remote", "--ignore-env"]) {
    assert(grants.flags.includes(flag), `${module} lacks ${flag}`);
  }
  assertEquals([grants.module, grants.args], [join(CODE, module), []]);
  assertEquals([grants.env, grants.run], [[], []]);
}

Deno.test("compileWorkflow() lets no value of a file become an argument, or a second value of a flag", async () => {
  await using world = await World.make();
  let planned = 0;
  let hostilePlanned = 0;
  const property = fc.asyncProperty(values, async (values) => {
    const { plan } = await world.compile(flowOf(values), [], { mode: "live", key: true });
    if (plan === undefined) return;
    planned++;
    if (Object.entries(VALUES).some(([key, value]) => values[key as keyof Values] !== value)) {
      hostilePlanned++;
    }
    // As a person reads the file: the directory that the path names, whatever is in its name.
    const base = resolve(world.at("flow"), `../ws/${values.root}`);
    const directory = join(base, `/${values.path}`).replace(/(?<=.)\/+$/, "");
    assertEquals(plan.roots.map((root) => root.directory), [directory]);
    const agent = denoOf(plan, "agent");
    assertConfined(agent, "agent/main.ts");
    assertEquals([agent.read, agent.write], [[], []]);
    const { hostname, port } = new URL(`https://${values.host}/${values.url}`);
    assertEquals(agent.net, [`${hostname}:${port === "" ? 443 : port}`]);
    const host = denoOf(plan, "host");
    assertConfined(host, "runner/host.ts");
    assertEquals([host.read, host.write, host.net], [[directory], [directory], []]);
  });
  await fc.assert(property, { numRuns: 400, seed: 41 });
  assert(hostilePlanned > 40, `only ${hostilePlanned} of ${planned} plans had such a value`);
});
