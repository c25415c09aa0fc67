import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() warns of steps side by side that can produce the same file", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
inputs: { dir: { default: out } }
steps:
  - { id: a, prompt: Go, produces: [/report.md, /a.md] }
  - { id: b, prompt: Go, produces: [/./report.md, /b.md] }
  - { id: c, prompt: Go, needs: [a], produces: [/report.md, "/out/\${{ steps.a.output }}.md"] }
  - { id: d, prompt: Go, needs: [c], produces: ["/\${{ inputs.dir }}/x.md", /a.md] }
  - { id: e, prompt: Go, produces: ["/\${{ inputs.dir }}/y.md", /out/y.txt] }
  - { id: f, prompt: Go, needs: [c], produces: ["/x/\${{ steps.c.output }}/1/\${{ steps.a.output }}"] }
  - { id: g, prompt: Go, produces: [/x/1, /x/a/1/b] }
on_failure:
  - { id: h, prompt: Go, produces: [/report.md] }
`,
  );
  assertEquals(
    text,
    `\
warning[parallel-writes]: Steps "a" and "b" may run at the same time, and both produce "/report.md"
 --> flow.yaml:6:37
  |
6 |   - { id: b, prompt: Go, produces: [/./report.md, /b.md] }
  |                                     ^^^^^^^^^^^^
  = hint: Let one wait for the other, needs: [a], or give each a file of its own

warning[parallel-writes]: Steps "b" and "c" may run at the same time, and both produce "/report.md"
 --> flow.yaml:7:49
  |
7 |   - { id: c, prompt: Go, needs: [a], produces: [/report.md, "/out/\${{ steps.a.output }}.md"] }
  |                                                 ^^^^^^^^^^
  = hint: Let one wait for the other, needs: [b], or give each a file of its own

warning[parallel-writes]: Steps "c" and "e" may run at the same time, and may produce the same file, "/out/\${{ steps.a.output }}.md" and "/out/y.md"
 --> flow.yaml:9:37
  |
9 |   - { id: e, prompt: Go, produces: ["/\${{ inputs.dir }}/y.md", /out/y.txt] }
  |                                     ^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Let one wait for the other, needs: [c], or give each a file of its own

warning[parallel-writes]: Steps "f" and "g" may run at the same time, and may produce the same file, "/x/\${{ steps.c.output }}/1/\${{ steps.a.output }}" and "/x/a/1/b"
  --> flow.yaml:11:43
   |
11 |   - { id: g, prompt: Go, produces: [/x/1, /x/a/1/b] }
   |                                           ^^^^^^^^
   = hint: Let one wait for the other, needs: [f], or give each a file of its own
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of items side by side that produce one file", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go, foreach: { items: [1], concurrency: 2 }, produces: [/a.md] }
  - { id: b, prompt: Go, foreach: { items: [1], concurrency: 2 }, produces: ["/\${{ item }}.md"] }
  - { id: c, prompt: Go, foreach: { items: [1], item: n, concurrency: 2 }, produces: ["/c/\${{ steps.b.status }}"] }
  - { id: d, prompt: Go, foreach: { items: [[1]], item: n, concurrency: 2 }, produces: ["/d/\${{ join(n) }}"] }
  - { id: e, prompt: Go, foreach: [1, 2], produces: [/e.md] }
`,
  );
  assertEquals(
    text,
    `\
warning[parallel-writes]: Step "a" does 2 items at a time, and all of them produce "/a.md"
 --> flow.yaml:4:78
  |
4 |   - { id: a, prompt: Go, foreach: { items: [1], concurrency: 2 }, produces: [/a.md] }
  |                                                                              ^^^^^
  = hint: Name the file after the item: \${{ item }}

warning[parallel-writes]: Step "c" does 2 items at a time, and all of them produce "/c/\${{ steps.b.status }}"
 --> flow.yaml:6:87
  |
6 | …ompt: Go, foreach: { items: [1], item: n, concurrency: 2 }, produces: ["/c/\${{ steps.b.status }}"] }
  |                                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^
  = hint: Name the file after the item: \${{ n }}
`,
  );
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of nothing where one step runs at a time", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
concurrency: 1
steps:
  - { id: a, prompt: Go, produces: [/report.md] }
  - { id: b, prompt: Go, produces: [/report.md] }
  - { id: c, prompt: Go, needs: [a, b] }
`,
  );
  assertEquals(text, "");
  assertEquals(exitCode, 0);
});

Deno.test("compileWorkflow() warns of twenty pairs of many", async () => {
  const steps = Array.from(
    { length: 40 },
    (_, index) => `  - { id: s${index}, prompt: Go, produces: [/report.md] }\n`,
  );
  const { diagnostics } = await compiled(
    `name: w\nmodel: openai:m\nsteps:\n${steps.join("")}  - { id: z, prompt: Go, needs: s0 }\n`,
  );
  assertEquals(diagnostics.map(({ code }) => code), Array(20).fill("parallel-writes"));
});

Deno.test("compileWorkflow() tells paths with expressions apart by how they begin and end", async () => {
  const { diagnostics } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: x, prompt: Go }
  - { id: a, needs: [x], prompt: Go, produces: ["/a/\${{ steps.x.output }}.md"] }
  - { id: b, needs: [x], prompt: Go, produces: ["/a/\${{ steps.x.output }}.txt"] }
  - { id: c, needs: [x], prompt: Go, produces: ["/b/\${{ steps.x.output }}.md"] }
  - { id: d, needs: [x], prompt: Go, produces: ["/a/b/\${{ steps.x.output }}/c.md"] }
`);
  assertEquals(diagnostics.map(({ message }) => message), [
    'Steps "a" and "d" may run at the same time, and may produce the same file, ' +
    '"/a/${{ steps.x.output }}.md" and "/a/b/${{ steps.x.output }}/c.md"',
  ]);
});
