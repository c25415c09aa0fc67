/**
 * The directory for temporary files.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { makeTemporaryDirectory } from "../../agent/_temporary.ts";
import type { StartRoute, StartShell } from "../../agent/process.ts";
import { SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { StateBackend } from "../../backends/state.ts";

const { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes } = SHELL_LIMITS;
const SHELL: StartShell = {
  type: "virtual",
  tool: true,
  limits: { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes },
};
const MEMORY: StartRoute = { prefix: "/", backend: "memory", path: "/", access: "read-write" };

async function made(routes: readonly StartRoute[], shell?: StartShell): Promise<readonly string[]> {
  const memory = new StateBackend();
  await makeTemporaryDirectory({ routes, shell }, new Map([["memory", memory]]));
  const tops = await memory.ls("/");
  const below = await Promise.all(tops.map(({ path }) => memory.ls(path)));
  return [...tops, ...below.flat()].map(({ path }) => path);
}

Deno.test("makeTemporaryDirectory() makes an empty /tmp in memory where there is a shell", async () => {
  assertEquals(await made([MEMORY], SHELL), ["/tmp"]);
  assertEquals(await made([{ ...MEMORY, path: "/inner" }], SHELL), ["/inner", "/inner/tmp"]);
});

Deno.test("makeTemporaryDirectory() makes nothing without a shell, in a read-only default or on a disk", async () => {
  assertEquals(await made([MEMORY]), []);
  assertEquals(await made([{ ...MEMORY, access: "read" }], SHELL), []);
  assertEquals(await made([{ ...MEMORY, backend: "disk" }], SHELL), []);
});

Deno.test("makeTemporaryDirectory() leaves /tmp to a route for it", async () => {
  assertEquals(await made([{ ...MEMORY, prefix: "/tmp/", backend: "disk" }, MEMORY], SHELL), []);
});
