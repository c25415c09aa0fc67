import { VirtualShell } from "../../backends/shells/virtual.ts";
import { makeShellTree } from "./_shell_tree.ts";
import { testShell } from "./shell_contract.ts";

testShell(
  "VirtualShell",
  async () => {
    const tree = await makeShellTree();
    const { backend } = tree;
    const end = () => tree[Symbol.asyncDispose]();
    return { shell: new VirtualShell({ backend }), backend, [Symbol.asyncDispose]: end };
  },
  { jq: true, background: false, streams: false },
);
