import { assertEquals } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import type { Backend } from "../../backends/protocol.ts";
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
    (await written.list(backend, PLAN)).files.map((file) => [file.path, file.backend, file.saved]);
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

Deno.test("WrittenFiles.list() tells what it cannot look at beside what it can", async () => {
  const { backend, written, write } = tree();
  for (const path of ["/project/b.py", "/b.txt", "/a.txt"]) await write(path);
  // As when the process that keeps the files of the default backend is gone.
  const gone: Backend = new StateBackend();
  gone.stat = (path) => Promise.reject(new Error(`Gone with '${path}'`));
  const project = { backend, path: "/project" };
  const half = new CompositeBackend({ default: gone, routes: { "/project/": project } });
  assertEquals(await written.list(half, PLAN), {
    files: [{ path: "/project/b.py", backend: "disk", saved: true, size: 4 }],
    unseen: ["/a.txt", "/b.txt"],
    problem: "Gone with '/b.txt'",
  });
});

Deno.test("WrittenFiles.list() looks no further when its signal says so", async () => {
  const { backend, written, write } = tree();
  await write("/a.txt");
  const list = await written.list(backend, PLAN, AbortSignal.abort());
  assertEquals([list.files, list.unseen], [[], ["/a.txt"]]);
});
