import {
  AGENT_PROCESS,
  type EventNotice,
  type StartParams,
  type StepParams,
  type StepResult,
} from "../../agent/process.ts";
import { Channel } from "../../backends/channel.ts";
import { RemoteBackend } from "../../backends/remote.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";

const MAIN = new URL("../../agent/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** Where Deno keeps the packages of this process, in the words of its environment. */
const CACHE = Object.fromEntries(
  ["HOME", "DENO_DIR", "XDG_CACHE_HOME"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }),
);
const KEY = "sk-test-0123456789abcdef";

function flags(net: readonly string[]): readonly string[] {
  const grants = net.length === 0 ? [] : [`--allow-net=${net.join(",")}`];
  return ["run", "--no-prompt", "--cached-only", "--no-remote", "--ignore-env", ...grants];
}

/** The agent as a process of its own, with the runner's end of the channel. */
class AgentProcess {
  readonly events: EventNotice[] = [];
  readonly process: Deno.ChildProcess;
  readonly channel: Channel;
  readonly stderr: Promise<string>;

  constructor(net: readonly string[] = []) {
    this.process = new Deno.Command(Deno.execPath(), {
      args: [...flags(net), MAIN],
      clearEnv: true,
      env: { ...CACHE, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.stderr = new Response(this.process.stderr).text();
    this.channel = new Channel({ readable: this.process.stdout, writable: this.process.stdin });
    this.channel.onNotice(AGENT_PROCESS.event, (notice) => this.events.push(notice as EventNotice));
  }

  async start(model: StartParams["model"]): Promise<void> {
    const params: StartParams = {
      model,
      instructions: "Be brief.",
      backends: [{ name: "memory", type: "state" }],
      routes: [{ prefix: "/", backend: "memory", path: "/", access: "read-write" }],
      deny: [],
      ask: [],
    };
    await this.channel.request(AGENT_PROCESS.start, params);
  }

  async step(params: Partial<StepParams>, signal?: AbortSignal): Promise<StepResult> {
    const whole = { step: "one", attempt: 1, prompt: "Go.", maxTurns: 9, ...params };
    return (await this.channel.request(AGENT_PROCESS.step, whole, { signal })).value as StepResult;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.channel.close();
    await this.process.status;
    await this.stderr;
  }
}

/** A server for the model, and where it is. */
function serve(
  handler: Deno.ServeHandler,
): { server: Deno.HttpServer<Deno.NetAddr>; url: string; host: string } {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, handler);
  const host = `127.0.0.1:${server.addr.port}`;
  return { server, host, url: `http://${host}/v1` };
}

/** A server that takes one request and never answers. */
class SilentServer {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connection = this.#listener.accept();
  readonly host = `127.0.0.1:${this.#listener.addr.port}`;
  readonly url = `http://${this.host}/v1`;
  #rest: Promise<void> = Promise.resolve();

  /** Resolves when it was asked. */
  async asked(): Promise<void> {
    const connection = await this.#connection;
    await connection.read(new Uint8Array(65_536));
    this.#rest = this.#readOn(connection);
  }

  /** Resolves when the other side has hung up. */
  async hungUp(): Promise<void> {
    await this.#rest;
  }

  async #readOn(connection: Deno.Conn): Promise<void> {
    try {
      while (await connection.read(new Uint8Array(65_536)) !== null);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    } finally {
      connection.close();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

const REHEARSAL: StartParams["model"] = { type: "rehearsal", name: "openai:gpt-4.1" };

Deno.test("the agent process carries out a rehearsed step with no permission at all", async () => {
  await using agent = new AgentProcess();
  await agent.start(REHEARSAL);
  const result = await agent.step({
    rehearsal: [
      { text: "", calls: [{ tool: "write_file", arguments: { path: "/a.txt", content: "hi\n" } }] },
      { text: "Done.", calls: [] },
    ],
  });
  assertEquals([result.outcome, result.output], ["success", "Done."]);
  const memory = new RemoteBackend({ channel: agent.channel, name: "memory" });
  assertEquals((await memory.read("/a.txt")).text, "hi\n");
  assertEquals(agent.events.map(({ event }) => event.type), [
    "model.asked",
    "model.answered",
    "tool.called",
    "file.changed",
    "tool.finished",
    "model.asked",
    "model.text",
    "model.answered",
  ]);
  await agent.channel.close();
  assertEquals((await agent.process.status).code, 0);
  assertEquals(await agent.stderr, "");
});

Deno.test("the agent process talks to the model's host, and to no other", async () => {
  const chunks = [
    { choices: [{ index: 0, delta: { role: "assistant", content: "Hello" } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } },
  ].map((part) => ({ id: "1", object: "chat.completion.chunk", created: 1, model: "m", ...part }));
  const body = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"]
    .map((data) => `data: ${data}\n\n`).join("");
  const keys: (string | null)[] = [];
  const { server, host, url } = serve((request) => {
    keys.push(request.headers.get("authorization"));
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  let hits = 0;
  const other = serve(() => {
    hits++;
    return new Response("no", { status: 400 });
  });
  try {
    {
      await using agent = new AgentProcess([host]);
      await agent.start({ type: "openai", name: "m", baseUrl: url, apiKey: KEY });
      assertEquals(await agent.step({}), {
        outcome: "success",
        output: "Hello",
        turns: 1,
        usage: { inputTokens: 3, outputTokens: 1 },
      });
      assertEquals(keys, [`Bearer ${KEY}`]);
    }
    await using agent = new AgentProcess([host]);
    await agent.start({ type: "openai", name: "m", baseUrl: other.url, apiKey: KEY });
    const refused = await agent.step({});
    assertEquals(refused.outcome, "denied");
    assertStringIncludes(refused.error ?? "", other.host);
    assertEquals([keys.length, hits], [1, 0]);
  } finally {
    await Promise.all([server.shutdown(), other.server.shutdown()]);
  }
});

Deno.test("the agent process keeps the key out of everything it says", async () => {
  const { server, host, url } = serve((request) => {
    const message = `Incorrect API key: ${request.headers.get("authorization")}`;
    return Response.json({ error: { message, type: "invalid_request_error" } }, { status: 401 });
  });
  try {
    await using agent = new AgentProcess([host]);
    await agent.start({ type: "openai", name: "m", baseUrl: url, apiKey: KEY });
    const result = await agent.step({});
    assertEquals(result.outcome, "failure");
    await agent.channel.close();
    const said = JSON.stringify([result, agent.events, await agent.stderr]);
    assertStringIncludes(said, "401");
    assert(!said.includes(KEY));
    assert(!said.includes(KEY.slice(3)));
  } finally {
    await server.shutdown();
  }
});

Deno.test("the agent process ends with its standard input, in the middle of a request too", async () => {
  using server = new SilentServer();
  const agent = new AgentProcess([server.host]);
  await agent.start({ type: "openai", name: "m", baseUrl: server.url, apiKey: KEY });
  const step = agent.step({});
  await server.asked();
  const lost = assertRejects(() => step, Error, "This channel was closed");
  await agent.channel.close();
  assertEquals(await agent.process.status, { success: true, code: 0, signal: null });
  await lost;
  await server.hungUp();
  assertEquals(await agent.stderr, "");
});

Deno.test("the agent process ends when it is idle and was never started", async () => {
  const agent = new AgentProcess();
  await agent.channel.close();
  assertEquals((await agent.process.status).code, 0);
  assertEquals(await agent.stderr, "");
});

Deno.test("the agent process hangs up on the model when a step is cancelled, and lives on", async () => {
  using server = new SilentServer();
  await using agent = new AgentProcess([server.host]);
  await agent.start({ type: "openai", name: "m", baseUrl: server.url, apiKey: KEY });
  const stop = new AbortController();
  const step = agent.step({}, stop.signal);
  await server.asked();
  stop.abort(new RangeError("enough"));
  await assertRejects(() => step, RangeError, "enough");
  await server.hungUp();
  assertEquals((await agent.step({ maxTurns: 0 })).outcome, "budget");
});

Deno.test("the agent process leaves SIGINT to the runner and ends on SIGTERM", async () => {
  await using agent = new AgentProcess();
  await agent.start(REHEARSAL);
  agent.process.kill("SIGINT");
  const result = await agent.step({ rehearsal: [{ text: "Still here.", calls: [] }] });
  assertEquals(result.output, "Still here.");
  agent.process.kill("SIGTERM");
  assertEquals((await agent.process.status).signal, "SIGTERM");
});

Deno.test("the agent process reports what is no frame in one line and fails", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...flags([]), MAIN],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = command.stdin.getWriter();
  await writer.write(new Uint8Array(64).fill(255));
  const { code, stdout, stderr } = await command.output();
  await writer.abort().catch(() => {});
  assertEquals([code, stdout.length], [1, 0]);
  const line = new TextDecoder().decode(stderr);
  assert(/^The agent process failed: Error: The other process sent [^\n]+\n$/.test(line), line);
});

Deno.test("the agent process's flags grant no file, no program and no variable", async () => {
  const directory = await Deno.makeTempDir();
  let hits = 0;
  const { server, host } = serve(() => {
    hits++;
    return new Response("export {}", { headers: { "content-type": "text/typescript" } });
  });
  try {
    const probe = `${directory}/probe.ts`;
    await Deno.writeTextFile(
      probe,
      `const tries: Record<string, () => unknown> = {
        read: () => Deno.readTextFile(${JSON.stringify(MAIN)}),
        list: () => [...Deno.readDirSync(${JSON.stringify(directory)})],
        write: () => Deno.writeTextFile(${JSON.stringify(`${directory}/x`)}, "x"),
        net: () => Deno.connect({ hostname: "127.0.0.1", port: ${host.split(":")[1]} }),
        run: () => new Deno.Command("true").output(),
        remote: () => import("http://${host}/" + "x.ts"),
      };
      const told: Record<string, string> = { env: String(Deno.env.get("HOME")) };
      for (const [name, attempt] of Object.entries(tries)) {
        try {
          await attempt();
          told[name] = "granted";
        } catch (error) {
          told[name] = error instanceof Error ? error.name : "?";
        }
      }
      console.log(JSON.stringify(told));`,
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [...flags([]), "--config", CONFIG, probe],
    }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      env: "undefined",
      read: "NotCapable",
      list: "NotCapable",
      write: "NotCapable",
      net: "NotCapable",
      run: "NotCapable",
      remote: "TypeError",
    });
    assertEquals(hits, 0);
  } finally {
    await server.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
});
