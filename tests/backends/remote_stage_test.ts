import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { RemoteShell, serveShell } from "../../backends/shells/remote_shell.ts";
import { RemoteStage, serveStage, STAGE_METHODS } from "../../backends/shells/remote_stage.ts";
import { type Stage, STAGE_BATCH, stageBatches } from "../../backends/shells/stage.ts";
import { StagingShell } from "../../backends/shells/staging.ts";
import { channelPair } from "./_channel_pair.ts";
import { makeSubject, NO_SANDBOX } from "./_sandbox_subject.ts";
import { codeOf } from "./_shell_case.ts";

const WHY = NO_SANDBOX === undefined ? "" : ` (ignored: ${NO_SANDBOX})`;

Deno.test({
  name: `RemoteStage brings files to a sandbox of another process and back, through a third${WHY}`,
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    await using subject = await makeSubject();
    const { sandbox, memory, backend, local } = subject;
    await using host = channelPair();
    await using relay = channelPair();
    serveShell(host.server, () => sandbox);
    serveStage(host.server, () => sandbox.stage);
    serveShell(relay.server, () => host.client);
    serveStage(relay.server, () => host.client);
    const shell = new StagingShell({
      shell: new RemoteShell({ channel: relay.client, type: "sandbox" }),
      stage: new RemoteStage({ channel: relay.client }),
      backend,
      mounts: ["/project/", "/readonly/"],
      onLocalChange: (path) => (local as string[]).push(path),
    });
    // More than one call carries, in bytes and in number.
    const large = "x".repeat(STAGE_BATCH.bytes / 2 + 1);
    for (const name of ["a", "b", "c"]) await memory.write(`/large/${name}`, large);
    for (let index = 0; index < STAGE_BATCH.entries + 1; index++) {
      await memory.write(`/small/${index}`, `${index}\n`);
    }
    await memory.write("/empty/d/x", "");
    await memory.delete("/empty/d/x");
    const script = "cat /large/* | wc -c; cat /small/* | wc -l; ls -A /empty; mkdir /out; " +
      "for n in a b c; do tr x y < /large/$n > /out/$n; done; for i in $(seq 0 1000); do echo n > /small/$i; done; " +
      "echo l > /project/l; rm -r /large";
    const { stdout, stderr, notes } = await shell.execute(script);
    assertEquals([stdout.text, stderr.text, notes], [`${3 * large.length}\n1001\nd\n`, "", []]);
    assertEquals(memory.files.get("/out/c")?.text, large.replaceAll("x", "y"));
    assertEquals(memory.files.get("/small/1000")?.text, "n\n");
    assertEquals((await memory.ls("/")).map(({ path }) => path), ["/empty", "/out", "/small"]);
    assertEquals(local, ["/project/l"]);
    const controller = new AbortController();
    const call = shell.execute("echo kept > /kept; echo ready; sleep 60", {
      signal: controller.signal,
      onOutput: () => controller.abort(),
    });
    assertEquals(await codeOf(call), "aborted");
    assertEquals(memory.files.get("/kept")?.text, "kept\n");
  },
});

Deno.test({
  name: `serveStage() refuses what is no call of a stage, and places that are no memory${WHY}`,
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    await using subject = await makeSubject();
    const { sandbox, project } = subject;
    await sandbox.stage.reset();
    await using pair = channelPair();
    serveStage(pair.server, () => sandbox.stage);
    const one = new Uint8Array(1);
    const { put, read, delete: remove } = STAGE_METHODS;
    const hostile: readonly (readonly [string, unknown, Uint8Array | undefined, string])[] = [
      [put, null, undefined, "needs its entries"],
      [put, { entries: "/a" }, undefined, "needs its entries"],
      [put, { entries: ["/a"] }, undefined, "must be a text"],
      [put, { entries: [["/a"]] }, one, "needs its size"],
      [put, { entries: [["/a", 2]] }, one, "needs its size"],
      [put, { entries: [["/a", -1]] }, one, "needs its size"],
      [put, { entries: [["/a", 0]] }, one, "has bytes of no entry"],
      [put, { entries: [["relative", 1]] }, one, "is not absolute"],
      [put, { entries: [["/", 1]] }, one, "is no canonical path"],
      [put, { entries: [["/a/../b", 1]] }, one, "is no canonical path"],
      [put, { entries: [["/../../x", 1]] }, one, "leaves the root"],
      [put, { entries: [["/a\0b", 1]] }, one, "has a NUL"],
      [put, { entries: [["/project/x", 1]] }, one, "it is no file of memory"],
      [put, { entries: [["/project", null]] }, undefined, "it is no file of memory"],
      [put, { entries: [["/usr/bin/sh", 1]] }, one, "it is no file of memory"],
      [put, { entries: [["/etc/passwd", 1]] }, one, "it is no file of memory"],
      [remove, { paths: "/a" }, undefined, "needs its paths"],
      [remove, { paths: ["/project/kept"] }, undefined, "it is no file of memory"],
      [remove, { paths: ["/run"] }, undefined, "it is no file of memory"],
      [read, { paths: [1] }, undefined, "must be a text"],
      [read, { paths: ["/project/kept"] }, undefined, "it is no file of memory"],
      [read, { paths: ["/etc/shadow"] }, undefined, "it is no file of memory"],
    ];
    await Deno.writeTextFile(`${project}/kept`, "kept");
    for (const [method, params, bytes, reason] of hostile) {
      const error = await assertRejects(() => pair.client.request(method, params, { bytes }));
      assertStringIncludes(String(error), reason, JSON.stringify(params));
    }
    assertEquals(await Deno.readTextFile(`${project}/kept`), "kept");
    // What a command left may be a link: nothing is done by way of it.
    await sandbox.execute("ln -s /etc /link; ln -s / /root");
    const stage = new RemoteStage({ channel: pair.client });
    const through = () => stage.put([{ path: "/link/x", type: "file", bytes: one }]);
    assertStringIncludes(String(await assertRejects(through)), "must be asked for first");
    await stage.changes();
    await through();
    assertEquals(await stage.read(["/link/x", "/link", "/none"]), [one, undefined, undefined]);
  },
});

Deno.test("serveStage() keeps what went wrong on the host in its process", async () => {
  await using pair = channelPair();
  const fail = () => Promise.reject(new Deno.errors.NotFound("cannot open '/home/somebody/stage'"));
  const stage: Stage = { put: fail, delete: fail, changes: fail, read: fail, reset: fail };
  serveStage(pair.server, () => stage);
  const remote = new RemoteStage({ channel: pair.client });
  const error = await assertRejects(() => remote.changes(), BackendError);
  assertEquals([error.code, error.message], ["io", "The stage failed (NotFound)"]);
});

Deno.test("RemoteStage takes no answer of another form", async () => {
  const good = { files: [], directories: [], deleted: [], lost: [], local: [], notes: [] };
  for (
    const value of [
      null,
      [],
      {},
      { ...good, files: [{ path: "/a", size: 1 }] },
      { ...good, files: [{ path: "/a/../../b", size: 1, written: true }] },
      { ...good, files: [{ path: "/a", size: -1, written: true }] },
      { ...good, deleted: ["relative"] },
      { ...good, deleted: ["/"] },
      { ...good, local: [1] },
      { ...good, notes: [null] },
      { ...good, refused: 1 },
    ]
  ) {
    await using pair = channelPair();
    pair.server.handle(STAGE_METHODS.changes, () => ({ value }));
    const remote = new RemoteStage({ channel: pair.client });
    assert(await assertRejects(() => remote.changes()) instanceof Error, JSON.stringify(value));
  }
  for (const [value, bytes] of [[[1, 1], 2], [[3], 2], [[1], 2], ["x", 0], [[-1], 0]] as const) {
    await using pair = channelPair();
    pair.server.handle(STAGE_METHODS.read, () => ({ value, bytes: new Uint8Array(bytes) }));
    const remote = new RemoteStage({ channel: pair.client });
    const message = String(await assertRejects(() => remote.read(["/a"])));
    assertStringIncludes(message, "an answer of no known form");
  }
});

Deno.test("stageBatches() divides by number and by size and loses nothing", () => {
  assertEquals(stageBatches([], () => 1), []);
  const sizes = [1, STAGE_BATCH.bytes, 1, 1, STAGE_BATCH.bytes * 2, 0, STAGE_BATCH.bytes - 1];
  assertEquals(stageBatches(sizes, (size) => size), [
    [1],
    [STAGE_BATCH.bytes],
    [1, 1],
    [STAGE_BATCH.bytes * 2],
    [0, STAGE_BATCH.bytes - 1],
  ]);
  const many = Array.from({ length: 2 * STAGE_BATCH.entries + 1 }, (_, index) => index);
  const batches = stageBatches(many, () => 0);
  assertEquals(batches.map(({ length }) => length), [STAGE_BATCH.entries, STAGE_BATCH.entries, 1]);
  assertEquals(batches.flat(), many);
});
