import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() says what is wrong with each route", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { memory: { type: state } }
routes:
  /project: memory
  src/: memory
  /a/../b/: memory
  /../up/: memory
  /x//y/: memory
  /: memory
  /docs/: memroy
  /docs/api/: { backend: memory, path: ../up }
  /t/: { backend: memory, acces: read }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[route-slash]: Route "/project" must begin and end with a slash
 --> flow.yaml:5:3
  |
5 |   /project: memory
  |   ^^^^^^^^
  = hint: Write "/project/"

error[route-slash]: Route "src/" must begin and end with a slash
 --> flow.yaml:6:3
  |
6 |   src/: memory
  |   ^^^^
  = hint: Write "/src/"

error[invalid-path]: Route "/a/../b/" is not in its shortest form
 --> flow.yaml:7:3
  |
7 |   /a/../b/: memory
  |   ^^^^^^^^
  = hint: Write "/b/"

error[invalid-path]: Route "/../up/" cannot be used: Path '/../up/' leaves the root: there is nothing above '/'
 --> flow.yaml:8:3
  |
8 |   /../up/: memory
  |   ^^^^^^^
  = hint: Write a path of the tree from its root: /project/report.md

error[invalid-path]: Route "/x//y/" is not in its shortest form
 --> flow.yaml:9:3
  |
9 |   /x//y/: memory
  |   ^^^^^^
  = hint: Write "/x/y/"

error[route-root]: A route cannot be "/"
  --> flow.yaml:10:3
   |
10 |   /: memory
   |   ^
   = hint: Use "default" for all other paths

error[unknown-backend]: There is no backend "memroy"
  --> flow.yaml:11:11
   |
11 |   /docs/: memroy
   |           ^^^^^^
   = hint: Did you mean "memory"?

error[unreachable-route]: Route "/docs/api/" is never reached: "/docs/" comes first and holds it
  --> flow.yaml:12:3
   |
12 |   /docs/api/: { backend: memory, path: ../up }
   |   ^^^^^^^^^^
   = hint: Write it before "/docs/"

error[invalid-path]: Path "../up" has ".." in it
  --> flow.yaml:12:40
   |
12 |   /docs/api/: { backend: memory, path: ../up }
   |                                        ^^^^^
   = hint: Write the path from the backend's root down

warning[overlapping-routes]: "/t/" and "/" are two names for the same files of "memory"
  --> flow.yaml:13:3
   |
13 |   /t/: { backend: memory, acces: read }
   |   ^^^
   = hint: Give each route a path of its own: { backend, path }

error[unknown-key]: Unknown route key "acces"
  --> flow.yaml:13:27
   |
13 |   /t/: { backend: memory, acces: read }
   |                           ^^^^^
   = hint: Did you mean "access"?
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses two equal routes", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { m: { type: state }, n: { type: state } }
default: m
routes:
  /a/: { backend: m, path: x }
  /a/: n
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[unused-backend]: Backend "n" is not used by any route
 --> flow.yaml:3:33
  |
3 | backends: { m: { type: state }, n: { type: state } }
  |                                 ^
  = hint: Write a route to it, or leave it out

warning[overlapping-routes]: "/a/" and "/" share files of "m"
 --> flow.yaml:6:3
  |
6 |   /a/: { backend: m, path: x }
  |   ^^^
  = hint: Give each route a path of its own: { backend, path }

error[duplicate-key]: Key "/a/" is there twice
 --> flow.yaml:7:3
  |
7 |   /a/: n
  |   ^^^
  = hint: Keep one of them: it is not clear which one counts
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a route that an earlier one makes unreachable", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { m: { type: state }, n: { type: state } }
default: m
routes:
  /a/: n
  /a/b/: n
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unreachable-route]: Route "/a/b/" is never reached: "/a/" comes first and holds it
 --> flow.yaml:7:3
  |
7 |   /a/b/: n
  |   ^^^^^
  = hint: Write it before "/a/"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a route to a backend that there is not", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { m: { type: state }, n: { type: state } }
default: m
routes:
  /a/: nn
  /b/: other
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[unused-backend]: Backend "n" is not used by any route
 --> flow.yaml:3:33
  |
3 | backends: { m: { type: state }, n: { type: state } }
  |                                 ^
  = hint: Write a route to it, or leave it out

error[unknown-backend]: There is no backend "nn"
 --> flow.yaml:6:8
  |
6 |   /a/: nn
  |        ^^
  = hint: The backends are "m", "n"

error[unknown-backend]: There is no backend "other"
 --> flow.yaml:7:8
  |
7 |   /b/: other
  |        ^^^^^
  = hint: The backends are "m", "n"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() warns of routes onto the same or nested places", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { m: { type: state }, n: { type: state } }
default: m
routes:
  /a/: { backend: m, path: x }
  /b/: { backend: m, path: x }
  /c/: { backend: n, path: y }
  /d/: { backend: n, path: y/z }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[overlapping-routes]: "/a/" and "/" share files of "m"
 --> flow.yaml:6:3
  |
6 |   /a/: { backend: m, path: x }
  |   ^^^
  = hint: Give each route a path of its own: { backend, path }

warning[overlapping-routes]: "/a/" and "/b/" are two names for the same files of "m"
 --> flow.yaml:7:3
  |
7 |   /b/: { backend: m, path: x }
  |   ^^^
  = hint: Give each route a path of its own: { backend, path }

warning[overlapping-routes]: "/c/" and "/d/" share files of "n"
 --> flow.yaml:9:3
  |
9 |   /d/: { backend: n, path: y/z }
  |   ^^^
  = hint: Give each route a path of its own: { backend, path }
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of a backend that no route uses", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { m: { type: state }, n: { type: state } }
default: m
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[unused-backend]: Backend "n" is not used by any route
 --> flow.yaml:3:33
  |
3 | backends: { m: { type: state }, n: { type: state } }
  |                                 ^
  = hint: Write a route to it, or leave it out
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test('compileWorkflow() wants a default where the backend "memory" is not one of memory', async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
backends: { memory: { type: local, root: ./x } }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[missing-key]: Missing workflow key "default"
 --> flow.yaml:3:13
  |
3 | backends: { memory: { type: local, root: ./x } }
  |             ^^^^^^
  = hint: Without it files are kept in a backend "memory" of type state, and this one is local
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() warns of a route that asks for more than its backend gives", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
backends: { d: { type: local, root: ./ws, access: read } }
routes: { /p/: { backend: d, access: read-write } }
steps: [{ id: a, prompt: Go }]
`,
    { files: { "ws/": "" } },
  );
  assertEquals(
    text,
    `\
warning[narrowed-access]: Backend "d" may only be read, and so may this route
 --> flow.yaml:4:38
  |
4 | routes: { /p/: { backend: d, access: read-write } }
  |                                      ^^^^^^^^^^
  = hint: Write access: read, or grant it at the backend
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() refuses more than a thousand routes or steps", async () => {
  const many = Array.from({ length: 1_001 }, (_, index) => index);
  const { diagnostics } = await compiled(`\
name: w
model: openai:m
routes:
${many.map((index) => `  /r${index}/: memory`).join("\n")}
steps:
${many.map((index) => `  - { id: s${index}, prompt: Go }`).join("\n")}
`);
  assertEquals(diagnostics.map(({ message, place }) => [message, place?.line]), [
    ['"routes" must not have more than 1000 items', 3],
    ['"steps" must not have more than 1000 items', 1006],
  ]);
});
