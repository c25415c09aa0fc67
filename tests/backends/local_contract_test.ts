import { LocalBackend } from "../../backends/local.ts";
import { QUICK } from "./_local_directory.ts";
import { testBackendContract } from "./contract.ts";

testBackendContract("LocalBackend", async () => {
  const rootDir = await Deno.makeTempDir(QUICK);
  return {
    backend: new LocalBackend({ rootDir }),
    [Symbol.asyncDispose]: () => Deno.remove(rootDir, { recursive: true }),
  };
});
