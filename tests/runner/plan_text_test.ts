import { assertEquals } from "@std/assert";
import { rulesOfPreset } from "../../backends/presets.ts";
import type { Plan, PlanCommand, PlanStep } from "../../runner/plan.ts";
import { planText } from "../../runner/plan_text.ts";
import { expressionOf } from "./_expression_values.ts";

const NOTHING = { read: [], write: [], denyWrite: [], net: [], env: [], run: [] };
const place = { file: "flows/a.yaml", line: 1, column: 1 };
const framework = expressionOf("inputs.framework");

const PLAN: Plan = {
  name: "flask",
  description: "A Flask project.",
  file: "flows/a.yaml",
  fingerprint: "0123456789abcdef".repeat(4),
  model: { type: "openai", name: "gpt-4.1", baseUrl: "https://h/v1", netHost: "h:443" },
  inputs: { framework: "Flask", count: 3 },
  instructions: [],
  backends: [
    { name: "memory", type: "state" },
    { name: "disk", type: "local", root: "/home/me/flows/ws", access: "read-write" },
    { name: "far", type: "local", root: "/srv/far", access: "read" },
  ],
  routes: [
    { prefix: "/project/", backend: "disk", path: "/project", access: "read-write" },
    { prefix: "/名前/", backend: "far", path: "/", access: "read" },
    { prefix: "/", backend: "memory", path: "/", access: "read-write" },
  ],
  roots: [
    {
      backend: "disk",
      path: "/project",
      directory: "/home/me/flows/ws/project",
      access: "read-write",
      protected: ["/home/me/flows/ws/project/a.yaml"],
    },
    { backend: "far", path: "/", directory: "/srv/far", access: "read", protected: [] },
  ],
  deny: ["read **/.env*"],
  ask: [],
  grants: [],
  budget: { turns: 1 },
  steps: [
    {
      id: "app",
      name: "Write",
      prompt: ["Go"],
      needs: [],
      produces: [{ path: ["/project/", framework, ".py"], place }],
      assertions: [{ file: ["/a"], kind: "exists", place }],
      attempts: 2,
      feedback: true,
      place,
    },
    {
      id: "notes",
      name: "notes",
      continues: "app",
      prompt: ["Go"],
      needs: ["app"],
      produces: [],
      assertions: [],
      attempts: 1,
      feedback: true,
      place,
    },
  ],
  outputs: {},
  processes: [
    {
      name: "runner",
      permissions: { ...NOTHING, read: ["*"], env: ["A", "B"], run: ["*"] },
      command: ["deno", "run", "my flow's.yaml"],
    },
    { name: "agent", permissions: NOTHING, command: ["deno", "run", "agent.ts"] },
    {
      name: "host",
      permissions: {
        ...NOTHING,
        read: ["/srv/a", "/srv/b"],
        write: ["/srv/a"],
        denyWrite: ["/srv/a/x"],
        net: ["h:1"],
      },
      command: ["deno", "run", "--allow-read=/srv/a,/srv/b", "host.ts"],
    },
  ],
};

Deno.test("planText() prints what a run may touch", () => {
  assertEquals(
    planText(PLAN, { color: false, cwd: "/home/me" }),
    `\
flask: A Flask project.
  file    flows/a.yaml (SHA-256 0123456789ab…)
  model   openai:gpt-4.1 at https://h/v1
  inputs  framework="Flask" count=3
  budget  1 turn of the model

Routes
  PREFIX     BACKEND  PLACE                 ACCESS
  /project/  disk     flows/ws/project      read-write
  /名前/     far      /srv/far              read
  /          memory   in memory; not saved  read-write

Denied, whatever the routes grant
  read **/.env*

Steps
  ID     NEEDS  PRODUCES                             CHECKS  ATTEMPTS
  app    -      /project/\${{ inputs.framework }}.py  1       2, with feedback
  notes  app    -                                    -       1

Process runner
  may read  any file
  may see   $A $B
  may run   any program
  $ deno run 'my flow'\\''s.yaml'

Process agent
  no file, no network, no environment, no program
  $ deno run agent.ts

Process host
  may read     /srv/a
               /srv/b
  may write    /srv/a
  never write  /srv/a/x
  may reach    h:1
  $ deno run --allow-read=/srv/a,/srv/b host.ts
`,
  );
});

Deno.test("planText() leaves out what there is none of, and names a rehearsal", () => {
  const text = planText(
    {
      ...PLAN,
      description: "",
      model: { type: "rehearsal", name: "openai:m", file: "flows/r.yaml", steps: {} },
      inputs: {},
      deny: [],
      budget: { turns: 40 },
      processes: [],
    },
    { color: false, cwd: "/home/me/flows/ws/project" },
  );
  assertEquals(text.split("\n").slice(0, 8), [
    "flask",
    "  file    flows/a.yaml (SHA-256 0123456789ab…)",
    "  model   openai:m, rehearsed: its answers come from flows/r.yaml",
    "  budget  40 turns of the model",
    "",
    "Routes",
    "  PREFIX     BACKEND  PLACE                 ACCESS",
    "  /project/  disk     ./                    read-write",
  ]);
  assertEquals(text.includes("Denied"), false);
});

Deno.test("planText() colours only when asked, and prints no control character of the file", () => {
  const plan = { ...PLAN, description: "A \x1b[31mred\nline", deny: ["read /\x07"] };
  const plain = planText(plan, { color: false, cwd: "/" });
  assertEquals(plain.replaceAll("\n", "").match(/\p{Cc}/gu), null);
  assertEquals(plain.startsWith("flask: A ␛[31mred␊line\n"), true);
  const colored = planText(plan, { color: true, cwd: "/" });
  assertEquals(colored.replaceAll(/\p{Cc}\[\d+m/gu, ""), plain);
  assertEquals(colored === plain, false);
});

/** The lines of one section, without its title. */
function section(text: string, title: string): readonly string[] {
  const found = text.split("\n\n").find((each) => each.startsWith(`${title}\n`)) ?? "";
  return found.trimEnd().split("\n").slice(1);
}

function commandStep(id: string, run: PlanCommand): PlanStep {
  const more = { produces: [], assertions: [], attempts: 1, feedback: false, place };
  return { id, name: id, needs: [], run, ...more };
}

const LIMITS = {
  cpuSeconds: 90,
  memoryBytes: 512 * 1024 ** 2,
  processes: 64,
  fileBytes: 1024 ** 3,
  outputBytes: 256 * 1024,
};

const OPTIONS = { color: false, cwd: "/home/me" };

/** The rows at the top, from the one about the shell on. */
function shellRows(plan: Plan): readonly string[] {
  const [top = ""] = planText(plan, OPTIONS).split("\n\n");
  const rows = top.split("\n").map((row) => row.trim());
  return rows.slice(rows.findIndex((row) => row.startsWith("budget") || row.startsWith("shell")));
}

Deno.test("planText() says which shell there is, for whom, and within which limits", () => {
  const run = commandStep("run", { command: "ls", cwd: "/", env: {} });
  const runs = [...PLAN.steps, { ...run, needs: [PLAN.steps.at(-1)?.id ?? ""] }];
  const shell = { type: "virtual", tool: true, limits: LIMITS } as const;
  const rows = (plan: Partial<Plan>) => shellRows({ ...PLAN, ...plan }).slice(1, 3);
  const limits = "limits  memory 512mb, file_size 1gb, output 256kb";
  assertEquals(rows({ shell }), ["shell   virtual: no program is started; for the model", limits]);
  assertEquals(rows({ shell: { ...shell, type: "sandbox" }, steps: runs }), [
    "shell   sandbox: real programs, without a network; for the model and for steps that run a command",
    "limits  cpu 90s, memory 512mb, processes 64, file_size 1gb, output 256kb",
  ]);
  assertEquals(rows({ shell: { ...shell, tool: false }, steps: runs }), [
    "shell   virtual: no program is started; for steps that run a command",
    limits,
  ]);
  assertEquals(rows({ shell, deny: ["execute *"] }), [
    "shell   virtual: no program is started; rules leave no use for it",
    limits,
  ]);
  // Without a model there is nobody else to run commands.
  assertEquals(shellRows({ ...PLAN, shell, steps: runs, model: { type: "none" } }), [
    "shell   virtual: no program is started; for steps that run a command",
    limits,
  ]);
});

Deno.test("planText() says in one line who confines the local files", () => {
  const row = (plan: Partial<Plan>) => shellRows({ ...PLAN, ...plan }).at(-1);
  const reason = "Bubblewrap is not installed: install the package 'bubblewrap'";
  assertEquals(
    row({ confinement: { type: "bubblewrap" } }),
    "local files  inside bubblewrap and Deno's flags",
  );
  assertEquals(
    row({ confinement: { type: "flags", reason } }),
    `local files  under Deno's flags and the path guard alone: ${reason}`,
  );
  assertEquals(
    row({ confinement: { type: "bubblewrap" }, roots: [] }),
    "commands  inside bubblewrap and Deno's flags",
  );
  assertEquals(row({}), "budget  1 turn of the model");
});

Deno.test("planText() prints rules in the order in which they are asked, presets by their names", () => {
  const text = planText({
    ...PLAN,
    deny: ["write **", "read /a", "execute rm *"],
    ask: ["execute git push *"],
    allow: ["read **"],
  }, OPTIONS);
  assertEquals(section(text, "Denied, whatever the routes grant"), [
    "  preset read-only",
    "    write **",
    "  read /a",
    "  execute rm *",
  ]);
  assertEquals(section(text, "Asked about each time"), ["  execute git push *"]);
  assertEquals(section(text, "Allowed, and nothing else"), ["  read **"]);
  assertEquals(section(planText({ ...PLAN, allow: [] }, OPTIONS), "Allowed, and nothing else"), [
    "  nothing",
  ]);
  const secrets = rulesOfPreset("no-secrets").deny;
  const printed = section(
    planText({ ...PLAN, deny: secrets }, OPTIONS),
    "Denied, whatever the routes grant",
  );
  assertEquals(printed[0], "  preset no-secrets");
  assertEquals(
    printed.slice(1).join("\n").split(/,? *\n *|, (?=read)/).map((rule) => rule.trim()),
    secrets,
  );
  // A preset of which one rule is missing is none.
  const part = section(
    planText({ ...PLAN, deny: secrets.slice(1) }, OPTIONS),
    "Denied, whatever the routes grant",
  );
  assertEquals(part, secrets.slice(1).map((rule) => `  ${rule}`));
});

Deno.test("planText() prints the commands of steps, with all that they are given", () => {
  const steps = [
    commandStep("build", { command: ["git", "commit", "-m", "a b"], cwd: "/project", env: {} }),
    commandStep("test", {
      command: 'set -e\necho "$WHO"\x07\n',
      cwd: "/",
      env: { WHO: ["for ", framework], X: ["${{ literal"] },
    }),
  ];
  const text = planText({ ...PLAN, steps, model: { type: "none" } }, OPTIONS);
  assertEquals(section(text, "Commands"), [
    "  build, in /project",
    "    $ git commit -m 'a b'",
    "  test",
    "    WHO=for ${{ inputs.framework }}",
    "    X=${{ '${{' }} literal",
    "    $ set -e",
    '      echo "$WHO"␇',
  ]);
});

Deno.test("planText() wraps a long command so that it can be copied", () => {
  const words = Array.from({ length: 20 }, (_, index) => `--ro-bind=/directory/${index}`);
  const text = planText({
    ...PLAN,
    processes: [{ name: "host", permissions: NOTHING, command: ["bwrap", ...words] }],
  }, OPTIONS);
  const lines = section(text, "Process host").slice(1);
  assertEquals(lines.length > 3, true);
  assertEquals(lines.map((line) => line.length <= 106), lines.map(() => true));
  assertEquals(
    lines.slice(0, -1).map((line) => line.endsWith(" \\")),
    lines.slice(1).map(() => true),
  );
  const copied = lines.join("\n").replace(/^ +\$ /, "").replaceAll(/ \\\n */g, " ");
  assertEquals(copied, ["bwrap", ...words].join(" "));
});
