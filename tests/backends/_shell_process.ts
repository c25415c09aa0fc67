/**
 * The real shell process, with the tree of the test served to it.
 *
 * @module
 */

import { Channel } from "../../backends/channel.ts";
import type { Backend } from "../../backends/protocol.ts";
import { serveBackends } from "../../backends/remote.ts";
import { RemoteShell } from "../../backends/shells/remote_shell.ts";

/** A shell process. */
export interface ShellChild extends AsyncDisposable {
  readonly shell: RemoteShell;
  readonly channel: Channel;
  readonly child: Deno.ChildProcess;
}

/**
 * Starts a shell process as the runner does: without any permission.
 *
 * @param tree What it is served as its files.
 */
export function startShellProcess(tree: () => Backend): ShellChild {
  const module = new URL("../../runner/shell.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--cached-only",
      "--no-remote",
      "--ignore-env",
      "--no-check",
      "--v8-flags=--max-old-space-size=512",
      module,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const channel = new Channel({ readable: child.stdout, writable: child.stdin });
  serveBackends(channel, (name) => name === "/" ? tree() : undefined);
  return {
    shell: new RemoteShell({ channel, type: "virtual" }),
    channel,
    child,
    async [Symbol.asyncDispose]() {
      await channel.close();
      await child.status;
    },
  };
}
