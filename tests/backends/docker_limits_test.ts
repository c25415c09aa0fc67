import { assert, assertEquals, assertMatch } from "@std/assert";
import { DockerSandbox } from "../../backends/docker/sandbox.ts";
import { callEngine, listBoxes, type TestEngine, testOn } from "../support/engine.ts";
import { failureOf, output } from "./_docker_case.ts";
import { makeImage } from "./_docker_commit.ts";
import { boxOf, ENGINES, SharedBox } from "./_docker_subject.ts";

/** What an engine says of a container's settings. */
async function hostSettings(engine: TestEngine, id: string | undefined) {
  const { body } = await callEngine(engine, "GET", `/containers/${id}/json`);
  const { HostConfig } = body as {
    readonly HostConfig: Readonly<Record<string, unknown>>;
  };
  return HostConfig;
}

for (const [name, engine] of Object.entries(ENGINES)) {
  const shared = new SharedBox(engine, { limits: { cpuSeconds: 1, fileBytes: 1024 * 1024 } });

  testOn(engine, `${name}.execute() ends what takes too much processor time`, async () => {
    const { exitCode, notes, timedOut } = await shared.box.execute("while :; do :; done", {
      timeout: 60_000,
    });
    assertEquals([exitCode, timedOut], [152, false]);
    assertEquals(notes, ["A process was ended: it took over 1 seconds of processor time"]);
  });

  testOn(engine, `${name}.execute() ends what writes too large a file`, async () => {
    const { box } = shared;
    const { exitCode, notes } = await box.execute("exec dd if=/dev/zero of=/tmp/large bs=4096");
    assertEquals(exitCode, 153);
    assertEquals(notes, ["A process was ended: it wrote a file of more than 1048576 bytes"]);
    assertEquals((await box.stat("/tmp/large")).size, 1024 * 1024);
    // File tools have limits of their own.
    await box.write("/tmp/large", new Uint8Array(2 * 1024 * 1024));
    assertEquals((await box.stat("/tmp/large")).size, 2 * 1024 * 1024);
  });

  testOn(engine, `${name} gives commands an ordinary user and nothing else`, async (on) => {
    const { box } = shared;
    assertEquals(await output(box, "id -u; id -g; id -G"), "1000\n1000\n1000\n");
    const status = await output(box, "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status");
    assertEquals(status.replaceAll("\t", " ").split("\n").slice(0, 6), [
      "CapInh: 0000000000000000",
      "CapPrm: 0000000000000000",
      "CapEff: 0000000000000000",
      "CapBnd: 0000000000000000",
      "CapAmb: 0000000000000000",
      "NoNewPrivs: 1",
    ]);
    assertEquals(await output(box, "cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '"), "lo\n");
    const settings = await hostSettings(on, box.id);
    assertEquals(settings.Privileged, false);
    for (const command of ["echo x > /etc/x", "mount -t tmpfs x /mnt", "hostname x", "su -c id"]) {
      assert((await box.execute(command)).exitCode !== 0, command);
    }
  });

  testOn(engine, `${name} has the user and the directory that were asked for`, async () => {
    const options = { user: "1234:4321", workdir: "/work/deep" };
    await using box = boxOf(engine, options);
    await box.write("/work/deep/a", "a");
    await box.write("/b", "b");
    assertEquals(await output(box, "stat -c '%u %g' /work/deep/a /b"), "1234 4321\n1234 4321\n");
    assertEquals(
      await output(box, "cd /work/deep; echo c > c; stat -c %u c; id -u"),
      "1234\n1234\n",
    );
  });

  testOn(engine, `${name} has the variables of its image and of its options`, async (on) => {
    await using made = await makeImage(on, "true", ["FROM_IMAGE=a=b", "BOTH=image", "CALL=image"]);
    await using box = boxOf(on, {
      image: made.image,
      env: { BOTH: "option", CALL: "option", OWN: "'$x'" },
    });
    const { stdout } = await box.execute(
      'printf "%s\\n" "$FROM_IMAGE" "$BOTH" "$OWN" "$CALL" "$HOME"',
      {
        env: { CALL: "call" },
      },
    );
    assertEquals(stdout.text, "a=b\noption\n'$x'\ncall\n/run/home\n");
    const names = await output(box, "env | cut -d= -f1 | sort");
    assert(!names.includes("HOSTNAME"), names);
  });

  testOn(
    engine,
    `${name} tells the engine how many processors and how much it may take`,
    async (on) => {
      await using box = boxOf(on, { cpus: 0.5, processes: 77, memoryBytes: 96 * 1024 * 1024 });
      await box.start();
      const { NanoCpus, PidsLimit, Memory, MemorySwap } = await hostSettings(on, box.id);
      assertEquals([NanoCpus, PidsLimit, Memory], [500_000_000, 77, 96 * 1024 * 1024]);
      assert(MemorySwap === Memory || MemorySwap === 0, `${MemorySwap}`);
    },
  );

  testOn(engine, `${name} says that an image has no shell, and leaves no container`, async (on) => {
    const purpose = crypto.randomUUID();
    await using empty = await emptyImage(on);
    await using box = boxOf(on, { image: empty.image, purpose });
    assertEquals(
      (await failureOf(box.start())).replace(/^(\S+ .*?): its image/, "$1: its image"),
      "io: Cannot start the container: its image has no '/bin/sh', which every sandbox needs",
    );
    assertEquals((await listBoxes(on, `org.routebook.for=${purpose}`)).length, 0);
    // Nor is it another thing the second time.
    assertMatch(await failureOf(box.read("/a")), /no '\/bin\/sh'/);
  });

  testOn(engine, `${name} says that an image is not there`, async (on) => {
    const image = `localhost:1/routebook-test-missing:${crypto.randomUUID().slice(0, 8)}`;
    await using box = boxOf(on, { image });
    const failure = await failureOf(box.start());
    assertMatch(failure, new RegExp(`^io: Cannot pull '${image}': `));
    assertMatch(failure, /Nothing was reached over the network|Check its name/);
  });

  testOn(engine, `${name} says that an engine does not answer`, async () => {
    const path = "/tmp/there-is-no-engine.sock";
    await using box = new DockerSandbox({ engine: { type: "unix", path }, image: "busybox" });
    const failure = await failureOf(box.start());
    assertMatch(failure, /^io: Cannot .*: .*there-is-no-engine/);
  });

  testOn(engine, `${name}.start() is ended by its signal`, async () => {
    await using box = boxOf(engine);
    const failure = await failureOf(box.start(AbortSignal.abort()));
    assert(failure === "" || failure.startsWith("aborted: "), failure);
    await box.start();
    assertEquals(await output(box, "echo here"), "here\n");
  });
}

/** An image with nothing in it. */
async function emptyImage(engine: TestEngine) {
  const image = `routebook-test-empty-${crypto.randomUUID().slice(0, 8)}`;
  using client = Deno.createHttpClient({
    proxy: { transport: "unix", path: engine.address.path },
    poolMaxIdlePerHost: 0,
  });
  // Two blocks of zeros are the end of an archive.
  const response = await fetch(`http://engine/images/create?fromSrc=-&repo=${image}`, {
    method: "POST",
    body: new Uint8Array(1024),
    headers: { "Content-Type": "application/x-tar" },
    client,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`There is no empty image: ${text}`);
  return {
    image,
    [Symbol.asyncDispose]: async () => {
      await callEngine(engine, "DELETE", `/images/${image}?force=true`);
    },
  };
}
