import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() refuses a root that does not exist and may only be read", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { d: { type: local, root: ./nope, access: read } }
default: d
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[missing-root]: Root "./nope" does not exist
 --> flow.yaml:3:37
  |
3 | backends: { d: { type: local, root: ./nope, access: read } }
  |                                     ^^^^^^
  = hint: There is no "<dir>/nope"; only a read-write root is created
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a place that does not exist and may only be read", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
backends: { d: { type: local, root: ./ws } }
routes: { /p/: { backend: d, path: ref, access: read } }
steps: [{ id: a, prompt: Go }]
`,
    { files: { "ws/": "" } },
  );
  assertEquals(
    text,
    `\
error[missing-root]: Directory "<dir>/ws/ref" does not exist
 --> flow.yaml:4:16
  |
4 | routes: { /p/: { backend: d, path: ref, access: read } }
  |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Create it: only a read-write place is created by a run
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a root that is a file", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
backends:
  d: { type: local, root: ./f.txt }
  e: { type: local, root: ./f.txt/x }
default: d
routes: { /e/: e }
steps: [{ id: a, prompt: Go }]
`,
    { files: { "f.txt": "" } },
  );
  assertEquals(
    text,
    `\
error[invalid-root]: Root "./f.txt" cannot be used: it is a file
 --> flow.yaml:4:27
  |
4 |   d: { type: local, root: ./f.txt }
  |                           ^^^^^^^
  = hint: Name a directory that may be read

error[invalid-root]: Root "./f.txt/x" cannot be used: a part of its path is a file
 --> flow.yaml:5:27
  |
5 |   e: { type: local, root: ./f.txt/x }
  |                           ^^^^^^^^^
  = hint: Name a directory that may be read
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses roots that would grant something else", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends:
  d: { type: local, root: "./a,/etc" }
  e: { type: local, root: "./*" }
  f: { type: local, root: "~/x" }
  g: { type: local, root: "./a\\nb" }
  h: { type: local, root: ./ok }
default: d
routes: { /e/: e, /f/: f, /g/: g, /h/: { backend: h, path: "a,b" } }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unsafe-path]: Root "<dir>/a,/etc" cannot be granted: it has a comma in it
 --> flow.yaml:4:27
  |
4 |   d: { type: local, root: "./a,/etc" }
  |                           ^^^^^^^^^^
  = hint: Use a directory with an ordinary name

error[unsafe-path]: Root "<dir>/*" cannot be granted: it has an asterisk in it
 --> flow.yaml:5:27
  |
5 |   e: { type: local, root: "./*" }
  |                           ^^^^^
  = hint: Use a directory with an ordinary name

error[invalid-value]: Root "~/x" begins with "~", which only a shell knows
 --> flow.yaml:6:27
  |
6 |   f: { type: local, root: "~/x" }
  |                           ^^^^^
  = hint: Write the directory's whole path

error[unsafe-path]: Root "<dir>/a␊b" cannot be granted: it has a control character in it
 --> flow.yaml:7:27
  |
7 |   g: { type: local, root: "./a\\nb" }
  |                           ^^^^^^^^
  = hint: Use a directory with an ordinary name

error[unsafe-path]: Directory "<dir>/ok/a,b" cannot be granted: it has a comma in it
  --> flow.yaml:10:40
   |
10 | routes: { /e/: e, /f/: f, /g/: g, /h/: { backend: h, path: "a,b" } }
   |                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^
   = hint: Use a directory with an ordinary name
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a root whose link leads to a path with a comma", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
backends: { d: { type: local, root: ./link } }
default: d
steps: [{ id: a, prompt: Go }]
`,
    { files: { "a,b/": "" }, links: { link: "a,b" } },
  );
  assertEquals(
    text,
    `\
error[unsafe-path]: Root "<dir>/a,b" cannot be granted: it has a comma in it
 --> flow.yaml:3:37
  |
3 | backends: { d: { type: local, root: ./link } }
  |                                     ^^^^^^
  = hint: Use a directory with an ordinary name
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses roots that are far too wide", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends:
  d: { type: local, root: / }
  e: { type: local, root: /root }
  f: { type: local, root: /home/someone }
  g: { type: local, root: /etc }
  h: { type: local, root: /proc, access: read }
default: h
routes:
  /d/: d
  /e/: e
  /f/: f
  /g/: g
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unsafe-root]: Root "/" is the root of the filesystem
 --> flow.yaml:4:27
  |
4 |   d: { type: local, root: / }
  |                           ^
  = hint: Use a directory of its own, or access: read

error[unsafe-root]: Root "/root" is a home directory
 --> flow.yaml:5:27
  |
5 |   e: { type: local, root: /root }
  |                           ^^^^^
  = hint: Use a directory of its own, or access: read

error[unsafe-root]: Root "/home/someone" is a home directory
 --> flow.yaml:6:27
  |
6 |   f: { type: local, root: /home/someone }
  |                           ^^^^^^^^^^^^^
  = hint: Use a directory of its own, or access: read

error[unsafe-root]: Root "/etc" is a directory of the operating system
 --> flow.yaml:7:27
  |
7 |   g: { type: local, root: /etc }
  |                           ^^^^
  = hint: Use a directory of its own, or access: read

error[unsafe-root]: Root "/proc" is a part of the operating system
 --> flow.yaml:8:27
  |
8 |   h: { type: local, root: /proc, access: read }
  |                           ^^^^^
  = hint: Not even to read: it shows other processes and their secrets
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a place that a link leads out of the root", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
backends: { d: { type: local, root: ./ws } }
routes:
  /p/: { backend: d, path: out }
  /q/: { backend: d, path: dangling }
steps: [{ id: a, prompt: Go }]
`,
    {
      files: { "ws/": "", "other/": "" },
      links: { "ws/out": "../other", "ws/dangling": "nowhere" },
    },
  );
  assertEquals(
    text,
    `\
error[outside-root]: Directory "<dir>/ws/out" is a link that leads out of the root, to "<dir>/other"
 --> flow.yaml:5:8
  |
5 |   /p/: { backend: d, path: out }
  |        ^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Name the directory itself as the root of a backend

error[invalid-root]: Directory "<dir>/ws/dangling" cannot be used: "<dir>/ws/dangling" is a link that leads nowhere
 --> flow.yaml:6:8
  |
6 |   /q/: { backend: d, path: dangling }
  |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Name a directory that may be read
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a root where runs are kept", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { d: { type: local, root: ./.routebook/x } }
default: d
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unsafe-root]: Root "<dir>/.routebook/x" is where runs are kept
 --> flow.yaml:3:37
  |
3 | backends: { d: { type: local, root: ./.routebook/x } }
  |                                     ^^^^^^^^^^^^^^
  = hint: Use a directory of its own
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() warns of backends whose roots share files", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends:
  d: { type: local, root: ./ws }
  e: { type: local, root: ./ws/in }
routes: { /p/: d, /q/: e }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[overlapping-routes]: "<dir>/ws/in" and "<dir>/ws" share files
 --> flow.yaml:5:27
  |
5 |   e: { type: local, root: ./ws/in }
  |                           ^^^^^^^
  = hint: Give each backend a root of its own
`,
  );
  assertEquals(exitCode, 0);
});
