import { assertEquals } from "@std/assert";
import { RUNTIMES } from "../../backends/docker/runtimes.ts";
import type { PlanBox } from "../../runner/plan.ts";
import { compiled, type Given } from "./_compiled.ts";

/** A file whose default is a container with some keys. */
function boxed(keys: string, more = ""): string {
  return `\
name: w
model: openai:m
backends:
  box: { type: docker, ${keys} }
default: box
${more}steps: [{ id: a, prompt: Go }]
`;
}

async function boxOf(keys: string, more = "", given: Given = {}): Promise<PlanBox | undefined> {
  const { plan, text } = await compiled(boxed(keys, more), given);
  assertEquals(text, "");
  const backend = plan?.backends[0];
  return backend?.type === "docker" ? backend.box : undefined;
}

/** The lines of the messages, and of the hints. */
async function saidOf(keys: string, more = ""): Promise<readonly string[]> {
  const { diagnostics } = await compiled(boxed(keys, more));
  return diagnostics.map(({ code, message, hint }) => `${code}: ${message}. ${hint}`);
}

Deno.test("compileWorkflow() makes data of a docker backend", async () => {
  assertEquals(
    await boxOf(
      "runtime: python-minimal, packages: [pandas], setup: [mkdir -p /data], platform: linux/arm64, " +
        "network: bridge, memory: 512mb, cpus: 1.5, processes: 64, user: 1234, workdir: /home/me, " +
        "env: { TZ: UTC }, volumes: { /cache/: pip-cache }, read_only: true, name: analysis, " +
        "idle_timeout: 30m, hard_timeout: 8h, " +
        "build: { base: python:3.13, registry: registry.example.org:5000/hub, network: host }",
    ),
    {
      runtime: RUNTIMES["python-minimal"],
      packages: ["pandas"],
      setup: ["mkdir -p /data"],
      sources: {
        base: "python:3.13",
        registry: "registry.example.org:5000/hub",
        network: "host",
      },
      platform: "linux/arm64",
      network: "bridge",
      memoryBytes: 512 * 1024 * 1024,
      cpus: 1.5,
      processes: 64,
      user: "1234:1234",
      workdir: "/home/me",
      env: { TZ: "UTC" },
      volumes: { "/cache/": "pip-cache" },
      readOnly: true,
      name: "analysis",
      idleMilliseconds: 1_800_000,
      hardMilliseconds: 28_800_000,
    },
  );
});

Deno.test("compileWorkflow() leaves what is not said of a container to the sandbox", async () => {
  assertEquals(await boxOf('image: "busybox:1.36"'), { image: "busybox:1.36", network: "none" });
});

Deno.test("compileWorkflow() takes runtimes of the file, before those that ship", async () => {
  const runtimes =
    "runtimes:\n  deno: { base: debian, manager: apt, packages: [jq], env: { A: b }, workdir: /w }\n";
  assertEquals(await boxOf("runtime: deno", runtimes), {
    runtime: {
      base: "debian",
      manager: "apt",
      packages: ["jq"],
      env: { A: "b" },
      workdir: "/w",
    },
    network: "none",
  });
});

Deno.test("compileWorkflow() has images from where the environment says, unless the file does", async () => {
  const given = (variables: Readonly<Record<string, string>>) => ({
    env: new Map(Object.entries(variables)),
  });
  const site = given({
    ROUTEBOOK_DOCKER_REGISTRY: "registry.example.org/hub",
    ROUTEBOOK_DOCKER_BUILD_NETWORK: "host",
    ROUTEBOOK_BASE_DENO: "site/deno:2",
  });
  const sources = { registry: "registry.example.org/hub", network: "host", base: "site/deno:2" };
  const runtime = RUNTIMES["deno"];
  assertEquals(await boxOf("runtime: deno", "", site), { runtime, sources, network: "none" });
  assertEquals(
    (await boxOf("runtime: deno, build: { base: a, network: none }", "", site))?.sources,
    { ...sources, base: "a", network: "none" },
  );
  const ready = given({ ROUTEBOOK_RUNTIME_DENO: "site/deno:ready" });
  assertEquals(await boxOf("runtime: deno", "", ready), {
    image: "site/deno:ready",
    network: "none",
  });
  const { diagnostics } = await compiled(
    boxed("runtime: deno"),
    given({ ROUTEBOOK_BASE_DENO: "a b", ROUTEBOOK_DOCKER_BUILD_NETWORK: "c d" }),
  );
  assertEquals(diagnostics.map(({ message }) => message), [
    '"a b" of the environment is not an image\'s name',
    '"c d" of the environment is not a network',
  ]);
});

Deno.test("compileWorkflow() keeps what a runtime of the file says, whatever image stands for it", async () => {
  const runtimes =
    "runtimes:\n  mine: { base: a, manager: apt, packages: [jq], env: { A: b, C: d }, workdir: /w }\n";
  const given = { env: new Map([["ROUTEBOOK_RUNTIME_MINE", "site/mine:1"]]) };
  const plain = { image: "site/mine:1", network: "none" } as const;
  assertEquals(await boxOf("runtime: mine", runtimes, given), {
    ...plain,
    ...{ env: { A: "b", C: "d" }, workdir: "/w" },
  });
  assertEquals(
    await boxOf("runtime: mine, env: { A: x }, workdir: /v", runtimes, given),
    { ...plain, env: { A: "x", C: "d" }, workdir: "/v" },
  );
  assertEquals(await boxOf("runtime: mine, setup: ['true']", runtimes, given), {
    runtime: { base: "site/mine:1", manager: "apt", workdir: "/w", env: { A: "b", C: "d" } },
    setup: ["true"],
    network: "none",
  });
});

Deno.test("compileWorkflow() wants one of runtime and image", async () => {
  assertEquals(await saidOf("network: none"), [
    'missing-key: The backend has neither "runtime" nor "image". Write what programs there are, ' +
    "runtime: python-minimal, or an image",
  ]);
  assertEquals(await saidOf("runtime: deno, image: busybox"), [
    'invalid-value: The backend has "runtime" and "image". An image is used as it is: write one of ' +
    "the two",
  ]);
  assertEquals(await saidOf("image: busybox, packages: [jq], build: { network: host }"), [
    'misplaced-key: "packages" is for a runtime. An image is used as it is: write a runtime that ' +
    "begins with it, runtimes: { NAME: { base: ... } }",
    'misplaced-key: "network" is for a runtime. An image is used as it is: write a runtime that ' +
    "begins with it, runtimes: { NAME: { base: ... } }",
  ]);
});

Deno.test("compileWorkflow() names runtimes and images that there are not", async () => {
  const names = Object.keys(RUNTIMES).join(", ");
  assertEquals(await saidOf("runtime: pyton-web"), [
    'unknown-runtime: There is no runtime "pyton-web". Did you mean "python-web"?',
  ]);
  assertEquals(await saidOf("runtime: fortran"), [
    `unknown-runtime: There is no runtime "fortran". The runtimes are ${names}`,
  ]);
  assertEquals(await saidOf('runtime: "python:3.12"'), [
    'unknown-runtime: There is no runtime "python:3.12". Write image: python:3.12, or a runtime ' +
    'that begins with it below "runtimes" at the top',
  ]);
  assertEquals(await saidOf("image: Python"), [
    'invalid-value: "Python" is not an image\'s name. Did you mean "python"?',
  ]);
  assertEquals(await saidOf('image: "a b"'), [
    'invalid-value: "a b" is not an image\'s name. Write it like python:3.12-slim',
  ]);
  const digest = "a".repeat(64);
  for (const image of ["a", "a/b-c/d__e:1.0-x", `h.example:5000/a@sha256:${digest}`]) {
    assertEquals(await saidOf(`image: "${image}"`), [], image);
  }
});

Deno.test("compileWorkflow() checks the parts of a runtime of the file", async () => {
  assertEquals(
    await saidOf("runtime: mine", 'runtimes: { mine: { base: "a b", packages: [jq, "-y"] } }\n'),
    [
      'missing-key: Missing runtime key "manager". Write who installs the packages: manager: pip',
      'invalid-value: "a b" is not an image\'s name. Write it like python:3.12-slim',
      'invalid-value: "-y" is not a package\'s name. Options of a package manager belong into a ' +
      "command of setup",
    ],
  );
  assertEquals(
    await saidOf("runtime: mine", "runtimes: { mine: { base: a, manager: apt-get, run: [x] } }\n"),
    [
      'invalid-value: Expected "apk" or "apt" or "cargo" or "deno" or "go" or "npm" or "pip" for ' +
      '"manager", found "apt-get". Write apt',
      'unknown-key: Unknown runtime key "run". It is spelt "setup" here',
    ],
  );
});

Deno.test("compileWorkflow() refuses what no image can be built with", async () => {
  assertEquals(
    await saidOf(
      'runtime: mine, build: { registry: "-x", base: "-x/a", network: "-x" }',
      'runtimes: { mine: { base: a, env: { A: "b\\nc", B: "ü" }, workdir: "/w\\nx" } }\n',
    ),
    [
      'invalid-value: "-x" is not a registry. Write a host, and a path if it has one: ' +
      "registry.example.org/hub",
      'invalid-value: "-x/a" is not an image\'s name. Write it like python:3.12-slim',
      'invalid-value: "-x" is not a network. Write its name, as the engine has it: host',
      "invalid-value: A variable of a runtime cannot have a line break or control character in it. " +
      "An image cannot keep one: write it in the env of the backend",
      'invalid-path: Directory "/w\nx" has a line break or control character in it. Write a path ' +
      "such as /workspace",
    ],
  );
  // What stands in no image may have them.
  assertEquals((await boxOf('image: a, env: { A: "b\\nc" }'))?.env, { A: "b\nc" });
});

Deno.test("compileWorkflow() wants a name of its own for each container that is kept", async () => {
  const { diagnostics } = await compiled(
    boxed("image: a, name: kept").replace(
      "default",
      "  other: { type: docker, image: b, name: kept }\n  third: { type: docker, image: b }\n" +
        "  fourth: { type: docker, image: b }\ndefault",
    ),
  );
  assertEquals(
    diagnostics.filter(({ severity }) => severity === "error")
      .map(({ code, message, hint, place }) => `${place?.line} ${code}: ${message}. ${hint}`),
    [
      '5 invalid-value: Container "kept" is that of "box" already. Give each container a name of ' +
      "its own",
    ],
  );
});

Deno.test("compileWorkflow() warns of runtimes that no container has", async () => {
  assertEquals(
    await saidOf("runtime: deno", "runtimes: { mine: { base: a }, a.b: { base: a } }\n"),
    [
      'unused-key: Runtime "mine" is not used by any backend. Write runtime: mine at a backend of ' +
      "type: docker, or leave it out",
      'invalid-name: "a.b" cannot be a runtime\'s name. Use letters, digits, _ and -, and begin with ' +
      "a letter",
    ],
  );
});

Deno.test("compileWorkflow() wants an ordinary user in numbers", async () => {
  const numbers = 'Write numbers of an ordinary user: "1000:1000"';
  for (const user of ["0", '"0:0"', '"1000:0"', '"0:1000"', '"00"']) {
    assertEquals(
      await saidOf(`image: a, user: ${user}`),
      [
        "invalid-value: Commands run as an ordinary user, and 0 is the number of root. " +
        numbers,
      ],
      user,
    );
  }
  for (const user of ["root", "1000:users", "1:2:3", "2147483648", "1:4294967294"]) {
    assertEquals(
      await saidOf(`image: a, user: "${user}"`),
      [
        `invalid-value: Expected a user in numbers for "user", found "${user}". ${numbers}`,
      ],
      user,
    );
  }
  assertEquals((await boxOf("image: a, user: 1000:2000"))?.user, "1000:2000");
  assertEquals((await boxOf("image: a, user: 2147483647"))?.user, "2147483647:2147483647");
});

Deno.test("compileWorkflow() checks each amount, time and name of a container", async () => {
  assertEquals(
    await saidOf("image: a, memory: 2G, cpus: 0, processes: 2, idle_timeout: 30, network: host"),
    [
      'invalid-limit: Expected a whole number and kb, mb or gb for "memory", found "2G". Did you ' +
      "mean 2gb?",
      'invalid-value: "cpus" must be at least 0.01. Write 0.01 or more',
      'invalid-value: "processes" must be at least 8. Write 8 or more',
      'wrong-type: Expected a text for "idle_timeout", found the number 30. A time has a unit: ' +
      "write 30s for seconds, or 30m for minutes",
      'invalid-value: Expected "none" or "bridge" for "network", found "host". A container has no ' +
      "share in this machine's network: write bridge, or none",
    ],
  );
  assertEquals(
    await saidOf('image: a, name: "a b", platform: linux, hard_timeout: 10d, env: { "a-b": c }'),
    [
      'invalid-name: "a b" cannot be a container\'s name. Use letters, digits, _, . and -, and ' +
      "begin with a letter or digit; 63 at the most",
      'invalid-value: "linux" is not a platform. Write it like linux/amd64 or linux/arm64',
      'invalid-duration: "hard_timeout" must be at most 168h, found 10d. Write 168h or less',
      'invalid-name: "a-b" cannot be a variable\'s name. Use letters, digits and _, and begin with ' +
      "a letter",
    ],
  );
});

Deno.test("compileWorkflow() takes a path of the container for workdir, outside of the system", async () => {
  for (
    const [workdir, said] of [
      ["/", 'Directory "/" is the whole container. Write a path such as /workspace'],
      ["work", 'Directory "work" is not a path in its shortest form. Write "/work"'],
      ["/a//b/", 'Directory "/a//b/" is not a path in its shortest form. Write "/a/b"'],
      ["/../x", 'Directory "/../x" has no path that there can be. Write a path such as /workspace'],
      [
        "/usr/src",
        'Directory "/usr/src" is in "/usr", the container\'s own directory. Write another path, ' +
        "such as /workspace",
      ],
      [
        "/w\\nx",
        'Directory "/w\nx" has a line break or control character in it. Write a path such as ' +
        "/workspace",
      ],
    ] as const
  ) {
    assertEquals(await saidOf(`image: a, workdir: "${workdir}"`), [`invalid-path: ${said}`]);
  }
});

Deno.test("compileWorkflow() takes volumes by their names alone", async () => {
  for (
    const [volumes, said] of [
      [
        "/cache: pip",
        'invalid-path: Volume "/cache" must begin and end with a slash, in its shortest form. ' +
        'Write "/cache/"',
      ],
      [
        "/: pip",
        'invalid-path: Volume "/" would be the whole container. Write a path such as /cache/',
      ],
      [
        "/etc/x/: pip",
        'invalid-path: Volume "/etc/x/" is in "/etc", the container\'s own directory. Write ' +
        "another path, such as /cache/",
      ],
      [
        "/cache/: ./cache",
        'invalid-value: "./cache" is a path, and a volume has a name. A directory of the host is a ' +
        "backend: { type: local, root: ... }, with a route",
      ],
      [
        "/a/: x, /a/b/: y",
        'invalid-path: Volumes "/a/" and "/a/b/" stand in one another. Give each a place of its own',
      ],
    ] as const
  ) {
    assertEquals(await saidOf(`image: a, volumes: { ${volumes} }`), [said]);
  }
});

Deno.test("compileWorkflow() says what keys of other programs are for a container", async () => {
  assertEquals(
    await saidOf("image: a, mem_limit: 1gb, root: ., access: read, privileged: true, cpu: 2"),
    [
      'unknown-key: Unknown backend key "mem_limit". It is spelt "memory" here',
      'unknown-key: Unknown backend key "root". It is for type: local',
      'unknown-key: Unknown backend key "access". Write it at the route: { backend: NAME, access: ' +
      "read }",
      'unknown-key: Unknown backend key "privileged". There is no such container: leave it out',
      'unknown-key: Unknown backend key "cpu". It is spelt "cpus" here',
    ],
  );
});
