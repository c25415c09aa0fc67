import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openBoxes } from "../../runner/_open_boxes.ts";
import { cli } from "../support/cli.ts";
import { writePlay } from "./_played.ts";

/** A directory with a socket that accepts what comes and says nothing. The path has to be short. */
class Place implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ dir: "/tmp", prefix: "rb-" });
  readonly silent: string = `${this.path}/silent.sock`;
  readonly #listener = Deno.listen({ transport: "unix", path: this.silent });

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await Deno.remove(this.path, { recursive: true });
  }
}

Deno.test("openBoxes() gives up an engine that accepts and never answers, and names it", async () => {
  await using place = new Place();
  const path = place.silent;
  const engineBy = `DOCKER_HOST=unix://${path}`;
  const open = (engineBy?: string) => {
    const start = { engine: { type: "unix", path }, engineBy, purpose: "w", boxes: [] } as const;
    const signal = new AbortController().signal;
    return openBoxes(start, { boxes: new Map(), onProgress: () => {}, signal, milliseconds: 200 });
  };
  const rest = "cannot be used: It did not answer within 0.2 seconds. " +
    "Start it, or name another one with DOCKER_HOST";
  const named = await assertRejects(() => open(engineBy), Error);
  assertEquals(named.message, `The engine of ${engineBy} ${rest}`);
  const unnamed = await assertRejects(() => open(), Error);
  assertEquals(unnamed.message, `The engine of unix://${path} ${rest}`);
});

Deno.test("a run at a socket that was left behind says which it is, and what to do", async () => {
  await using place = new Place();
  const path = `${place.path}/.docker/run/docker.sock`;
  await Deno.mkdir(`${place.path}/.docker/run`, { recursive: true });
  const listener = Deno.listen({ transport: "unix", path: `${place.path}/left.sock` });
  // Whoever closes one removes its name, where it had it.
  await Deno.rename(`${place.path}/left.sock`, path);
  listener.close();
  await writePlay(place.path, {
    flow: {
      name: "w",
      shell: "docker",
      backends: { box: { type: "docker", image: "busybox" } },
      default: "box",
      steps: [{ id: "a", run: "true" }],
    },
  });
  const env = { HOME: place.path, DENO_DIR: denoDirectory() };
  const { code, stdout, stderr } = await cli("run", ["flow.yaml"], { cwd: place.path, env });
  assertEquals(code, 1, stderr);
  assertStringIncludes(
    stdout,
    `Not done (failure): The engine of ${path} (the first of the usual sockets that exists) ` +
      "cannot be used: Nobody listens there: the connection was refused. " +
      "Start it, or name another one with DOCKER_HOST",
  );
});

/** Where Deno has what it loaded, whatever HOME is. */
function denoDirectory(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
