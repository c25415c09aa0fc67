import { makeSubject, NO_SANDBOX } from "./_sandbox_subject.ts";
import { testShell } from "./shell_contract.ts";

testShell("SandboxShell", makeSubject, {
  jq: await hasProgram("jq"),
  background: true,
  streams: true,
}, {
  ignore: NO_SANDBOX,
});

async function hasProgram(name: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", 'command -v "$1"', "sh", name],
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
    stdout: "null",
  }).output();
  return success;
}
