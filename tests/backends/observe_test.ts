import { assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { observeBackend, type ObservedChange } from "../../backends/observe.ts";
import { StateBackend } from "../../backends/state.ts";
import { testBackendContract } from "./contract.ts";

testBackendContract(
  "observeBackend(State)",
  () => Promise.resolve({ backend: observeBackend(new StateBackend(), () => {}) }),
);

Deno.test("observeBackend() tells of each change, with canonical paths", async () => {
  const changes: ObservedChange[] = [];
  const backend = observeBackend(new StateBackend(), (change) => void changes.push(change));
  await backend.write("/a//b.txt", "one");
  await backend.edit("/a/./b.txt", { oldText: "one", newText: "two" });
  await backend.move("/a/b.txt/", "/x/../c.txt");
  await backend.delete("//c.txt");
  assertEquals(changes, [
    { operation: "write", path: "/a/b.txt" },
    { operation: "edit", path: "/a/b.txt" },
    { operation: "move", path: "/c.txt", from: "/a/b.txt" },
    { operation: "delete", path: "/c.txt" },
  ]);
});

Deno.test("observeBackend() tells of no failure and of no look", async () => {
  const changes: ObservedChange[] = [];
  const backend = observeBackend(
    new StateBackend({ files: { "/a": "a", "/d/e": "" } }),
    (change) => void changes.push(change),
  );
  const failing: (() => Promise<unknown>)[] = [
    () => backend.write("/d", ""),
    () => backend.write("/a", "", { overwrite: false }),
    () => backend.edit("/a", { oldText: "x", newText: "y" }),
    () => backend.delete("/d"),
    () => backend.delete("/missing"),
    () => backend.move("/a", "/d"),
    () => backend.move("/missing", "/b"),
  ];
  for (const run of failing) await assertRejects(run, BackendError);
  await backend.ls("/");
  await backend.stat("/a");
  await backend.read("/a");
  await backend.readBytes("/a");
  await backend.glob("**");
  await backend.grep("a");
  assertEquals(changes, []);
});

Deno.test("observeBackend() tells of a change before its caller goes on", async () => {
  const order: string[] = [];
  const backend = observeBackend(new StateBackend(), ({ path }) => void order.push(path));
  await backend.write("/a", "").then(() => order.push("caller"));
  assertEquals(order, ["/a", "caller"]);
});
