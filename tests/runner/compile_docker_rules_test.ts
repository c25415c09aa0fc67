import { assertEquals } from "@std/assert";
import { compiled } from "./_compiled.ts";

const DEFAULT = "default: box\nroutes: { /data/: data, /notes/: m }";
const PART = "default: m\nroutes: { /work/: { backend: box, path: /work }, /data/: data }";

/** The codes and messages of a file with a docker shell, a tree and rules. */
async function saidOf(
  tree: string,
  tools: string,
  steps = "steps: [{ id: a, prompt: Go }]",
): Promise<readonly string[]> {
  const { diagnostics } = await compiled(
    `\
name: w
model: openai:m
shell: docker
backends:
  box: { type: docker, image: busybox }
  m: { type: state }
  data: { type: local, root: ./data, access: read }
${tree}
tools: { ${tools} }
${steps}
`,
    { files: { "data/": "" } },
  );
  return diagnostics.map(({ code, message }) => `${code}: ${message}`);
}

const CANNOT = 'cannot be held against commands in "box", the container that they run in';

Deno.test("compileWorkflow() refuses rules that may be for files of the container", async () => {
  for (
    const [tree, list, rule] of [
      [DEFAULT, "deny", "read **/.env"],
      [DEFAULT, "deny", "write /workspace/**"],
      [DEFAULT, "ask", "write /{data,x}/**"],
      [DEFAULT, "deny", "read /dat?/**"],
      [DEFAULT, "deny", "read /"],
      [PART, "deny", "read /work"],
      [PART, "ask", "write /work/a/b"],
      [PART, "deny", "read /*/x"],
    ] as const
  ) {
    const said = [`docker-rule: Rule "${rule}" ${CANNOT}`];
    assertEquals(await saidOf(tree, `${list}: ["${rule}"]`), said, `${rule} in ${tree}`);
  }
});

Deno.test("compileWorkflow() takes rules that are for other files alone, or for commands", async () => {
  for (
    const [tree, rule] of [
      [DEFAULT, "read /data/secret/**"],
      [DEFAULT, "write /notes"],
      [DEFAULT, "read /notes/*/[ab]"],
      [DEFAULT, "execute git push *"],
      [PART, "write /out/**"],
      [PART, "read /workplace/x"],
    ] as const
  ) {
    assertEquals(await saidOf(tree, `deny: ["${rule}"]`), [], `${rule} in ${tree}`);
  }
});

Deno.test("compileWorkflow() refuses presets with such rules, and names one of them", async () => {
  assertEquals(await saidOf(DEFAULT, "preset: no-secrets"), [
    `docker-rule: "read **/.env*" of preset "no-secrets" ${CANNOT}`,
  ]);
});

Deno.test("compileWorkflow() takes a list of allow if it has all files of the container", async () => {
  for (const tools of ['allow: ["read **"]', 'allow: ["execute *"]', 'allow: ["write /x/**"]']) {
    const said = await saidOf(DEFAULT, tools);
    assertEquals(said.filter((each) => !each.startsWith("unused")), [
      `docker-rule: A list of "allow" ${CANNOT}`,
    ]);
  }
  assertEquals(await saidOf(DEFAULT, 'allow: ["write **", "execute *"]'), []);
  assertEquals(await saidOf(PART, 'allow: ["read /data/**", "write /work/**", "execute *"]'), []);
});

Deno.test("compileWorkflow() refuses routes that may only be read to what commands can change", async () => {
  const tree = "default: m\nroutes: { /work/: { backend: box, path: /work, access: read } }";
  assertEquals((await saidOf(tree, "deny: []")).filter((said) => !said.startsWith("unused")), [
    'docker-rule: Nothing keeps commands from changing "/work": it is in the container that they ' +
    "run in",
  ]);
});

Deno.test("compileWorkflow() takes rules of one step for what is brought to its commands alone", async () => {
  const steps = (tools: string) => `steps: [{ id: a, prompt: Go, tools: { ${tools} } }]`;
  const refused = (what: string) => [
    `step-rules-sandbox: ${what} of one step cannot bind its commands: a container shows all ` +
    "steps the same files",
  ];
  for (const rule of ["read /data/x", "read **/x", "write /workspace"]) {
    assertEquals(
      await saidOf(DEFAULT, "deny: []", steps(`deny: ["${rule}"]`)),
      refused(`Rule "${rule}"`),
    );
  }
  assertEquals(
    await saidOf(DEFAULT, "deny: []", steps('allow: ["read /notes/**", "execute *"]')),
    refused('A list of "allow"'),
  );
  assertEquals(await saidOf(DEFAULT, "deny: []", steps('deny: ["read /notes/x"]')), []);
  assertEquals(
    await saidOf(DEFAULT, "deny: []", steps('deny: ["read /data/x", "execute *"]')),
    [],
  );
});
