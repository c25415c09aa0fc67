/**
 * Bad input as a user meets it: the real command line, its standard error and its exit code. The
 * text of every diagnostic is in the tests of the parts.
 */

import { assertEquals } from "@std/assert";
import { join } from "@std/path";

const CODE = await Deno.realPath(new URL("../..", import.meta.url));
const START = "name: w\nmodel: openai:m\nrehearsal: ./r.yaml\n";
const STEPS = "steps: [{ id: a, prompt: Go }]\n";
const REHEARSAL = "name: w\nsteps: { a: [{ text: Hi }] }\n";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of the command line in a directory, without a key. */
async function command(dir: string, ...args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--cached-only", "--ignore-env", "--allow-env=OPENAI_API_KEY"],
      ...["--allow-read", "--allow-write", "--allow-run", join(CODE, "runner/main.ts"), ...args],
    ],
    cwd: dir,
    env: { NO_COLOR: "1", OPENAI_API_KEY: "", OPENAI_BASE_URL: "" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout).replaceAll(dir, "<dir>"),
    stderr: decoder.decode(stderr).replaceAll(dir, "<dir>"),
  };
}

async function withDirectory(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-bad-input-" }));
  try {
    await Deno.writeTextFile(join(dir, "r.yaml"), REHEARSAL);
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Every bad file of one sort: its name, what is in it, and the first line that is told. */
const BAD: readonly (readonly [string, string | Uint8Array, string])[] = [
  ["empty.yaml", "", 'error[empty-file]: "empty.yaml" is empty'],
  [
    "utf8.yaml",
    new Uint8Array([0x6e, 0xff]),
    'error[invalid-utf8]: "utf8.yaml" is not UTF-8 text: byte 2 (0xFF) is not valid',
  ],
  ["list.yaml", "- a\n", "error[wrong-type]: Expected a map of keys and values, found a list"],
  [
    "laughs.yaml",
    "a: &a [x,x,x,x,x,x,x,x,x,x]\n" +
    [..."bcdefgh"].map((name, i) => `${name}: &${name} [${`*${"abcdefg"[i]},`.repeat(10)}]\n`).join(
      "",
    ),
    'error[too-many-aliases]: Alias "*c" makes the file grow to more than 10000 parts',
  ],
  [
    "read.yaml",
    `${START}backends: { d: { type: local, root: ./no, access: read } }\ndefault: d\n${STEPS}`,
    'error[missing-root]: Root "./no" does not exist',
  ],
  [
    "file.yaml",
    `${START}backends: { d: { type: local, root: ./r.yaml } }\ndefault: d\n${STEPS}`,
    'error[invalid-root]: Root "./r.yaml" cannot be used: it is a file',
  ],
  [
    "code.yaml",
    `${START}backends: { d: { type: local, root: ${JSON.stringify(CODE)} } }\ndefault: d\n${STEPS}`,
    `error[root-holds-code]: Root "${CODE}" holds Routebook's own code`,
  ],
  [
    "slash.yaml",
    `${START}backends: { memory: { type: state } }\nroutes: { /p: memory }\n${STEPS}`,
    'error[route-slash]: Route "/p" must begin and end with a slash',
  ],
  [
    "equal.yaml",
    `${START}backends: { m: { type: state } }\nroutes: { /p/: m, /p/: m }\n${STEPS}`,
    'error[duplicate-key]: Key "/p/" is there twice',
  ],
  [
    "unreachable.yaml",
    `${START}backends: { m: { type: state } }\nroutes: { /p/: m, /p/q/: m }\n${STEPS}`,
    'error[unreachable-route]: Route "/p/q/" is never reached: "/p/" comes first and holds it',
  ],
  [
    "backend.yaml",
    `${START}routes: { /p/: disk }\n${STEPS}`,
    'error[unknown-backend]: There is no backend "disk"',
  ],
  [
    "later.yaml",
    `${START}steps: [{ id: a, prompt: Go, needs: [b] }, { id: b, prompt: Go, needs: a }]\n`,
    "error[circular-needs]: Steps need each other in a circle: a -> b -> a",
  ],
];

Deno.test("check tells of every bad file at once, with exit code 2", async () => {
  await withDirectory(async (dir) => {
    for (const [name, content] of BAD) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(join(dir, name), bytes);
    }
    await Deno.writeTextFile(join(dir, "good.yaml"), START + STEPS);
    await Deno.writeFile(join(dir, "huge.yaml"), new Uint8Array());
    await Deno.truncate(join(dir, "huge.yaml"), 50_000_000);
    const names = [...BAD.map(([name]) => name), "good.yaml", "none.yaml", "huge.yaml"];
    const { code, stdout, stderr } = await command(dir, "check", ...names);
    assertEquals(code, 2);
    assertEquals(stdout, "good.yaml: ok\n");
    const told = stderr.split("\n").filter((line) => /^(?:error|warning)\[/.test(line));
    const expected = [
      ...BAD.map(([, , line]) => line),
      'error[no-file]: "none.yaml" does not exist',
      'error[too-large]: "huge.yaml" has 50000000 bytes, more than the 1048576 allowed',
    ];
    assertEquals(expected.filter((line) => !told.includes(line)), []);
    for (const [name] of BAD) {
      assertEquals(stderr.includes(`--> ${name}:`), true, `a place in ${name}`);
    }
  });
});

Deno.test("check prints what was asked for, and says which formats there are", async () => {
  await withDirectory(async (dir) => {
    await Deno.writeTextFile(join(dir, "good.yaml"), START + STEPS);
    await Deno.writeTextFile(join(dir, "r.yaml"), REHEARSAL);
    const json = await command(dir, "check", "--json", ".");
    assertEquals([json.code, JSON.parse(json.stdout).files], [0, ["good.yaml"]]);
    assertEquals(await command(dir, "check", "--format", "github", "g*.yaml"), {
      ...{ code: 0, stdout: "", stderr: "" },
    });
    const unknown = await command(dir, "check", "--format", "gitlab", ".");
    assertEquals(unknown, {
      code: 2,
      stdout: "",
      stderr: "error[usage]: There is no format 'gitlab': it is text, json, github\n" +
        " = hint: See deno task run --help\n",
    });
    const both = await command(dir, "check", "--format", "text", "--json", ".");
    assertEquals(both.code, 2);
  });
});

Deno.test("run executes nothing of a bad file, with exit code 2", async () => {
  await withDirectory(async (dir) => {
    await Deno.writeTextFile(
      join(dir, "bad.yaml"),
      `${START}backends: { d: { type: local, root: ./ws } }\ndefault: d\nstep: []\n${STEPS}`,
    );
    assertEquals(await command(dir, "run", "bad.yaml"), {
      code: 2,
      stdout: "",
      stderr: `\
error[unknown-key]: Unknown workflow key "step"
 --> bad.yaml:6:1
  |
6 | step: []
  | ^^^^
  = hint: Did you mean "steps"?
`,
    });
    const left = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    assertEquals(left, ["bad.yaml", "r.yaml"], "neither the root nor .routebook came into being");
  });
});

Deno.test("run tells of a rehearsal that does not match, with exit code 7", async () => {
  await withDirectory(async (dir) => {
    await Deno.writeTextFile(join(dir, "w.yaml"), START + STEPS.replace("id: a", "id: b"));
    const { code, stderr } = await command(dir, "run", "w.yaml");
    assertEquals(code, 7);
    assertEquals(
      stderr,
      `\
error[rehearsal-mismatch]: The rehearsal has no answers for step "b"
 --> r.yaml:2:1
  |
2 | steps: { a: [{ text: Hi }] }
  | ^^^^^
  = hint: Expected b; found a

error[rehearsal-mismatch]: The workflow has no step "a"
 --> r.yaml:2:10
  |
2 | steps: { a: [{ text: Hi }] }
  |          ^
  = hint: Expected b; found a
`,
    );
  });
});
