import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() says how a model is written", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: gpt-4.1
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unknown-model]: Model "gpt-4.1" is not known
 --> flow.yaml:2:8
  |
2 | model: gpt-4.1
  |        ^^^^^^^
  = hint: A model is written openai:NAME: did you mean "openai:gpt-4.1"?
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a model of another maker", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: anthropic:claude
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[unknown-model]: Model "anthropic:claude" is not known
 --> flow.yaml:2:8
  |
2 | model: anthropic:claude
  |        ^^^^^^^^^^^^^^^^
  = hint: A model is written openai:NAME; base_url points it at any compatible server
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() wants a model", async () => {
  const { text, exitCode } = await compiled(`\
name: w
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[missing-key]: Missing workflow key "model"
 --> flow.yaml:1:1
  |
1 | name: w
  | ^^^^^^^
  = hint: Write model: openai:gpt-4.1, or give --model
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a base URL of another protocol", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
base_url: ftp://x
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-url]: Base URL "ftp://x" is neither https nor http
 --> flow.yaml:3:11
  |
3 | base_url: ftp://x
  |           ^^^^^^^
  = hint: Write it like http://localhost:11434/v1
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a base URL with a user in it", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
base_url: http://u@h/v1
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-url]: Base URL "http://...@h/v1" has a user or a password in it
 --> flow.yaml:3:11
  |
3 | base_url: http://u@h/v1
  |           ^^^^^^^^^^^^^
  = hint: The key belongs in OPENAI_API_KEY
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a base URL that is none", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
base_url: nonsense
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-url]: Base URL "nonsense" is not a URL
 --> flow.yaml:3:11
  |
3 | base_url: nonsense
  |           ^^^^^^^^
  = hint: Write it like http://localhost:11434/v1
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a base URL that would grant a second host", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
base_url: 'http://a,b/v1'
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-url]: Base URL "http://a,b/v1" cannot be granted: it has a comma in it
 --> flow.yaml:3:11
  |
3 | base_url: 'http://a,b/v1'
  |           ^^^^^^^^^^^^^^^
  = hint: Write it like http://localhost:11434/v1
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a base URL with a query", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
base_url: 'http://a/v1?x=1'
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-url]: Base URL "http://a/v1?x=1" has a query or a fragment
 --> flow.yaml:3:11
  |
3 | base_url: 'http://a/v1?x=1'
  |           ^^^^^^^^^^^^^^^^^
  = hint: Leave out what follows the path
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses an OPENAI_BASE_URL that is none", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps: [{ id: a, prompt: Go }]
`,
    { baseUrl: "bad" },
  );
  assertEquals(
    text,
    `\
error[invalid-url]: OPENAI_BASE_URL "bad" is not a URL
 = hint: Write it like http://localhost:11434/v1
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses to ask a model without a key", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps: [{ id: a, prompt: Go }]
`,
    { key: false },
  );
  assertEquals(
    text,
    `\
error[no-key]: OPENAI_API_KEY is not set, so no model can be asked
 = hint: Set OPENAI_API_KEY, or declare a rehearsal in the file
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses to go live without a key", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
rehearsal: ./r.yaml
steps: [{ id: a, prompt: Go }]
`,
    { key: false, mode: "live" },
  );
  assertEquals(
    text,
    `\
error[no-key]: OPENAI_API_KEY is not set, so no model can be asked
 = hint: Set OPENAI_API_KEY, or leave --live out to rehearse
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses to rehearse without a rehearsal", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps: [{ id: a, prompt: Go }]
`,
    { mode: "rehearse" },
  );
  assertEquals(
    text,
    `\
error[no-rehearsal]: "flow.yaml" declares no rehearsal
 = hint: Write rehearsal: ./FILE in it, or leave --rehearse out
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() does not repeat a password of OPENAI_BASE_URL", async () => {
  const { text } = await compiled(
    `\
name: w
model: openai:m
steps: [{ id: a, prompt: Go }]
`,
    { baseUrl: "http://user:secret@host/v1" },
  );
  assertEquals(
    text,
    `\
error[invalid-url]: OPENAI_BASE_URL "http://...@host/v1" has a user or a password in it
 = hint: The key belongs in OPENAI_API_KEY
`,
  );
});

const REHEARSED = `\
name: w
model: openai:m
rehearsal: ./r.yaml
base_url: http://127.0.0.1:8080/v1/
steps: [{ id: a, prompt: Go }]
`;
const files = { "r.yaml": "name: w\nsteps: { a: [{ text: Hi }] }\n" };

Deno.test("compileWorkflow() asks the model with a key, and rehearses without one", async () => {
  const live = await compiled(REHEARSED, { files });
  assertEquals(live.plan?.model, {
    type: "openai",
    name: "m",
    baseUrl: "http://127.0.0.1:8080/v1",
    netHost: "127.0.0.1:8080",
  });
  const rehearsed = await compiled(REHEARSED, { files, key: false });
  assertEquals(rehearsed.plan?.model, {
    type: "rehearsal",
    name: "openai:m",
    file: "r.yaml",
    steps: { a: [{ text: "Hi", calls: [], place: "r.yaml:2" }] },
  });
  const forced = await compiled(REHEARSED, { files, mode: "rehearse" });
  assertEquals(forced.plan?.model.type, "rehearsal");
});

Deno.test("compileWorkflow() takes --model and OPENAI_BASE_URL before the file's", async () => {
  const { plan } = await compiled(REHEARSED, {
    files,
    mode: "live",
    model: "openai:other/model-2",
    baseUrl: "https://example.org",
  });
  assertEquals(plan?.model, {
    type: "openai",
    name: "other/model-2",
    baseUrl: "https://example.org",
    netHost: "example.org:443",
  });
});

Deno.test("compileWorkflow() grants the port of the scheme, and IPv6 hosts in brackets", async () => {
  const hosts: (string | undefined)[] = [];
  for (const baseUrl of ["http://h/v1", "https://h/v1", "http://[::1]:99/v1", "http://[::1]"]) {
    const { plan } = await compiled(REHEARSED, { files, baseUrl });
    hosts.push(plan?.model.type === "openai" ? plan.model.netHost : undefined);
  }
  assertEquals(hosts, ["h:80", "h:443", "[::1]:99", "[::1]:80"]);
});

Deno.test("compileWorkflow() needs neither key nor inputs to check a file", async () => {
  const yaml = REHEARSED.replace("steps:", "inputs: { city: {} }\nsteps:");
  const good = await compiled(yaml, { files, key: false, check: true });
  assertEquals([good.text, good.exitCode], ["", 0]);
  const bad = await compiled(yaml, { key: true, check: true, files: { "r.yaml": "[]" } });
  assertEquals(bad.exitCode, 2, "the rehearsal is checked although there is a key");
});
