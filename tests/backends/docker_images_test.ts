import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { BuildProgress } from "../../backends/docker/_build_progress.ts";
import { engineMessages, plainLine } from "../../backends/docker/_image_stream.ts";
import { ImageError } from "../../backends/docker/image_error.ts";
import { callEngine, DOCKER, PODMAN, type TestEngine, testOn } from "../support/engine.ts";
import { TestImages } from "./_docker_images.ts";
import { startRegistry } from "./_docker_registry.ts";

/** Seconds that no other test sleeps. */
let sleeps = 4_242;

/** Registers a test for both engines. */
function test(name: string, run: (images: TestImages, engine: TestEngine) => Promise<void>): void {
  for (const engine of [DOCKER, PODMAN]) {
    const on = engine === DOCKER ? "Docker" : "Podman";
    testOn(engine, `ensureImage() ${name}, on ${on}`, async (engine) => {
      await using images = await TestImages.of(engine);
      await run(images, engine);
    });
  }
}

test("builds an image once, and tells what it does", async (images, { image: base }) => {
  const spec = images.spec("echo hello > /made; printf '\\033[31mred\\033[0m 1%%\\rred 2%%\\n'");
  const first = await images.ensure(spec);
  assert(/^routebook\/[a-z-]+:[0-9a-f]{20}$/.test(first.image));
  assertEquals(first.lines, [
    `Building ${first.image}`,
    `[1/7] begin with ${base}`,
    "[2/7] set TEST",
    "[3/7] take the user root",
    "[4/7] label it",
    "[5/7] work in /workspace",
    "[6/7] setup: echo hello > /made; printf '\\033[31mred\\033[0m 1%%\\rred 2%%\\n'",
    "  red 2%",
    "[7/7] prepare /workspace",
    `Built ${first.image}`,
  ]);
  const made = await images.list();
  assertEquals(await images.ensure(spec), { image: first.image, lines: [] });
  assertEquals(await images.list(), made);
  const changed = await images.ensure(images.spec("echo goodbye > /made"));
  assertNotEquals(changed.image, first.image);
  assertEquals(await images.run(first.image, "cat /made"), "hello\n");
  assertEquals(await images.run(changed.image, "cat /made"), "goodbye\n");
});

test("gives every user the directory of the work and the cache, and nothing else", async (images) => {
  const { image } = await images.ensure({
    ...images.spec("mkdir -p /usr/local/cache/a; echo x > /usr/local/cache/a/b"),
    runtime: { base: images.engine.image, env: { TEST: images.word }, workdir: '/a "b" $c \\d' },
  });
  const script = "pwd; echo x > x && stat -c %u:%g x && rm x; " +
    "echo y > /usr/local/cache/a/b && mkdir /usr/local/cache/c && touch /etc/no || echo refused";
  for (const user of ["1000:1000", "4321:4321"]) {
    const lines = (await images.run(image, `exec 2> /dev/null; ${script}`, user)).split("\n");
    assertEquals(lines, ['/a "b" $c \\d', user, "refused", ""]);
  }
  assertEquals((await images.run(image, "id -un > /dev/null && echo named")).trim(), "named");
});

test("hands over what is written as it is written", async (images) => {
  const value = `a "b" 'c' $HOME \${X} \\ # \` ü`;
  const setup = [
    "printf '%s' \"$VALUE\" > /value",
    "cat > /text <<'EOF'\nRUN exit 1\n\tUSER 5 \\\n\"ü\u2028\" \\\\\nEOF\n# \\",
    "exit 0\nRUN exit 1",
  ];
  const runtime = { base: images.engine.image, env: { TEST: images.word, VALUE: value } };
  const { image } = await images.ensure({ runtime, setup });
  assertEquals(
    await images.run(image, 'cat /value; echo; printf "%s" "$VALUE"'),
    `${value}\n${value}`,
  );
  assertEquals(
    await images.run(image, "cat /text"),
    'RUN exit 1\n\tUSER 5 \\\n"ü\u2028" \\\\\n',
  );
});

test("adds setup commands to an image", async (images) => {
  const { image } = await images.ensure({
    image: images.engine.image,
    setup: [`echo ${images.word} > /word`],
  });
  assertEquals(await images.run(image, "cat /word"), `${images.word}\n`);
});

test("shows the step that failed and the end of the log", async (images) => {
  const command = "for i in $(seq 30); do echo line $i; done; echo wrong; exit 3";
  const spec = images.spec("echo before", command);
  const error = await assertRejects(() => images.ensure(spec), ImageError);
  const lines = [...Array.from({ length: 19 }, (_, i) => `line ${i + 12}`), "wrong"];
  assertEquals(error.log, lines);
  assertEquals(error.message.split("\n"), [
    `Cannot build '${error.image}', step 7 of 8 (setup: ${command}): ` +
    "a command ended with exit code 3",
    "The log ends with:",
    ...lines.map((line) => `  ${line}`),
  ]);
  assertEquals((await callEngine(images.engine, "GET", `/images/${error.image}/json`)).status, 404);
});

test("ends a step at its first command that fails, with all that it printed", async (images) => {
  const spec = images.spec("printf 'no end of line'\nfalse\necho not done");
  const { log } = await assertRejects(() => images.ensure(spec), ImageError);
  assertEquals(log, ["no end of line"]);
});

test("says what to do where the network is not reached", async (images) => {
  const said = "pip: Temporary failure in name resolution";
  const spec = images.spec(`echo '${said}'; exit 1`);
  const { hint } = await assertRejects(() => images.ensure(spec), ImageError);
  assert(hint?.includes("ROUTEBOOK_DOCKER_REGISTRY"));
  const image = "127.0.0.1:1/nothing/here:1";
  const error = await assertRejects(() => images.ensure({ image }), ImageError);
  assert(error.message.startsWith(`Cannot pull '${image}': `), error.message);
  assert(error.hint?.includes("ROUTEBOOK_DOCKER_REGISTRY"), error.message);
  const runtime = { base: "nothing/here:1", env: { TEST: images.word } };
  const sources = { registry: "127.0.0.1:1/hub" };
  const { message } = await assertRejects(() => images.ensure({ runtime, sources }), ImageError);
  assert(message.startsWith("Cannot pull '127.0.0.1:1/hub/nothing/here:1': "), message);
});

test("says without its own words around a step what is wrong with a network", async (images) => {
  const spec = { ...images.spec('echo "a": b'), sources: { network: "no-such-network" } };
  const { message, reason, hint } = await assertRejects(() => images.ensure(spec), ImageError);
  // Docker and Podman say it in their own words.
  assert(/^(?:unable to find )?network .*no-such-network/.test(reason), message);
  assert(hint?.startsWith("Name a network that the engine has"), message);
  assert(!message.includes("routebook-build"), message);
});

test("says that the engine has an image for another platform", async (images) => {
  const { image } = images.engine;
  const { Architecture } = await images.get(`/images/${image}/json`) as { Architecture: string };
  const platform = `linux/${Architecture === "arm64" ? "amd64" : "arm64"}`;
  const sources = { registry: "127.0.0.1:1/hub" };
  const spec = { image, platform, sources };
  const { message } = await assertRejects(() => images.ensure(spec), ImageError);
  const what = `Cannot pull '127.0.0.1:1/hub/library/${image}' for ${platform} ` +
    `(the engine has it for linux/${Architecture}): `;
  assert(message.startsWith(what), message);
});

test("uses what is there already under the name that was written", async (images) => {
  const sources = { registry: "127.0.0.1:1/hub" };
  const { image } = images.engine;
  assertEquals(await images.ensure({ image, sources }), { image, lines: [] });
  const built = await images.ensure({ ...images.spec("id"), sources });
  assertEquals(built.lines[1], `[1/6] begin with ${image}`.replace("6", "7"));
});

test("builds on the network that is named", async (images) => {
  const spec = images.spec("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '");
  const { lines } = await images.ensure({ ...spec, sources: { network: "none" } });
  assertEquals(lines.filter((line) => line.startsWith("  ")), ["  lo"]);
});

testOn(
  PODMAN,
  "ensureImage() builds in no network of the machine unless it is told to",
  async (engine) => {
    await using images = await TestImages.of(engine);
    const namespaces: string[] = [];
    for (const network of [undefined, "host"]) {
      const spec = images.spec(`echo namespace $(readlink /proc/self/ns/net) # ${network}`);
      const { lines } = await images.ensure({ ...spec, sources: { network } });
      namespaces.push(...lines.filter((line) => line.startsWith("  namespace")));
    }
    const own = `  namespace ${Deno.readLinkSync("/proc/self/ns/net")}`;
    assertEquals(namespaces.map((namespace) => namespace === own), [false, true]);
  },
);

test("ends a build whose caller gives up, and all that it started", async (images) => {
  const seconds = `${sleeps++}.${Deno.pid}`;
  const controller = new AbortController();
  const onProgress = (line: string) => {
    if (line === "  begun") controller.abort(new Error("given up"));
  };
  const { signal } = controller;
  const spec = images.spec(`sleep ${seconds} & echo begun; sleep ${seconds}`);
  await assertRejects(() => images.ensure(spec, { signal, onProgress }), Error, "given up");
  await until(() => !isRunning(seconds));
  await assertRejects(() => images.ensure(spec, { signal }), Error, "given up");
});

test("lets a caller go who waits for another's build", async (images) => {
  const controller = new AbortController();
  const begun = Promise.withResolvers<void>();
  const seconds = `${sleeps++}.${Deno.pid}`;
  const spec = images.spec(`echo begun; sleep ${seconds}`);
  const first = images.ensure(spec, {
    signal: controller.signal,
    onProgress: (line) => line === "  begun" && begun.resolve(),
  });
  await begun.promise;
  const second = new AbortController();
  const waiting = images.ensure(spec, { signal: second.signal });
  second.abort(new Error("second"));
  await assertRejects(() => waiting, Error, "second");
  controller.abort(new Error("first"));
  await assertRejects(() => first, Error, "first");
  await until(() => !isRunning(seconds));
});

test("builds once for two who want the same image at once", async (images) => {
  const spec = images.spec("echo built");
  const [first, second] = await Promise.all([images.ensure(spec), images.ensure(spec)]);
  assertEquals(first.image, second.image);
  assertEquals([first, second].filter(({ lines }) => lines.includes("  built")).length, 1);
});

test("lets two runs build the same image at once", async (images, { address }) => {
  const spec = images.spec("echo built > /made");
  const child = () =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--cached-only",
        "--ignore-env",
        `--allow-read=${address.path}`,
        `--allow-write=${address.path}`,
        `--allow-net=unix:${address.path}`,
        new URL("./_docker_image_child.ts", import.meta.url).pathname,
        address.path,
        JSON.stringify(spec),
      ],
      stdout: "piped",
      stderr: "piped",
    }).output();
  const ends = await Promise.all([child(), child()]);
  const { image, lines } = await images.ensure(spec);
  assertEquals(lines, []);
  for (const { stdout, stderr } of ends) {
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stdout), `${image}\n`, decoder.decode(stderr));
  }
  assertEquals(await images.run(image, "cat /made"), "built\n");
});

testOn(DOCKER, "ensureImage() pulls an image from the registry that is named", async (engine) => {
  await using images = await TestImages.of(engine);
  await using registry = await startRegistry(`hub/library/${images.word}`);
  const spec = { image: `${images.word}:1`, sources: { registry: `${registry.host}/hub` } };
  const { image, lines } = await images.ensure(spec);
  try {
    assertEquals(image, `${registry.host}/hub/library/${images.word}:1`);
    assertEquals(lines[0], `Pulling ${image}`);
    assert(lines.some((line) => line.endsWith(": pull complete")), lines.join("\n"));
    const asked = registry.asked.length;
    assertEquals(await images.ensure(spec), { image, lines: [] });
    assertEquals(registry.asked.length, asked);
    const missing = { ...spec, image: `${images.word}:2` };
    const { hint } = await assertRejects(() => images.ensure(missing), ImageError);
    assert(hint?.startsWith("Check its name"), String(hint));
  } finally {
    await callEngine(engine, "DELETE", `/images/${image}`);
  }
});

Deno.test("plainLine() leaves what a person reads", () => {
  assertEquals(plainLine("\x1b[91m 10%\r\x1b[K 20%\r"), " 20%");
  assertEquals(plainLine("a\tb\x07\r"), "a    b");
  assertEquals(plainLine("\x1b]0;title\x07text"), "text");
});

Deno.test("engineMessages() reads lines in pieces of any size", async () => {
  const text = '{"stream":"ü"}\r\n\r\n{"status":"s","id":"i","aux":{}}\n[]\n{"error":"e"}';
  const bytes = new TextEncoder().encode(text);
  const pieces = Array.from(bytes, (byte) => new Uint8Array([byte]));
  const found = await Array.fromAsync(engineMessages(ReadableStream.from(pieces)));
  assertEquals(found.map((each) => JSON.stringify(each)), [
    '{"stream":"ü"}',
    '{"status":"s","id":"i"}',
    "{}",
    '{"error":"e"}',
  ]);
  const broken = engineMessages(ReadableStream.from(["<html>\n"]));
  await assertRejects(() => Array.fromAsync(broken), TypeError, "not JSON");
});

Deno.test("BuildProgress takes no line of a program for a step that is not next", () => {
  const lines: string[] = [];
  const steps = ["one", "two", "three"].map((title) => ({ title, line: "" }));
  const progress = new BuildProgress(steps, (line) => lines.push(line));
  for (const stream of ["Step 1/3 : FROM a", "\n", "Step 3/3 : no", "\nSTEP 2/3: RUN\nx"]) {
    progress.add({ stream });
  }
  assertEquals(lines, ["[1/3] one", "  Step 3/3 : no", "[2/3] two"]);
  assertEquals([progress.step, progress.tail], ["step 2 of 3 (two)", ["x"]]);
});

/** Whether a process of this machine has a word among its arguments. */
function isRunning(word: string): boolean {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const words = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (words.includes("sleep") && words.includes(word)) return true;
    } catch (error) {
      const isGone = error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error));
      if (!isGone) throw error;
    }
  }
  return false;
}

/** Waits for something to come true, which it does soon. */
async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isTrue()) {
    assert(performance.now() < deadline, "It did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
