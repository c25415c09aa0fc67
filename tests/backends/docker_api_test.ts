import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  type AgentResult,
  BackendError,
  CompositeBackend,
  createDeepAgent,
  DockerSandbox,
  LocalBackend,
  RehearsalModel,
  type RehearsalModelOptions,
  StagingShell,
  StateBackend,
  UnknownRuntimeError,
} from "../../mod.ts";
import { countBoxes, DOCKER, type TestEngine, testOn } from "../support/engine.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

/** The files of the machine: a table that is read alone, and a place for results. */
function makeMachine() {
  const directory = Deno.makeTempDirSync();
  const [local, out] = [`${directory}/local`, `${directory}/out`];
  Deno.mkdirSync(local);
  Deno.mkdirSync(out);
  Deno.writeTextFileSync(`${local}/sales.csv`, "month,revenue\n2026-01,40\n2026-02,44\n");
  // The user of the container is somebody else.
  for (const path of [directory, local]) Deno.chmodSync(path, 0o755);
  Deno.chmodSync(`${local}/sales.csv`, 0o644);
  return { local, out, [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }) };
}

/** The hybrid of containers, disk and memory. */
async function withHybrid(
  engine: TestEngine,
  run: (hybrid: {
    readonly machine: ReturnType<typeof makeMachine>;
    readonly backend: CompositeBackend;
    readonly shell: StagingShell;
    readonly memory: StateBackend;
  }) => Promise<void>,
): Promise<void> {
  using machine = makeMachine();
  await using box = boxOf(engine, {
    mounts: [{ prefix: "/local/", directory: machine.local, access: "read" }],
    staged: ["/notes/", "/out/"],
  });
  const memory = new StateBackend();
  const backend = new CompositeBackend({
    default: box,
    routes: {
      "/local/": new LocalBackend({ rootDir: machine.local, access: "read" }),
      "/out/": new LocalBackend({ rootDir: machine.out }),
      "/notes/": memory,
    },
  });
  const places = { mounts: ["/", "/local/"], staged: ["/notes/", "/out/"] };
  const shell = new StagingShell({ shell: box, stage: box.stage, backend, ...places });
  await run({ machine, backend, shell, memory });
}

/** An agent that makes some calls, turn by turn, and is done. */
function agentOf(...turns: readonly (readonly [tool: string, args: object][])[]) {
  const scripted: RehearsalModelOptions["turns"] = [
    ...turns.map((calls) => ({
      text: "",
      calls: calls.map(([tool, args]) => ({ tool, arguments: { ...args } })),
    })),
    { text: "Done.", calls: [] },
  ];
  return createDeepAgent({
    model: new RehearsalModel({ name: "openai:gpt-4.1", turns: scripted }),
  });
}

/** What the model was told of its calls, in order. */
function toldOf({ messages }: AgentResult): readonly string[] {
  return messages.flatMap((message) => message.role === "tool" ? [message.content] : []);
}

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `${name} is one tree with disk and memory, for tools and for commands`,
    async (engine) => {
      await withHybrid(engine, async ({ machine, backend, shell, memory }) => {
        const agent = agentOf(
          [
            ["write_file", { path: "/work/note.txt", content: "in the container\n" }],
            ["write_file", { path: "/notes/plan.txt", content: "in memory\n" }],
            ["write_file", { path: "/out/first.txt", content: "on disk\n" }],
            ["execute", {
              command: "cat /local/sales.csv /work/note.txt /notes/plan.txt /out/first.txt && " +
                "for directory in work notes out; do echo made > /$directory/made.txt; done",
            }],
          ],
          [
            ["read_file", { path: "/work/made.txt" }],
            ["read_file", { path: "/notes/made.txt" }],
            ["read_file", { path: "/out/made.txt" }],
            ["ls", { path: "/" }],
            ["grep", { query: "made", path: "/" }],
          ],
        );
        const result = await agent.run("Work.", { backend, shell });
        const [, , , seen, work, notes, out, listed, found] = toldOf(result);
        assertEquals(
          seen,
          "Exit code: 0\nstdout:\nmonth,revenue\n2026-01,40\n2026-02,44\nin the container\nin memory\non disk",
        );
        for (const text of [work, notes, out]) assertStringIncludes(text ?? "", "made");
        for (const entry of ["local/", "notes/", "out/", "work/"]) {
          assertStringIncludes(listed ?? "", entry);
        }
        for (const path of ["/notes/made.txt", "/out/made.txt", "/work/made.txt"]) {
          assertStringIncludes(found ?? "", path);
        }
        assertEquals([...memory.files.keys()].sort(), ["/made.txt", "/plan.txt"]);
        assertEquals(Deno.readTextFileSync(`${machine.out}/made.txt`), "made\n");
        // What commands make on disk belongs to whoever runs the program.
        assertEquals(Deno.statSync(`${machine.out}/made.txt`).uid, Deno.uid());
        // The same bytes once more are a change, and other permissions are none.
        const versions = async () =>
          await Promise.all(
            ["/out/made.txt", "/notes/made.txt"].map(async (path) =>
              (await backend.stat(path)).version
            ),
          );
        const [onDisk, inMemory] = await versions();
        await shell.execute("echo made > /out/made.txt; chmod 600 /notes/made.txt");
        const [later, same] = await versions();
        assert(later !== onDisk);
        assertEquals(same, inMemory);
      });
    },
  );

  testOn(
    engine,
    `${name} keeps what may only be read from tools and from commands`,
    async (engine) => {
      await withHybrid(engine, async ({ machine, backend, shell }) => {
        const change =
          "echo no > /local/no.txt; rm -f /local/sales.csv; chmod 777 /local/sales.csv";
        const agent = agentOf([
          ["write_file", { path: "/local/no.txt", content: "no" }],
          ["delete_file", { path: "/local/sales.csv" }],
          ["execute", { command: change }],
          ["execute", { command: "cat /local/sales.csv | wc -l" }],
        ]);
        const [write, deleted, executed, counted] = toldOf(
          await agent.run("Change what is there.", { backend, shell }),
        );
        assertStringIncludes(write ?? "", "/local/no.txt");
        assertStringIncludes(deleted ?? "", "/local/sales.csv");
        assertStringIncludes(executed ?? "", "Read-only file system");
        assertStringIncludes(counted ?? "", "3");
        assertEquals([...Deno.readDirSync(machine.local)].map(({ name }) => name), ["sales.csv"]);
        assertEquals((await backend.stat("/local/sales.csv")).size, 36);
      });
    },
  );
}

/** Runs the program beside this test, with the environment and the grants that are named. */
async function runProgram(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  flags: readonly string[],
) {
  const program = fromFileUrl(new URL("./_docker_api_child.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, program, ...words],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

testOn(
  DOCKER,
  "DockerSandbox finds its engine and its image where the environment says",
  async (engine) => {
    const { address: { path }, host, image } = engine;
    const names = "DOCKER_HOST,ROUTEBOOK_RUNTIME_PYTHON_MINIMAL";
    const env = { DOCKER_HOST: host, ROUTEBOOK_RUNTIME_PYTHON_MINIMAL: image };
    const socket = [`--allow-read=${path}`, `--allow-write=${path}`, `--allow-net=unix:${path}`];
    const flags = ["--ignore-env", `--allow-env=${names}`, ...socket];
    const purpose = crypto.randomUUID();
    const { code, stdout, stderr } = await runProgram(["id -u; pwd", purpose], env, flags);
    assertEquals({ code, stdout }, { code: 0, stdout: "1000\n/\n" }, stderr);
    assertEquals(await countBoxes(engine, `org.routebook.for=${purpose}`), 0);
  },
);

Deno.test("DockerSandbox says that it may not look for an engine", async () => {
  const { code, stderr } = await runProgram(["true"], {}, []);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "No engine for containers was found:\n");
  assertStringIncludes(
    stderr,
    "\nDOCKER_HOST was not looked at: this program has no --allow-env=DOCKER_HOST\n",
  );
});

Deno.test("DockerSandbox.start() says where an engine is named that is none", async () => {
  const address = { type: "unix", path: "/nowhere/docker.sock" } as const;
  await using box = new DockerSandbox({ engine: address, image: "alpine" });
  const error = await assertRejects(() => box.start(), BackendError);
  assertEquals(error.code, "io");
  assertStringIncludes(error.message, "/nowhere/docker.sock");
});

Deno.test("DockerSandbox refuses options that cannot be", () => {
  assertThrows(() => new DockerSandbox({}), TypeError, "either an 'image' or a 'runtime'");
  const both = { image: "a", runtime: "deno" };
  assertThrows(() => new DockerSandbox(both), TypeError, "either an 'image' or a 'runtime'");
  const error = assertThrows(() => new DockerSandbox({ runtime: "dino" }), UnknownRuntimeError);
  assert(error.known.includes("deno"));
});
