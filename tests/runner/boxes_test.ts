import { assert, assertEquals, assertRejects } from "@std/assert";
import { StateBackend } from "../../backends/state.ts";
import { SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { agentStart } from "../../runner/_agent_start.ts";
import { dockerStart } from "../../runner/_containers.ts";
import { boxFiles, type CheckpointFile, restoreBoxFiles } from "../../runner/checkpoint.ts";
import type { RunEventBody } from "../../runner/events.ts";
import { expressionContext } from "../../runner/_context.ts";
import type { Plan } from "../../runner/plan.ts";
import { planText } from "../../runner/plan_text.ts";
import { Recorder } from "../../runner/recorder.ts";
import { reportText, type RunFinished } from "../../runner/report.ts";
import { createScreen } from "../../runner/screen.ts";
import { WrittenFiles } from "../../runner/written.ts";
import { compiled, ENGINE } from "./_compiled.ts";

/** A workflow with two containers, of which one is kept, beside memory and disk. */
const WORKFLOW = `name: boxes
shell: docker
backends:
  box: { type: docker, image: "tool:1", network: bridge }
  store: { type: docker, image: "store:1", name: my-store }
  memory: { type: state }
  disk: { type: local, root: ./disk, access: read }
default: box
routes:
  /disk/: disk
  /notes/: memory
  /store/: { backend: store, path: /data }
steps:
  - { id: a, run: "true" }
`;

async function planOf(): Promise<Plan> {
  const { plan, text } = await compiled(WORKFLOW, {
    files: { "disk/": "" },
    findEngine: () => Promise.resolve({ engine: ENGINE }),
  });
  if (plan === undefined) throw new Error(text);
  return plan;
}

function shown(...bodies: readonly RunEventBody[]): string {
  let text = "";
  const sinks = [createScreen({ write: (part) => text += part, color: false })];
  const recorder = new Recorder({ run: "r1", now: () => new Date(0), sinks, secrets: ["hunter2"] });
  for (const body of bodies) recorder.emit(body);
  return text;
}

Deno.test("createScreen() shows what an engine says of an image, and the containers there are", () => {
  assertEquals(
    shown(
      { type: "box.progress", box: "box", line: "Step 2/5 : RUN pip install x\u001b[2J hunter2" },
      {
        type: "box.started",
        box: "box",
        engine: "Docker 20.10.24",
        image: "tool:1",
        network: "none",
      },
      {
        type: "box.started",
        box: "store",
        engine: "Podman 4.3.1",
        image: "built from debian:12",
        network: "bridge",
        keptAs: "my-store",
      },
    ),
    "box  Step 2/5 : RUN pip install x\\u{1b}[2J ***\n" +
      "Container by Docker 20.10.24: box (tool:1), network none\n" +
      "Container by Podman 4.3.1: store (built from debian:12), network bridge, kept as 'my-store'\n",
  );
});

function reported(plan: Plan, outcome: RunFinished["outcome"]): string {
  const file = (path: string, backend: string, saved: boolean) => ({
    ...{ path, backend, saved },
    size: 10,
  });
  const finished: RunFinished = {
    ...{ seq: 9, time: "", run: "r1", type: "run.finished", outcome, exitCode: 0 },
    outputs: {},
    files: [
      file("/notes/n", "memory", false),
      file("/out/b", "box", false),
      file("/store/s", "store", true),
    ],
    ...{ turns: 1, inputTokens: 0, outputTokens: 0, rehearsed: false },
  };
  return reportText(plan, finished, { color: false, cwd: "/" });
}

Deno.test("reportText() says what becomes of the files of containers", async () => {
  const plan = await planOf();
  assertEquals(
    reported(plan, "success").split("\n").filter((line) => line.includes("container")),
    [
      "  box (in a container, removed: gone now that the run is over)",
      "  store (in a container, kept as 'my-store')",
    ],
  );
  assertEquals(
    reported(plan, "waiting").split("\n").filter((line) => line.includes("container")),
    [
      "  box (in a container, kept with the run until it goes on)",
      "  store (in a container, kept as 'my-store')",
    ],
  );
});

/** A workflow whose container goes and whose volumes stay. */
const VOLUMES = `name: volumes
shell: docker
backends:
  box: { type: docker, image: "tool:1", volumes: { /cache/: builds } }
  far: { type: docker, image: "tool:1", volumes: { /data/: store } }
default: box
routes: { /store/: { backend: far, path: /data/part } }
steps:
  - { id: a, run: "true" }
`;

Deno.test("reportText() and planText() tell apart what is in a volume, which stays", async () => {
  const { plan, text } = await compiled(VOLUMES);
  assert(plan !== undefined, text);
  const paths = ["/cache/c", "/cached", "/data/d", "/store/s"];
  const tree = new StateBackend({ files: Object.fromEntries(paths.map((path) => [path, "x"])) });
  const { files } = await new WrittenFiles(paths).list(tree, plan);
  assertEquals(files.map(({ path, saved }) => `${path} ${saved}`), [
    "/cache/c true",
    "/cached false",
    "/data/d false",
    "/store/s true",
  ]);
  const finished: RunFinished = {
    ...{ seq: 9, time: "", run: "r1", type: "run.finished", outcome: "success", exitCode: 0 },
    ...{ outputs: {}, files },
    ...{ turns: 1, inputTokens: 0, outputTokens: 0, rehearsed: false },
  };
  const report = reportText(plan, finished, { color: false, cwd: "/" });
  assertEquals(
    report.split("\n\n")[0],
    `Files written
  box (in volume 'builds', which stays)
    /cache/c      1 B
  box (in a container, removed: gone now that the run is over)
    /cached      1 B
    /data/d      1 B
  far (in volume 'store', which stays)
    /store/s      1 B`,
  );
  const routes = planText(plan, { color: false, cwd: "/" }).split("\n\n")
    .find((section) => section.startsWith("Routes"));
  assertEquals(
    routes,
    `Routes
  PREFIX   BACKEND  PLACE                                                    ACCESS
  /store/  far      in the container, at /data/part; kept in volume "store"  read-write
  /        box      in the container; not saved, but for its volumes         read-write`,
  );
});

Deno.test("WrittenFiles.list() takes files of a kept container for saved", async () => {
  const written = new WrittenFiles(["/out/b", "/store/s"]);
  const tree = new StateBackend({ files: { "/out/b": "b", "/store/s": "s" } });
  const { files } = await written.list(tree, await planOf());
  assertEquals(files.map(({ path, backend, saved }) => [path, backend, saved]), [
    ["/out/b", "box", false],
    ["/store/s", "store", true],
  ]);
});

Deno.test("agentStart() says which files commands have, which are brought, and that there is a network", async () => {
  const plan = await planOf();
  const context = expressionContext(plan, {
    runId: "r1",
    started: "",
    steps: {},
    failed: false,
  });
  const { backends, shell } = await agentStart(plan, { context });
  assertEquals(backends.map(({ name, type }) => `${name} ${type}`), [
    "box docker",
    "store docker",
    "memory state",
    "disk local",
  ]);
  assertEquals(shell?.places, { native: ["/disk/", "/"], staged: ["/notes/", "/store/"] });
  assertEquals([shell?.type, shell?.tool, shell?.network], ["docker", true, true]);
});

Deno.test("dockerStart() names the engine, each container and the one for commands", async () => {
  const plan = await planOf();
  const { engine, purpose, boxes, shell } = dockerStart(plan);
  assertEquals([engine, purpose, shell], [ENGINE, "boxes", "box"]);
  assertEquals(boxes.map(({ name, box }) => [name, box.image, box.native]), [
    ["box", "tool:1", ["/"]],
    ["store", "store:1", ["/store/"]],
  ]);
  const [first] = boxes;
  assertEquals(first?.box.mounts?.map(({ prefix, access }) => [prefix, access]), [
    ["/disk/", "read"],
  ]);
  assertEquals(first?.box.limits?.outputBytes, SHELL_LIMITS.outputBytes);
});

Deno.test("boxFiles() takes the files of containers that go, and restoreBoxFiles() puts them back", async () => {
  const plan = await planOf();
  const asked: string[] = [];
  const containers = {
    snapshot: (box: string) => {
      asked.push(`snapshot ${box}`);
      return Promise.resolve(Uint8Array.of(1, 2));
    },
    restore: (box: string, bytes: Uint8Array) => {
      asked.push(`restore ${box} ${bytes}`);
      return Promise.resolve();
    },
  };
  const files = await boxFiles(containers, plan);
  assertEquals(files, [{ backend: "box", path: "/", bytes: Uint8Array.of(1, 2) }]);
  const memory: CheckpointFile = { backend: "memory", path: "/n", bytes: Uint8Array.of(3) };
  await restoreBoxFiles(containers, [memory, ...files], plan);
  assertEquals(asked, ["snapshot box", "restore box 1,2"]);
  assertEquals(await boxFiles(undefined, plan), []);
  await assertRejects(
    () =>
      boxFiles({ snapshot: () => Promise.reject(new Error("the files of 'box' take more")) }, plan),
    Error,
    "the files of 'box' take more",
  );
});
