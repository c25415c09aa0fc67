import { assert, assertEquals } from "@std/assert";
import { containerSettings } from "../../backends/docker/_settings.ts";
import { Container } from "../../backends/docker/container.ts";
import { openEngine } from "../../backends/docker/engine.ts";
import { parseIdleName } from "../../backends/docker/labels.ts";
import { listSandboxes, reapSandboxes } from "../../backends/docker/reaper.ts";
import { callEngine, listBoxes, type TestEngine, testOn } from "../support/engine.ts";
import { failureOf, output, stateOf, until, useBox } from "./_docker_case.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Starts a program that has a container, and kills it. */
async function killedOwner(engine: TestEngine, purpose: string, name?: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      "--allow-all",
      new URL("./_docker_owner_child.ts", import.meta.url).pathname,
      ...[engine.address.path, engine.image, purpose, ...(name === undefined ? [] : [name])],
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  let said = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.includes("\n")) break;
  }
  child.kill("SIGKILL");
  await child.status;
  return said.trim();
}

/** A word that the containers of one test have: others' are not to be reaped. */
function newPurpose(): string {
  return `test-${crypto.randomUUID().slice(0, 8)}`;
}

/** What becomes of a container when the engine is asked to clean up at some time. */
async function reaped(
  engine: TestEngine,
  purpose: string,
  id: string | undefined,
  after = 0,
): Promise<string> {
  const now = Date.now() + after;
  await reapSandboxes(await openEngine(engine.address), { now, purpose });
  return await stateOf(engine, id);
}

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(engine, `${name} ends when its owner is killed, and is reaped`, async (on) => {
    const purpose = newPurpose();
    const id = await killedOwner(on, purpose);
    assert(/^[0-9a-f]{64}$/.test(id), id);
    await until("the end of the container", async () => await stateOf(on, id) === "exited");
    const listed = await listSandboxes(await openEngine(on.address));
    assertEquals(listed.find((found) => found.id === id)?.state, "orphaned");
    assertEquals(await reaped(on, purpose, id), "gone");
  });

  testOn(engine, `${name} with a name outlives its owner, and its files do`, async (on) => {
    const [keep, purpose] = [newPurpose(), newPurpose()];
    const id = await killedOwner(on, purpose, keep);
    await until("the end of the container", async () => await stateOf(on, id) === "exited");
    assertEquals(await reaped(on, purpose, id, 365 * DAY), "exited");
    const box = boxOf(on, { name: keep, purpose });
    assertEquals((await box.read("/out/kept")).text, "kept");
    assertEquals(box.id, id);
    await box.dispose();
    await callEngine(on, "DELETE", `/containers/${id}?force=true&v=true`);
  });

  testOn(engine, `reapSandboxes() leaves what runs and what is just made: ${name}`, async (on) => {
    const purpose = newPurpose();
    await using box = boxOf(on, { purpose });
    await box.start();
    assertEquals(await reaped(on, purpose, box.id, 365 * DAY), "running");
    // One whose owner has made it and is about to start it.
    const { body } = await callEngine(on, "POST", "/containers/create", {
      Image: on.image,
      Labels: { "org.routebook.sandbox": "1", "org.routebook.for": purpose },
    });
    const { Id } = body as { readonly Id: string };
    assertEquals(await reaped(on, purpose, Id, 9 * MINUTE), "created");
    assertEquals(await reaped(on, purpose, Id, 11 * MINUTE), "gone");
    assertEquals(await useBox(box), "used");
  });

  testOn(
    engine,
    `${name} that nobody uses is stopped, and started again with its files`,
    async (on) => {
      const purpose = newPurpose();
      await using box = boxOf(on, { idleMilliseconds: 300, purpose });
      await box.write("/out/kept", "kept");
      const { id } = box;
      const idle = () => until("the rest", async () => await stateOf(on, id) === "exited");
      await idle();
      const listed = await listSandboxes(await openEngine(on.address));
      assertEquals(listed.find((found) => found.id === id)?.state, "idle");
      assertEquals(await reaped(on, purpose, id, 9 * MINUTE), "exited");
      assertEquals((await box.read("/out/kept")).text, "kept");
      assertEquals(box.id, id);
      await idle();
      assertEquals(await output(box, "cat /out/kept"), "kept");
      // What takes longer than that is use.
      assertEquals(await output(box, "sleep 1; echo slow"), "slow\n");
      await idle();
      const many = Array.from({ length: 8 }, () => box.read("/out/kept"));
      assertEquals((await Promise.all(many)).map(({ text }) => text), Array(8).fill("kept"));
      // Its name says so no more, which is looked at while it is in use.
      const [begun, stop] = [Promise.withResolvers<void>(), new AbortController()];
      const use = failureOf(
        box.execute("echo begun; sleep 1000", {
          signal: stop.signal,
          onOutput: () => begun.resolve(),
        }),
      );
      await begun.promise;
      const running = (await listBoxes(on)).find((found) => found.id === id);
      assertEquals(running?.name.startsWith("routebook-idle-"), false);
      stop.abort();
      assert((await use).startsWith("aborted: "));
    },
  );

  testOn(engine, `${name} that is stopped is reaped once its owner is gone`, async (on) => {
    const purpose = newPurpose();
    const box = boxOf(on, { idleMilliseconds: 100, purpose });
    await box.start();
    const { id } = box;
    await until("the rest", async () => await stateOf(on, id) === "exited");
    // The next sign of its owner comes after half a minute.
    assertEquals(await reaped(on, purpose, id, 11 * MINUTE), "gone");
    assert((await failureOf(box.read("/a"))).startsWith("io: Cannot start the container: "));
    await box.dispose();
  });

  testOn(
    engine,
    `${name} that is stopped is its owner's as long as that one is there`,
    async (on) => {
      const [client, purpose, image] = [await openEngine(on.address), newPurpose(), on.image];
      const settings = containerSettings({ box: { image }, image, workdir: "/workspace", purpose });
      const container = new Container({ engine: client, settings, beatMilliseconds: 20 });
      await container.start();
      await container.rest();
      const { id } = container;
      const seen = async () => {
        const { Name } = await client.getContainer(id ?? "").inspect();
        return parseIdleName(Name.slice(1))?.seen ?? 0;
      };
      const first = await seen();
      await until("a sign of the owner", async () => await seen() > first);
      const reapedAt = async (now: number) => {
        await reapSandboxes(client, { now, purpose });
        return await stateOf(on, id);
      };
      assertEquals(await reapedAt(first + 10 * MINUTE + 1), "exited");
      await container.start();
      const { Name } = await client.getContainer(id ?? "").inspect();
      assertEquals([parseIdleName(Name.slice(1)), container.isRunning], [undefined, true]);
      await container.end();
      assertEquals(await stateOf(on, id), "gone");
    },
  );

  testOn(engine, `${name} ends at its hard timeout whatever it does`, async (on) => {
    const box = boxOf(on, { hardMilliseconds: 1_500 });
    await box.start();
    const { id } = box;
    const over = "timeout: The container reached its hard timeout of 1.5 s";
    assertEquals(await failureOf(box.execute("sleep 1000")), over);
    assertEquals(await failureOf(box.read("/a")), over);
    assertEquals(await failureOf(box.execute("true")), over);
    await until("the end", async () => await stateOf(on, id) === "gone");
    await box.dispose();
  });

  testOn(engine, `${name} with a name keeps its files at its hard timeout`, async (on) => {
    const keep = newPurpose();
    const box = boxOf(on, { name: keep, hardMilliseconds: 5_000 });
    await box.write("/out/kept", "kept");
    const { id } = box;
    assert((await failureOf(box.execute("sleep 1000"))).startsWith("timeout: "));
    await box.dispose();
    assertEquals(await stateOf(on, id), "exited");
    const again = boxOf(on, { name: keep });
    assertEquals((await again.read("/out/kept")).text, "kept");
    await again.dispose();
    await callEngine(on, "DELETE", `/containers/${id}?force=true&v=true`);
  });

  testOn(engine, `${name} that somebody else stops is started again`, async (on) => {
    await using box = boxOf(on);
    await box.write("/out/kept", "kept");
    for (let round = 0; round < 3; round++) {
      await callEngine(on, "POST", `/containers/${box.id}/kill`);
      const uses = Array.from({ length: 5 }, () => box.read("/out/kept"));
      assertEquals((await Promise.all(uses)).map(({ text }) => text), Array(5).fill("kept"));
      assertEquals(await useBox(box), "used");
    }
    // In the middle of a command.
    const begun = Promise.withResolvers<void>();
    const command = box.execute("echo begun; sleep 1000", { onOutput: () => begun.resolve() });
    await begun.promise;
    await callEngine(on, "POST", `/containers/${box.id}/kill`);
    const { exitCode, stdout, timedOut } = await command;
    assertEquals([exitCode, stdout.text, timedOut], [137, "begun\n", false]);
    assertEquals(await useBox(box), "used");
  });
}
