import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

Deno.test("compileWorkflow() refuses waits that are none, and tells of what is not used", async () => {
  const { text, exitCode } = await compiled(
    `\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go, retry: { attempts: 2, backoff: "5" } }
  - { id: b, prompt: Go, retry: { attempts: 2, backoff: { delay: 25h, max: 5 min } } }
  - { id: c, prompt: Go, retry: { attempts: 2, backoff: { delay: 1m, max: 30s } } }
  - { id: d, prompt: Go, retry: { backoff: 5s } }
  - { id: e, prompt: Go, retry: { attempts: 1, feedback: true } }
  - { id: f, run: ls, retry: { attempts: 2, feedback: true } }
`,
  );
  assertEquals(
    text,
    `\
error[invalid-duration]: Expected a length of time for "backoff", found "5"
 --> flow.yaml:4:57
  |
4 |   - { id: a, prompt: Go, retry: { attempts: 2, backoff: "5" } }
  |                                                         ^^^
  = hint: Write backoff: 10s

error[invalid-duration]: "delay" must be at most 24h, found 25h
 --> flow.yaml:5:66
  |
5 |   - { id: b, prompt: Go, retry: { attempts: 2, backoff: { delay: 25h, max: 5 min } } }
  |                                                                  ^^^
  = hint: Write 24h or less

error[invalid-duration]: Expected a length of time for "max", found "5 min"
 --> flow.yaml:5:76
  |
5 |   - { id: b, prompt: Go, retry: { attempts: 2, backoff: { delay: 25h, max: 5 min } } }
  |                                                                            ^^^^^
  = hint: Did you mean 5m?

error[invalid-duration]: "max" is shorter than the first wait, 1m
 --> flow.yaml:6:75
  |
6 |   - { id: c, prompt: Go, retry: { attempts: 2, backoff: { delay: 1m, max: 30s } } }
  |                                                                           ^^^
  = hint: It is the longest wait: make it as long as delay, or longer

warning[unused-key]: The step is tried once, so "backoff" is not used
 --> flow.yaml:7:35
  |
7 |   - { id: d, prompt: Go, retry: { backoff: 5s } }
  |                                   ^^^^^^^
  = hint: Write how many times it is tried in all: attempts: 3

warning[unused-key]: The step is tried once, so "feedback" is not used
 --> flow.yaml:8:48
  |
8 |   - { id: e, prompt: Go, retry: { attempts: 1, feedback: true } }
  |                                                ^^^^^^^^
  = hint: Write how many times it is tried in all: attempts: 3

error[misplaced-key]: Retry key "feedback" is for a prompt
 --> flow.yaml:9:45
  |
9 |   - { id: f, run: ls, retry: { attempts: 2, feedback: true } }
  |                                             ^^^^^^^^
  = hint: A command is simply run again: leave it out
`,
  );
  assertEquals(exitCode, 2);
});

Deno.test("compileWorkflow() doubles a wait up to five minutes unless it is told otherwise", async () => {
  const { plan, text } = await compiled(`\
name: w
model: openai:m
steps:
  - { id: a, prompt: Go, retry: { attempts: 3, backoff: 5s } }
  - { id: b, run: ls, retry: { attempts: 3, backoff: { delay: 10m } } }
  - { id: c, run: ls, retry: { attempts: 3, backoff: { delay: 1s, factor: 1.5, max: 1h } } }
  - { id: d, prompt: Go, retry: { attempts: 3, feedback: false } }
  - { id: e, prompt: Go }
`);
  assertEquals(text, "");
  assertEquals(
    plan?.steps.map(({ attempts, feedback, backoff }) => [attempts, feedback, backoff]),
    [
      [3, true, { delay: 5_000, factor: 2, max: 300_000 }],
      [3, false, { delay: 600_000, factor: 2, max: 600_000 }],
      [3, false, { delay: 1_000, factor: 1.5, max: 3_600_000 }],
      [3, false, undefined],
      [1, true, undefined],
    ],
  );
});
