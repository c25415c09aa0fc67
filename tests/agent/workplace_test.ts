import { assertEquals } from "@std/assert";
import { Workplaces } from "../../agent/_workplace.ts";
import type { StartParams, StepRules } from "../../agent/process.ts";
import { Channel } from "../../backends/channel.ts";
import { SHELL_LIMITS, type ShellType } from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";

const { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes } = SHELL_LIMITS;
const LIMITS = { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes };

const ROUTES: StartParams["routes"] = [
  { prefix: "/local/", backend: "disk", path: "/", access: "read" },
  { prefix: "/notes/", backend: "memory", path: "/", access: "read-write" },
  { prefix: "/", backend: "box", path: "/", access: "read-write" },
];

/** Whether a step with these rules has commands, and is offered them. */
async function hasCommands(type: ShellType, rules?: Partial<StepRules>): Promise<boolean> {
  const streams = new TransformStream<Uint8Array, Uint8Array>();
  const channel = new Channel(streams);
  const places = { native: ["/local/", "/"], staged: ["/notes/"] };
  const workplaces = new Workplaces(
    {
      model: { type: "none" },
      instructions: "",
      backends: [
        { name: "disk", type: "local" },
        { name: "memory", type: "state" },
        { name: "box", type: "docker" },
      ],
      routes: ROUTES,
      deny: [],
      ask: [],
      shell: { type, tool: true, limits: LIMITS, ...type === "docker" ? { places } : {} },
    },
    new StateBackend(),
    channel,
  );
  const step = rules && { deny: [], ask: [], ...rules };
  const { shell, tools } = workplaces.of(step, () => {});
  assertEquals(tools.has("execute"), shell !== undefined);
  await channel.close();
  return shell !== undefined;
}

const CASES: readonly (readonly [Partial<StepRules>, docker: boolean, sandbox: boolean])[] = [
  [{ deny: ["execute rm *"] }, true, true],
  // Those files are brought to the commands of the step, as far as its rules allow.
  [{ deny: ["read /notes/secret/**"] }, true, false],
  [{ ask: ["write /notes/**"] }, true, false],
  // Those files the container has by itself.
  [{ deny: ["read **/.env"] }, false, false],
  [{ deny: ["write /out/**"] }, false, false],
  [{ ask: ["read /local/sales.csv"] }, false, false],
  [{ deny: ["read /{notes,out}/x"] }, false, false],
  [{ allow: ["write **", "execute *"] }, true, true],
  [{ allow: ["write /notes/**", "execute *"] }, false, false],
];

for (const [rules, docker, sandbox] of CASES) {
  Deno.test(`Workplaces.of() holds commands to ${JSON.stringify(rules)} or gives none`, async () => {
    assertEquals(await hasCommands("docker", rules), docker, "docker");
    assertEquals(await hasCommands("sandbox", rules), sandbox, "sandbox");
    assertEquals(await hasCommands("virtual", rules), true, "virtual");
  });
}

Deno.test("Workplaces.of() gives a step without rules the commands of its run", async () => {
  for (const type of ["virtual", "sandbox", "docker"] as const) {
    assertEquals(await hasCommands(type), true, type);
  }
});
