/**
 * What a container says without end, to the process that holds it: its memory and its time are bounded.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { LABELS } from "../../backends/docker/labels.ts";
import { DockerSandbox } from "../../backends/docker/sandbox.ts";
import { arrival, failureOf, output } from "../backends/_docker_case.ts";
import { makeImage } from "../backends/_docker_commit.ts";
import { boxOf, ENGINES } from "../backends/_docker_subject.ts";
import { countBoxes, DATASCIENCE_IMAGE, DOCKER, testOn } from "../support/engine.ts";

const MEBIBYTE = 1024 * 1024;
/** What this process may grow by while containers flood it. */
const GROWTH = 400 * MEBIBYTE;

/** Fails where this process grows by too much while something is done. */
async function within(growth: number, work: () => Promise<void>): Promise<void> {
  const before = Deno.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  const grown = Math.round((most - before) / MEBIBYTE);
  assert(most - before < growth, `It grew by ${grown} MiB`);
}

/** Says on its standard error what would end the command, and never the end of that line. */
const ENDLESS_WORD = `
word=$(tr '\\0' '\\n' < /proc/$PPID/cmdline | grep -E '^[0-9a-f]{32}$')
printf '\\n%s ' "$word" >&2
exec head -c 150000000 /dev/zero >&2
`;

/** Makes a file longer and longer: 100 MB of lines. */
const GROWING = "i=0; while [ $i -lt 100 ]; do yes | head -c 1000000; i=$((i + 1)); done > " +
  "/workspace/grows";

/** Stops the program that reads a file for the file server, and speaks in its place without end. */
const SPEAKS = `
echo looking
while :; do
  for p in /proc/[0-9]*; do
    read -r name < $p/comm && [ "$name" = cat ] && kill -STOP \${p#/proc/} || continue
    exec 3> $p/fd/1 || continue
    echo speaking
    while :; do echo word >&3; sleep 0.1; done
  done
done 2> /dev/null
`;

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `what a command in a container of ${name} prints takes bounded memory`,
    async (on) => {
      await using box = boxOf(on);
      await box.start();
      await within(GROWTH, async () => {
        const flood = await box.execute("yes | head -c 200000000; head -c 100000000 /dev/zero");
        assertEquals([flood.exitCode, flood.stdout.bytes], [0, 300_000_000]);
        assert(flood.stdout.text.length < MEBIBYTE);
        const line = await box.execute("head -c 150000000 /dev/zero | tr '\\0' x >&2");
        assertEquals(line.stderr.bytes, 150_000_000);
        const word = await box.execute(ENDLESS_WORD);
        assert(word.stderr.bytes > 150_000_000, `${word.stderr.bytes}`);
      });
      assertEquals((await box.execute("echo here")).stdout.text, "here\n");
    },
  );

  testOn(engine, `a file that grows in a container of ${name} takes bounded memory`, async (on) => {
    await using box = boxOf(on);
    await box.start();
    await within(GROWTH, async () => {
      const grown = box.execute(GROWING, { timeout: 60_000 });
      // It is there once the first of these is not refused.
      while (await failureOf(box.stat("/workspace/grows")) !== "");
      const said = await Promise.all([
        failureOf(box.readBytes("/workspace/grows")),
        failureOf(box.read("/workspace/grows", { limit: 10 })),
        failureOf(box.read("/workspace/grows")),
        failureOf(box.edit("/workspace/grows", { oldText: "n", newText: "y" })),
        failureOf(box.grep("never", { path: "/workspace" })),
      ]);
      for (const text of said) assertMatch(text, /^(?:|(?:too_large|no_match|io|timeout): [^]*)$/);
      assertEquals((await grown).exitCode, 0);
      const { lines } = await box.read("/workspace/grows", { limit: 10 });
      assertEquals(lines, 10);
    });
  });

  testOn(
    engine,
    `a container of ${name} with 60,000 names is listed, or refused, in bounded memory`,
    async (on) => {
      await using box = boxOf(on);
      await box.start();
      await within(GROWTH, async () => {
        await box.execute("mkdir /workspace/d; cd /workspace/d; seq 60000 | xargs touch", {
          timeout: 120_000,
        });
        const { files, truncated } = await box.glob("**", { path: "/workspace" });
        assertEquals([files.length, truncated], [1_000, true]);
      });
      assertEquals((await box.execute("rm -rf /workspace/d; echo here")).stdout.text, "here\n");
    },
  );
}

/** Replaces programs of an image by a script. */
function replacing(names: string, script: string): string {
  return `for n in ${names}; do rm -f /usr/bin/$n; printf '#!/bin/sh\\n%s\\n' '${script}' > /usr/bin/$n; ` +
    "chmod 755 /usr/bin/$n; done";
}

/** Images whose programs are not what they are elsewhere: what is replaced, and by what. */
const IMAGES: Readonly<Record<string, readonly [names: string, script: string]>> = {
  "'stat' prints garbage": ["stat", "echo garbage; exit 0"],
  "'stat' prints a line without end": ["stat", 'exec tr "\\\\0" x < /dev/zero'],
  "'find' prints without end": ["find", "exec yes /etc/passwd"],
  "'cat' prints without end": ["cat head tail", "exec yes x"],
  "'base64' and 'mv' fail": ["base64 mv ln", "echo taken >&2; exit 1"],
};

for (const [what, [names, script]] of Object.entries(IMAGES)) {
  testOn(
    DOCKER,
    `an image whose ${what} makes clear errors, in bounded time and memory`,
    async (engine) => {
      const base = { ...engine, image: DATASCIENCE_IMAGE };
      await using made = await makeImage(base, replacing(names, script));
      await using box = new DockerSandbox({ engine: engine.address, image: made.image });
      await within(2 * GROWTH, async () => {
        const signal = () => ({ signal: AbortSignal.timeout(10_000) });
        const started = await failureOf(box.start(AbortSignal.timeout(30_000)));
        assertMatch(started, /^(?:|[a-z_]+: .{10,})$/);
        if (started !== "") return;
        const said = [
          await failureOf(box.write("/workspace/a", "a", signal())),
          await failureOf(box.read("/workspace/a", signal())),
          await failureOf(box.readBytes("/workspace/a", signal())),
          await failureOf(box.ls("/workspace", signal())),
          await failureOf(box.grep("a", { path: "/workspace", ...signal() })),
        ];
        for (const text of said) {
          assertMatch(text, /^(?:|(?:io|not_found|too_large|aborted|unsupported): [^]{10,500})$/);
          assert(!text.includes(engine.address.path), text);
        }
        assert(said.some((text) => text !== ""), "Nothing failed");
      });
    },
  );
}

/** Says that three files are elsewhere: its directory's directory, a file of the system, a sibling. */
const LYING = `mv /usr/bin/stat /usr/bin/stat.real
cat > /usr/bin/stat << 'END'
#!/bin/sh
case "$*" in
  *%n*) /usr/bin/stat.real "$@" |
    sed -e 's#/a$#/..#' -e 's#/b$#/../../../etc/passwd#' -e 's#/c$#/../other/x#' ;;
  *) exec /usr/bin/stat.real "$@" ;;
esac
END
chmod 755 /usr/bin/stat`;

testOn(
  DOCKER,
  "an image whose 'stat' names files elsewhere leads no search and no listing there",
  async (engine) => {
    await using made = await makeImage({ ...engine, image: DATASCIENCE_IMAGE }, LYING);
    await using box = new DockerSandbox({ engine: engine.address, image: made.image });
    for (const name of "abcd") await box.write(`/workspace/${name}`, "x");
    const paths = (infos: readonly { readonly path: string }[]) => infos.map(({ path }) => path);
    assertEquals(paths(await box.ls("/workspace")), [
      "/workspace/d",
      "/workspace/passwd",
      "/workspace/x",
    ]);
    const path = "/workspace";
    assertEquals(paths((await box.glob("**", { path })).files), ["/workspace/d"]);
    const { matches, failures } = await box.grep("x", { path });
    assertEquals([paths(matches), failures], [["/workspace/d"], []]);
  },
);

testOn(DOCKER, "who speaks for the file server can be ended", async (on) => {
  await using box = boxOf(on, { image: DATASCIENCE_IMAGE });
  await output(box, "yes 'a line of a file' | head -c 20000000 > /workspace/long");
  const [looks, speaks] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const abort = new AbortController();
  let said = "";
  const command = failureOf(box.execute(SPEAKS, {
    signal: abort.signal,
    onOutput: ({ text }) => {
      said += text;
      looks.resolve();
      if (said.includes("speaking")) speaks.resolve();
    },
  }));
  await looks.promise;
  const reads: Promise<string>[] = [];
  while (!said.includes("speaking")) {
    reads.push(failureOf(box.read("/workspace/long", { offset: 1, limit: 1 })));
    await Promise.race([reads.at(-1), speaks.promise]);
  }
  abort.abort();
  assertMatch(await arrival("the end of the command", command), /^aborted: /);
  for (const read of reads) assertMatch(await read, /^(?:io: .*)?$/);
  assertEquals(await output(box, "echo here"), "here\n");
  assertEquals((await box.read("/workspace/long", { limit: 1 })).text, "a line of a file\n");
});

/** What an image has for its `sh`: a program of busybox. */
const SHELLS: Readonly<Record<string, string>> = {
  "ends at once": "true",
  "prints without end": "yes",
};

for (const [name, engine] of Object.entries(ENGINES)) {
  for (const [what, program] of Object.entries(SHELLS)) {
    testOn(
      engine,
      `an image whose 'sh' ${what} makes no sandbox of ${name}, and leaves no container`,
      async (on) => {
        const script =
          `printf '#!/bin/busybox ${program}\\n' > /bin/new; chmod 755 /bin/new; mv -f /bin/new /bin/sh`;
        await using made = await makeImage(on, script);
        const purpose = `lying-${crypto.randomUUID()}`;
        const { address } = on;
        await using box = new DockerSandbox({ engine: address, image: made.image, purpose });
        await within(GROWTH, async () => {
          const said = await failureOf(box.start());
          assertMatch(said, /^(?:io|unsupported): (?:Cannot|The) [^]{10,500}$/);
        });
        assertEquals(await countBoxes(on, `${LABELS.purpose}=${purpose}`), 0);
      },
    );
  }
}
