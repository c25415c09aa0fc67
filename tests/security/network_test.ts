/**
 * The network from every process of a run: a program of our own under exactly the command of the plan,
 * and again with Deno's part of it left out, against a listener that is really there.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Plan, PlanProcess } from "../../runner/plan.ts";
import { needing } from "./_machine.ts";
import { World } from "./_world.ts";

/** Tries what a process might, and prints a line for each. */
const PROBE = `
const [granted, other] = Deno.args.map(Number);
const tries = {
  "the model": () => Deno.connect({ hostname: "127.0.0.1", port: granted }),
  "another port": () => Deno.connect({ hostname: "127.0.0.1", port: other }),
  "another name": () => Deno.connect({ hostname: "localhost", port: other }),
  fetch: () => fetch("http://127.0.0.1:" + other + "/"),
  datagram: async () => {
    const socket = Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" });
    await socket.send(new Uint8Array(1), { hostname: "127.0.0.1", port: other, transport: "udp" });
  },
  listen: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  "engine's socket": () => Deno.connect({ transport: "unix", path: "/var/run/docker.sock" }),
  program: () => new Deno.Command("/usr/bin/true").output(),
};
for (const [name, attempt] of Object.entries(tries)) {
  try { await attempt(); console.log(name + ": done"); }
  catch (error) { console.log(name + ": " + error.name); }
}
Deno.exit();
`;

const DENO = "NotCapable";

/** A listener that counts who comes. */
function listen(): { port: number; visits: () => number; [Symbol.asyncDispose](): Promise<void> } {
  let visits = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of listener) {
      visits++;
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    visits: () => visits,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}

/** What the probe prints under the command of a process; its permissions may be replaced. */
async function probe(
  process: PlanProcess | undefined,
  ports: readonly number[],
  options: { readonly file: string; readonly grants?: readonly string[] },
): Promise<Record<string, string>> {
  const [program = "", ...words] = (process?.command ?? []).slice(0, -1);
  const args = options.grants === undefined
    ? words
    : [...words.filter((word) => !word.startsWith("--allow-")), ...options.grants];
  const { stdout, stderr } = await new Deno.Command(program, {
    // The flag grants nothing: it lets a program name datagrams at all.
    args: [...args, "--unstable-net", options.file, ...ports.map(String)],
    stdin: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  if (lines.length < 2) throw new Error(new TextDecoder().decode(stderr));
  return Object.fromEntries(lines.map((line) => line.split(": ")));
}

function processOf(plan: Plan, name: PlanProcess["name"]): PlanProcess | undefined {
  return plan.processes.find((process) => process.name === name);
}

async function planIn(world: World, port: number, shell: string): Promise<Plan> {
  await world.file("ws/probe.ts", PROBE);
  const { plan, diagnostics } = await world.compile(
    {
      shell,
      base_url: `http://127.0.0.1:${port}/v1`,
      backends: { disk: { type: "local", root: "../ws" }, memory: { type: "state" } },
      default: "memory",
      routes: { "/project/": "disk" },
    },
    [],
    { mode: "live", key: true },
  );
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return plan;
}

const NOTHING = {
  "the model": DENO,
  "another port": DENO,
  "another name": DENO,
  fetch: DENO,
  datagram: DENO,
  listen: DENO,
  "engine's socket": DENO,
  program: DENO,
};

Deno.test("the agent reaches the model's host and port, and Deno's flags refuse it everything else", async () => {
  await using world = await World.make();
  await using model = listen();
  await using other = listen();
  const plan = await planIn(world, model.port, "virtual");
  const seen = await probe(processOf(plan, "agent"), [model.port, other.port], {
    file: world.at("ws/probe.ts"),
  });
  assertEquals(seen, { ...NOTHING, "the model": "done" });
  assertEquals([model.visits(), other.visits()], [1, 0]);
});

Deno.test("Deno's flags refuse the process of the virtual shell any network", async () => {
  await using world = await World.make();
  await using other = listen();
  const plan = await planIn(world, other.port, "virtual");
  const file = world.at("ws/probe.ts");
  assertEquals(await probe(processOf(plan, "shell"), [other.port, other.port], { file }), NOTHING);
  assertEquals(other.visits(), 0);
});

Deno.test({
  ...needing(
    "Deno's flags refuse the host any network, and without them the kernel does",
    "linux",
    "bubblewrap",
  ),
  async fn() {
    await using world = await World.make();
    await using other = listen();
    const plan = await planIn(world, other.port, "sandbox");
    const host = processOf(plan, "host");
    const file = "/project/probe.ts";
    const ports = [other.port, other.port];
    assertEquals(await probe(host, ports, { file }), NOTHING);
    // As if it had been taken over, and Deno with it.
    const seen = await probe(host, ports, { file, grants: ["--allow-all"] });
    assertEquals(seen, {
      "the model": "ConnectionRefused",
      "another port": "ConnectionRefused",
      // Nobody is there to ask for it.
      "another name": "Error",
      fetch: "TypeError",
      // Into a loopback of its own, where nobody is.
      datagram: "done",
      listen: "done",
      "engine's socket": "NotFound",
      program: "done",
    });
    assertEquals(other.visits(), 0);
  },
});
