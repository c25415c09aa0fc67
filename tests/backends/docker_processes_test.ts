import { assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { testOn } from "../support/engine.ts";
import { boxOf, ENGINES } from "./_docker_subject.ts";

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `${name}.execute() gives back the processes that commands have left`,
    async (on) => {
      await using box = boxOf(on, { processes: 48 });
      // Each is killed after its command, and nobody but the first process of the container waits for it.
      const many = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done; echo started";
      for (let round = 0; round < 6; round++) {
        const { exitCode, stdout, stderr, notes } = await box.execute(many);
        assertEquals([exitCode, stdout.text, stderr.text, notes], [0, "started\n", "", []]);
      }
    },
  );

  testOn(engine, `${name}.execute() says that the hard timeout ended it`, async (on) => {
    await using box = boxOf(on, { hardMilliseconds: 1_000 });
    await box.start();
    for (const run of [() => box.execute("sleep 1000"), () => box.ls("/")]) {
      const { code, message } = await assertRejects(run, BackendError);
      assertEquals([code, message], [
        "timeout",
        "The container reached its hard timeout of 1 s",
      ]);
    }
  });
}
