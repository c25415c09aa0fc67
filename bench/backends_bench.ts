/**
 * Every operation of every backend, over 1,000 and 10,000 files of 2 KB.
 *
 * @module
 */

import { CompositeBackend } from "../backends/composite.ts";
import { LocalBackend } from "../backends/local.ts";
import type { Backend } from "../backends/protocol.ts";
import { StateBackend } from "../backends/state.ts";
import { CONTENT, fill, filledDirectory, NEEDLE, pathOf } from "./_files.ts";

for (const count of [1_000, 10_000]) {
  const state = new StateBackend();
  await fill(state, count);
  const local = new LocalBackend({ rootDir: filledDirectory(count) });
  const beside = { "/elsewhere/": new StateBackend() };
  const backends: Readonly<Record<string, Backend>> = {
    "state": state,
    "composite over state": new CompositeBackend({ default: state, routes: beside }),
    "local": local,
    "composite over local": new CompositeBackend({ default: local, routes: beside }),
  };
  let turn = 0;
  const next = () => pathOf(turn = (turn + 7919) % count);
  const operations: Readonly<Record<string, (backend: Backend) => Promise<unknown>>> = {
    "ls a directory of 100": (backend) => backend.ls("/d3"),
    "stat": (backend) => backend.stat(next()),
    "read": (backend) => backend.read(next()),
    "readBytes": (backend) => backend.readBytes(next()),
    "write": (backend) => backend.write(next(), CONTENT),
    "edit": (backend) => backend.edit(next(), { oldText: NEEDLE, newText: NEEDLE }),
    "write, move and delete": async (backend) => {
      await backend.write("/new/a.txt", CONTENT);
      await backend.move("/new/a.txt", "/new/b.txt");
      await backend.delete("/new/b.txt");
    },
    "glob a directory": (backend) => backend.glob("/d3/*.txt"),
    "glob all": (backend) => backend.glob("**/*.txt", { limit: count }),
    "grep all": (backend) => backend.grep(NEEDLE, { limit: count }),
  };
  for (const [operation, run] of Object.entries(operations)) {
    for (const [name, backend] of Object.entries(backends)) {
      Deno.bench({
        name,
        group: `${operation}, ${count} files`,
        baseline: name === "state",
        async fn() {
          await run(backend);
        },
      });
    }
  }
}
