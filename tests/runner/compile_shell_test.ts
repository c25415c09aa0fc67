import { assert, assertEquals } from "@std/assert";
import { SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { limitText } from "../../runner/_compile_shell.ts";
import { compiled } from "./_compiled.ts";

/** A machine that can confine commands. */
const CONFINED = { probe: () => Promise.resolve({ type: "bubblewrap" } as const) };

Deno.test("compileWorkflow() refuses a docker shell without a container", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
shell: docker
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[no-box]: There is no container for shell "docker"
 --> flow.yaml:3:8
  |
3 | shell: docker
  |        ^^^^^^
  = hint: Write backends: { box: { type: docker, runtime: python-minimal } }, and default: box
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says what other programs' words for a shell are here", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
shell: bash
sandbox: true
resources: { mem: 1gb }
limits: { mem: 1gb, pids: 8, timeout: 5m }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[invalid-value]: Expected "virtual" or "sandbox" or "docker" for "shell", found "bash"
 --> flow.yaml:3:8
  |
3 | shell: bash
  |        ^^^^
  = hint: Write "sandbox", which runs real sh, or "virtual", which starts no program

error[unknown-key]: Unknown workflow key "sandbox"
 --> flow.yaml:4:1
  |
4 | sandbox: true
  | ^^^^^^^
  = hint: Write shell: sandbox

error[unknown-key]: Unknown workflow key "resources"
 --> flow.yaml:5:1
  |
5 | resources: { mem: 1gb }
  | ^^^^^^^^^
  = hint: It is spelt "limits" here

error[unknown-key]: Unknown limits key "mem"
 --> flow.yaml:6:11
  |
6 | limits: { mem: 1gb, pids: 8, timeout: 5m }
  |           ^^^
  = hint: It is spelt "memory" here

error[unknown-key]: Unknown limits key "pids"
 --> flow.yaml:6:21
  |
6 | limits: { mem: 1gb, pids: 8, timeout: 5m }
  |                     ^^^^
  = hint: It is spelt "processes" here

error[unknown-key]: Unknown limits key "timeout"
 --> flow.yaml:6:30
  |
6 | limits: { mem: 1gb, pids: 8, timeout: 5m }
  |                              ^^^^^^^
  = hint: Each call of the model names its own; cpu bounds the processor time
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() refuses a shell that is no word", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
shell: true
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
error[wrong-type]: Expected "virtual" or "sandbox" or "docker" for "shell", found the boolean true
 --> flow.yaml:3:8
  |
3 | shell: true
  |        ^^^^
  = hint: Write shell: virtual, sandbox or docker
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() names each limit without a unit, with another one or out of its range", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: sandbox
limits:
  cpu: 30
  memory: 512M
  file_size: 1.5 GiB
  output: 17mb
  processes: 2
steps: [{ id: a, prompt: Go }]
`,
    CONFINED,
  );
  assertEquals(
    text,
    `\
error[wrong-type]: Expected a text for "cpu", found the number 30
 --> flow.yaml:5:8
  |
5 |   cpu: 30
  |        ^^
  = hint: Write a number and s, m or h: 30s, 5m

error[invalid-limit]: Expected a whole number and kb, mb or gb for "memory", found "512M"
 --> flow.yaml:6:11
  |
6 |   memory: 512M
  |           ^^^^
  = hint: Did you mean 512mb?

error[invalid-limit]: Expected a whole number and kb, mb or gb for "file_size", found "1.5 GiB"
 --> flow.yaml:7:14
  |
7 |   file_size: 1.5 GiB
  |              ^^^^^^^
  = hint: Did you mean 1536mb?

error[invalid-limit]: "output" must be at most 16mb, found 17mb
 --> flow.yaml:8:11
  |
8 |   output: 17mb
  |           ^^^^
  = hint: Write a number within the bounds, with its unit: 512mb, 30s

error[invalid-value]: "processes" must be at least 8
 --> flow.yaml:9:14
  |
9 |   processes: 2
  |              ^
  = hint: Write 8 or more
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() says how a limit is written", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
shell: sandbox
limits: { cpu: 2 min, memory: much, file_size: 0kb, output: 1.0001mb, processes: many }
steps: [{ id: a, prompt: Go }]
`,
    CONFINED,
  );
  assertEquals(
    text,
    `\
error[invalid-limit]: Expected a whole number and s, m or h for "cpu", found "2 min"
 --> flow.yaml:4:16
  |
4 | limits: { cpu: 2 min, memory: much, file_size: 0kb, output: 1.0001mb, processes: many }
  |                ^^^^^
  = hint: Did you mean 2m?

error[invalid-limit]: Expected a whole number and kb, mb or gb for "memory", found "much"
 --> flow.yaml:4:31
  |
4 | limits: { cpu: 2 min, memory: much, file_size: 0kb, output: 1.0001mb, processes: many }
  |                               ^^^^
  = hint: Write it like 512mb

error[invalid-limit]: "file_size" must be at least 1kb, found 0kb
 --> flow.yaml:4:48
  |
4 | limits: { cpu: 2 min, memory: much, file_size: 0kb, output: 1.0001mb, processes: many }
  |                                                ^^^
  = hint: Write a number within the bounds, with its unit: 512mb, 30s

error[invalid-limit]: Expected a whole number and kb, mb or gb for "output", found "1.0001mb"
 --> flow.yaml:4:61
  |
4 | limits: { cpu: 2 min, memory: much, file_size: 0kb, output: 1.0001mb, processes: many }
  |                                                             ^^^^^^^^
  = hint: Write it like 256kb

error[wrong-type]: Expected a number for "processes", found the text "many"
 --> flow.yaml:4:82
  |
4 | limits: { cpu: 2 min, memory: much, file_size: 0kb, output: 1.0001mb, processes: many }
  |                                                                                  ^^^^
  = hint: Write a number in digits, such as 10
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() warns of limits that no virtual shell can keep", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
shell: virtual
limits: { cpu: 1m, processes: 8, memory: 1gb }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[unused-limits]: Limit "cpu" is for real programs, and a virtual shell starts none
 --> flow.yaml:4:11
  |
4 | limits: { cpu: 1m, processes: 8, memory: 1gb }
  |           ^^^
  = hint: Its commands are bounded by their time, memory, file_size and output

warning[unused-limits]: Limit "processes" is for real programs, and a virtual shell starts none
 --> flow.yaml:4:20
  |
4 | limits: { cpu: 1m, processes: 8, memory: 1gb }
  |                    ^^^^^^^^^
  = hint: Its commands are bounded by their time, memory, file_size and output
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of limits that there is no shell for", async () => {
  const { text, exitCode } = await compiled(`\
name: w
model: openai:m
limits: { memory: 1gb }
steps: [{ id: a, prompt: Go }]
`);
  assertEquals(
    text,
    `\
warning[unused-limits]: There is no shell that these limits are for
 --> flow.yaml:3:1
  |
3 | limits: { memory: 1gb }
  | ^^^^^^
  = hint: Write shell: virtual, sandbox or docker, or leave them out
`,
  );
  assertEquals(exitCode, 0);
});

/** The shell of a plan. */
async function shellOf(yaml: string) {
  const { plan, diagnostics } = await compiled(yaml);
  assertEquals(diagnostics.filter(({ code }) => code !== "unused-limits"), []);
  assert(plan !== undefined);
  return plan.shell;
}

const HEAD = "name: w\nmodel: openai:m\n";

Deno.test("compileWorkflow() reads limits in powers of 1024, and takes the shell's own without them", async () => {
  const prompt = "steps: [{ id: a, prompt: Go }]\n";
  const limits = "limits: { cpu: 5m, memory: 64kb, file_size: 2gb, output: 3mb, processes: 8 }\n";
  assertEquals(await shellOf(`${HEAD}shell: virtual\n${limits.replace("64kb", "16mb")}${prompt}`), {
    type: "virtual",
    tool: true,
    limits: {
      cpuSeconds: 300,
      memoryBytes: 16 * 1024 * 1024,
      processes: 8,
      fileBytes: 2 * 1024 * 1024 * 1024,
      outputBytes: 3 * 1024 * 1024,
    },
  });
  const { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes } = SHELL_LIMITS;
  const defaults = { cpuSeconds, memoryBytes, processes, fileBytes, outputBytes };
  assertEquals(await shellOf(`${HEAD}shell: virtual\n${prompt}`), {
    type: "virtual",
    tool: true,
    limits: defaults,
  });
  assertEquals(await shellOf(HEAD + prompt), undefined);
  // A command has a shell, and the model has none of it.
  const command = "steps: [{ id: a, prompt: Go }, { id: b, run: ls }]\n";
  assertEquals(await shellOf(HEAD + command), { type: "virtual", tool: false, limits: defaults });
});

Deno.test("compileWorkflow() takes each limit at the ends of its range, and nothing beyond", async () => {
  const ranges = [
    ["cpu", "1s", "1h", "0s", "61m"],
    ["memory", "16mb", "64gb", "16383kb", "65gb"],
    ["file_size", "1kb", "64gb", "0kb", "65gb"],
    ["output", "1kb", "16mb", "0kb", "17mb"],
    ["processes", "8", "10000", "7", "10001"],
  ] as const;
  for (const [key, least, most, below, above] of ranges) {
    for (const [value, isGood] of [[least, true], [most, true], [below, false], [above, false]]) {
      const yaml =
        `${HEAD}shell: virtual\nlimits: { ${key}: ${value} }\nsteps: [{ id: a, prompt: Go }]\n`;
      assertEquals((await compiled(yaml)).exitCode, isGood ? 0 : 2, `${key}: ${value}`);
    }
  }
});

Deno.test("limitText() writes a limit as a file does", () => {
  const cases = [
    [limitText("cpuSeconds", 90), "90s"],
    [limitText("cpuSeconds", 300), "5m"],
    [limitText("memoryBytes", 2 * 1024 ** 3), "2gb"],
    [limitText("fileBytes", 1536 * 1024 ** 2), "1536mb"],
    [limitText("outputBytes", 1024), "1kb"],
    [limitText("processes", 256), "256"],
  ];
  for (const [written, expected] of cases) assertEquals(written, expected);
});
