import { assertEquals, assertStringIncludes } from "@std/assert";
import { containerSettings } from "../../backends/docker/_settings.ts";
import { Container } from "../../backends/docker/container.ts";
import { type Engine, openEngine } from "../../backends/docker/engine.ts";
import { listSandboxes, reapSandboxes, removeSandbox } from "../../backends/docker/reaper.ts";
import { callEngine, listBoxes, type TestEngine, testOn } from "../support/engine.ts";
import { EngineRelay } from "../support/engine_relay.ts";
import { failureOf, output, stateOf, useBox } from "./_docker_case.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

const DISPOSED = "unsupported: The sandbox is disposed of";

/** The volumes of a container, by name. */
async function volumesOf(engine: TestEngine, id: string | undefined): Promise<readonly string[]> {
  const { body } = await callEngine(engine, "GET", `/containers/${id}/json`);
  const { Mounts } = body as { readonly Mounts: readonly { Type: string; Name?: string }[] };
  return Mounts.flatMap(({ Type, Name }) => Type === "volume" && Name !== undefined ? [Name] : []);
}

/** A name that no other test keeps a container under; the container goes with it. */
function keepName(engine: TestEngine) {
  const name = `test-${crypto.randomUUID().slice(0, 8)}`;
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      for (const { id } of await listBoxes(engine, `org.routebook.keep=${name}`)) {
        await callEngine(engine, "DELETE", `/containers/${id}?force=true&v=true`);
      }
    },
  };
}

/** The container that is kept under a name, for one of its owners. */
function containerOf({ image }: TestEngine, engine: Engine, keep: string): Container {
  const settings = containerSettings({ box: { image, name: keep }, image, workdir: "/workspace" });
  return new Container({ engine, settings, keep });
}

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(engine, `${name} with a name keeps its files`, async (on) => {
    await using keep = keepName(on);
    const first = boxOf(on, { name: keep.name });
    await first.write("/out/kept", "kept");
    await output(
      first,
      "echo more >> /out/kept; mkdir -p /home; echo own > /home/own; ln -s /out/kept /link",
    );
    const { id } = first;
    await first.dispose();
    assertEquals(await stateOf(on, id), "exited");
    await using second = boxOf(on, { name: keep.name });
    assertEquals((await second.read("/link")).text, "keptmore\n");
    assertEquals((await second.glob("/**")).files.map(({ path }) => path), [
      "/home/own",
      "/link",
      "/out/kept",
    ]);
    assertEquals(second.id, id);
    assertEquals(await useBox(second), "used");
  });

  testOn(engine, `${name} with a name refuses a second use at the same time`, async (on) => {
    await using keep = keepName(on);
    await using first = boxOf(on, { name: keep.name });
    await first.write("/kept", "kept");
    const refused = `unsupported: The container '${keep.name}' is in use: end the other one, or ` +
      `remove the container: deno task sandboxes --remove ${keep.name}`;
    {
      await using second = boxOf(on, { name: keep.name });
      assertEquals(await failureOf(second.start()), refused);
    }
    // The one that was refused has taken nothing with it.
    assertEquals((await first.read("/kept")).text, "kept");
    assertEquals(await useBox(first), "used");
  });

  testOn(engine, `${name} with a name lets one of many begin`, async (on) => {
    await using keep = keepName(on);
    for (const round of ["made", "kept"]) {
      const boxes = Array.from({ length: 4 }, () => boxOf(on, { name: keep.name }));
      const failures = await Promise.all(boxes.map((box) => failureOf(box.start())));
      assertEquals(failures.filter((failure) => failure === "").length, 1, failures.join("\n"));
      const refused = failures.filter((failure) => failure.includes(" is in use: "));
      assertEquals(refused.length, 3, round);
      await Promise.all(boxes.map((box) => box.dispose()));
    }
  });

  testOn(engine, `${name} with a name has one owner whatever the engine says`, async (on) => {
    await using keep = keepName(on);
    const client = await openEngine(on.address);
    const first = containerOf(on, client, keep.name);
    await first.start();
    await first.end();
    // Both find it stopped, and both are told that they have started it, as Docker may do.
    const filters = { label: [`org.routebook.keep=${keep.name}`] };
    const stopped = await client.listContainers({ all: true, filters });
    assertEquals(stopped.length, 1);
    client.listContainers = () => Promise.resolve(stopped);
    const getContainer = client.getContainer.bind(client);
    client.getContainer = (id) => {
      const container = getContainer(id);
      const start = container.start.bind(container);
      container.start = () => start().catch(() => {});
      return container;
    };
    const winner = containerOf(on, client, keep.name);
    const loser = containerOf(on, client, keep.name);
    await winner.start();
    assertStringIncludes(await failureOf(loser.start()), " is in use: ");
    await loser.end();
    assertEquals([winner.isRunning, await stateOf(on, winner.id)], [true, "running"]);
    await winner.end();
    assertEquals(await stateOf(on, winner.id), "exited");
  });

  testOn(engine, `${name} with a name may be taken by another one while it rests`, async (on) => {
    await using keep = keepName(on);
    const client = await openEngine(on.address);
    const [first, second] = [
      containerOf(on, client, keep.name),
      containerOf(on, client, keep.name),
    ];
    await first.start();
    await first.rest();
    await second.start();
    assertEquals(second.id, first.id);
    assertStringIncludes(await failureOf(first.start()), " is in use: ");
    await first.end();
    assertEquals([second.isRunning, await stateOf(on, second.id)], [true, "running"]);
    await second.end();
    await first.start();
    await first.end();
    assertEquals(await stateOf(on, first.id), "exited");
  });

  testOn(engine, `${name} with a name refuses other settings`, async (on) => {
    await using keep = keepName(on);
    {
      await using first = boxOf(on, { name: keep.name });
      await first.write("/kept", "kept");
    }
    await using other = boxOf(on, { name: keep.name, memoryBytes: 128 * 1024 * 1024 });
    assertEquals(
      await failureOf(other.start()),
      `unsupported: The container '${keep.name}' is kept as it was made, and the file asks for ` +
        "something else by now. Remove it with its files: " +
        `deno task sandboxes --remove ${keep.name}`,
    );
    await using same = boxOf(on, { name: keep.name });
    assertEquals((await same.read("/kept")).text, "kept");
  });

  testOn(
    engine,
    `listSandboxes() tells what is kept and removeSandbox() removes it: ${name}`,
    async (on) => {
      await using keep = keepName(on);
      const client = await openEngine(on.address);
      const purpose = crypto.randomUUID();
      const box = boxOf(on, { name: keep.name, purpose });
      await box.start();
      const { id } = box;
      const of = async () => (await listSandboxes(client)).find((found) => found.id === id);
      assertEquals((await of())?.state, "running");
      await box.dispose();
      const listed = await of();
      assertEquals(
        [listed?.state, listed?.keptAs, listed?.purpose, listed?.name],
        ["stopped", keep.name, purpose, `routebook-${keep.name}`],
      );
      await reapSandboxes(client, { now: Date.now() + 365 * 86_400_000, purpose });
      assertEquals(await stateOf(on, id), "exited");
      await removeSandbox(client, id ?? "");
      await removeSandbox(client, id ?? "");
      assertEquals([await of(), await stateOf(on, id)], [undefined, "gone"]);
    },
  );

  testOn(engine, `${name}.dispose() removes the container and its volumes`, async (on) => {
    const asked: string[] = [];
    await using relay = new EngineRelay(on, (sent) => {
      asked.push(sent.split(" HTTP/", 1)[0] ?? "");
      return "passed";
    });
    await relay.listen();
    const box = boxOf({ ...on, address: relay.address }, { readOnly: true });
    await box.write("/workspace/a", "a");
    const { id } = box;
    const volumes = await volumesOf(on, id);
    assertEquals(volumes.length, 2);
    await box.dispose();
    await box.dispose();
    assertEquals(await stateOf(on, id), "gone");
    // It is not asked to end first: the engine would wait for that.
    const ends = asked.filter((line) => line.startsWith("DELETE ") || line.includes("/stop"));
    assertEquals(ends, [`DELETE /containers/${id}?force=true&v=true`]);
    for (const volume of volumes) {
      assertEquals((await callEngine(on, "GET", `/volumes/${volume}`)).status, 404);
    }
    const uses = [
      () => box.start(),
      () => box.read("/workspace/a"),
      () => box.write("/workspace/a", "b"),
      () => box.execute("true"),
      () => box.snapshot(),
      () => box.stage.changes(),
    ];
    for (const use of uses) assertEquals(await failureOf(use()), DISPOSED);
  });

  testOn(engine, `${name}.dispose() ends what is under way`, async (on) => {
    const purpose = crypto.randomUUID();
    const ofTest = () => listBoxes(on, `org.routebook.for=${purpose}`);
    // While it starts.
    const early = boxOf(on, { purpose });
    const started = failureOf(early.start());
    await early.dispose();
    assertEquals([await started, (await ofTest()).length], [DISPOSED, 0]);
    // While a command and what waits for it are there.
    const box = boxOf(on, { purpose });
    const begun = Promise.withResolvers<void>();
    const command = failureOf(
      box.execute("echo begun; sleep 1000", { onOutput: () => begun.resolve() }),
    );
    const waiting = failureOf(box.execute("true"));
    await begun.promise;
    await Promise.all([box.dispose(), box.dispose()]);
    assertEquals([await command, await waiting], [DISPOSED, DISPOSED]);
    assertEquals((await ofTest()).length, 0);
  });

  testOn(engine, `${name} does many things at once`, async (on) => {
    await using box = boxOf(on);
    const many = Array.from({ length: 50 }, (_, index) => index);
    await Promise.all(many.map((index) => box.write(`/many/${index}`, `${index}`)));
    const mixed = await Promise.all(many.map(async (index) => {
      const path = `/many/${index}`;
      if (index % 10 === 0) return (await box.execute(["cat", path])).stdout.text;
      if (index % 10 === 1) return (await box.grep(`${index}`, { path })).matches[0]?.text;
      if (index % 10 === 2) return `${(await box.ls("/many")).length === 50 ? index : ""}`;
      if (index % 10 === 3) {
        await box.edit(path, { oldText: `${index}`, newText: `${index}` });
      }
      return (await box.read(path)).text;
    }));
    assertEquals(mixed, many.map((index) => `${index}`));
  });
}
