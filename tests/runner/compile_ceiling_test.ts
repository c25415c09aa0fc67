import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() refuses each grant that exceeds the ceiling, at the line that causes it", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: sandbox
backends:
  src: { type: local, root: ./src, access: read }
  out: { type: local, root: ./out }
routes:
  /src/: src
  /out/: { backend: out, path: a }
permissions:
  read: [docs, ./out]
  write: [./out/b]
  net: [localhost:11434]
  env: []
  run: []
steps: [{ id: a, prompt: Go }]
`,
    {
      probe: () => Promise.resolve({ type: "bubblewrap" }),
      files: { "src/": "" },
    },
  );
  assertEquals(
    text,
    `\
error[exceeds-permissions]: The model is reached at "api.openai.com:443", and permissions.net allows localhost:11434 alone
 --> flow.yaml:2:8
  |
2 | model: openai:m
  |        ^^^^^^^^
  = hint: Add "api.openai.com:443" there if it is meant

error[exceeds-permissions]: Shell "sandbox" runs any program of the system, and permissions.run allows nothing
 --> flow.yaml:3:8
  |
3 | shell: sandbox
  |        ^^^^^^^
  = hint: Add "*" there if it is meant

error[exceeds-permissions]: Backend "src" reads "src", and permissions.read allows docs, ./out alone
 --> flow.yaml:5:29
  |
5 |   src: { type: local, root: ./src, access: read }
  |                             ^^^^^
  = hint: Add "src" there if it is meant

error[exceeds-permissions]: Backend "out" writes "out/a", and permissions.write allows ./out/b alone
 --> flow.yaml:9:10
  |
9 |   /out/: { backend: out, path: a }
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Add "out/a" there if it is meant
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses all that exceeds an empty ceiling", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
base_url: http://127.0.0.1:8080/v1
backends: { src: { type: local, root: ./src } }
routes: { /src/: src }
permissions: { read: [], write: [], net: [], env: [], run: [] }
steps: [{ id: a, prompt: Go }]
`,
    { files: { "src/": "" } },
  );
  assertEquals(
    text,
    `\
error[exceeds-permissions]: The model is reached at "127.0.0.1:8080", and permissions.net allows nothing
 --> flow.yaml:3:11
  |
3 | base_url: http://127.0.0.1:8080/v1
  |           ^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Add "127.0.0.1:8080" there if it is meant

error[exceeds-permissions]: Backend "src" reads "src", and permissions.read allows nothing
 --> flow.yaml:4:39
  |
4 | backends: { src: { type: local, root: ./src } }
  |                                       ^^^^^
  = hint: Add "src" there if it is meant

error[exceeds-permissions]: Backend "src" writes "src", and permissions.write allows nothing
 --> flow.yaml:4:39
  |
4 | backends: { src: { type: local, root: ./src } }
  |                                       ^^^^^
  = hint: Add "src" there if it is meant
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() tells a ceiling of the host's that no file caused", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
permissions: { net: [api.openai.com] }
steps: [{ id: a, prompt: Go }]
`,
    { baseUrl: "http://h:1" },
  );
  assertEquals(
    text,
    `\
error[exceeds-permissions]: The model is reached at "h:1", and permissions.net allows api.openai.com alone
 = hint: Add "h:1" there if it is meant
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses entries of a ceiling that name nothing", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
permissions:
  read: [~/x, "a,b", file, "*"]
  net: ["https://api.openai.com/v1", "*", "a b"]
  env: [A=1, "*"]
  run: ["git push"]
steps: [{ id: a, prompt: Go }]
`,
    { files: { "file": "" } },
  );
  assertEquals(
    text,
    `\
error[unsafe-path]: Directory "~/x" cannot be a ceiling: it begins with "~", which only a shell knows
 --> flow.yaml:4:10
  |
4 |   read: [~/x, "a,b", file, "*"]
  |          ^^^
  = hint: Name a directory, relative to this file; leave "read" out for any

error[unsafe-path]: Directory "a,b" cannot be a ceiling: it has a comma in it
 --> flow.yaml:4:15
  |
4 |   read: [~/x, "a,b", file, "*"]
  |               ^^^^^
  = hint: Name a directory, relative to this file; leave "read" out for any

error[unsafe-path]: Directory "file" cannot be a ceiling: it is a file
 --> flow.yaml:4:22
  |
4 |   read: [~/x, "a,b", file, "*"]
  |                      ^^^^
  = hint: Name a directory, relative to this file; leave "read" out for any

error[unsafe-path]: Directory "*" cannot be a ceiling: it has an asterisk in it
 --> flow.yaml:4:28
  |
4 |   read: [~/x, "a,b", file, "*"]
  |                            ^^^
  = hint: Name a directory, relative to this file; leave "read" out for any

error[invalid-value]: "https://api.openai.com/v1" is not a host
 --> flow.yaml:5:9
  |
5 |   net: ["https://api.openai.com/v1", "*", "a b"]
  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Write it like api.openai.com

error[invalid-value]: "a b" is not a host
 --> flow.yaml:5:43
  |
5 |   net: ["https://api.openai.com/v1", "*", "a b"]
  |                                           ^^^^^
  = hint: Write it like api.openai.com:443

error[invalid-value]: "A=1" is not the name of a variable
 --> flow.yaml:6:9
  |
6 |   env: [A=1, "*"]
  |         ^^^
  = hint: Write it like LANG

error[invalid-value]: "*" is not the name of a variable
 --> flow.yaml:6:14
  |
6 |   env: [A=1, "*"]
  |              ^^^
  = hint: Write it like LANG

error[invalid-value]: "git push" is not a program
 --> flow.yaml:7:9
  |
7 |   run: ["git push"]
  |         ^^^^^^^^^^
  = hint: Write it like git, or * for any
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says how the keys of a ceiling are spelt", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
permissions: { allow-read: [.], network: [], contents: read, read: ., require: bwrap, wirte: [] }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unknown-key]: Unknown permissions key "allow-read"
 --> flow.yaml:3:16
  |
3 | permissions: { allow-read: [.], network: [], contents: read, read: ., require: bwrap, wirte: [] }
  |                ^^^^^^^^^^
  = hint: It is spelt "read" here

error[unknown-key]: Unknown permissions key "network"
 --> flow.yaml:3:33
  |
3 | permissions: { allow-read: [.], network: [], contents: read, read: ., require: bwrap, wirte: [] }
  |                                 ^^^^^^^
  = hint: It is spelt "net" here

error[unknown-key]: Unknown permissions key "contents"
 --> flow.yaml:3:46
  |
3 | permissions: { allow-read: [.], network: [], contents: read, read: ., require: bwrap, wirte: [] }
  |                                              ^^^^^^^^
  = hint: Write directories: read: [../src], write: [../workspace]

error[wrong-type]: Expected a list for "read", found the text "."
 --> flow.yaml:3:68
  |
3 | permissions: { allow-read: [.], network: [], contents: read, read: ., require: bwrap, wirte: [] }
  |                                                                    ^
  = hint: Write a list of directories: [../src]

error[invalid-value]: Expected "sandbox" for "require", found "bwrap"
 --> flow.yaml:3:80
  |
3 | permissions: { allow-read: [.], network: [], contents: read, read: ., require: bwrap, wirte: [] }
  |                                                                                ^^^^^
  = hint: Write require: sandbox

error[unknown-key]: Unknown permissions key "wirte"
 --> flow.yaml:3:87
  |
3 | permissions: { allow-read: [.], network: [], contents: read, read: ., require: bwrap, wirte: [] }
  |                                                                                       ^^^^^
  = hint: Did you mean "write"?
`,
  );
  assertEquals(exitCode, 2);
});

/** The codes that a file with this ceiling is refused with. */
async function codesOf(ceiling: string, more = "", given = {}) {
  const { diagnostics } = await compiled(
    `name: w
model: openai:m
${more}
backends: { out: { type: local, root: ./ws/out } }
routes: { /out/: { backend: out, path: a } }
permissions: { ${ceiling} }
steps: [{ id: a, prompt: Go }]
`,
    given,
  );
  return diagnostics.map(({ code }) => code);
}

const EXCEEDS = ["exceeds-permissions"];

Deno.test("compileWorkflow() takes a ceiling of the same directory or one around it", async () => {
  for (const good of ["read: [.]", "write: [./ws]", "read: [ws/out/a], write: [ws/out/a/]"]) {
    assertEquals(await codesOf(good), [], good);
  }
  for (const bad of ["read: [ws/out/a/b]", "write: [ws/o]", "write: [ws/out/aa]", "read: [../x]"]) {
    assertEquals(await codesOf(bad), EXCEEDS, bad);
  }
});

Deno.test("compileWorkflow() compares the places that links lead to with the ceiling", async () => {
  const given = { files: { "real/": "" }, links: { ws: "real" } };
  assertEquals(await codesOf("write: [real]", "", given), []);
  assertEquals(await codesOf("write: [ws]", "", given), []);
});

Deno.test("compileWorkflow() compares hosts as Deno does", async () => {
  const url = "base_url: https://API.example.com:8443/v1";
  for (const good of ["API.example.COM:8443", "api.example.com"]) {
    assertEquals(await codesOf(`net: [${good}]`, url), [], good);
  }
  for (const bad of ["api.example.com:443", "example.com", "api.example.com.evil.org"]) {
    assertEquals(await codesOf(`net: [${bad}]`, url), EXCEEDS, bad);
  }
  const six = "base_url: http://[::1]:8080/v1";
  assertEquals(await codesOf('net: ["[::1]:8080"]', six), []);
  assertEquals(await codesOf('net: ["[::1]"]', six), []);
});

Deno.test("compileWorkflow() bounds what a model would be asked in a rehearsal too", async () => {
  const { diagnostics } = await compiled(
    "name: w\nmodel: openai:m\nrehearsal: r.yaml\npermissions: { net: [] }\nsteps: [{ id: a, prompt: Go }]\n",
    { mode: "rehearse", files: { "r.yaml": "name: w\nsteps: { a: [{ text: Hi }] }\n" } },
  );
  assertEquals(diagnostics.map(({ code }) => code), EXCEEDS);
});

Deno.test("compileWorkflow() lets a ceiling without run, or with every program, have a real shell", async () => {
  const probe = () => Promise.resolve({ type: "flags", reason: "No" } as const);
  const codes = (ceiling: string) => codesOf(ceiling, "shell: sandbox", { probe, check: true });
  assertEquals(await codes("env: []"), ["no-sandbox"]);
  assertEquals(await codes('run: ["*"]'), ["no-sandbox"]);
  assertEquals(await codes("run: [git]"), ["exceeds-permissions", "no-sandbox"]);
  assertEquals(await codesOf("run: []", "shell: virtual"), []);
});

Deno.test("compileWorkflow() bounds where artifacts are copied to by what may be written", async () => {
  const of = (write: string) =>
    compiled(`\
name: w
model: openai:m
permissions: { write: ${write} }
artifacts: [{ path: /a.md, to: ./out/ }, { path: /b.md, to: ./out/deep/b.md }]
steps: [{ id: a, prompt: Go }]
`);
  assertEquals((await of("[./out]")).text, "");
  assertEquals(
    (await of("[./out/deep]")).text,
    `\
error[exceeds-permissions]: An artifact is copied to "out", and permissions.write allows ./out/deep alone
 --> flow.yaml:4:32
  |
4 | artifacts: [{ path: /a.md, to: ./out/ }, { path: /b.md, to: ./out/deep/b.md }]
  |                                ^^^^^^
  = hint: Add "out" there if it is meant
`,
  );
});
