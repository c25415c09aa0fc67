/**
 * Links that lead nowhere, permissions, and names that no line has, in a container.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { ENGINES, SharedBox } from "./_docker_subject.ts";
import { failureOf, output } from "./_docker_case.ts";
import { DATASCIENCE_IMAGE, testOn } from "../support/engine.ts";
import type { DockerSandbox } from "../../backends/docker/sandbox.ts";

/** What is in a file, or why that cannot be told. */
async function told(box: DockerSandbox, path: string): Promise<string> {
  const failure = await failureOf(box.read(path));
  return failure === "" ? (await box.read(path)).text : failure.replace(/:.*/s, "");
}

for (const [name, engine] of Object.entries(ENGINES)) {
  // Their programs do not agree on what a link to nothing leads to.
  const boxes = {
    busybox: new SharedBox(engine),
    coreutils: new SharedBox(engine, { image: DATASCIENCE_IMAGE }),
  };
  for (const [programs, shared] of Object.entries(boxes)) {
    const whose = `${name} with ${programs}`;

    testOn(engine, `a link to nothing leads where the kernel says in ${whose}`, async () => {
      const { box } = shared;
      await box.write("/notes.txt", "other");
      await output(
        box,
        `mkdir -p /work/app && cd /work/app && ln -s notes.txt latest && ln -s latest chain &&
         ln -s ../../work/app/up upward && ln -s /work/new/deep/file deep && ln -s gone dir &&
         ln -s no/../../../notes.txt around && ln -s loop loop && ln -s 'slash/' slashed`,
      );
      const links = ["latest", "chain", "upward", "deep", "around", "slashed", "dir/inner"];
      for (const link of links) {
        assertEquals(await told(box, `/work/app/${link}`), "not_found", link);
      }
      assertEquals(await told(box, "/work/app/loop"), "denied");
      assertEquals((await box.glob("/work/**")).files, []);
      await box.write("/work/app/chain", "chained");
      await box.write("/work/app/upward", "up");
      await box.write("/work/app/deep", "deep");
      await box.write("/work/app/dir/inner", "inner");
      assertMatch(await failureOf(box.write("/work/app/around", "around")), /^not_found: /);
      assertEquals(
        await output(box, "cd /work; cat app/notes.txt app/up new/deep/file app/gone/inner"),
        "chainedupdeepinner",
      );
      assertEquals((await box.read("/notes.txt")).text, "other");
      assertEquals(
        await output(box, "cd /work/app; for l in *; do [ -L $l ] && echo $l; done"),
        [
          ...["around", "chain", "deep", "dir", "latest", "loop", "slashed", "upward"],
          "",
        ].join("\n"),
      );
    });

    testOn(engine, `a link to nothing reaches nothing of the container's in ${whose}`, async () => {
      const { box } = shared;
      await output(
        box,
        "mkdir /plant; cd /plant; ln -s /run/box/a own; ln -s ../etc/a etc; ln -s x/../../run/b c",
      );
      for (const link of ["own", "etc", "c"]) {
        const failure = await failureOf(box.write(`/plant/${link}`, "planted"));
        assertMatch(failure, /^(?:denied|not_found): /, link);
      }
      assertEquals(await output(box, "ls /run/b /run/box/a /etc/a 2> /dev/null || :"), "");
    });

    testOn(engine, `a file keeps its permissions in ${whose}`, async () => {
      const { box } = shared;
      const modes = ["600", "700", "664", "555", "444", "640", "755", "644"];
      await output(
        box,
        `mkdir /modes && cd /modes && for m in ${
          modes.join(" ")
        }; do echo a > $m; chmod $m $m; done`,
      );
      const now = async () =>
        (await output(box, `cd /modes && stat -c %a ${modes.join(" ")}`)).trim().split("\n");
      for (const mode of modes) await box.write(`/modes/${mode}`, "b");
      assertEquals(await now(), modes);
      // Also what is known by now, and what it was before a command changed it.
      for (const mode of modes) {
        await box.write(`/modes/${mode}`, "c");
        await box.edit(`/modes/${mode}`, { oldText: "c", newText: "d" });
      }
      assertEquals(await now(), modes);
      await output(box, "cd /modes && chmod 600 755 && chmod 755 600 && chmod 4755 444");
      for (const mode of modes) await box.write(`/modes/${mode}`, "e".repeat(10_000));
      assertEquals(await now(), ["755", "700", "664", "555", "755", "640", "600", "644"]);
      await box.move("/modes/600", "/modes/644", { overwrite: true });
      await box.write("/modes/644", "f");
      await box.delete("/modes/700");
      await box.write("/modes/700", "g");
      assertEquals(await output(box, "cd /modes && stat -c %a 644 700"), "755\n644\n");
    });

    testOn(engine, `a search finds what is below a name of two lines in ${whose}`, async () => {
      const { box } = shared;
      await box.write("/a\nb/c\n/d.txt", "found");
      const path = "/a\nb";
      const { files } = await box.glob("**", { path });
      assertEquals(files.map(({ path }) => path), ["/a\nb/c\n/d.txt"]);
      const { matches } = await box.grep("found", { path });
      assertEquals(matches.map(({ path }) => path), ["/a\nb/c\n/d.txt"]);
    });
  }
}
