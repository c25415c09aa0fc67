/**
 * Engines that do not do what they are told, and owners that are killed in between.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { follow } from "../../backends/docker/_demux.ts";
import { initScript } from "../../backends/docker/_init.ts";
import { containerSettings } from "../../backends/docker/_settings.ts";
import { Container } from "../../backends/docker/container.ts";
import { openEngine } from "../../backends/docker/engine.ts";
import { DockerSandbox } from "../../backends/docker/sandbox.ts";
import { callEngine, testOn } from "../support/engine.ts";
import { EngineRelay } from "../support/engine_relay.ts";
import { arrival, failureOf, output, stateOf, until, useBox } from "./_docker_case.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

/** What an engine answers that cannot. */
const REFUSAL = 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 17\r\n\r\n{"message":"no!"}';

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(engine, `a command that ${name} does not start can be aborted`, async (on) => {
    const lost = Promise.withResolvers<void>();
    let isWell = false;
    await using relay = new EngineRelay(on, (sent) => {
      if (isWell || !sent.includes("echo of the command")) return "passed";
      lost.resolve();
      return "lost";
    });
    await relay.listen();
    await using box = new DockerSandbox({ engine: relay.address, image: on.image });
    await box.write("/kept", "kept");
    const abort = new AbortController();
    const failure = failureOf(box.execute("echo of the command", { signal: abort.signal }));
    const waiting = box.execute("cat /kept");
    await lost.promise;
    abort.abort();
    assertMatch(await arrival("the end of the command", failure), /^aborted: /);
    assertEquals((await waiting).stdout.text, "kept");
    isWell = true;
    assertEquals(await output(box, "echo of the command"), "of the command\n");
  });

  testOn(engine, `a container that ${name} cannot stop for a while goes on`, async (on) => {
    const refused = Promise.withResolvers<void>();
    let isWell = false;
    await using relay = new EngineRelay(on, (sent) => {
      if (isWell || !/^POST [^ ]*\/rename\?/.test(sent)) return "passed";
      refused.resolve();
      return { answer: REFUSAL };
    });
    await relay.listen();
    await using box = new DockerSandbox({
      engine: relay.address,
      image: on.image,
      idleMilliseconds: 100,
    });
    await box.write("/kept", "kept");
    await refused.promise;
    const { id } = box;
    assertEquals(await useBox(box), "used");
    assertEquals(await stateOf(on, id), "running");
    isWell = true;
    assertEquals(await useBox(box), "used");
    await until("the rest", async () => await stateOf(on, id) === "exited");
    assertEquals((await box.read("/kept")).text, "kept");
  });

  testOn(engine, `a kept container of ${name} that nobody takes hold of ends`, async (on) => {
    const [client, { image }] = [await openEngine(on.address), on];
    const keep = `test-${crypto.randomUUID().slice(0, 8)}`;
    const settings = containerSettings({
      box: { image, name: keep },
      image,
      workdir: "/workspace",
    });
    const words = { workdir: "/workspace", tree: [], volumes: [], uid: "1000", ownerSeconds: 1 };
    // What an owner leaves that is killed right after the start.
    const left = await client.createContainer({ ...settings, Cmd: ["-c", initScript(words)] });
    await left.start();
    await until("the end", async () => await stateOf(on, left.id) === "exited");
    await left.remove({ v: true });
    const held = new Container({ engine: client, settings, keep });
    await held.start();
    const isKnown = async () => {
      let said = "";
      const stream = await held.exec({ words: ["ls", "/run/image"], user: "0:0" });
      await follow(stream, (bytes) => said += new TextDecoder().decode(bytes), () => {});
      return said.split("\n").includes("held");
    };
    await until("the word of its owner", isKnown);
    assertEquals([held.isRunning, await stateOf(on, held.id)], [true, "running"]);
    await held.end();
    await callEngine(on, "DELETE", `/containers/${held.id}?force=true&v=true`);
  });

  testOn(engine, `${name} is asked for the platform of a sandbox`, async (on) => {
    const tag = "127.0.0.1:1/routebook-test-platform:1";
    const [repo] = tag.split(/:1$/);
    await callEngine(on, "POST", `/images/${on.image}/tag?repo=${repo}&tag=1`);
    try {
      await using box = boxOf(on, { image: tag, platform: "linux/s390x" });
      assertMatch(await failureOf(box.start()), /^io: Cannot pull '127\.0\.0\.1:1\/routebook-/);
    } finally {
      await callEngine(on, "DELETE", `/images/${tag}`);
    }
  });
}
