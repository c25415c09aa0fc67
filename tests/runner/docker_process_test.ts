import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compileWorkflow } from "../../runner/compile.ts";
import type { RunEvent } from "../../runner/events.ts";
import type { PlanProcess } from "../../runner/plan.ts";
import { isWithin } from "../../backends/paths.ts";
import { cli, startCli } from "../support/cli.ts";
import { DOCKER, type TestEngine, testOn } from "../support/engine.ts";
import { childrenOf, unlessEnded } from "../security/_proc.ts";
import { boxesOf, removeBoxes } from "./_boxed.ts";
import { writePlay } from "./_played.ts";

/** A workflow in a directory of its own, whose containers are known by its name. */
class BoxedDirectory implements AsyncDisposable {
  readonly name: string = `boxed-${crypto.randomUUID()}`;
  readonly engine: TestEngine;
  readonly path: string;

  private constructor(engine: TestEngine, path: string) {
    this.engine = engine;
    this.path = path;
  }

  static async make(
    engine: TestEngine,
    steps: readonly Readonly<Record<string, unknown>>[],
  ): Promise<BoxedDirectory> {
    const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-boxed-" }));
    const directory = new BoxedDirectory(engine, path);
    await writePlay(path, {
      flow: {
        name: directory.name,
        shell: "docker",
        backends: { box: { type: "docker", image: engine.image } },
        default: "box",
        steps,
      },
    });
    return directory;
  }

  get env(): Readonly<Record<string, string>> {
    return { DOCKER_HOST: this.engine.host };
  }

  /** The states of the containers that are there. */
  async states(): Promise<readonly string[]> {
    return (await boxesOf(this.engine, this.name)).map(({ state }) => state);
  }

  /** Waits until the containers are as they should be; others fail the test. */
  async until(...wanted: readonly string[]): Promise<void> {
    for (let looks = 0;; looks++) {
      const states = await this.states();
      if (JSON.stringify(states) === JSON.stringify(wanted)) return;
      if (looks === 1_200) throw new Error(`The containers are ${states}, not ${wanted}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeBoxes(this.engine, this.name);
    await Deno.remove(this.path, { recursive: true });
  }
}

const SLEEPS = [{ id: "a", run: "echo begun; sleep 600" }];

/** Starts a run whose command has begun and does not end. */
async function sleepingRun({ path, env }: BoxedDirectory) {
  const run = startCli("run", ["--json", "flow.yaml"], {
    cwd: path,
    env,
    // A group of its own, as a terminal gives every command.
    through: ["setsid"],
  });
  const lines = run.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const rest = async () => {
    for (;;) {
      const { value, done } = await lines.read();
      if (done) return text;
      text += value;
    }
  };
  while (!text.includes('"command.output"')) {
    const { value, done } = await lines.read();
    if (done) {
      throw new Error(`The run ended early: ${text}${await new Response(run.stderr).text()}`);
    }
    text += value;
  }
  return { run, rest };
}

/** The process of a run that runs a module. */
function childOf(pid: number, module: string): number {
  for (const child of childrenOf(pid)) {
    const command = unlessEnded(() => Deno.readTextFileSync(`/proc/${child}/cmdline`));
    if (command?.includes(module)) return child;
  }
  throw new Error(`Process ${pid} has no child that runs ${module}`);
}

testOn(DOCKER, "killing the runner with SIGKILL leaves no container", async (engine) => {
  await using directory = await BoxedDirectory.make(engine, SLEEPS);
  const { run, rest } = await sleepingRun(directory);
  assertEquals(await directory.states(), ["running"]);
  run.kill("SIGKILL");
  await directory.until();
  await Promise.all([run.status, rest(), run.stderr.cancel()]);
});

testOn(
  DOCKER,
  "a container whose whole run was killed ends by itself, and the next run removes it",
  async (engine) => {
    await using directory = await BoxedDirectory.make(engine, SLEEPS);
    const { run, rest } = await sleepingRun(directory);
    Deno.kill(-run.pid, "SIGKILL");
    await Promise.all([run.status, rest(), run.stderr.cancel()]);
    await directory.until("exited");
    await using next = await BoxedDirectory.make(engine, [{ id: "a", run: "echo done" }]);
    const { code, stderr } = await cli("run", ["flow.yaml"], { cwd: next.path, env: next.env });
    assertEquals(code, 0, stderr);
    assertEquals([await directory.states(), await next.states()], [[], []]);
  },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  testOn(
    DOCKER,
    `${signal} ends a run in a container with exit code 130 and leaves none`,
    async (engine) => {
      await using directory = await BoxedDirectory.make(engine, SLEEPS);
      const { run, rest } = await sleepingRun(directory);
      // Ctrl-C is for the whole group, while others send a signal to one process.
      Deno.kill(signal === "SIGINT" ? -run.pid : run.pid, signal);
      const [{ code }, text] = await Promise.all([run.status, rest(), run.stderr.cancel()]);
      assertEquals(code, 130);
      const last: RunEvent = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
      assert(last.type === "run.finished");
      assertEquals(last.outcome, "interrupted");
      assertEquals(await directory.states(), []);
    },
  );
}

testOn(
  DOCKER,
  "a docker host that dies ends the run at once, and the run says so",
  async (engine) => {
    await using directory = await BoxedDirectory.make(engine, SLEEPS);
    const { run, rest } = await sleepingRun(directory);
    Deno.kill(childOf(run.pid, "docker_host.ts"), "SIGKILL");
    const [{ code }, text] = await Promise.all([run.status, rest(), run.stderr.cancel()]);
    assertEquals(code, 1);
    const last: RunEvent = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    assert(last.type === "run.finished");
    assertEquals(last.error, "The docker process ended unexpectedly (signal SIGKILL)");
  },
);

testOn(
  DOCKER,
  "a person sees which container there is, and what became of its files",
  async (engine) => {
    await using directory = await BoxedDirectory.make(engine, [
      { id: "a", run: "mkdir /workspace/d && echo 123 > /workspace/d/out.txt" },
    ]);
    const { code, stdout, stderr } = await cli("run", ["flow.yaml"], {
      cwd: directory.path,
      env: directory.env,
    });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, `: box (${engine.image}), network none\n`);
    assertStringIncludes(stderr, "Container by Docker ");
    assertStringIncludes(
      stdout,
      "  box (in a container, removed: gone now that the run is over)\n    /workspace/d/out.txt",
    );
  },
);

testOn(DOCKER, "a missing image is told in a sentence, with exit code 1", async (engine) => {
  await using directory = await BoxedDirectory.make(engine, [{ id: "a", run: "echo done" }]);
  const image = "routebook-test.invalid/nothing:1";
  await writePlay(directory.path, {
    flow: {
      name: directory.name,
      shell: "docker",
      backends: { box: { type: "docker", image } },
      default: "box",
      steps: [{ id: "a", run: "echo done" }],
    },
  });
  const { code, stdout, stderr } = await cli("run", ["flow.yaml"], {
    cwd: directory.path,
    env: directory.env,
  });
  assertEquals(code, 1, stderr);
  assertStringIncludes(stdout, "Not done (failure): Container 'box': ");
  assertStringIncludes(stdout, image);
  assert(!`${stdout}${stderr}`.includes("    at "), "There is a stack in what a person reads");
  assertEquals(await directory.states(), []);
});

async function processesOf({ path, engine }: BoxedDirectory): Promise<readonly PlanProcess[]> {
  const { plan } = await compileWorkflow("flow.yaml", {
    cwd: path,
    findEngine: () => Promise.resolve({ engine: engine.address }),
  });
  if (plan === undefined) throw new Error("The workflow does not compile");
  return plan.processes;
}

function named(processes: readonly PlanProcess[], name: PlanProcess["name"]): PlanProcess {
  const found = processes.find((process) => process.name === name);
  if (found === undefined) throw new Error(`The plan has no ${name} process`);
  return found;
}

testOn(DOCKER, "the docker process uses no permission beyond the plan", async (engine) => {
  await using directory = await BoxedDirectory.make(engine, [
    { id: "a", run: "echo done > /workspace/out.txt" },
  ]);
  const audit = `${directory.path}/audit.jsonl`;
  const { code, stderr } = await cli("run", ["flow.yaml"], {
    cwd: directory.path,
    env: { ...directory.env, DENO_AUDIT_PERMISSIONS: audit },
  });
  assertEquals(code, 0, stderr);
  const { permissions } = named(await processesOf(directory), "docker");
  const grants: Readonly<Record<string, readonly string[]>> = { ...permissions };
  const lines = (await Deno.readTextFile(`${audit}.docker`)).trimEnd().split("\n");
  const used = lines.map((line): { permission: string; value: string } => JSON.parse(line))
    // `--ignore-env`: a name reads as undefined, which is no grant.
    .filter(({ permission }) => permission !== "env");
  assert(used.length > 0);
  for (const { permission, value } of used) {
    const planned = grants[permission] ?? [];
    const within = planned.some((grant) => grant === value || isWithin(value, grant));
    assert(within, `docker used ${permission} of '${value}', planned: ${planned.join(", ")}`);
  }
});

/** Runs a program of our own under exactly the flags that the plan gives a process. */
async function attempt(process: PlanProcess, source: string): Promise<readonly string[]> {
  const [program = "", ...args] = process.command;
  const child = new Deno.Command(program, {
    args: [...args.slice(0, -1), "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trim().split("\n");
}

testOn(
  DOCKER,
  "the engine's socket is the docker process's alone, and all that it has",
  async (engine) => {
    await using directory = await BoxedDirectory.make(engine, [{ id: "a", run: "echo done" }]);
    const processes = await processesOf(directory);
    const socket = JSON.stringify(engine.address.path);
    const source = `const attempts = {
    socket: async () => (await Deno.connect({ transport: "unix", path: ${socket} })).close(),
    stat: () => Deno.lstatSync(${socket}),
    passwd: () => Deno.readTextFileSync("/etc/passwd"),
    workflow: () => Deno.readTextFileSync(${JSON.stringify(`${directory.path}/flow.yaml`)}),
    write: () => Deno.writeTextFileSync(${JSON.stringify(`${directory.path}/x`)}, ""),
    net: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
    run: () => new Deno.Command("/bin/true").outputSync(),
    env: () => { if (Deno.env.get("HOME") === undefined) throw { name: "ignored" }; },
  };
  for (const [name, run] of Object.entries(attempts)) {
    try { await run(); console.log(name, "done"); } catch (error) { console.log(name, error.name); }
  }`;
    const refused = "passwd workflow write net run".split(" ").map((name) => `${name} NotCapable`);
    assertEquals(await attempt(named(processes, "docker"), source), [
      "socket done",
      "stat done",
      ...refused,
      "env ignored",
    ]);
    assertEquals(await attempt(named(processes, "agent"), source), [
      "socket NotCapable",
      "stat NotCapable",
      ...refused,
      "env ignored",
    ]);
  },
);
