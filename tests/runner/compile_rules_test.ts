import { assertEquals } from "@std/assert";
import { rulesOfPreset } from "../../backends/presets.ts";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() refuses rules that it does not understand", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
shell: virtual
tools:
  deny: ["read **/.env", "execute git push *", "wirte /a", write, deny read /a, "execute", "read "]
  ask: [read]
  allow: ["git push"]
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-rule]: Rule 'wirte /a' must begin with 'read', 'write' or 'execute' and a space, as in 'read **/.env*'
 --> flow.yaml:5:48
  |
5 |   deny: ["read **/.env", "execute git push *", "wirte /a", write, deny read /a, "execute", "read "]
  |                                                ^^^^^^^^^^
  = hint: Write read, write or execute, and a pattern: "write /project/**"

error[invalid-rule]: Rule 'write' must have one space and then a pattern, as in 'write **/.env*'
 --> flow.yaml:5:60
  |
5 |   deny: ["read **/.env", "execute git push *", "wirte /a", write, deny read /a, "execute", "read "]
  |                                                            ^^^^^
  = hint: Write read, write or execute, and a pattern: "write /project/**"

error[invalid-rule]: Rule 'deny read /a' must begin with 'read', 'write' or 'execute': that it is one of 'deny' is said by the list that it stands in
 --> flow.yaml:5:67
  |
5 |   deny: ["read **/.env", "execute git push *", "wirte /a", write, deny read /a, "execute", "read "]
  |                                                                   ^^^^^^^^^^^^
  = hint: Write read, write or execute, and a pattern: "write /project/**"

error[invalid-rule]: Rule 'execute' must have one space and then a command, as in 'execute git push *'
 --> flow.yaml:5:81
  |
5 |   deny: ["read **/.env", "execute git push *", "wirte /a", write, deny read /a, "execute", "read "]
  |                                                                                 ^^^^^^^^^
  = hint: Write read, write or execute, and a pattern: "write /project/**"

error[invalid-rule]: Rule 'read ' must have one space and then a pattern, as in 'read **/.env*'
 --> flow.yaml:5:92
  |
5 |   deny: ["read **/.env", "execute git push *", "wirte /a", write, deny read /a, "execute", "read "]
  |                                                                                            ^^^^^^^
  = hint: Write read, write or execute, and a pattern: "write /project/**"

error[invalid-rule]: Rule 'read' must have one space and then a pattern, as in 'read **/.env*'
 --> flow.yaml:6:9
  |
6 |   ask: [read]
  |         ^^^^
  = hint: Write read, write or execute, and a pattern: "write /project/**"

error[invalid-rule]: Rule 'git push' must begin with 'read', 'write' or 'execute' and a space, as in 'read **/.env*'
 --> flow.yaml:7:11
  |
7 |   allow: ["git push"]
  |           ^^^^^^^^^^
  = hint: Write read, write or execute, and a pattern: "write /project/**"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says where rules are to be written", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
deny: []
tools: { deny: execute, ask: "write /a", allowed: [], execute: deny, preset: 3 }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unknown-key]: Unknown workflow key "deny"
 --> flow.yaml:3:1
  |
3 | deny: []
  | ^^^^
  = hint: Write it below "tools"

error[wrong-type]: Expected a list for "deny", found the text "execute"
 --> flow.yaml:4:16
  |
4 | tools: { deny: execute, ask: "write /a", allowed: [], execute: deny, preset: 3 }
  |                ^^^^^^^
  = hint: Leave shell out at the top: without it nothing is executed

error[wrong-type]: Expected a list for "ask", found the text "write /a"
 --> flow.yaml:4:30
  |
4 | tools: { deny: execute, ask: "write /a", allowed: [], execute: deny, preset: 3 }
  |                              ^^^^^^^^^^
  = hint: Write a list of rules: ["write /project/deploy/**", "execute git push *"]

error[unknown-key]: Unknown tools key "allowed"
 --> flow.yaml:4:42
  |
4 | tools: { deny: execute, ask: "write /a", allowed: [], execute: deny, preset: 3 }
  |                                          ^^^^^^^
  = hint: It is spelt "allow" here

error[unknown-key]: Unknown tools key "execute"
 --> flow.yaml:4:55
  |
4 | tools: { deny: execute, ask: "write /a", allowed: [], execute: deny, preset: 3 }
  |                                                       ^^^^^^^
  = hint: Write shell: virtual at the top, and rules such as deny: ["execute git push *"]

error[wrong-type]: Expected a text or a list for "preset", found the number 3
 --> flow.yaml:4:78
  |
4 | tools: { deny: execute, ask: "write /a", allowed: [], execute: deny, preset: 3 }
  |                                                                              ^
  = hint: Put it in quotes to make it a text: "3"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses presets that there are none of", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
tools: { preset: [read-only, read-onyl, safe] }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unknown-preset]: There is no preset "read-onyl"
 --> flow.yaml:3:30
  |
3 | tools: { preset: [read-only, read-onyl, safe] }
  |                              ^^^^^^^^^
  = hint: Did you mean "read-only"?

error[unknown-preset]: There is no preset "safe"
 --> flow.yaml:3:41
  |
3 | tools: { preset: [read-only, read-onyl, safe] }
  |                                         ^^^^
  = hint: The presets are "no-secrets" and "read-only"
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() warns of rules that there is no shell for", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
tools: { deny: ["execute rm *"], ask: ["execute git *"] }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[unused-rule]: There is no shell that rule "execute rm *" is for
 --> flow.yaml:3:17
  |
3 | tools: { deny: ["execute rm *"], ask: ["execute git *"] }
  |                 ^^^^^^^^^^^^^^
  = hint: Take it out, or add what it is for

warning[unused-rule]: There is no shell that rule "execute git *" is for
 --> flow.yaml:3:40
  |
3 | tools: { deny: ["execute rm *"], ask: ["execute git *"] }
  |                                        ^^^^^^^^^^^^^^^
  = hint: Take it out, or add what it is for
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of rules that are there twice or for the root alone", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
tools: { preset: no-secrets, deny: ["read **/.npmrc", "read .env", "write *.py", "write /a", "write /a", "read **/x"] }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[repeated-rule]: Rule "read **/.npmrc" is part of preset "no-secrets"
 --> flow.yaml:3:37
  |
3 | tools: { preset: no-secrets, deny: ["read **/.npmrc", "read .env", "write *.py", "write /a", "write …
  |                                     ^^^^^^^^^^^^^^^^
  = hint: Write it once

warning[rule-at-root]: Rule "read .env" is for "/.env" alone
 --> flow.yaml:3:55
  |
3 | …s: { preset: no-secrets, deny: ["read **/.npmrc", "read .env", "write *.py", "write /a", "write /a",…
  |                                                    ^^^^^^^^^^^
  = hint: Write "read **/.env" for that name anywhere, or "read /.env"

warning[rule-at-root]: Rule "write *.py" is for "/*.py" alone
 --> flow.yaml:3:68
  |
3 | …no-secrets, deny: ["read **/.npmrc", "read .env", "write *.py", "write /a", "write /a", "read **/x"]…
  |                                                    ^^^^^^^^^^^^
  = hint: Write "write **/*.py" for that name anywhere, or "write /*.py"

warning[repeated-rule]: Rule "write /a" is there twice
 --> flow.yaml:3:94
  |
3 | …-secrets, deny: ["read **/.npmrc", "read .env", "write *.py", "write /a", "write /a", "read **/x"] }
  |                                                                            ^^^^^^^^^^
  = hint: Write it once
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of rules that grant nothing", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: virtual
backends: { src: { type: local, root: ./src, access: read } }
routes: { /src/: src }
tools:
  preset: no-secrets
  allow:
    - read **/.env.local
    - write /src/lib/**
    - write /etc/passwd
    - read /etc/**
    - execute rm -r *
    - write /out/a/b
  ask: ["write /out/a/*", "execute rm"]
  deny: ["execute rm *", "write /out/a"]
steps: [{ id: a, prompt: Go }]
`,
    { files: { "src/": "" } },
  );
  assertEquals(
    text,
    `\
warning[contradictory-rules]: Rule "read **/.env.local" grants nothing: "read **/.env*" of preset "no-secrets" denies it
 --> flow.yaml:9:7
  |
9 |     - read **/.env.local
  |       ^^^^^^^^^^^^^^^^^^
  = hint: What is denied stays denied, whatever is allowed or asked about

warning[unused-rule]: Rule "write /src/lib/**" grants nothing: route "/src/" has access: read
  --> flow.yaml:10:7
   |
10 |     - write /src/lib/**
   |       ^^^^^^^^^^^^^^^^^
   = hint: Take it out, or add what it is for

warning[unused-rule]: Rule "write /etc/passwd" is for "/etc", which is the shell's own
  --> flow.yaml:11:7
   |
11 |     - write /etc/passwd
   |       ^^^^^^^^^^^^^^^^^
   = hint: Take it out, or add what it is for

warning[unused-rule]: Rule "read /etc/**" is for "/etc", which is the shell's own
  --> flow.yaml:12:7
   |
12 |     - read /etc/**
   |       ^^^^^^^^^^^^
   = hint: Take it out, or add what it is for

warning[contradictory-rules]: Rule "execute rm -r *" grants nothing: "execute rm *" denies it
  --> flow.yaml:13:7
   |
13 |     - execute rm -r *
   |       ^^^^^^^^^^^^^^^
   = hint: What is denied stays denied, whatever is allowed or asked about

warning[contradictory-rules]: Rule "write /out/a/b" grants nothing: "write /out/a" denies it
  --> flow.yaml:14:7
   |
14 |     - write /out/a/b
   |       ^^^^^^^^^^^^^^
   = hint: What is denied stays denied, whatever is allowed or asked about

warning[contradictory-rules]: Rule "write /out/a/*" grants nothing: "write /out/a" denies it
  --> flow.yaml:15:9
   |
15 |   ask: ["write /out/a/*", "execute rm"]
   |         ^^^^^^^^^^^^^^^^
   = hint: What is denied stays denied, whatever is allowed or asked about

warning[contradictory-rules]: Rule "execute rm" grants nothing: "execute rm *" denies it
  --> flow.yaml:15:27
   |
15 |   ask: ["write /out/a/*", "execute rm"]
   |                           ^^^^^^^^^^^^
   = hint: What is denied stays denied, whatever is allowed or asked about
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of a shell that the rules leave no use for", async () => {
  const yaml = (tools: string) =>
    `\
name: w
model: openai:m
shell: virtual
tools: { ${tools} }
steps: [{ id: a, prompt: Go }]
`;
  assertEquals(
    (await compiled(yaml('deny: ["execute *"]'))).text,
    `\
warning[unused-shell]: The rules leave the model no use for its shell
 --> flow.yaml:3:1
  |
3 | shell: virtual
  | ^^^^^
  = hint: Leave it out, or allow something, such as "execute make *"
`,
  );
  const codes = async (tools: string) =>
    (await compiled(yaml(tools))).diagnostics.map(({ code }) => code);
  assertEquals(await codes('allow: ["read **"]'), ["unused-shell"]);
  assertEquals(await codes('allow: ["read **", "execute ls"]'), []);
  assertEquals(await codes('deny: ["execute rm *"]'), []);
});

Deno.test("compileWorkflow() refuses commands of steps that the rules deny", async () => {
  const { text, exitCode } = await compiled(`\
name: w
tools: { deny: ["execute git push *"] }
steps:
  - { id: a, run: "make && git push origin" }
  - { id: b, run: [git, push] }
  - { id: c, run: "echo 'x" }
  - { id: d, run: "$GIT push" }
  - { id: e, run: git pull }
`);
  assertEquals(
    text,
    `\
error[denied-command]: Rule "execute git push *" denies its "git push origin"
 --> flow.yaml:4:19
  |
4 |   - { id: a, run: "make && git push origin" }
  |                   ^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Rules are for the commands of steps too

error[denied-command]: Rule "execute git push *" denies its "git push"
 --> flow.yaml:5:19
  |
5 |   - { id: b, run: [git, push] }
  |                   ^^^^^^^^^^^
  = hint: Rules are for the commands of steps too

error[denied-command]: Rule "execute git push *" denies this command
 --> flow.yaml:6:19
  |
6 |   - { id: c, run: "echo 'x" }
  |                   ^^^^^^^^^
  = hint: It cannot be told what is run: its syntax cannot be understood

error[denied-command]: Rule "execute git push *" denies this command
 --> flow.yaml:7:19
  |
7 |   - { id: d, run: "$GIT push" }
  |                   ^^^^^^^^^^^
  = hint: It cannot be told what is run: the name of a program is not written out
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses commands of steps that no rule allows", async () => {
  const { text, exitCode } = await compiled(`\
name: w
tools: { allow: ["read **", "execute make *"], ask: ["execute git *"] }
steps:
  - { id: a, run: make test }
  - { id: b, run: git push }
  - { id: c, run: make | tee /log }
`);
  assertEquals(
    text,
    `\
error[denied-command]: No rule of "allow" is for its "tee /log"
 --> flow.yaml:6:19
  |
6 |   - { id: c, run: make | tee /log }
  |                   ^^^^^^^^^^^^^^^
  = hint: Add a rule such as "execute make *" to tools.allow
`,
  );
  assertEquals(exitCode, 2);
});

/** The codes of a file with these rules. */
async function codesOf(tools: string) {
  const { diagnostics } = await compiled(
    `name: w\nmodel: openai:m\nshell: virtual\ntools: { ${tools} }\nsteps: [{ id: a, prompt: Go }]\n`,
  );
  return diagnostics.map(({ code }) => code).filter((code) => code !== "unused-shell");
}

Deno.test("compileWorkflow() tells exactly the rules that one rule of deny takes back", async () => {
  const taken = [
    ["write /out/a", "write /out/a"],
    ["write /out/a/**", "write /out"],
    ["write /out/*/x", "write /out/**"],
    ["write /out/b*", "write /out/*"],
    ["read **/.env", "read **/.env*"],
    ["write /a", "read /a"],
    ["write /out/a/{b,c}", "write /out"],
    ["write **", "read **"],
    ["execute git push origin", "execute git *"],
    ["execute git push *", "execute git *"],
    ["execute git push", "execute git p*"],
    ["execute rm", "execute *"],
  ];
  for (const [rule, deny] of taken) {
    const tools = `allow: ["${rule}"], deny: ["${deny}"]`;
    assertEquals(await codesOf(tools), ["contradictory-rules"], tools);
  }
  const kept = [
    ["write /out", "write /out/a"],
    ["write /out/**", "write /out/*.x"],
    ["write /outer", "write /out"],
    ["write /out/**/x", "write /out/*/x"],
    ["read /a", "write /a"],
    ["read **/.env*", "read **/.env"],
    ["read /a/{b,c}", "read /a/b"],
    ["execute git *", "execute git push *"],
    ["execute git push *", "execute git push"],
    ["execute git", "execute git push *"],
    ["execute gitk", "execute git *"],
  ];
  for (const [rule, deny] of kept) {
    const tools = `allow: ["${rule}"], deny: ["${deny}"]`;
    assertEquals(await codesOf(tools), [], tools);
  }
});

Deno.test("compileWorkflow() plans the rules of presets before those that are written", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
tools:
  preset: [read-only, no-secrets]
  deny: ["read /x"]
  ask: ["read /y"]
  allow: ["read **"]
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(text, "");
  assertEquals(plan?.deny, ["write **", ...rulesOfPreset("no-secrets").deny, "read /x"]);
  assertEquals(plan?.ask, ["read /y"]);
  assertEquals(plan?.allow, ["read **"]);
});

Deno.test("compileWorkflow() tells an empty list of allow from none", async () => {
  const yaml = (tools: string) =>
    `name: w\nmodel: openai:m\n${tools}\nsteps: [{ id: a, prompt: Go }]\n`;
  assertEquals((await compiled(yaml("tools: { allow: [] }"))).plan?.allow, []);
  assertEquals((await compiled(yaml("tools: {}"))).plan?.allow, undefined);
  assertEquals((await compiled(yaml("tools: { preset: read-only }"))).plan?.deny, ["write **"]);
});
