import { assertEquals } from "@std/assert";
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
}
