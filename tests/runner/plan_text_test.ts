import { assertEquals } from "@std/assert";
import type { Plan } from "../../runner/plan.ts";
import { planText } from "../../runner/plan_text.ts";

const NOTHING = { read: [], write: [], denyWrite: [], net: [], env: [], run: [] };
const place = { file: "flows/a.yaml", line: 1, column: 1 };
const framework = { type: "reference", names: ["inputs", "framework"] } as const;

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
  turns: 1,
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
      turns: 40,
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
