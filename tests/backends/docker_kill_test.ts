import { assert, assertEquals, assertMatch } from "@std/assert";
import { testOn } from "../support/engine.ts";
import { failureOf, output, sleepersOf, useBox } from "./_docker_case.ts";
import { ENGINES, SharedBox } from "./_docker_subject.ts";

/** Children that have left their parent, their session and their output. */
const RUNAWAYS = `
setsid sleep 1000 > /dev/null 2>&1 &
(setsid sh -c 'sleep 1001 & exec sleep 1002' > /dev/null 2>&1 &)
trap '' TERM INT HUP
echo out; echo err >&2
`;
/** What stops or kills every process of the user but the one that does it. */
const everyProcess = (signal: string) =>
  `for p in /proc/[0-9]*; do p=\${p#/proc/}; [ $p = $$ ] || kill -${signal} $p 2> /dev/null; done`;

for (const [name, engine] of Object.entries(ENGINES)) {
  const shared = new SharedBox(engine);

  testOn(engine, `${name}.execute() kills runaways at a timeout and keeps output`, async () => {
    const { box } = shared;
    const late = await box.execute(`${RUNAWAYS} sleep 1003`, { timeout: 5_000 });
    const { exitCode, timedOut, stdout, stderr, notes } = late;
    assertEquals(
      { exitCode, timedOut, stdout: stdout.text, stderr: stderr.text, notes },
      { exitCode: 124, timedOut: true, stdout: "out\n", stderr: "err\n", notes: [] },
    );
    assertEquals(await sleepersOf(box), []);
    assertEquals(await useBox(box), "used");
  });

  testOn(engine, `${name}.execute() kills runaways at an abort and tells output`, async () => {
    const { box } = shared;
    const controller = new AbortController();
    let told = "";
    const failure = await failureOf(box.execute(`${RUNAWAYS} sleep 1003`, {
      signal: controller.signal,
      onOutput: ({ stream, text }) => {
        told += `${stream} ${text}`;
        if (told.includes("out") && told.includes("err")) controller.abort();
      },
    }));
    assertEquals(failure, "aborted: The command was aborted");
    assertEquals(await sleepersOf(box), []);
    assertEquals(await useBox(box), "used");
  });

  testOn(engine, `${name}.execute() leaves no runaway of a command that ends`, async () => {
    const { box } = shared;
    assertEquals(await output(box, RUNAWAYS), "out\n");
    assertEquals(await sleepersOf(box), []);
  });

  testOn(engine, `${name}.execute() survives a command that kills everything`, async () => {
    const { box } = shared;
    await box.write("/kept", "kept");
    const { exitCode, stdout, timedOut } = await box.execute("echo before; kill -9 -1; echo after");
    // The shell itself is not among those that it kills, but the one that started it is.
    assertEquals([exitCode, stdout.text.startsWith("before\n"), timedOut], [137, true, false]);
    assertEquals((await box.read("/kept")).text, "kept");
    assertEquals(await useBox(box), "used");
    assertEquals(await sleepersOf(box), []);
  });

  testOn(engine, `${name}.execute() survives a command that stops the file server`, async () => {
    const { box } = shared;
    await box.write("/kept", "kept");
    const { exitCode, timedOut } = await box.execute(
      `${everyProcess("STOP")}; sleep 1000`,
      { timeout: 1_000 },
    );
    assertEquals([exitCode, timedOut], [124, true]);
    assertEquals((await box.read("/kept")).text, "kept");
    assertEquals(await useBox(box), "used");
    assertEquals(await sleepersOf(box), []);
  });

  testOn(
    engine,
    `${name} goes on with files that were asked for while it was stopped`,
    async () => {
      const { box } = shared;
      await box.write("/kept", "kept");
      const stopped = Promise.withResolvers<void>();
      const command = box.execute(`${everyProcess("STOP")}; echo stopped; sleep 1000`, {
        timeout: 5_000,
        onOutput: () => stopped.resolve(),
      });
      await Promise.race([stopped.promise, command]);
      const [{ timedOut }, { text }] = await Promise.all([command, box.read("/kept")]);
      assertEquals([timedOut, text], [true, "kept"]);
      await box.delete("/kept");
    },
  );

  testOn(engine, `${name} gives a whole large file that is read while a command ends`, async () => {
    const { box } = shared;
    await box.execute("head -c 60000000 /dev/zero | tr '\\0' x > /large");
    const reads = Array.from({ length: 6 }, () => box.readBytes("/large"));
    await box.execute("true");
    assertEquals((await Promise.all(reads)).map(({ length }) => length), Array(6).fill(60_000_000));
    await box.delete("/large");
  });

  testOn(engine, `${name}.execute() does not let a command rewrite the file server`, async () => {
    const { box } = shared;
    // What is written there would be done by the server: from then on nothing would be killed.
    const { exitCode } = await box.execute(`
      for p in /proc/[0-9]*; do
        case $(tr '\\0' ' ' < $p/cmdline) in "/bin/sh "|*/sh" ") ;; *) continue ;; esac
        echo 'quell() { killed; }; kill() { :; }' > $p/fd/0
      done 2> /dev/null
      sleep 1000 > /dev/null 2>&1 &
      exit 3
    `);
    assertEquals(exitCode, 3);
    assertEquals(await sleepersOf(box), []);
    assertEquals(await useBox(box), "used");
  });

  testOn(engine, `${name}.execute() survives what a command does to the server's own`, async () => {
    const { box } = shared;
    for (
      const command of [
        "cd /run/box; rm -f said mark; mkfifo said mark input script",
        "cd /run/box; rm -f said mark; mkdir said mark input script",
        "cd /run/box; rm -f said mark; for n in said mark input script; do ln -s /kept $n; done",
        "chmod 0 /run/box /run/home; rm -rf /run/box /run/home; mkdir -p /run/x/y; chmod 0 /run/x",
        "dd if=/dev/zero of=/run/box/junk bs=1M 2> /dev/null; mkdir /run/home/d; chmod 0 /run/home/d",
      ]
    ) {
      await box.write("/kept", "kept");
      await box.execute(command);
      assertEquals((await box.execute("cat", { stdin: "input" })).stdout.text, "input", command);
      assertEquals((await box.read("/kept")).text, "kept", command);
      assertEquals(
        await failureOf(box.write("/kept/x", "")),
        "not_directory: Cannot write '/kept/x': a name on the way to it is a file",
        command,
      );
      assertEquals(await output(box, "find /run/box /run/home /run/x 2> /dev/null | wc -l"), "3\n");
    }
    assertEquals(await sleepersOf(box), []);
  });

  testOn(engine, `${name}.execute() empties what a command fills that is in memory`, async () => {
    const { box } = shared;
    const fill = (path: string) => `dd if=/dev/zero of=${path} bs=1M`;
    const { exitCode, stderr } = await box.execute(
      `${fill("/run/fill")}; ${fill("/dev/shm/fill")}`,
    );
    assertEquals(exitCode, 1);
    assertMatch(stderr.text, /No space left/);
    const used = await output(box, "df -k /run /dev/shm | awk 'NR > 1 { print $3 < 9000 }'");
    assertEquals(used, "1\n1\n");
    assertEquals((await box.execute("cat", { stdin: "input" })).stdout.text, "input");
  });

  testOn(engine, `${name}.execute() takes floods of output`, async () => {
    const { box } = shared;
    const flood = await box.execute("yes out | head -c 50000000; yes err | head -c 50000000 >&2");
    assertEquals(
      [flood.exitCode, flood.stdout.bytes, flood.stderr.bytes],
      [0, 50_000_000, 50_000_000],
    );
    assert(flood.stdout.text.length < 300_000 && flood.stderr.text.length < 300_000);
    const endless = await box.execute("yes out & yes err >&2", { timeout: 1_000 });
    assertEquals([endless.exitCode, endless.timedOut], [124, true]);
    assertEquals(await useBox(box), "used");
  });
}
