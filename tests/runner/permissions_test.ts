import { assertEquals, assertThrows } from "@std/assert";
import { commandFor, planProcesses } from "../../runner/permissions.ts";
import type { HostRoot, PlanModel } from "../../runner/plan.ts";

const CODE = await Deno.realPath(new URL("../..", import.meta.url));
const REHEARSAL: PlanModel = { type: "rehearsal", name: "openai:m", file: "r.yaml", steps: {} };
const LIVE: PlanModel = {
  type: "openai",
  name: "m",
  baseUrl: "https://api.openai.com/v1",
  netHost: "api.openai.com:443",
};
const CHILD = ["run", "--no-prompt", "--cached-only", "--no-remote", "--ignore-env"];
/** A host has few of the packages that the lock file names. */
const HOST = CHILD.toSpliced(-1, 0, "--no-lock");

function root(directory: string, access: HostRoot["access"], kept: string[] = []): HostRoot {
  return { backend: "disk", path: "/", directory, access, protected: kept };
}

Deno.test("planProcesses() gives the runner what the run task of deno.json grants", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${CODE}/deno.json`));
  const [runner] = planProcesses({ file: "flow.yaml", model: REHEARSAL, roots: [], routes: [] });
  const [program, ...args] = runner?.command ?? [];
  assertEquals(program, Deno.execPath());
  assertEquals(
    ["deno", ...args.map((word) => word.replace(`${CODE}/`, ""))].join(" "),
    `${tasks.run.command} flow.yaml`,
  );
  assertEquals(runner?.permissions.read, ["*"]);
  assertEquals(runner?.permissions.net, []);
});

Deno.test("planProcesses() gives an agent that rehearses nothing at all", () => {
  const [, agent, ...others] = planProcesses({
    file: "f",
    model: REHEARSAL,
    roots: [],
    routes: [],
  });
  assertEquals(agent, {
    name: "agent",
    permissions: { read: [], write: [], denyWrite: [], net: [], env: [], run: [] },
    command: [Deno.execPath(), ...CHILD, `${CODE}/agent/main.ts`],
  });
  assertEquals(others, [], "there is no host without a local root");
});

Deno.test("planProcesses() gives a live agent the model's host alone", () => {
  const [, agent] = planProcesses({ file: "f", model: LIVE, roots: [], routes: [] });
  assertEquals(agent, {
    name: "agent",
    permissions: {
      read: [],
      write: [],
      denyWrite: [],
      net: ["api.openai.com:443"],
      env: [],
      run: [],
    },
    command: [
      Deno.execPath(),
      ...CHILD,
      "--allow-net=api.openai.com:443",
      `${CODE}/agent/main.ts`,
    ],
  });
});

Deno.test("planProcesses() gives the host its roots alone, and keeps what is protected", () => {
  const roots = [root("/srv/a", "read-write", ["/srv/a/flow.yaml"]), root("/srv/b", "read")];
  const [, , host] = planProcesses({
    file: "f",
    model: LIVE,
    roots: [...roots, ...roots],
    routes: [],
  });
  assertEquals(host, {
    name: "host",
    permissions: {
      read: ["/srv/a", "/srv/b"],
      write: ["/srv/a"],
      denyWrite: ["/srv/a/flow.yaml"],
      net: [],
      env: [],
      run: [],
    },
    command: [
      Deno.execPath(),
      ...HOST,
      "--allow-read=/srv/a,/srv/b",
      "--allow-write=/srv/a",
      "--deny-write=/srv/a/flow.yaml",
      `${CODE}/runner/host.ts`,
    ],
  });
});

Deno.test("planProcesses() writes commands under which a process may do just that", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-permissions-" }));
  try {
    await Deno.mkdir(`${dir}/ws`);
    await Deno.writeTextFile(`${dir}/ws/kept.yaml`, "kept");
    await Deno.writeTextFile(`${dir}/outside.txt`, "outside");
    await Deno.writeTextFile(
      `${dir}/try.ts`,
      `const [dir] = Deno.args;
      const tries = {
        read: () => Deno.readTextFile(dir + "/ws/kept.yaml"),
        write: () => Deno.writeTextFile(dir + "/ws/new.txt", "new"),
        kept: () => Deno.writeTextFile(dir + "/ws/kept.yaml", "changed"),
        outside: () => Deno.readTextFile(dir + "/outside.txt"),
        env: async () => { if (Deno.env.get("HOME") === undefined) throw new Deno.errors.NotCapable("env"); },
        net: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
        run: () => new Deno.Command("true").output(),
      };
      const done = {};
      for (const [name, attempt] of Object.entries(tries)) {
        try { await attempt(); done[name] = "ok"; } catch (error) { done[name] = error.name; }
      }
      console.log(JSON.stringify(done));`,
    );
    const roots = [root(`${dir}/ws`, "read-write", [`${dir}/ws/kept.yaml`])];
    const [, , host] = planProcesses({ file: "f", model: REHEARSAL, roots, routes: [] });
    if (host === undefined) throw new Error("There is no host");
    const { program, args } = commandFor(host);
    const command = new Deno.Command(program, {
      args: [...args.slice(0, -1), `${dir}/try.ts`, dir],
      stdin: "null",
    });
    const { stdout } = await command.output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      read: "ok",
      write: "ok",
      kept: "NotCapable",
      outside: "NotCapable",
      env: "NotCapable",
      net: "NotCapable",
      run: "NotCapable",
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("commandFor() splits program and arguments", () => {
  const permissions = { read: [], write: [], denyWrite: [], net: [], env: [], run: [] };
  const process = { name: "agent", permissions, command: ["deno", "run", "a.ts"] } as const;
  assertEquals(commandFor(process), { program: "deno", args: ["run", "a.ts"] });
  assertThrows(() => commandFor({ ...process, command: [] }), RangeError, "has no command");
});
