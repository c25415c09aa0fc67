import { Channel } from "../../backends/channel.ts";
import { RemoteBackend, serveBackends } from "../../backends/remote.ts";
import { StateBackend } from "../../backends/state.ts";
import { channelPair } from "./_channel_pair.ts";
import { testBackendContract } from "./contract.ts";

testBackendContract("RemoteBackend(in process)", () => {
  const pair = channelPair();
  const state = new StateBackend();
  serveBackends(pair.server, () => state);
  return Promise.resolve({
    backend: new RemoteBackend({ channel: pair.client, name: "memory" }),
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  });
});

/** One process for all cases: its start is not what is tested. */
let host: { readonly child: Deno.ChildProcess; readonly channel: Channel } | undefined;
let names = 0;

function hostChannel(): Channel {
  if (host === undefined) {
    const path = new URL("./_remote_child.ts", import.meta.url);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-remote", path.href],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    host = { child, channel: new Channel({ readable: child.stdout, writable: child.stdin }) };
  }
  return host.channel;
}

Deno.test.afterAll(async () => {
  await host?.channel.close();
  await host?.child.status;
});

// From one channel through a relay to a process, as the agent reaches the host through the runner.
testBackendContract("RemoteBackend(relayed to a process)", () => {
  const name = `backend ${names++}`;
  const pair = channelPair();
  const channel = hostChannel();
  serveBackends(pair.server, () => channel);
  return Promise.resolve({
    backend: new RemoteBackend({ channel: pair.client, name }),
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  });
});
