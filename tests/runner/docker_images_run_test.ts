import { assert, assertEquals, assertMatch } from "@std/assert";
import { callEngine, DOCKER, PODMAN, type TestEngine, testOn } from "../support/engine.ts";
import { boxed } from "./_boxed.ts";
import { story } from "./_played.ts";

for (const [name, engine] of [["Docker", DOCKER], ["Podman", PODMAN]] as const) {
  const test = (what: string, run: (engine: TestEngine) => Promise<void>) =>
    testOn(engine, `runPlan() on ${name} ${what}`, run);

  test("builds an image, shows how far it is, and nothing once it is there", async (engine) => {
    const word = crypto.randomUUID();
    const flow = {
      shell: "docker",
      runtimes: {
        tiny: {
          base: engine.image,
          setup: [`mkdir -p /opt/tiny && echo ${word} > /opt/tiny/word`],
          env: { WORD: "of the runtime" },
        },
      },
      backends: { box: { type: "docker", runtime: "tiny" } },
      default: "box",
      steps: [{ id: "a", run: 'cat /opt/tiny/word; echo "$WORD"; pwd', cwd: "/workspace" }],
      outputs: { a: "${{ steps.a.output }}" },
    };
    const first = await boxed(engine, { flow });
    assertEquals([first.result.outcome, first.result.error], ["success", undefined]);
    assertEquals(first.result.outputs, { a: `${word}\nof the runtime\n/workspace` });
    const told = first.events.flatMap((event) =>
      event.type === "box.progress" ? [`${event.box} ${event.line}`] : []
    );
    assert(told.length > 0 && told.every((line) => line.startsWith("box ")), told.join("\n"));
    const second = await boxed(engine, { flow });
    assertEquals(second.result.outputs, first.result.outputs);
    assertEquals(second.events.filter(({ type }) => type === "box.progress"), []);
    assertEquals([...first.left, ...second.left], []);
    await removeImagesWith(engine, word);
  });

  test("keeps what the file says of a runtime that a ready image stands for", async (engine) => {
    const env = new Map([["ROUTEBOOK_RUNTIME_MY_TOOLS", engine.image]]);
    const { result, events, left } = await boxed(engine, {
      flow: {
        shell: "docker",
        runtimes: {
          "my-tools": { base: "nothing:1", workdir: "/data/work", env: { MODE: "fast" } },
        },
        backends: { box: { type: "docker", runtime: "my-tools", read_only: true } },
        default: "box",
        steps: [{ id: "a", run: 'echo "$MODE" > /data/work/f; cat /data/work/f' }],
        outputs: { a: "${{ steps.a.output }}" },
      },
      compile: { env },
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    assertEquals(result.outputs, { a: "fast" });
    assertEquals([events.filter(({ type }) => type === "box.progress"), left], [[], []]);
  });

  test("ends with 1 where an image cannot be built, and says what the build said", async (engine) => {
    const { result, events, left } = await boxed(engine, {
      flow: {
        shell: "docker",
        runtimes: { broken: { base: engine.image, setup: ["echo no such luck >&2; exit 7"] } },
        backends: { box: { type: "docker", runtime: "broken" } },
        default: "box",
        steps: [{ id: "a", run: "true" }],
      },
    });
    assertEquals([result.outcome, result.exitCode], ["failure", 1]);
    assertMatch(result.error ?? "", /^Container 'box': [^]*no such luck/);
    assertEquals([story(events), left], ["", []]);
  });

  test("interrupts a pull that does not end", async (engine) => {
    const registry = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = registry.addr;
    const interruption = new AbortController();
    const connections: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const connection of registry) {
        connections.push(connection);
        // It never answers.
        interruption.abort();
      }
    })();
    const { result, left } = await boxed(engine, {
      flow: {
        backends: { box: { type: "docker", image: `127.0.0.1:${port}/nothing:1` } },
        default: "box",
        shell: "docker",
        steps: [{ id: "a", run: "true" }],
      },
      signal: interruption.signal,
    });
    assertEquals([result.outcome, result.exitCode], ["interrupted", 130]);
    assertEquals(left, []);
    registry.close();
    for (const connection of connections) connection.close();
    await accepting;
  });
}

/** Removes images that a test built, by a word in the history of theirs. */
async function removeImagesWith(engine: TestEngine, word: string): Promise<void> {
  const { body } = await callEngine(engine, "GET", "/images/json");
  const images: readonly { readonly Id: string }[] = Array.isArray(body) ? body : [];
  for (const { Id } of images) {
    const history = await callEngine(engine, "GET", `/images/${Id}/history`);
    if (!JSON.stringify(history.body).includes(word)) continue;
    await callEngine(engine, "DELETE", `/images/${Id}?force=true`);
  }
}
