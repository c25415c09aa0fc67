import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() refuses writable roots inside, equal to or above its own code", async () => {
  const checkout = await Deno.realPath(new URL("../..", import.meta.url));
  const cases: [root: string, message: string | undefined][] = [
    [checkout, `Root "${checkout}" holds Routebook's own code`],
    [`${checkout}/runner`, `Root "${checkout}/runner" is inside Routebook's own code`],
    [`${checkout}/std/new/deep`, `Root "${checkout}/std/new/deep" is inside Routebook's own code`],
    [`${checkout}/.git/hooks`, `Root "${checkout}/.git/hooks" is inside Routebook's own code`],
    [`${checkout}/workspace/of-a-test`, undefined],
    [`${checkout}/runner-up`, undefined],
  ];
  for (const [root, message] of cases) {
    const yaml = `\
name: w
model: openai:m
backends: { d: { type: local, root: ${JSON.stringify(root)} } }
default: d
steps: [{ id: a, prompt: Go }]
`;
    const { diagnostics } = await compiled(yaml);
    assertEquals(diagnostics.map(({ message }) => message), message ? [message] : [], root);
    const codes = message ? ["root-holds-code"] : [];
    assertEquals(diagnostics.map(({ code }) => code), codes, root);
    // What may only be read is no danger; a directory that is not there cannot be read.
    const reading = await compiled(yaml.replace("type: local,", "type: local, access: read,"));
    const isThere = root === checkout || root.endsWith("/runner");
    if (isThere) assertEquals(reading.text, "", root);
  }
});

Deno.test("compileWorkflow() refuses writable roots with Deno or its packages in them", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-cache-" }));
  const before = Deno.env.get("DENO_DIR");
  try {
    await Deno.mkdir(join(dir, "real"));
    await Deno.symlink("real", join(dir, "cache"));
    Deno.env.set("DENO_DIR", join(dir, "cache"));
    const codes = async (root: string, access: string) => {
      const { diagnostics } = await compiled(`\
name: w
model: openai:m
backends: { d: { type: local, root: ${JSON.stringify(root)}, access: ${access} } }
default: d
steps: [{ id: a, prompt: Go }]
`);
      return diagnostics.map(({ code }) => code);
    };
    const unsafe = [dirname(await Deno.realPath(Deno.execPath())), dir, `${dir}/real/npm/x`];
    for (const root of unsafe) {
      assertEquals(await codes(root, "read-write"), ["root-holds-code"], root);
    }
    assertEquals(await codes(`${dir}/other`, "read-write"), []);
    assertEquals(await codes(dir, "read"), []);
  } finally {
    if (before === undefined) Deno.env.delete("DENO_DIR");
    else Deno.env.set("DENO_DIR", before);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("compileWorkflow() reaches the code through no link either", async () => {
  const checkout = await Deno.realPath(new URL("../..", import.meta.url));
  const { diagnostics } = await compiled(
    `\
name: w
model: openai:m
backends: { d: { type: local, root: ./link/agent } }
default: d
steps: [{ id: a, prompt: Go }]
`,
    { links: { link: checkout } },
  );
  assertEquals(diagnostics.map(({ message }) => message), [
    `Root "${checkout}/agent" is inside Routebook's own code`,
  ]);
});

Deno.test("compileWorkflow() grants the places that routes stand for and nothing around them", async () => {
  const { plan, dir, text } = await compiled(`\
name: w
model: openai:m
backends:
  memory: { type: state }
  disk: { type: local, root: ./ws }
  other: { type: local, root: ./other }
default: memory
routes:
  /deep/: { backend: disk, path: /work/deep/ }
  /work/: { backend: disk, path: work, access: read }
  /again/: { backend: disk, path: work }
  /notes/: { backend: memory, path: notes }
  /other/: { backend: other, path: a/./b }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(text.match(/^\w+\[[\w-]+\]/gm), [
    "warning[overlapping-routes]",
    "warning[overlapping-routes]",
    "warning[overlapping-routes]",
  ]);
  assertEquals(plan?.roots, [
    {
      backend: "other",
      path: "/a/b",
      directory: `${dir}/other/a/b`,
      access: "read-write",
      protected: [],
    },
    {
      backend: "disk",
      path: "/work",
      directory: `${dir}/ws/work`,
      access: "read-write",
      protected: [],
    },
  ]);
  const host = plan?.processes.find(({ name }) => name === "host");
  assertEquals(host?.permissions.read, [
    `${dir}/other/a/b`,
    `${dir}/ws/work`,
  ]);
});

/** The roots of a workflow with these routes, each in a line: what it may do and must not change. */
async function rootsOf(routes: string) {
  const { plan, dir } = await compiled(
    `\
name: w
model: openai:m
backends: { all: { type: local, root: ./all }, src: { type: local, root: ./all/src, access: read } }
routes: ${routes}
steps: [{ id: a, prompt: Go }]
`,
    { files: { "all/src/gen/": "", "all/docs/": "" }, links: { "all/link": "src" } },
  );
  const short = (path: string) => path.slice(dir.length + 1);
  const denied = plan?.processes.find(({ name }) => name === "host")?.permissions.denyWrite;
  const lines = plan?.roots.map((root) =>
    [root.access, short(root.directory), ...root.protected.map(short)].join(" ")
  );
  return { lines, denied: denied?.map(short) };
}

Deno.test("compileWorkflow() keeps a place read-only inside a writable one that no route names it by", async () => {
  const part = "{ backend: all, path: src, access: read }";
  assertEquals(await rootsOf(`{ /p/src/: ${part}, /p/: all }`), {
    lines: ["read all/src", "read-write all all/src"],
    denied: ["all/src"],
  });
  assertEquals(await rootsOf("{ /p/src/: src, /p/: all }"), {
    lines: ["read all/src", "read-write all all/src"],
    denied: ["all/src"],
  });
  // What is writable inside the inner one stays so, and a flag cannot say that.
  const gen = "{ backend: all, path: src/gen }";
  assertEquals(await rootsOf(`{ /p/src/gen/: ${gen}, /p/src/: ${part}, /p/: all }`), {
    lines: ["read-write all/src/gen", "read all/src", "read-write all all/src"],
    denied: [],
  });
});

Deno.test("compileWorkflow() leaves a place to another one of its backend that serves it as well", async () => {
  const part = "{ backend: all, path: src, access: read }";
  assertEquals(await rootsOf(`{ /docs/: { backend: all, path: docs }, /p/: all }`), {
    lines: ["read-write all"],
    denied: [],
  });
  // A route names these files as writable: "/p/src".
  assertEquals(await rootsOf(`{ /s/: ${part}, /p/: all }`), {
    lines: ["read-write all"],
    denied: [],
  });
  assertEquals(await rootsOf("{ /s/: src, /p/: all }"), {
    lines: ["read all/src", "read-write all"],
    denied: [],
  });
  const linked = "{ backend: all, path: link, access: read }";
  assertEquals(await rootsOf(`{ /p/src/: ${linked}, /p/: all }`), {
    lines: ["read all/src", "read-write all all/src"],
    denied: ["all/src"],
  });
});

Deno.test("compileWorkflow() protects the workflow, its rehearsal and the runs in a writable root", async () => {
  const { plan, dir, text } = await compiled(
    `\
name: w
model: openai:m
rehearsal: sub/r.yaml
backends:
  all: { type: local, root: . }
  src: { type: local, root: ./sub, access: read }
default: all
routes: { /src/: src }
steps: [{ id: a, prompt: Go }]
`,
    { files: { "sub/r.yaml": "name: w\nsteps: { a: [{ text: Hi }] }\n" } },
  );
  assertEquals(text.match(/^\w+\[[\w-]+\]/gm), ["warning[overlapping-routes]"]);
  assertEquals(
    plan?.roots.map(({ directory, access, protected: kept }) => [directory, access, kept]),
    [
      [`${dir}/sub`, "read", []],
      [dir, "read-write", [`${dir}/flow.yaml`, `${dir}/sub/r.yaml`, `${dir}/.routebook`]],
    ],
  );
});

Deno.test("compileWorkflow() follows links of roots, and puts a test's directories in their place", async () => {
  const yaml = `\
name: w
model: openai:m
backends: { d: { type: local, root: ./link/new } }
routes: { /p/: { backend: d, path: sub } }
steps: [{ id: a, prompt: Go }]
`;
  const given = { files: { "real/": "" }, links: { link: "real" } };
  const followed = await compiled(yaml, given);
  assertEquals(followed.plan?.roots[0]?.directory, `${followed.dir}/real/new/sub`);
  const replaced = await compiled(yaml, { ...given, roots: { d: "/tmp/elsewhere" } });
  assertEquals(replaced.plan?.roots[0]?.directory, "/tmp/elsewhere/sub");
});
