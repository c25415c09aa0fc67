import { assertEquals } from "@std/assert";
import { z } from "zod";
import { offeredTools } from "../../agent/_offered.ts";
import { defineTool } from "../../agent/tool.ts";
import { BUILT_IN_TOOLS } from "../../agent/tools/built_in.ts";
import { executeTool } from "../../agent/tools/execute.ts";
import { Policy, type Rules } from "../../backends/policy.ts";

const OWN = defineTool({
  name: "own",
  description: "A tool of somebody's own.",
  parameters: z.strictObject({}),
  execute: () => "done",
});

const TOOLS = [...BUILT_IN_TOOLS, executeTool("virtual"), OWN];
const READ = ["ls", "read_file", "glob", "grep"];
const WRITE = ["write_file", "edit_file", "delete_file", "move_file"];
const EXECUTE = ["execute"];

const READ_WRITE = [{ prefix: "/", access: "read-write" }] as const;
const READ_ONLY = [
  { prefix: "/src/", access: "read" },
  { prefix: "/", access: "read" },
] as const;
const MIXED = [
  { prefix: "/out/", access: "read-write" },
  { prefix: "/", access: "read" },
] as const;

function offered(rules: Rules | undefined, routes: Parameters<typeof offeredTools>[2]): string[] {
  const policies = rules === undefined ? [] : [new Policy(rules)];
  const tools = offeredTools(TOOLS, policies, routes).map(({ name }) => name);
  assertEquals(tools.pop(), "own");
  return tools.sort();
}

Deno.test("offeredTools() leaves out what no call could ever be allowed", () => {
  const cases: [Rules | undefined, Parameters<typeof offeredTools>[2], string[]][] = [
    [undefined, READ_WRITE, [...READ, ...WRITE, ...EXECUTE]],
    [undefined, READ_ONLY, [...READ, ...EXECUTE]],
    [undefined, MIXED, [...READ, ...WRITE, ...EXECUTE]],
    [{ deny: ["write **"] }, READ_WRITE, [...READ, ...EXECUTE]],
    [{ deny: ["write /"] }, READ_WRITE, [...READ, ...EXECUTE]],
    [{ deny: ["write /out/**"] }, MIXED, [...READ, ...EXECUTE]],
    [{ deny: ["read /out"] }, MIXED, [...READ, ...EXECUTE]],
    [{ deny: ["write /out/a"] }, MIXED, [...READ, ...WRITE, ...EXECUTE]],
    [{ deny: ["read **"] }, READ_WRITE, EXECUTE],
    [{ deny: ["execute *"] }, READ_WRITE, [...READ, ...WRITE]],
    [{ deny: ["execute git *"] }, READ_WRITE, [...READ, ...WRITE, ...EXECUTE]],
    [{ allow: [] }, READ_WRITE, []],
    [{ allow: ["read /src"] }, READ_WRITE, READ],
    [{ allow: ["write /src/**"] }, READ_WRITE, [...READ, ...WRITE]],
    [{ allow: ["write /src/**"] }, MIXED, READ],
    [{ allow: ["write /out/*.md"] }, MIXED, [...READ, ...WRITE]],
    [{ allow: ["write **/*.md"] }, MIXED, [...READ, ...WRITE]],
    [{ allow: ["write **"], deny: ["write /out"] }, MIXED, READ],
    [{ allow: ["write /out/a"], deny: ["write /out/a"] }, MIXED, READ],
    [{ allow: ["write /out/a/*"], deny: ["write /out/a"] }, MIXED, READ],
    [{ allow: ["execute ls *"] }, READ_WRITE, EXECUTE],
    [{ allow: [], ask: ["execute ls *"] }, READ_WRITE, EXECUTE],
    [{ allow: [], ask: ["write /out/a"] }, MIXED, [...READ, ...WRITE]],
    [{ ask: ["write **", "execute *"] }, READ_WRITE, [...READ, ...WRITE, ...EXECUTE]],
  ];
  for (const [rules, routes, expected] of cases) {
    assertEquals(offered(rules, routes), [...expected].sort(), JSON.stringify([rules, routes]));
  }
});

Deno.test("offeredTools() knows what every built-in tool needs", () => {
  const names = TOOLS.map(({ name }) => name).filter((name) => name !== "own");
  assertEquals(offered({ allow: [] }, READ_WRITE), []);
  assertEquals(offered(undefined, READ_WRITE), names.sort());
});
