/**
 * Values of a workflow file that try to become something else: a second path of a flag, another
 * flag, another argument, a line of their own.
 *
 * The commands of a harmless workflow are the measure: those of a hostile one are the same, word by
 * word, but for the one directory, its place and the model's host.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join, resolve } from "@std/path";
import type { Plan } from "../../runner/plan.ts";
import fc from "../support/fast_check.ts";
import { needing } from "./_machine.ts";
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

/** Strings of a file that name something of the host, of a process or of the tree. */
const HARMLESS = {
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
  command: "git push *",
  prompt: "Attack.",
  script: "true",
  word: "one",
  cwd: "work",
  variable: "NAME",
  value: "text",
  memory: "1gb",
} as const;

type Values = Record<keyof typeof HARMLESS, string>;

/** Files in which mostly one value is hostile: two of them are seldom both valid. */
const values: fc.Arbitrary<Values> = fc.tuple(
  fc.uniqueArray(fc.constantFrom(...Object.keys(HARMLESS) as (keyof Values)[]), {
    minLength: 1,
    maxLength: 2,
  }),
  fc.array(fc.tuple(hostile, fc.boolean()), { minLength: 2, maxLength: 2 }),
).map(([keys, texts]) => {
  const values: Values = { ...HARMLESS };
  for (const [index, key] of keys.entries()) {
    const [text, whole] = texts[index] ?? ["", false];
    values[key] = whole ? text : `${HARMLESS[key]}${text}`;
  }
  return values;
});

function flowOf(values: Values, shell: string | undefined) {
  const { root, path, prefix, backend, rule, command, prompt, script, word, cwd } = values;
  return {
    name: values.name,
    description: prompt,
    instructions: prompt,
    inputs: { value: { default: values.input } },
    backends: { [backend]: { type: "local", root: `../ws/${root}` }, state: { type: "state" } },
    default: "state",
    routes: { [`/${prefix}/`]: { backend, path: `/${path}` } },
    model: `openai:${values.model}`,
    base_url: `https://${values.host}/${values.url}`,
    tools: { deny: [`read /${rule}`], ask: [`execute ${command}`] },
    ...(shell === undefined ? {} : { shell, limits: { memory: values.memory } }),
    steps: [
      { id: "attack", prompt: `${prompt} ${"${{ inputs.value }}"}` },
      ...(shell === undefined ? [] : [
        { id: "script", run: script, cwd: `/${cwd}`, env: { [values.variable]: values.value } },
        { id: "program", run: ["true", word, script], env: { IN: "${{ inputs.value }}" } },
      ]),
    ],
    outputs: { [backend]: prompt },
  };
}

function commandOf(plan: Plan, name: string): readonly string[] {
  return plan.processes.find((process) => process.name === name)?.command ?? [];
}

/** The host's command without what is protected in its directory: that follows from the directory. */
function hostCommand(plan: Plan, directory: string, place: string): readonly string[] {
  const words = [...commandOf(plan, "host")];
  for (let at = 0; at < words.length;) {
    const [flag, from = "", to = ""] = words.slice(at, at + 3);
    const below = from.slice(directory.length);
    const isProtected = flag?.endsWith("-try") && from.startsWith(`${directory}/`) &&
      plan.roots.some((root) => root.protected.some((path) => `${path}/`.startsWith(`${from}/`)));
    if (isProtected) {
      assertEquals(to, `${place}${below}`);
      words.splice(at, 3);
    } else at++;
  }
  return words;
}

/** Where a command has a directory of the machine mounted; the directory itself without a mount. */
function placeOf(plan: Plan, directory: string): string {
  const words = commandOf(plan, "host");
  if (plan.confinement?.type !== "bubblewrap") return directory;
  return words[words.indexOf(directory) + 1] ?? "";
}

/** How many values each flag of Deno has. */
function valuesOf(words: readonly string[]): readonly number[] {
  return words.filter((word) => /^--allow-|^--deny-/.test(word)).map((word) =>
    word.split(",").length
  );
}

for (const shell of [undefined, "virtual", "sandbox"]) {
  Deno.test({
    ...needing(
      "compileWorkflow() lets no value of a file become an argument, or a second value of one: " +
        `${shell ?? "no"} shell`,
      ...(shell === "sandbox" ? ["bubblewrap"] as const : []),
    ),
    async fn() {
      await using world = await World.make();
      const options = { mode: "live", key: true } as const;
      const compiled = await world.compile(flowOf(HARMLESS, shell), [], options);
      const harmless = compiled.plan;
      assert(harmless !== undefined, JSON.stringify(compiled.diagnostics));
      const measure = join(world.at("ws"), "disk/place");
      const measurePlace = placeOf(harmless, measure);
      let planned = 0;
      const property = fc.asyncProperty(values, async (values) => {
        const { plan } = await world.compile(flowOf(values, shell), [], options);
        if (plan === undefined) return;
        planned++;
        // As a person reads the file: the directory that the path names, whatever is in its name.
        const base = resolve(world.at("flow"), `../ws/${values.root}`);
        const directory = join(base, `/${values.path}`).replace(/(?<=.)\/+$/, "");
        assertEquals(plan.roots.map((root) => root.directory), [directory]);
        const place = placeOf(plan, directory);
        const ownPlace = plan.routes[0]?.prefix.slice(0, -1);
        const places = [directory, ownPlace, "/run/routebook/roots/0"];
        assert(places.includes(place), `mounted at '${place}'`);
        const { hostname, port } = new URL(`https://${values.host}/${values.url}`);
        const net = `--allow-net=${hostname}:${port === "" ? 443 : port}`;
        const bytes = `${plan.shell?.limits.memoryBytes}`;
        const expected = (name: string) =>
          commandOf(harmless, name).map((word) =>
            word.replace("--allow-net=model.example:443", () => net)
              .replace(/^1073741824$/, () => bytes)
              .replace(measure, () => directory)
              .replace(/(?<=^|=)\/project(?=$|,)/, () => place)
          );
        assertEquals(commandOf(plan, "agent"), expected("agent"));
        assertEquals(commandOf(plan, "shell"), expected("shell"));
        assertEquals(hostCommand(plan, directory, place), expected("host"));
        assertEquals(measurePlace === measure, place === directory);
        // Each grant is one for Deno too, which takes a comma for the end of one.
        for (const { name } of harmless.processes.filter(({ name }) => name !== "runner")) {
          assertEquals(valuesOf(commandOf(plan, name)), valuesOf(commandOf(harmless, name)));
        }
      });
      await fc.assert(property, { numRuns: shell === "sandbox" ? 60 : 120, seed: 41 });
      assert(planned > 15, `only ${planned} of them were valid`);
    },
  });
}
