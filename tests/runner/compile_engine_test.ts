import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { findOnThisMachine } from "../../runner/_compile_engine.ts";
import { explainText } from "../../runner/explain.ts";
import { withoutKeys } from "../../runner/_masked_plan.ts";
import { planText } from "../../runner/plan_text.ts";
import { compiled, ENGINE, type Given } from "./_compiled.ts";

const YAML = `\
name: w
model: openai:m
shell: docker
backends:
  box: { type: docker, image: busybox }
default: box
steps: [{ id: a, prompt: Go }]
`;

const CHILD = "run --no-prompt --cached-only --no-remote --ignore-env";

/** An engine that is reached over a network. */
const REMOTE = { type: "tcp", host: "engine.example.org", port: 2376 } as const;

function at(engine: typeof REMOTE): Given {
  return { findEngine: () => Promise.resolve({ engine }) };
}

Deno.test("compileWorkflow() grants a process of its own the engine's socket, and nothing else", async () => {
  const { plan, text } = await compiled(YAML);
  assertEquals(text, "");
  assertEquals(plan?.engine, ENGINE);
  assertEquals(plan?.processes.map(({ name }) => name), ["runner", "agent", "docker"]);
  assertEquals(plan?.confinement, undefined, "bubblewrap confines nothing here");
  const docker = plan?.processes[2];
  const { path } = ENGINE;
  assertEquals(docker?.permissions, {
    read: [path],
    write: [path],
    denyWrite: [],
    net: [`unix:${path}`],
    env: [],
    run: [],
  });
  const [, ...args] = docker?.command ?? [];
  assertEquals(
    args.join(" ").replace(/ \S*\/runner\//, " runner/"),
    `${CHILD} --allow-read=${path} --allow-write=${path} --allow-net=unix:${path} runner/docker_host.ts`,
  );
});

Deno.test("compileWorkflow() grants the host and port of an engine elsewhere", async () => {
  const { plan } = await compiled(YAML, at(REMOTE));
  const { read, write, net } = plan?.processes[2]?.permissions ?? {};
  assertEquals([read, write, net], [[], [], ["engine.example.org:2376"]]);
});

Deno.test("compileWorkflow() lists what was tried where there is no engine, but not in a check", async () => {
  const findEngine = () =>
    Promise.resolve({ tried: ["/a.sock: It does not exist", "b: It is old"] });
  const { text, exitCode } = await compiled(YAML, { findEngine });
  assertEquals(
    text,
    `\
error[no-engine]: There is no engine for the container of "box"
 --> flow.yaml:5:3
  |
5 |   box: { type: docker, image: busybox }
  |   ^^^
  = hint: Start Docker or Podman, or say where it is with DOCKER_HOST. Tried: /a.sock: It does not exist; b: It is old
`,
  );
  assertEquals(exitCode, 2);
  const checked = await compiled(YAML, {
    check: true,
    findEngine: () => Promise.reject(new Error("Nobody is asked in a check")),
  });
  assertEquals([checked.text, checked.plan?.engine], ["", undefined]);
});

Deno.test("compileWorkflow() looks for the engine that the environment names", async () => {
  const dir = await Deno.makeTempDir({ prefix: "routebook-engine-" });
  try {
    const path = `${await Deno.realPath(dir)}/engine.sock`;
    const ask = async (variable: string) => {
      const env = new Map([["DOCKER_HOST", variable], ["HOME", dir]]);
      return await compiled(YAML, { env, findEngine: findOnThisMachine });
    };
    const missing = await ask(`unix://${path}`);
    const place = `DOCKER_HOST=unix://${path}`;
    assert(missing.text.includes(`Tried: ${place}: It does not exist`), missing.text);
    using _socket = Deno.listen({ transport: "unix", path });
    const { plan } = await ask(`unix://${path}`);
    assertEquals([plan?.engine, plan?.engineBy], [{ type: "unix", path }, place]);
    // What is granted is compared letter by letter: a link is followed first.
    await Deno.symlink(path, `${dir}/link.sock`);
    assertEquals((await ask(`unix://${dir}/link.sock`)).plan?.engine, { type: "unix", path });
    const refused = await ask("http://[");
    assert(refused.text.includes("no-engine"), refused.text);
    // The name of a context alone does not say which socket is missing.
    const id = createHash("sha256").update("colima").digest("hex");
    await Deno.mkdir(`${dir}/.docker/contexts/meta/${id}`, { recursive: true });
    const gone = `unix://${dir}/gone.sock`;
    await Deno.writeTextFile(
      `${dir}/.docker/contexts/meta/${id}/meta.json`,
      JSON.stringify({ Name: "colima", Endpoints: { docker: { Host: gone } } }),
    );
    await Deno.writeTextFile(`${dir}/.docker/config.json`, '{ "currentContext": "colima" }');
    const { text } = await ask("");
    const tried = `Tried: the current Docker context "colima" (${gone}): It does not exist\n`;
    assert(text.includes(tried), text);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("compileWorkflow() refuses a socket that cannot be granted exactly", async () => {
  const engine = { type: "unix", path: "/run/a,b.sock" } as const;
  const { text } = await compiled(YAML, { findEngine: () => Promise.resolve({ engine }) });
  assert(
    text.startsWith('error[unsafe-path]: Socket "/run/a,b.sock" cannot be granted: it has a comma'),
    text,
  );
});

Deno.test("explainText() says what the engine's socket is for", async () => {
  const { plan, sources, dir } = await compiled(YAML);
  assert(plan !== undefined);
  const text = explainText(plan, { color: false, cwd: dir, sources });
  assertEquals(
    text.split("\n\n").find((each) => each.startsWith("Process docker"))?.trimEnd(),
    `\
Process docker
  may read ${ENGINE.path}
    flow.yaml:5:8  box: { type: docker, image: busybox }
    It is the engine's socket: containers are made and used through it
  may write ${ENGINE.path}
    flow.yaml:5:8  box: { type: docker, image: busybox }
    It is the engine's socket: containers are made and used through it
  may reach unix:${ENGINE.path}
    flow.yaml:5:8  box: { type: docker, image: busybox }
    It is the engine's socket: containers are made and used through it`,
  );
});

Deno.test("planText() shows what a container is made of, what it may take and what it sees", async () => {
  const yaml = YAML.replace(
    "image: busybox }",
    "runtime: node-react, memory: 1gb, cpus: 2, network: bridge, packages: [left-pad], name: kept, " +
      "volumes: { /cache/: npm }, hard_timeout: 8h, env: { TZ: UTC } }\n" +
      "  data: { type: local, root: ./data, access: read }\n  m: { type: state }",
  ).replace("steps", "routes: { /data/: data, /notes/: m }\nsteps");
  const { plan, dir, text: wrong } = await compiled(yaml, { files: { "data/": "" } });
  assert(plan !== undefined, wrong);
  const text = planText(plan, { color: false, cwd: dir });
  const sections = text.split("\n\n");
  assert(
    text.includes("  shell        docker: the programs of container box; for the model\n"),
    text,
  );
  assertEquals(
    sections.find((each) => each.startsWith("Routes")),
    `\
Routes
  PREFIX   BACKEND  PLACE                             ACCESS
  /data/   data     data                              read
  /notes/  m        in memory; not saved              read-write
  /        box      in the container; kept as "kept"  read-write`,
  );
  assertEquals(
    sections.find((each) => each.startsWith("Container")),
    `\
Container box
  image      built from docker.io/library/node:24.11-bookworm-slim, for node-react
  packages   react@19.3.1 react-dom@19.3.1 vite@8.4.0 @vitejs/plugin-react@6.3.0 typescript@7.0.2 left-pad, by npm
  then       ln -s /usr/local/lib/node_modules /node_modules
  user       1000:1000
  network    bridge: any host may be reached
  may take   memory 1gb, processes 256, processors 2, ended after 8h
  variables  PATH NODE_PATH npm_config_cache npm_config_audit npm_config_fund npm_config_update_notifier TZ
  its files  kept from run to run, as "kept"
  volumes    /cache/ is "npm", which stays
  mounted    /data/ is data, read
  brought    /notes/ before each command, and fetched after it
  engine     unix:${ENGINE.path}`,
  );
});

Deno.test("withoutKeys() takes the keys of an engine out of a plan", async () => {
  const tls = { ca: "a", cert: "b", key: "c" };
  const engine = { ...REMOTE, tls };
  const { plan } = await compiled(YAML, { findEngine: () => Promise.resolve({ engine }) });
  assert(plan !== undefined);
  assertEquals(plan.engine, engine);
  assertEquals(withoutKeys(plan).engine, REMOTE);
});
