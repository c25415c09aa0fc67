import { assert, assertEquals } from "@std/assert";
import { planText } from "../../runner/plan_text.ts";
import { compiled } from "./_compiled.ts";

async function shown(yaml: string): Promise<string> {
  const { plan, text, dir } = await compiled(yaml, {
    files: {
      "inner.yaml":
        "name: inner\nmodel: openai:m\ninputs: { n: { default: x } }\nsteps: [{ id: i, prompt: Go }]\n",
    },
    env: new Map([["LANG", "C"], ["TOKEN", "abcdefgh"]]),
  });
  assert(plan !== undefined, text);
  const all = planText(plan, { color: false, cwd: dir });
  const [summary = ""] = all.split("\n\n");
  const steps = all.slice(all.indexOf("\nSteps\n") + 1, all.indexOf("\nProcess "));
  return `${summary.split("\n").slice(3).join("\n")}\n\n${steps}`;
}

Deno.test("planText() shows all that a step may have, and what happens at the end", async () => {
  const text = await shown(`\
name: w
model: openai:m
timeout: 30m
concurrency: 2
env: { LANG: {}, MODE: fast }
secrets: [TOKEN]
artifacts: [{ path: /out/*.md, to: ./out/ }, { path: /log, to: ./log.txt, when: always }]
steps:
  - { id: left, prompt: Go, budget: { turns: 2, tokens: 1000 }, model: openai:small }
  - { id: right, prompt: Go, session: new, tools: { deny: [write /a, write /b], allow: ["read **"] } }
  - id: sum
    needs: [left, right]
    if: always() && steps.left.status == 'success'
    foreach: { items: [a, b], item: name, concurrency: 2 }
    prompt: Write \${{ name }}
    instructions: Be brief
    produces: ["/out/\${{ name }}.md"]
    timeout: 90s
    continue_on_error: true
    retry: { attempts: 3, backoff: { delay: 5s, max: 1m } }
    output: { schema: { type: object, properties: {} } }
  - { id: other, needs: [sum], uses: ./inner.yaml, with: { n: "\${{ steps.left.output }}" } }
  - { id: print, needs: [sum], prompt: Go, foreach: [] }
  - { id: last, needs: [other], prompt: Go }
on_success: [{ id: tell, run: echo done, retry: { attempts: 2, backoff: { delay: 1s, factor: 1 } } }]
on_failure: [{ id: blame, prompt: Go }]
`);
  assertEquals(
    text,
    `\
  budget   50 turns of the model
  shell    virtual: no program is started; for steps that run a command
  limits   memory 2gb, file_size 1gb, output 256kb
  order    left and right begin at once; 2 at a time
  timeout  30m for the whole run
  env      LANG MODE: seen by all commands
  secrets  TOKEN: masked

Steps
  ID     NEEDS       PRODUCES             CHECKS  ATTEMPTS
  left   -           -                    -       1
  right  -           -                    -       1
  sum    left right  /out/\${{ name }}.md  -       3, with feedback
  other  sum         -                    -       1
  print  sum         -                    -       1
  last   other       -                    -       1

Steps when all of them succeeded
  ID    NEEDS  PRODUCES  CHECKS  ATTEMPTS
  tell  -      -         -       2

Steps when one of them failed
  ID     NEEDS  PRODUCES  CHECKS  ATTEMPTS
  blame  -      -         -       1

What some steps have besides
  left
    model   openai:small
    budget  2 turns of the model, 1000 tokens
  right
    denied   write /a
             write /b
    allowed  read ** alone
  sum
    if        always() && steps.left.status == 'success'
    for each  ["a","b"], as name, 2 at a time
    waits     5s before another attempt, then 2 times as long each, at most 1m
    timeout   1m30s for each attempt
    on error  what needs it runs all the same
    told      other instructions than the others
    session   goes on with that of right
    output    JSON of a schema
  other
    uses  inner.yaml with n=\${{ steps.left.output }}
  print
    for each  []
    session   goes on with that of right
  last
    session  goes on with that of right
  tell
    waits  1s before another attempt
  blame
    session  goes on with that of last

Commands
  tell
    $ echo done

Artifacts
  PATH       COPIED TO  AFTER
  /out/*.md  out/       success
  /log       log.txt    always
`,
  );
});

Deno.test("planText() shows nothing more of a plain sequence", async () => {
  const text = await shown(
    "name: w\nmodel: openai:m\nsteps: [{ id: a, prompt: Go }, { id: b, prompt: Go }]\n",
  );
  assertEquals(
    text,
    `\
  budget  50 turns of the model

Steps
  ID  NEEDS  PRODUCES  CHECKS  ATTEMPTS
  a   -      -         -       1
  b   a      -         -       1
`,
  );
});

Deno.test("planText() says where a conversation begins anew, and of whom a model is asked", async () => {
  const text = await shown(`\
name: w
model: openai:m
steps:
  - { id: c, prompt: Go, session: new, needs: [d] }
  - { id: d, run: echo d, needs: [a] }
  - { id: a, prompt: Go }
  - { id: b, prompt: Go, session: new }
  - { id: e, prompt: Go, needs: [a], retry: { attempts: 2, feedback: false } }
  - { id: f, run: echo f, retry: { attempts: 2 } }
`);
  assertEquals(
    text.slice(text.indexOf("Steps\n"), text.indexOf("\nCommands")),
    `\
Steps
  ID  NEEDS  PRODUCES  CHECKS  ATTEMPTS
  c   d      -         -       1
  d   a      -         -       1
  a   -      -         -       1
  b   -      -         -       1
  e   a      -         -       2, without feedback
  f   -      -         -       2

What some steps have besides
  c
    session  new: it sees nothing of the steps before
`,
  );
});

Deno.test("planText() says whose model is asked where only workflows that are used ask one", async () => {
  const of = async (inner: string) => {
    const { plan, text } = await compiled(
      "name: w\nmodel: openai:m\nsteps: [{ id: a, uses: ./inner.yaml }]\n",
      { files: { "inner.yaml": `name: inner\n${inner}` }, key: true },
    );
    assert(plan !== undefined, text);
    return /^ {2}model +(.*)$/m.exec(planText(plan, { color: false, cwd: "/" }))?.[1];
  };
  assertEquals(
    await of("model: openai:small\nsteps: [{ id: i, prompt: Go }]\n"),
    "none of its own; workflows that it uses ask openai:small",
  );
  assertEquals(
    await of("steps: [{ id: i, run: echo i }]\n"),
    "none: every step is a command, or a workflow of commands",
  );
});
