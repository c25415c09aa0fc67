import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LABELS } from "../../backends/docker/labels.ts";
import { cli } from "../support/cli.ts";
import {
  BUSYBOX_IMAGE,
  callEngine,
  DATASCIENCE_IMAGE,
  DOCKER,
  listBoxes,
  PODMAN,
  type TestEngine,
  testOn,
} from "../support/engine.ts";
import { boxesOf, removeBoxes } from "./_boxed.ts";
import { writePlay } from "./_played.ts";

/** A workflow in a directory of its own that asks before its second step writes. */
class AskingDirectory implements AsyncDisposable {
  readonly name: string = `boxed-${crypto.randomUUID()}`;
  readonly keptAs: string = `kept-${crypto.randomUUID()}`;
  readonly engine: TestEngine;
  readonly path: string;

  private constructor(engine: TestEngine, path: string) {
    this.engine = engine;
    this.path = path;
  }

  static async make(
    engine: TestEngine,
    commands: {
      readonly before: string;
      readonly after: string;
      readonly kept?: boolean;
      readonly image?: string;
    },
  ): Promise<AskingDirectory> {
    const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-asking-" }));
    const directory = new AskingDirectory(engine, path);
    const kept = commands.kept === true ? { name: directory.keptAs } : {};
    await writePlay(path, {
      flow: {
        name: directory.name,
        shell: "docker",
        backends: {
          box: { type: "docker", image: commands.image ?? engine.image, ...kept },
          memory: { type: "state" },
        },
        default: "box",
        routes: { "/notes/": "memory" },
        tools: { ask: ["write /notes/**"] },
        steps: [
          { id: "before", run: commands.before },
          { id: "ask", prompt: "Go." },
          { id: "after", run: commands.after },
        ],
        outputs: { after: "${{ steps.after.output }}" },
      },
      turns: { ask: [[["write_file", { path: "/notes/n.txt", content: "n" }]]] },
    });
    return directory;
  }

  run(...args: readonly string[]) {
    return cli("run", ["flow.yaml", ...args], {
      cwd: this.path,
      env: { DOCKER_HOST: this.engine.host },
    });
  }

  /** The containers of its runs, those that are kept among them. */
  async boxes() {
    return await boxesOf(this.engine, this.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeBoxes(this.engine, this.name);
    for (const { id } of await listBoxes(this.engine, `${LABELS.keep}=${this.keptAs}`)) {
      await callEngine(this.engine, "DELETE", `/containers/${id}?force=true&v=true`);
    }
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The id of a run that waits, as it tells how to go on. */
function runIn(stdout: string): string {
  const [, id = ""] = /--resume (\S+)/.exec(stdout) ?? [];
  assert(id !== "", stdout);
  return id;
}

for (const [name, engine] of [["Docker", DOCKER], ["Podman", PODMAN]] as const) {
  for (const image of [BUSYBOX_IMAGE, DATASCIENCE_IMAGE]) {
    testOn(
      engine,
      `run --resume on ${name} goes on with the files of ${image}`,
      async (engine) => {
        await using directory = await AskingDirectory.make(engine, {
          image,
          before:
            "mkdir -p /workspace/d; printf 'a\\0b' > /workspace/d/bytes; echo gone > /workspace/gone; " +
            "rm /workspace/gone; printf 'echo tool\\n' > /workspace/tool; chmod 755 /workspace/tool; " +
            "ln -s d /workspace/link; mkdir /workspace/empty; echo tmp > /tmp/kept",
          after: "wc -c < /workspace/link/bytes; /workspace/tool; cat /tmp/kept /notes/n.txt; " +
            "ls -A /workspace; id -u > /workspace/mine; touch /workspace/d/bytes",
        });
        const waiting = await directory.run();
        assertEquals(waiting.code, 6, waiting.stderr);
        assertStringIncludes(
          waiting.stdout,
          "  box (in a container, kept with the run until it goes on)\n",
        );
        assertEquals(await directory.boxes(), []);
        const done = await directory.run("--resume", runIn(waiting.stdout), "--approve");
        assertEquals(done.code, 0, done.stderr + done.stdout);
        assertStringIncludes(
          done.stdout.replaceAll(/^ +/gm, ""),
          "3\ntool\ntmp\nnd\nempty\nlink\ntool\n",
        );
        assertEquals(await directory.boxes(), []);
      },
    );
  }

  testOn(engine, `run --resume on ${name} goes on in a container that is kept`, async (engine) => {
    await using directory = await AskingDirectory.make(engine, {
      kept: true,
      before: "echo one >> /workspace/list",
      after: "cat /workspace/list /notes/n.txt",
    });
    const waiting = await directory.run();
    assertEquals(waiting.code, 6, waiting.stderr);
    assertStringIncludes(waiting.stdout, `  box (in a container, kept as '${directory.keptAs}')\n`);
    const [kept, another] = await directory.boxes();
    assertEquals([kept?.state, another], ["exited", undefined]);
    const done = await directory.run("--resume", runIn(waiting.stdout), "--approve");
    assertEquals(done.code, 0, done.stderr + done.stdout);
    assertStringIncludes(done.stdout, "one\n  n\n");
    // Another run begins with the files that are there.
    const again = await directory.run();
    assertEquals(again.code, 6, again.stderr);
    const more = await directory.run("--resume", runIn(again.stdout), "--approve");
    assertStringIncludes(more.stdout, "one\n  one\n  n\n");
    assertEquals((await directory.boxes()).map(({ id }) => id), [kept?.id]);
    const removed = await cli("sandboxes", ["--remove", directory.keptAs], {
      cwd: directory.path,
      env: { DOCKER_HOST: engine.host },
    });
    assertEquals([removed.code, removed.stdout], [0, `Removed ${directory.keptAs}\n`]);
    assertEquals(await directory.boxes(), []);
  });
}

testOn(
  DOCKER,
  "a run whose container has too much to be kept says so and does not wait",
  async (engine) => {
    await using directory = await AskingDirectory.make(engine, {
      before: "dd if=/dev/urandom of=/workspace/large bs=1024k count=80 2> /dev/null",
      after: "true",
    });
    const { code, stdout, stderr } = await directory.run();
    assertEquals(code, 1, stderr);
    assertStringIncludes(
      stdout,
      "and this run cannot be gone on with: the files of 'box' are more than can be " +
        'kept (64 MiB), and its container goes with the run: a name, "name: box" at the backend, keeps it\n',
    );
    assertEquals(stdout.includes("--resume"), false);
    const [, id = ""] = /(\d{8}-\d{6}-\w+)/.exec(
      (await cli("log", [], { cwd: directory.path })).stdout,
    ) ?? [];
    const again = await directory.run("--resume", id);
    assertEquals(again.code, 2);
    assertStringIncludes(again.stderr, "does not wait for an approval");
  },
);
