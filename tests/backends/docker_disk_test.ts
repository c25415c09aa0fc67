import { assert, assertEquals } from "@std/assert";
import { callEngine, type TestEngine, testOn } from "../support/engine.ts";
import { failureOf, output } from "./_docker_case.ts";
import { boxOf, ENGINES, SharedBox } from "./_docker_subject.ts";

/** A volume of one MiB. */
async function smallVolume(engine: TestEngine) {
  const name = `routebook-test-${crypto.randomUUID().slice(0, 8)}`;
  const { status, body } = await callEngine(engine, "POST", "/volumes/create", {
    Name: name,
    Driver: "local",
    DriverOpts: { type: "tmpfs", device: "tmpfs", o: "nr_blocks=256,mode=1777" },
  });
  if (status !== 201) throw new Error(`There is no volume: ${JSON.stringify(body)}`);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await callEngine(engine, "DELETE", `/volumes/${name}?force=true`);
    },
  };
}

for (const [name, engine] of Object.entries(ENGINES)) {
  const shared = new SharedBox(engine);

  testOn(engine, `${name} says that the disk is full and keeps what was there`, async (on) => {
    await using volume = await smallVolume(on);
    await using box = boxOf(on, { volumes: { "/small/": volume.name } });
    const full = (verb: string, path: string) => `io: Cannot ${verb} '${path}': the disk is full`;
    await box.write("/small/old", "old content");
    const large = new Uint8Array(1_500_000).fill(120);
    assertEquals(await failureOf(box.write("/small/old", large)), full("write", "/small/old"));
    assertEquals(await failureOf(box.write("/small/new", large)), full("write", "/small/new"));
    // The same in one piece, and where a directory has to be made.
    await output(box, "head -c 900000 /dev/zero > /small/fill");
    const half = "y".repeat(400_000);
    assertEquals(await failureOf(box.write("/small/old", half)), full("write", "/small/old"));
    assertEquals(await failureOf(box.write("/small/d/new", half)), full("write", "/small/d/new"));
    const edit = box.edit("/small/old", { oldText: "old", newText: half });
    assertEquals(await failureOf(edit), full("edit", "/small/old"));
    assertEquals((await box.read("/small/old")).text, "old content");
    // Nothing of what failed takes up room.
    assertEquals(await output(box, "find /small -type f | sort"), "/small/fill\n/small/old\n");
    await box.delete("/small/fill");
    await box.write("/small/old", half);
    assertEquals((await box.stat("/small/old")).size, half.length);
    const command = await box.execute("dd if=/dev/zero of=/small/more bs=1M count=2");
    assertEquals(command.exitCode, 1);
    assert(/No space left/.test(command.stderr.text));
    assertEquals((await box.stat("/small/more")).type, "file");
  });

  testOn(engine, `${name} that may only be read lets the work be changed`, async (on) => {
    await using volume = await smallVolume(on);
    await using box = boxOf(on, { readOnly: true, volumes: { "/cache/": volume.name } });
    for (const path of ["/workspace/a/b", "/tmp/a/b", "/cache/a/b"]) {
      await box.write(path, "x");
      await output(box, `echo y >> ${path}`);
      assertEquals((await box.read(path)).text, "xy\n");
    }
    for (const path of ["/a", "/a/b/c", "/home/a", "/var/a"]) {
      assertEquals(
        await failureOf(box.write(path, "x")),
        `denied: Cannot write '${path}': its file system is read-only`,
      );
    }
    const move = box.move("/tmp/a/b", "/b");
    assertEquals(
      await failureOf(move),
      "denied: Cannot move to '/b': its file system is read-only",
    );
    assertEquals((await box.execute("echo x > /y")).exitCode, 1);
    assertEquals(
      (await box.execute("cat; pwd", { stdin: "in", cwd: "/tmp" })).stdout.text,
      "in/tmp\n",
    );
    const seen = (await box.glob("/**")).files.map(({ path }) => path);
    assertEquals(seen, ["/cache/a/b", "/tmp/a/b", "/workspace/a/b"]);
  });

  testOn(engine, `${name} keeps 50 MB as they are`, async () => {
    const { box } = shared;
    const bytes = new Uint8Array(50_000_000);
    for (let at = 0; at < bytes.length; at += 65_536) {
      crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    }
    const { size } = await box.write("/large.bin", bytes);
    assertEquals(size, bytes.length);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    assertEquals((await output(box, "sha256sum < /large.bin")).slice(0, 64), digest);
    const back = new Uint8Array(await box.readBytes("/large.bin"));
    assertEquals(new Uint8Array(await crypto.subtle.digest("SHA-256", back)).toHex(), digest);
    for (const [offset, length] of [[0, 1], [1, 70_000], [49_999_990, 100], [60_000_000, 5]]) {
      assertEquals(
        await box.readBytes("/large.bin", { offset, length }),
        bytes.slice(offset, (offset ?? 0) + (length ?? 0)),
      );
    }
    const { filesSkipped, matches } = await box.grep("x", { path: "/large.bin" });
    assertEquals([filesSkipped, matches], [1, []]);
    await box.delete("/large.bin");
  });

  testOn(engine, `${name} has every byte and no text`, async () => {
    const { box } = shared;
    const bytes = Uint8Array.from(
      { length: 256 * 300 },
      (_, index) => (index * 7 + index / 256) & 255,
    );
    await box.write("/all.bin", bytes);
    assertEquals(await box.readBytes("/all.bin"), bytes);
    assertEquals(await output(box, "wc -c < /all.bin"), `${bytes.length}\n`);
    assertEquals(
      await failureOf(box.read("/all.bin")),
      "not_text: Cannot read '/all.bin' as text: it has a NUL byte in it",
    );
    await box.delete("/all.bin");
  });

  testOn(engine, `${name} reads ten lines of a large file in little memory`, async () => {
    const { box } = shared;
    await output(box, "yes 0123456789012345678901234567890123456789 | head -c 200000000 > /lines");
    const before = Deno.memoryUsage().rss;
    const { text, nextOffset } = await box.read("/lines", { offset: 5, limit: 10 });
    const grown = Deno.memoryUsage().rss - before;
    assertEquals([text.split("\n").length, nextOffset], [11, 15]);
    assert(grown < 100_000_000, `${grown}`);
    const { matches, truncated } = await box.grep("0123", { path: "/lines", limit: 3 });
    assertEquals([matches.map(({ line }) => line), truncated], [[1, 2, 3], true]);
    assertEquals(
      await failureOf(box.readBytes("/lines")),
      "too_large: Cannot read '/lines': it is over 67108864 bytes: use offset and length",
    );
    await box.delete("/lines");
  });
}
