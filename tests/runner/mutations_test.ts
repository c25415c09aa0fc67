import { assert, assertEquals } from "@std/assert";
import { copy } from "@std/fs";
import { basename, fromFileUrl, join } from "@std/path";
import { type CompileResult, compileWorkflow } from "../../runner/compile.ts";
import { isDiagnosticCode } from "../../runner/diagnostic_codes.ts";
import type { Diagnostic } from "../../runner/diagnostics.ts";
import { UNCONFINED } from "./_compiled.ts";
import { type Mutation, mutationsOf } from "./_mutations.ts";

const WORKFLOWS = fromFileUrl(new URL("../../workflows", import.meta.url));

/** About so many mistakes of each file are made: all of them would take minutes. */
const MISTAKES = 100;

/** A workflow with every part of the language, and the one that it uses. */
const WHOLE = `\
name: whole
description: Every part of the language
model: openai:gpt-4.1
models:
  openai:own: { usd_per_million: { input: 1, output: 2 } }
base_url: https://models.example.com/v1
instructions: Write about \${{ inputs.topic }}
inputs:
  topic: { description: What about, default: bees }
  count: { type: number, default: 3 }
  size: { type: choice, options: [small, large], default: small }
  dry: { type: boolean, default: false }
  where: { type: path, default: /memory }
env:
  LANG: { default: C, description: The language }
  GREETING: Hello
secrets:
  TOKEN: { description: For the server }
backends:
  memory: { type: state }
  disk: { type: local, root: ./out }
default: memory
routes:
  /project/:
    backend: disk
    access: read-write
shell: virtual
limits: { memory: 64mb, output: 64kb }
tools:
  preset: no-secrets
  ask: ["execute git push *"]
budget: { turns: 30, tokens: 100000, usd: 1, usd_per_day: 5 }
concurrency: 2
timeout: 1h
steps:
  - id: outline
    name: Write an outline
    prompt: |
      Write \${{ inputs.count }} titles about
      \${{ inputs.topic }}.
    output:
      schema:
        type: object
        properties:
          titles: { type: array, items: { type: string } }
        required: [titles]
        additionalProperties: false
    budget: { turns: 5 }
    retry:
      attempts: 3
      feedback: true
      backoff: { delay: 1s, factor: 2, max: 10s }
  - id: write
    needs: outline
    foreach:
      items: \${{ steps.outline.outputs.titles }}
      item: title
      concurrency: 2
    prompt: Write \${{ title }}
    model: openai:own
    instructions: Be brief
    session: new
    timeout: 5m
    continue_on_error: true
    tools: { deny: ["write /secret/**"] }
  - id: build
    needs: [outline]
    if: inputs.size == 'small' && !inputs.dry
    run: |
      echo "$TITLES" > /project/titles.json
    cwd: /project
    env:
      TITLES: \${{ toJSON(steps.outline.outputs.titles) }}
      TOKEN: \${{ secrets.TOKEN }}
    produces: [/project/titles.json]
    assert:
      - { file: /project/titles.json, is_json: true }
      - { file: /project/titles.json, contains: "[" }
      - { file: /project/titles.json, matches: "^[^x]+" }
      - { file: /project/titles.json, size: { min: 1, max: 64kb } }
      - { file: /project/titles.json, lines: { min: 1 } }
      - { exists: /project/titles.json }
      - { not_exists: "\${{ inputs.where }}/none" }
      - { run: [test, -s, /project/titles.json] }
      - { judge: The titles are about one thing, file: /project/titles.json }
  - id: inner
    needs: [write, build]
    uses: ./inner.yaml
    with: { topic: "\${{ inputs.topic }}" }
on_success:
  - id: thank
    prompt: Say \${{ default(steps.build.output, 'nothing') }}
on_failure:
  - id: tell
    run: [echo, failed]
outputs:
  titles: \${{ toJSON(steps.outline.outputs.titles) }}
  status: \${{ steps.build.status }}
artifacts:
  - { path: /memory/**, to: ./artifacts/, when: always }
`;

const INNER = `\
name: inner
model: openai:gpt-4.1
base_url: https://models.example.com/v1
inputs: { topic: { required: true } }
steps: [{ id: a, prompt: "On \${{ inputs.topic }}" }]
outputs: { said: "\${{ steps.a.output }}" }
`;

const names: string[] = [];
for await (const { name } of Deno.readDir(WORKFLOWS)) {
  if (/(?<!\.rehearsal)\.yaml$/.test(name)) names.push(name);
}
names.sort();

/** What is wrong with how a mutated file was answered; empty if nothing is. */
function complaints(
  mutation: Mutation,
  file: string,
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
): readonly string[] {
  const found: string[] = [];
  for (const { code, message, hint, place } of diagnostics) {
    if (!isDiagnosticCode(code)) found.push(`code ${code} is not registered`);
    if (message === "" || hint === "") found.push(`${code} says nothing`);
    if (/\n\s+at |file:\/\/|undefined|\[object/.test(`${message}\n${hint}`)) {
      found.push(`${code} tells of the inside: ${message} / ${hint}`);
    }
    if (place === undefined) {
      found.push(`${code} has no place: ${message}`);
      continue;
    }
    const line = sources.get(place.file)?.split("\n")[place.line - 1];
    if (line === undefined || place.column < 1 || place.column > line.length + 1) {
      found.push(`${code} is at ${place.line}:${place.column}, where nothing is`);
    }
  }
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const isNear = ({ place }: Diagnostic) => {
    if (place === undefined) return false;
    if (place.file === file && mutation.lines.has(place.line)) return true;
    const line = sources.get(place.file)?.split("\n")[place.line - 1] ?? "";
    return mutation.gone.some((word) => line.includes(word));
  };
  if (errors.length > 0 && !errors.some(isNear)) {
    const told = errors.map(({ code, place }) => `${code} at ${place?.file}:${place?.line}`);
    found.push(`nothing names its place, but ${told.join(", ")}`);
  }
  return found;
}

async function check(file: string, cwd: string): Promise<CompileResult> {
  const probe = () => Promise.resolve(UNCONFINED);
  return await compileWorkflow(file, { cwd, key: true, check: true, probe });
}

for (const name of [...names, "whole.yaml"]) {
  Deno.test(`compileWorkflow() names the place of mistakes in ${name}, and never throws`, async () => {
    const directory = await Deno.realPath(
      await Deno.makeTempDir({ prefix: "routebook-mutations-" }),
    );
    try {
      await copy(WORKFLOWS, join(directory, "workflows"));
      await Deno.writeTextFile(join(directory, "workflows/whole.yaml"), WHOLE);
      await Deno.writeTextFile(join(directory, "workflows/inner.yaml"), INNER);
      const file = `workflows/${basename(name)}`;
      const text = await Deno.readTextFile(join(directory, file));
      const before = await check(file, directory);
      assertEquals(before.diagnostics.filter(({ severity }) => severity === "error"), []);
      const all = mutationsOf(text);
      const stride = Math.ceil(all.length / MISTAKES);
      const mutations = all.filter((_, index) => index % stride === 0);
      assert(mutations.length > MISTAKES / 2);
      const failed: string[] = [];
      let refused = 0;
      for (const mutation of mutations) {
        await Deno.writeTextFile(join(directory, file), mutation.text);
        const { diagnostics, sources } = await check(file, directory);
        if (diagnostics.some(({ severity }) => severity === "error")) refused++;
        const wrong = complaints(mutation, file, diagnostics, sources);
        if (wrong.length > 0) failed.push(`${mutation.what}: ${wrong.join("; ")}`);
      }
      assertEquals(failed, []);
      assert(refused > mutations.length / 4, "Hardly any mistake was found");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}
