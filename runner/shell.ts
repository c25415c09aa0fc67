/**
 * The shell process: it interprets the commands of a virtual shell and holds nothing. The runner starts
 * it without any permission; its files are those that the agent serves, which the runner passes on as
 * the backend `/`. It ends when its input does.
 *
 * A command may keep it busy, so that it hears nothing more, or may ask for all the memory there is. The
 * runner ends the one from outside, and `--v8-flags=--max-old-space-size=512` in its command bounds the
 * other: the process is then the only thing that a command ends.
 *
 * @module
 */

import { Channel } from "../backends/channel.ts";
import { RemoteBackend } from "../backends/remote.ts";
import { serveShell } from "../backends/shells/remote_shell.ts";
import type { ShellLimits } from "../backends/shells/shell.ts";
import { VirtualShell } from "../backends/shells/virtual.ts";

/** What the runner may tell the shell before the first command: method `shell.start`. */
export interface ShellStart {
  /** The limits of the workflow. */
  readonly limits: ShellLimits;
}

/**
 * Serves one runner over a pair of streams until it hangs up.
 *
 * @param streams The runner's end.
 * @returns When the runner has hung up.
 */
export async function serveVirtualShell(
  streams: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> },
): Promise<void> {
  const channel = new Channel(streams);
  const backend = new RemoteBackend({ channel, name: "/" });
  let shell = new VirtualShell({ backend });
  serveShell(channel, () => shell);
  channel.handle("shell.start", ({ params }) => {
    // The runner is the trusted side: it made this process.
    shell = new VirtualShell({ backend, limits: (params as ShellStart).limits });
    return {};
  });
  await channel.closed;
}

if (import.meta.main) {
  // A terminal sends its Ctrl-C to the whole group; when to end is the runner's to say.
  Deno.addSignalListener("SIGINT", () => {});
  await serveVirtualShell({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
  Deno.exit(0);
}
