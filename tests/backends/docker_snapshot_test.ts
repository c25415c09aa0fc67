import { assertEquals } from "@std/assert";
import { testOn } from "../support/engine.ts";
import { everything } from "./_backends.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(engine, `${name}.snapshot() keeps what the image did not bring`, async () => {
    await using box = boxOf(engine);
    await box.write("/out/a b.txt", "first");
    await box.write("/out/deep/er/c.bin", new Uint8Array([0, 255, 10]));
    await box.write("/-dash", "#!/bin/sh\n");
    await box.write("/tmp/scratch", "s");
    await box.write("/home/user/own", "mine");
    await box.execute("ln -s /out/deep /link; mkdir /empty; chmod 755 /-dash");
    const archive = await box.snapshot();
    await using other = boxOf(engine);
    await other.restore(archive ?? new Uint8Array());
    assertEquals(await everything(other), await everything(box));
    assertEquals((await other.execute(["/-dash"])).exitCode, 0);
  });

  testOn(engine, `${name}.restore() refuses what is no archive of its own`, async () => {
    await using box = boxOf(engine);
    let message = "";
    try {
      await box.restore(new TextEncoder().encode("{}\n"));
    } catch (error) {
      message = error instanceof Error ? error.message : "";
    }
    assertEquals(
      message,
      "Cannot write '/': the files that were kept of the container are damaged",
    );
  });
}
