import { assertEquals } from "@std/assert";
import { callEngine, DATASCIENCE_IMAGE, testOn } from "../support/engine.ts";
import type { DockerSandbox, DockerSandboxOptions } from "../../backends/docker/sandbox.ts";
import { everything } from "./_backends.ts";
import { failureOf, output, stateOf, until } from "./_docker_case.ts";
import { makeImage } from "./_docker_commit.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

/** What there is in the directory of the work, but for what nobody may look into. */
const LOOKS = `cd /workspace
ls | od -c; readlink link | od -c; readlink 'a link'
find . -mindepth 1 ! -type l -exec stat -c '%A %Y %n' {} + 2> /dev/null | sort
find . -type f -exec stat -c '%h %s %n' {} + 2> /dev/null | sort
find . -type f -exec cksum {} + 2> /dev/null | sort`;

/** Gives another box the files of a box. */
async function hand(box: DockerSandbox, other: DockerSandbox): Promise<void> {
  await other.restore(await box.snapshot() ?? new Uint8Array());
}

for (const [name, engine] of Object.entries(ENGINES)) {
  for (const image of ["busybox", "datascience"]) {
    const options = image === "busybox" ? {} : { image: DATASCIENCE_IMAGE };

    testOn(engine, `${name}.snapshot() keeps what ${image} did not bring`, async () => {
      await using box = boxOf(engine, options);
      await box.write("/out/a b.txt", "first");
      await box.write("/out/deep/er/c.bin", new Uint8Array([0, 255, 10]));
      await box.write("/-dash", "#!/bin/sh\n");
      await box.write("/tmp/scratch", "s");
      await box.write("/home/user/own", "mine");
      await box.write("/workspace/report", "work");
      await box.execute("ln -s /out/deep /link; mkdir /empty; chmod 755 /-dash");
      await using other = boxOf(engine, options);
      await hand(box, other);
      assertEquals(await everything(other), await everything(box));
      assertEquals((await other.execute(["/-dash"])).exitCode, 0);
    });

    testOn(engine, `${name}.snapshot() keeps files of ${image} as they are`, async () => {
      await using box = boxOf(engine, options);
      await output(
        box,
        `cd /workspace; mkdir -p closed/inner sealed/in ro empty; echo i > closed/inner/f; echo r > ro/f
        echo s > sealed/in/f; chmod 200 sealed/in; chmod 400 sealed
        echo hidden > hidden; echo z > zz; ln zz ro/zz; echo t > tool; : > none
        chmod 0 closed/inner; chmod 300 closed; chmod 200 hidden; chmod 666 zz; chmod 4750 tool
        dd if=/dev/urandom of=large bs=1000k count=3 2> /dev/null
        dd if=/dev/urandom of=middle bs=10000 count=1 2> /dev/null
        dd if=/dev/urandom of=small bs=3000 count=1 2> /dev/null
        echo o > "$(printf "odd\\n'\\210\\351\\201x")"; echo d > -- ; echo u > 'ä "b'; echo b > 'a\\b'
        ln -s "$(printf 'to\\n\\351')" link; ln -s -- -dash 'a link'
        touch -d @1000000 zz hidden; touch -d @2000000 ro closed; chmod 444 ro/f; chmod 555 ro`,
      );
      const looks = await output(box, LOOKS);
      const inner = "stat -c '%A %Y %n' /workspace/closed/inner";
      const closed = await output(box, inner);
      await using other = boxOf(engine, options);
      await hand(box, other);
      assertEquals(await output(other, LOOKS), looks);
      assertEquals(await output(other, inner), closed);
      // Nor is the one that was packed another afterwards.
      assertEquals(await output(box, LOOKS), looks);
      assertEquals(await output(box, inner), closed);
      const open = "cd /workspace; chmod u+rx closed closed/inner sealed; chmod u+r hidden; ";
      const read = "cat closed/inner/f hidden; [ zz -ef ro/zz ] && echo same; ";
      const sealed = "stat -c %a sealed/in; chmod u+rx sealed/in; cat sealed/in/f";
      assertEquals(await output(other, open + read + sealed), "i\nhidden\nsame\n200\ns\n");
    });
  }

  for (const kind of ["a box", "a box that is read-only", "a box whose /etc is the user's"]) {
    testOn(engine, `${name}.snapshot() keeps what was done to the image of ${kind}`, async (on) => {
      await using made = await makeImage(
        on,
        `mkdir -p /workspace/dir /workspace/shut /workspace/gone /workspace/moved; cd /workspace
        for f in dir/old shut/old gone/old moved/old changed kept; do echo image > $f; done
        chown -R 1000:1000 /workspace; chmod 555 shut; chmod 444 changed; rm /bin/tar
        ${kind.includes("/etc") ? "chown 1000:1000 /etc" : ""}`,
      );
      const options: Omit<DockerSandboxOptions, "engine"> = {
        ...{ image: made.image, readOnly: kind.includes("read-only"), idleMilliseconds: 300 },
      };
      await using box = boxOf(on, options);
      await output(
        box,
        `cd /workspace; chmod u+w shut changed; echo more >> changed; rm shut/old; echo n > shut/new
        chmod 555 shut; chmod 444 changed; rm -r gone dir; mkdir dir; echo n > dir/new; mv moved to`,
      );
      // What is written before a stop is no less new than what is written after it.
      await until("the rest", async () => await stateOf(on, box.id) === "exited");
      await output(box, "echo after > /workspace/after");
      const looks = await output(box, LOOKS);
      await using other = boxOf(on, options);
      await hand(box, other);
      assertEquals(await output(other, LOOKS), looks);
      // And once more: what was restored is new as well.
      await using third = boxOf(on, options);
      await hand(other, third);
      assertEquals(await output(third, LOOKS), looks);
    });
  }

  testOn(engine, `${name}.snapshot() leaves volumes that have a name alone`, async (on) => {
    const volume = `routebook-test-${crypto.randomUUID()}`;
    const options = { volumes: { "/cache/": volume } };
    try {
      await using box = boxOf(on, options);
      await output(
        box,
        "cd /cache; echo old > state; mkdir shut; chmod 0 shut; echo w > /workspace/w",
      );
      const archive = await box.snapshot();
      await output(box, "cd /cache; echo new > state; echo more > more");
      await box.dispose();
      await using other = boxOf(on, options);
      await other.restore(archive ?? new Uint8Array());
      const said = await output(
        other,
        "cat /workspace/w /cache/state; cd /cache; ls; stat -c %a shut",
      );
      assertEquals(said, "w\nnew\nmore\nshut\nstate\n0\n");
    } finally {
      await callEngine(on, "DELETE", `/volumes/${volume}`);
    }
  });

  testOn(engine, `${name}.snapshot() fails where it may not read what is new`, async (on) => {
    await using made = await makeImage(
      on,
      "mkdir /data; echo s > /data/secret; chmod 600 /data/secret; chown 1000:1000 /data",
    );
    await using box = boxOf(on, { image: made.image });
    await output(box, "mv /data/secret /data/moved");
    assertEquals(
      await failureOf(box.snapshot()),
      "denied: Cannot read '/data/moved': the container does not permit it",
    );
  });

  testOn(engine, `${name}.snapshot() gives no archive of more than 64 MiB`, async () => {
    await using box = boxOf(engine);
    await output(box, "dd if=/dev/zero of=/workspace/most bs=1024k count=64 2> /dev/null");
    assertEquals(await box.snapshot(), undefined);
    await output(box, "dd if=/dev/zero of=/workspace/most bs=1024k count=63 2> /dev/null");
    await using other = boxOf(engine);
    await hand(box, other);
    assertEquals((await other.stat("/workspace/most")).size, 63 * 1024 * 1024);
  });

  testOn(engine, `${name}.restore() refuses what is no archive of its own`, async () => {
    await using box = boxOf(engine);
    const entry = { type: "file", path: "/a", mode: 0o644, seconds: 0, size: 2 };
    const lists = [
      {},
      { entries: [], deleted: [1] },
      { entries: [entry], deleted: [] },
      { entries: [{ ...entry, type: "other" }], deleted: [] },
    ];
    for (const list of ["", ...lists.map((list) => `${JSON.stringify(list)}\n`)]) {
      assertEquals(
        await failureOf(box.restore(new TextEncoder().encode(list))),
        "io: Cannot write '/': the files that were kept of the container are damaged",
      );
    }
  });
}
