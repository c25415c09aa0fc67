import { assertEquals } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import { StateBackend } from "../../backends/state.ts";
import type { Plan } from "../../runner/plan.ts";
import { WrittenFiles } from "../../runner/written.ts";

type Routing = Pick<Plan, "backends" | "routes">;

const PLAN: Routing = {
  backends: [
    { name: "disk", type: "local", root: "/host/ws", access: "read-write" },
    { name: "memory", type: "state" },
  ],
  routes: [
    { prefix: "/project/", backend: "disk", path: "/project", access: "read-write" },
    { prefix: "/", backend: "memory", path: "/", access: "read-write" },
  ],
};

function tree() {
  const backend = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/project/": new StateBackend() },
  });
  const written = new WrittenFiles();
  const list = async () =>
    (await written.list(backend, PLAN)).map((file) => [file.path, file.backend, file.saved]);
  const write = async (path: string) => {
    await backend.write(path, "text");
    written.note({ operation: "write", path });
  };
  const move = async (from: string, path: string) => {
    await backend.move(from, path);
    written.note({ operation: "move", from, path });
  };
  return { backend, written, list, write, move };
}

Deno.test("WrittenFiles.list() tells where each file is kept and leaves out what was deleted", async () => {
  const { backend, written, list, write } = tree();
  for (const path of ["/project/a.py", "/projectX", "/scratch/gone.txt"]) await write(path);
  await backend.delete("/scratch", { recursive: true });
  written.note({ operation: "delete", path: "/scratch" });
  assertEquals(await list(), [
    ["/project/a.py", "disk", true],
    ["/projectX", "memory", false],
  ]);
});

Deno.test("WrittenFiles.list() follows moves of files and of whole directories", async () => {
  const { backend, list, write, move } = tree();
  await backend.write("/old/there-before.txt", "not of this run");
  await write("/old/new.txt");
  await write("/oldest.txt");
  await move("/old", "/project/kept");
  await move("/oldest.txt", "/latest.txt");
  assertEquals(await list(), [
    ["/latest.txt", "memory", false],
    ["/project/kept/new.txt", "disk", true],
    ["/project/kept/there-before.txt", "disk", true],
  ]);
});
