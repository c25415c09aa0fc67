import { CompositeBackend } from "../../backends/composite.ts";
import { LocalBackend } from "../../backends/local.ts";
import { StateBackend } from "../../backends/state.ts";
import { VirtualShell } from "../../backends/shells/virtual.ts";
import { type ShellSubject, testShell } from "./shell_contract.ts";

/** Memory, with directories of the machine at `/project/` and `/readonly/`. */
async function makeSubject(): Promise<ShellSubject> {
  const directory = await Deno.makeTempDir();
  const project = new LocalBackend({ rootDir: `${directory}/project` });
  await Deno.mkdir(`${directory}/readonly/inner`, { recursive: true });
  await Deno.writeTextFile(`${directory}/readonly/fixed.txt`, "fixed\n");
  await Deno.writeTextFile(`${directory}/readonly/inner/deep.txt`, "deep\n");
  const readonly = new LocalBackend({ rootDir: `${directory}/readonly`, access: "read" });
  const backend = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/project/": project, "/readonly/": { backend: readonly, access: "read" } },
  });
  return {
    shell: new VirtualShell({ backend }),
    backend,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

testShell("VirtualShell", makeSubject, { jq: true, background: false, streams: false });
