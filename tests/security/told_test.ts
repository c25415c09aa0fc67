/**
 * What the model is told besides the answers of its tools holds to the rules too: failed checks, what
 * a judge is shown, and hashes.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { played } from "../runner/_played.ts";

const HIDDEN = "hunter2 is the word";
const DISK = {
  backends: { disk: { type: "local", root: "./ws" } },
  routes: { "/project/": "disk" },
};

/** A run whose model's words choose the files that are checked. */
async function checkedRun(
  tools: Readonly<Record<string, unknown>>,
  assertion: Readonly<Record<string, unknown>>,
  own?: Readonly<Record<string, unknown>>,
  file = "/project/.env",
) {
  const { events, result } = await played({
    flow: {
      ...DISK,
      tools,
      inputs: { file: { type: "string", default: file } },
      steps: [{
        id: "work",
        prompt: "Go",
        ...(own === undefined ? {} : { tools: own }),
        assert: [{ file: "${{ format('{0}', inputs.file) }}", ...assertion }],
        retry: { attempts: 2, feedback: true },
      }],
    },
    turns: { work: [[]] },
    ...("judge" in assertion ? { judges: { work: [{ pass: true, reason: "Fine" }] } } : {}),
    files: { "ws/.env": HIDDEN, "ws/open.txt": "open" },
    onPlan: (plan) => {
      const [root] = plan.roots;
      if (root !== undefined) Deno.symlinkSync(".env", `${root.directory}/link`);
      return plan;
    },
  });
  const prompts = events.flatMap((event) => event.type === "step.started" ? [event.prompt] : []);
  return { prompts, result, text: JSON.stringify(events) };
}

const CHECKS = [
  { contains: "Hunter2" },
  { not_contains: "is" },
  { matches: "^x" },
  { equals: "x" },
  { is_json: true },
  { json_schema: { type: "object" } },
  { size: { min: 1000 } },
  { lines: { min: 1000 } },
];

Deno.test("runPlan() tells the model nothing of a file that the rules keep from it when a check of it fails", async () => {
  for (const assertion of CHECKS) {
    const { prompts, result, text } = await checkedRun({ deny: ["read **/.env"] }, assertion);
    assertEquals([result.outcome, prompts.length], ["failure", 2]);
    assertStringIncludes(prompts[1] ?? "", "the rules keep it from the model");
    assertEquals(text.includes("hunter2"), false, text);
  }
});

Deno.test("runPlan() holds what checks tell to rules that ask, rules that allow and rules of the step", async () => {
  const [assertion = {}] = CHECKS;
  const none = await checkedRun({}, assertion);
  assertStringIncludes(none.prompts[1] ?? "", HIDDEN);
  for (
    const [tools, own] of [
      [{ ask: ["read /project/.env"] }, undefined],
      [{ allow: ["read /project/open.txt"] }, undefined],
      [{}, { deny: ["read /project/.env"] }],
    ] as const
  ) {
    const { prompts, text } = await checkedRun(tools, assertion, own);
    assertEquals(prompts.length, 2);
    assertEquals(text.includes("hunter2"), false, text);
  }
});

Deno.test("runPlan() shows no judge a file that the rules keep from the model", async () => {
  for (const file of ["/project/.env", "/project/link"]) {
    const judged = [{ deny: ["read **/.env"] }, { judge: "It is kind" }] as const;
    const { result, text } = await checkedRun(...judged, undefined, file);
    assertEquals(result.outcome, "failure");
    assertStringIncludes(
      result.error ?? "",
      file.endsWith("link") ? "leads to what the rules deny" : "denied by the rule",
    );
    assertEquals(text.includes("was found to hold"), false);
  }
  const open = await checkedRun({}, { judge: "It is kind" }, undefined, "/project/open.txt");
  assertStringIncludes(open.text, "was found to hold");
});

Deno.test("runPlan() hashes no file that the rules keep from the model, under no name", async () => {
  const asked = async (isLinked: boolean) => {
    const { events } = await played({
      flow: {
        ...DISK,
        tools: { deny: ["read **/.env"] },
        steps: [{
          id: "ask",
          prompt: "${{ hashFiles('/project/**') }} ${{ hashFiles('/project/.env') }}.",
        }],
      },
      turns: { ask: [] },
      files: { "ws/.env": HIDDEN, "ws/open.txt": "open" },
      onPlan: (plan) => {
        const [root] = plan.roots;
        if (isLinked && root !== undefined) Deno.symlinkSync(".env", `${root.directory}/link`);
        return plan;
      },
    });
    return events.flatMap((event) => event.type === "step.started" ? [event.prompt] : []).join();
  };
  const bare = await asked(false);
  // What GitHub Actions has for one file with "open" in it: the hash of its hash.
  const one = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("open"));
  const all = new Uint8Array(await crypto.subtle.digest("SHA-256", one)).toHex();
  assertEquals(bare, `${all} .`);
  assertEquals(await asked(true), bare);
});

Deno.test("runPlan() copies out no file that the rules keep from the model", async () => {
  const files = { "ws/.env": HIDDEN, "ws/open.txt": "open" };
  const flow = (path: string) => ({
    ...DISK,
    tools: { deny: ["read **/.env"] },
    steps: [{ id: "work", run: "true" }],
    artifacts: [{ path, to: "./out/" }],
  });
  const all = await played({ flow: flow("/project/**"), files });
  assertEquals(all.result.error, undefined);
  assertEquals(Object.keys(all.files), ["out/open.txt", "ws/.env", "ws/open.txt"]);
  const named = await played({ flow: flow("/project/.env"), files });
  assertEquals(named.result.outcome, "failure");
  assertStringIncludes(named.result.error ?? "", "denied by the rule 'read **/.env'");
  assertEquals(Object.keys(named.files), ["ws/.env", "ws/open.txt"]);
});
