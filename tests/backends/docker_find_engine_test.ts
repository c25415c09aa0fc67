import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { openEngine } from "../../backends/docker/engine.ts";
import {
  engineSockets,
  findEngine,
  type FindEngineOptions,
  locateEngine,
  NoEngineError,
} from "../../backends/docker/find_engine.ts";
import { DOCKER, PODMAN, testOn } from "../support/engine.ts";

const DOCKER_VERSION = { Version: "27.3.1", Components: [{ Name: "Engine", Version: "27.3.1" }] };

/** A directory, and the engines in it: HTTP servers that answer as an engine does. */
class Machine implements AsyncDisposable {
  // The path of a socket has to be short.
  readonly root = Deno.makeTempDirSync({ dir: "/tmp" });
  readonly variables: Record<string, string> = { HOME: `${this.root}/home` };
  readonly #servers: { shutdown(): Promise<void> }[] = [];

  /** Starts an engine at a socket. */
  engine(name: string, version: unknown = DOCKER_VERSION): string {
    const path = `${this.root}/${name}`;
    this.other(name, answers(version));
    return path;
  }

  /** Starts an engine at a port. */
  port(): number {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    const server = Deno.serve(options, answers(DOCKER_VERSION));
    this.#servers.push(server);
    return server.addr.port;
  }

  /** Starts something that answers in its own way. */
  other(name: string, answer: (request: Request) => Response | Promise<Response>): string {
    const path = `${this.root}/${name}`;
    this.#servers.push(Deno.serve({ path, transport: "unix", onListen: () => {} }, answer));
    return path;
  }

  write(name: string, text: string): string {
    const path = `${this.root}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
    return path;
  }

  /** Makes a context of Docker's command line. */
  context(name: string, endpoint: Readonly<Record<string, unknown>>): string {
    const id = createHash("sha256").update(name).digest("hex");
    const meta = { Name: name, Metadata: {}, Endpoints: { docker: endpoint } };
    this.write(`home/.docker/contexts/meta/${id}/meta.json`, JSON.stringify(meta));
    return `home/.docker/contexts/tls/${id}/docker`;
  }

  find(options: Partial<FindEngineOptions> = {}) {
    const env = (name: string) => this.variables[name];
    return findEngine({ env, sockets: [], milliseconds: 20_000, ...options });
  }

  async problems(options: Partial<FindEngineOptions> = {}): Promise<readonly string[]> {
    const { tried } = await assertRejects(() => this.find(options), NoEngineError);
    return tried.map(({ place, problem }) => `${place}: ${problem}`.replaceAll(this.root, "ROOT"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.shutdown()));
    await Deno.remove(this.root, { recursive: true });
  }
}

/** What an engine answers. */
function answers(version: unknown): (request: Request) => Response {
  return (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/_ping") return new Response("OK");
    return pathname === "/version" ? Response.json(version) : new Response("no", { status: 404 });
  };
}

Deno.test("findEngine() prefers the option, DOCKER_HOST, DOCKER_CONTEXT, the current context", async () => {
  await using machine = new Machine();
  const path = (name: string) => machine.engine(`${name}.sock`);
  const [option, host, named, current, usual] = ["option", "host", "named", "current", "usual"]
    .map(path);
  machine.context("named", { Host: `unix://${named}` });
  machine.context("current", { Host: `unix://${current}` });
  machine.write("home/.docker/config.json", JSON.stringify({ currentContext: "current" }));
  Object.assign(machine.variables, { DOCKER_HOST: `unix://${host}`, DOCKER_CONTEXT: "named" });
  const sockets = [String(usual)];
  const found = async (options: Partial<FindEngineOptions> = {}) => {
    const address = await machine.find({ sockets, ...options });
    return address.type === "unix" ? address.path : address.host;
  };
  assertEquals(await found({ host: `unix://${option}` }), option);
  assertEquals(await found(), host);
  machine.variables["DOCKER_HOST"] = "";
  assertEquals(await found(), named);
  machine.variables["DOCKER_CONTEXT"] = "default";
  assertEquals(await found(), usual);
  delete machine.variables["DOCKER_CONTEXT"];
  assertEquals(await found(), current);
  machine.write("home/.docker/config.json", JSON.stringify({ auths: {} }));
  assertEquals(await found(), usual);
});

Deno.test("findEngine() takes the first of the usual sockets that answers", async () => {
  await using machine = new Machine();
  const file = machine.write("file.sock", "");
  const web = machine.other("web.sock", () => new Response("Welcome"));
  const old = machine.engine("old.sock", { Version: "19.03.15", Components: [] });
  const good = machine.engine("good.sock");
  const never = machine.engine("never.sock");
  const sockets = [`${machine.root}/none.sock`, file, web, old, good, never];
  assertEquals(await machine.find({ sockets }), { type: "unix", path: good });
});

Deno.test("findEngine() lists every place that was tried and why it is no engine", async () => {
  await using machine = new Machine();
  const file = machine.write("file.sock", "");
  const web = machine.other("web.sock", () => new Response("Welcome"));
  const failing = machine.other("failing.sock", () => new Response("no", { status: 503 }));
  const podman = machine.engine("podman.sock", {
    Version: "3.4.4",
    Components: [{ Name: "Podman Engine", Version: "3.4.4" }],
  });
  const none = `${machine.root}/none.sock`;
  const sockets = [none, file, web, failing, podman];
  assertEquals(await machine.problems({ sockets }), [
    "ROOT/none.sock: It does not exist",
    "ROOT/file.sock: Nobody listens there: the connection was refused",
    "ROOT/web.sock: What answers there is no engine",
    "ROOT/failing.sock: What answers there is no engine (HTTP status 503)",
    "ROOT/podman.sock: It is Podman 3.4.4: 4.0 or newer is needed",
  ]);
  const { message, hint } = await assertRejects(() => machine.find({ sockets }), NoEngineError);
  assertStringIncludes(
    message,
    `No engine for containers was found:\n  ${none}: It does not exist`,
  );
  assertStringIncludes(message, hint);
  assertStringIncludes(hint, "DOCKER_HOST=unix://");
});

Deno.test("findEngine() does not pass over an engine that is named and does not answer", async () => {
  await using machine = new Machine();
  const sockets = [machine.engine("usual.sock")];
  machine.context("gone", { Host: `unix://${machine.root}/gone.sock` });
  machine.context("old", { Host: `unix://${machine.engine("old.sock", { Version: "19.03.1" })}` });
  const gone = "It does not exist";
  const variables = machine.variables;
  variables["DOCKER_HOST"] = `unix://${machine.root}/gone.sock`;
  assertEquals(await machine.problems({ sockets }), [`DOCKER_HOST=unix://ROOT/gone.sock: ${gone}`]);
  assertEquals(await machine.problems({ sockets, host: `unix://${machine.root}/x` }), [
    `unix://ROOT/x: ${gone}`,
  ]);
  variables["DOCKER_HOST"] = "";
  variables["DOCKER_CONTEXT"] = "gone";
  assertEquals(await machine.problems({ sockets }), [
    `DOCKER_CONTEXT=gone (unix://ROOT/gone.sock): ${gone}`,
  ]);
  variables["DOCKER_CONTEXT"] = "missing";
  assertEquals(await machine.problems({ sockets }), [
    'DOCKER_CONTEXT=missing: There is no such context: "docker context ls" lists those that exist',
  ]);
  delete variables["DOCKER_CONTEXT"];
  machine.write("home/.docker/config.json", JSON.stringify({ currentContext: "old" }));
  assertEquals(await machine.problems({ sockets }), [
    'the current Docker context "old" (unix://ROOT/old.sock): ' +
    "It is Docker 19.03.1: 20.10 or newer is needed",
  ]);
});

Deno.test("findEngine() says what is not supported, and what to do", async () => {
  await using machine = new Machine();
  const problem = async (host: string) => {
    const { tried } = await assertRejects(() => machine.find({ host }), NoEngineError);
    return tried.map(({ problem }) => problem).join();
  };
  assertStringIncludes(await problem("ssh://me@host"), '"ssh -N -L ');
  assertStringIncludes(await problem("npipe:////./pipe/docker_engine"), "WSL");
  assertStringIncludes(await problem("fd://"), "name the socket");
  assertStringIncludes(await problem("gopher://host"), '"gopher://" is not supported');
  assertStringIncludes(await problem("/run/docker.sock"), 'needs "unix://"');
  assertStringIncludes(await problem("unix://docker.sock"), "not absolute");
  assertStringIncludes(await problem("tcp://host:70000"), "It is no address");
  assertStringIncludes(await problem("tcp://"), "It is no address");
  assertStringIncludes(await problem("tcp://host:2375/prefix"), "A path in an address");
  assertStringIncludes(await problem("tcp://me:word@host:2375"), "A name or a password");
  assertStringIncludes(await problem("https://host"), "DOCKER_CERT_PATH");
  // Deno grants "*:2375" as every host there is.
  assertStringIncludes(await problem("tcp://*:2375"), '"*" is no host');
  assertStringIncludes(await problem("tcp://*.example.org:2375"), '"*" is no host');
});

Deno.test("findEngine() understands addresses of the network", async () => {
  await using machine = new Machine();
  const found = (host: string) => machine.find({ host, ask: false });
  const tcp = (host: string, port: number) => ({ type: "tcp" as const, host, port });
  assertEquals(await found("tcp://docker.example.org"), tcp("docker.example.org", 2375));
  assertEquals(await found("tcp://docker.example.org:80"), tcp("docker.example.org", 80));
  assertEquals(await found("10.0.0.7:4000"), tcp("10.0.0.7", 4000));
  assertEquals(await found("http://host:4000/"), tcp("host", 4000));
  assertEquals(await found("http://host"), tcp("host", 80));
  assertEquals(await found("TCP://[::1]:4000"), tcp("::1", 4000));
});

Deno.test("findEngine() asks an engine at a port", async () => {
  await using machine = new Machine();
  const port = machine.port();
  assertEquals(await machine.find({ host: `tcp://127.0.0.1:${port}` }), {
    type: "tcp",
    host: "127.0.0.1",
    port,
  });
});

Deno.test("findEngine() loads the certificates of DOCKER_CERT_PATH and of a context", async () => {
  await using machine = new Machine();
  const files = ["ca", "cert", "key"].map((name) => [`${name}.pem`, `the ${name}`] as const);
  const tls = { ca: "the ca", cert: "the cert", key: "the key" };
  const variables = machine.variables;
  Object.assign(variables, { DOCKER_HOST: "tcp://engine", DOCKER_TLS_VERIFY: "1" });
  assertEquals(await machine.problems({ ask: false }), [
    "DOCKER_HOST=tcp://engine: There is no 'ca.pem' in 'ROOT/home/.docker', which encryption needs",
  ]);
  for (const [name, text] of files) machine.write(`certificates/${name}`, text);
  variables["DOCKER_CERT_PATH"] = `${machine.root}/certificates`;
  const encrypted = { type: "tcp" as const, host: "engine", port: 2376, tls };
  assertEquals(await machine.find({ ask: false }), encrypted);
  variables["DOCKER_TLS_VERIFY"] = "";
  assertEquals(await machine.find({ ask: false }), { type: "tcp", host: "engine", port: 2375 });
  assertEquals(await machine.find({ ask: false, host: "https://engine" }), {
    ...encrypted,
    port: 443,
  });
  variables["DOCKER_HOST"] = "";
  variables["DOCKER_CONTEXT"] = "far";
  const directory = machine.context("far", { Host: "tcp://engine:2376" });
  assertEquals(await machine.find({ ask: false }), { type: "tcp", host: "engine", port: 2376 });
  for (const [name, text] of files) machine.write(`${directory}/${name}`, text);
  assertEquals(await machine.find({ ask: false }), encrypted);
  machine.context("far", { Host: "tcp://engine:2376", SkipTLSVerify: true });
  assertStringIncludes(String(await machine.problems({ ask: false })), "not to be verified");
});

Deno.test("findEngine() goes on where Docker's configuration cannot be read, and says so", async () => {
  await using machine = new Machine();
  machine.variables["DOCKER_CONFIG"] = `${machine.root}/elsewhere`;
  machine.write("elsewhere/config.json", "{ currentContext: ");
  const path = machine.engine("usual.sock");
  assertEquals(await machine.find({ sockets: [path] }), { type: "unix", path });
  const [first, second] = await machine.problems({ sockets: [`${machine.root}/none`] });
  assertStringIncludes(String(first), "ROOT/elsewhere/config.json: Its configuration is not JSON");
  assertEquals(second, "ROOT/none: It does not exist");
});

Deno.test("findEngine() gives up what accepts and never answers", async () => {
  await using machine = new Machine();
  const { promise, resolve } = Promise.withResolvers<Response>();
  const path = machine.other("silent.sock", () => promise);
  assertEquals(await machine.problems({ sockets: [path], milliseconds: 200 }), [
    "ROOT/silent.sock: It did not answer within 0.2 seconds",
  ]);
  resolve(new Response("late"));
});

Deno.test("findEngine() without asking takes the first socket that exists", async () => {
  await using machine = new Machine();
  const path = machine.engine("a.sock");
  const sockets = [`${machine.root}/none`, machine.write("file", ""), path];
  assertEquals(await machine.find({ sockets, ask: false }), { type: "unix", path });
  assertEquals(await machine.problems({ sockets: sockets.slice(0, 2), ask: false }), [
    "ROOT/none: It does not exist",
    "ROOT/file: It is not a socket",
  ]);
});

Deno.test("locateEngine() says what led to the engine", async () => {
  await using machine = new Machine();
  const path = machine.engine("a.sock");
  const place = async (options: Partial<FindEngineOptions>) => {
    const env = (name: string) => machine.variables[name];
    return (await locateEngine({ env, sockets: [path], milliseconds: 20_000, ...options })).place;
  };
  assertEquals(await place({}), `${path} (the first of the usual sockets that answers)`);
  assertEquals(await place({ ask: false }), `${path} (the first of the usual sockets that exists)`);
  machine.context("far", { Host: "tcp://engine" });
  machine.variables["DOCKER_CONTEXT"] = "far";
  assertEquals(await place({ ask: false }), "DOCKER_CONTEXT=far (tcp://engine:2375)");
  machine.variables["DOCKER_HOST"] = `unix://${path}`;
  assertEquals(await place({ ask: false }), `DOCKER_HOST=unix://${path}`);
});

Deno.test("findEngine() says that this program lacks the permission to connect", async () => {
  await using machine = new Machine();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--ignore-env",
      "--allow-read",
      new URL("./_docker_find_child.ts", import.meta.url).pathname,
      machine.engine("here.sock"),
    ],
    stdout: "piped",
    stderr: "inherit",
  });
  const { stdout } = await child.output();
  assertStringIncludes(new TextDecoder().decode(stdout), "This program has no permission");
});

Deno.test("engineSockets() lists the usual places in order", () => {
  const env = (variables: Readonly<Record<string, string>>) => (name: string) => variables[name];
  assertEquals(engineSockets({ env: env({ HOME: "/home/me", XDG_RUNTIME_DIR: "/run/user/7" }) }), [
    "/home/me/.docker/run/docker.sock",
    "/var/run/docker.sock",
    "/run/user/7/podman/podman.sock",
    "/run/podman/podman.sock",
  ]);
  assertEquals(engineSockets({ env: env({}), uid: 1000 }), [
    "/var/run/docker.sock",
    "/run/user/1000/podman/podman.sock",
    "/run/podman/podman.sock",
  ]);
  assertEquals(engineSockets({ env: env({}) }), [
    "/var/run/docker.sock",
    "/run/podman/podman.sock",
  ]);
});

Deno.test("openEngine() goes where it is told, whatever DOCKER_HOST says", async () => {
  await using machine = new Machine();
  const path = machine.engine("here.sock");
  const before = Deno.env.get("DOCKER_HOST");
  Deno.env.set("DOCKER_HOST", "tcp://127.0.0.1:1");
  try {
    const engine = await openEngine({ type: "unix", path });
    assertEquals(String(await engine.ping()), "OK");
  } finally {
    if (before === undefined) Deno.env.delete("DOCKER_HOST");
    else Deno.env.set("DOCKER_HOST", before);
  }
});

for (const engine of [DOCKER, PODMAN]) {
  const name = engine === DOCKER ? "Docker" : "Podman";
  testOn(engine, `findEngine() finds a real ${name}`, async ({ address, host }) => {
    assertEquals(await findEngine({ env: () => undefined, host }), address);
    const env = (name: string) => name === "DOCKER_HOST" ? host : undefined;
    assertEquals(await findEngine({ env }), address);
    assertEquals(await findEngine({ env: () => undefined, sockets: [address.path] }), address);
  });
}
