import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import { type ShellChild, startShellProcess } from "./_shell_process.ts";
import { makeShellTree } from "./_shell_tree.ts";
import { testShell } from "./shell_contract.ts";

/** One process serves all cases: what one leaves behind is another's failure. */
let running: ShellChild | undefined;
let tree: Backend = new StateBackend();

Deno.test.afterAll(async () => {
  await running?.[Symbol.asyncDispose]();
});

testShell(
  "VirtualShell in a process",
  async () => {
    const made = await makeShellTree();
    tree = made.backend;
    running ??= startShellProcess(() => tree);
    const end = () => made[Symbol.asyncDispose]();
    return { shell: running.shell, backend: tree, [Symbol.asyncDispose]: end };
  },
  { jq: true, background: false, streams: false },
);
