import { assertEquals } from "@std/assert";
import { testOn } from "../support/engine.ts";
import { sleepersOf, until, useBox } from "./_docker_case.ts";
import { boxOf, ENGINES, SharedBox } from "./_docker_subject.ts";

const MEMORY = 64 * 1024 * 1024;
const KILLED =
  `A process was killed: everything in the container took more than ${MEMORY} bytes of memory`;
/** Memory of the command's own shell: a variable that doubles. */
const DOUBLE = "v=0123456789abcdef; while :; do v=$v$v; done";

for (const [name, engine] of Object.entries(ENGINES)) {
  const small = new SharedBox(engine, { memoryBytes: MEMORY });

  testOn(engine, `${name}.execute() says that a program took too much memory`, async () => {
    const { box } = small;
    const { exitCode, notes, timedOut } = await box.execute(`echo begun; sh -c '${DOUBLE}'`);
    assertEquals([exitCode, notes, timedOut], [137, [KILLED], false]);
    // It is said once, of the command that it was.
    const next = await box.execute("echo next");
    assertEquals([next.exitCode, next.stdout.text, next.notes], [0, "next\n", []]);
  });

  testOn(
    engine,
    `${name}.execute() says that the command's shell took too much memory`,
    async () => {
      const { box } = small;
      const { exitCode, stdout, notes } = await box.execute(`echo begun; ${DOUBLE}`);
      assertEquals([exitCode, stdout.text, notes], [137, "begun\n", [KILLED]]);
      assertEquals(await useBox(box), "used");
    },
  );

  testOn(engine, `${name}.execute() counts files in memory and frees them`, async () => {
    const { box } = small;
    for (const path of ["/run/fill", "/dev/shm/fill"]) {
      const fill =
        `for i in 1 2; do dd if=/dev/zero of=${path}$i bs=1M count=48; done 2> /dev/null`;
      const { notes } = await box.execute(`${fill}; ${DOUBLE}`);
      assertEquals(notes, [KILLED], path);
    }
    const next = await box.execute("dd if=/dev/zero of=/run/fill bs=1M count=20 2> /dev/null");
    assertEquals([next.exitCode, next.notes], [0, []]);
    assertEquals(await useBox(box), "used");
  });

  testOn(engine, `${name} keeps its files where memory ran out`, async () => {
    const { box } = small;
    await box.write("/kept", "kept");
    const children = "for i in 1 2 3 4 5 6; do sh -c '" + DOUBLE + "' & done; wait";
    const { notes } = await box.execute(children, { timeout: 20_000 });
    assertEquals(notes, [KILLED]);
    assertEquals((await box.read("/kept")).text, "kept");
    assertEquals(await useBox(box), "used");
  });

  testOn(engine, `${name}.execute() ends a bomb of processes`, async (on) => {
    // Of one that may take little memory, it would be that first.
    await using box = boxOf(on, { processes: 40 });
    const bomb = "b() { while :; do b & done; }; b 2> /dev/null & while :; do :; done";
    const { exitCode, timedOut, notes } = await box.execute(`sleep 1000 & ${bomb}`, {
      timeout: 3_000,
    });
    assertEquals([exitCode, timedOut, notes], [124, true, []]);
    assertEquals(await sleepersOf(box), []);
    assertEquals(await useBox(box), "used");
    // It may have as many as were said, and no more.
    const many = await box.execute("for i in $(seq 60); do sleep 1000 & done; echo never");
    assertEquals([many.exitCode, many.stdout.text, many.timedOut], [2, "", false]);
    // Those that were killed count until the first process has waited for each of them.
    await until("room for others", async () => {
      const fewer = await box.execute("for i in $(seq 20); do sleep 1000 & done; echo done");
      return fewer.exitCode === 0 && fewer.stdout.text === "done\n";
    });
    assertEquals(await useBox(box), "used");
  });
}
