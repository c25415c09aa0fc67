import { conflictingOrder, touchedPlaces } from "../../agent/_order.ts";
import { createDeepAgent } from "../../agent/agent.ts";
import type { ToolCall } from "../../agent/model.ts";
import { defineTool, type ToolEffects } from "../../agent/tool.ts";
import { BUILT_IN_TOOLS } from "../../agent/tools/built_in.ts";
import { CompositeBackend } from "../../backends/composite.ts";
import { GuardedBackend } from "../../backends/guard.ts";
import { StateBackend } from "../../backends/state.ts";
import fc from "../support/fast_check.ts";
import { AnsweringModel, call, runTool, wholeTree } from "./_support.ts";
import { failureText } from "../../agent/_failure.ts";
import { assertEquals } from "@std/assert";
import { z } from "zod";

const MEMORY = new StateBackend();
const touched = (effects: ToolEffects | undefined) => touchedPlaces(effects, MEMORY);
const read = (path: string) => touched({ reads: [path], writes: [] });
const write = (path: string) => touched({ reads: [], writes: [path] });

Deno.test("conflictingOrder() lets a call wait only for what can matter to it", () => {
  const cases: readonly [string, Parameters<typeof conflictingOrder>[0], readonly number[]][] = [
    ["two reads", [read("/a"), read("/a")], []],
    ["a read after a write", [write("/a"), read("/a")], [0]],
    ["a write after a read", [read("/a"), write("/a")], [0]],
    ["two writes", [write("/a"), write("/a")], [0]],
    ["two writes side by side", [write("/d/a"), write("/d/b")], []],
    ["a listing above a write", [write("/d/a"), read("/")], [0]],
    ["a read below a deletion", [write("/d"), read("/d/a")], [0]],
    ["a name that only begins alike", [write("/d"), read("/da")], []],
    ["paths of two spellings", [write("//d/./x/../a/"), read("/d/a")], [0]],
    ["a tool of unknown effects", [read("/a"), touched(undefined)], [0]],
    ["after a tool of unknown effects", [touched(undefined), read("/a")], [0]],
    ["a path that is none", [read("/a"), read("a")], [0]],
    ["a call that is not run", [write("/"), touched({ reads: [], writes: [] })], []],
    [
      "one of several paths",
      [read("/b"), touched({ reads: ["/a"], writes: ["/c", "/b/x"] })],
      [0],
    ],
  ];
  for (const [name, calls, expected] of cases) {
    assertEquals(conflictingOrder(calls)[1], expected, name);
  }
});

Deno.test("conflictingOrder() knows two routes onto one place", () => {
  const [disk, notes] = [new StateBackend(), new StateBackend()];
  const tree = new GuardedBackend({
    backend: new CompositeBackend({
      default: new StateBackend(),
      routes: {
        "/project/deep/": notes,
        "/project/": disk,
        // A composite in a composite is seen through as well.
        "/workspace/": new CompositeBackend({ default: { backend: disk, path: "/work" } }),
      },
    }),
    deny: ["read **/.env"],
  });
  const waits = (first: string, second: string) =>
    conflictingOrder([
      touchedPlaces({ reads: [], writes: [first] }, tree),
      touchedPlaces({ reads: [second], writes: [] }, tree),
    ])[1]?.length === 1;
  const cases: readonly [string, string, boolean][] = [
    ["/workspace/a", "/project/work/a", true],
    ["/workspace/a", "/project/work", true],
    ["/workspace/a", "/project", true],
    ["/workspace/a", "/project/a", false],
    ["/workspace", "/project/work/a/b", true],
    ["/workspace/a", "/", true],
    ["/a", "/project/a", false],
    ["/work/a", "/workspace/a", false],
    ["/project/deep/a", "/a", false],
    ["/project/deep/a", "/project", true],
    ["/project/deep/a", "/workspace", false],
  ];
  for (const [first, second, expected] of cases) {
    assertEquals(waits(first, second), expected, `${first} then ${second}`);
    assertEquals(waits(second, first), expected, `${second} then ${first}`);
  }
});

Deno.test("DeepAgent.run() runs calls side by side where their effects allow it", async () => {
  const log: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const slow = defineTool({
    name: "slow",
    description: "Ends when 'quick' has run.",
    parameters: z.object({}),
    effects: () => ({ reads: ["/a"], writes: [] }),
    execute: async () => {
      log.push("slow begins");
      await gate;
      log.push("slow ends");
      return "slow";
    },
  });
  const quick = defineTool({
    name: "quick",
    description: "Opens the gate.",
    parameters: z.object({}),
    effects: () => ({ reads: ["/a/b"], writes: [] }),
    execute: () => {
      log.push("quick");
      open();
      return "quick";
    },
  });
  const alone = defineTool({
    name: "alone",
    description: "Has no effects.",
    parameters: z.object({}),
    execute: () => {
      log.push("alone");
      return "alone";
    },
  });
  const model = new AnsweringModel([
    { toolCalls: ["slow", "quick", "alone", "quick"].map((name, id) => call(`${id}`, name, {})) },
    { text: "Done." },
  ]);
  const finished: string[] = [];
  await createDeepAgent({ model, tools: [slow, quick, alone] }).run("Go.", {
    backend: new StateBackend(),
    onEvent: (event) => {
      if (event.type === "tool.finished") finished.push(event.result);
    },
  });
  assertEquals(log, ["slow begins", "quick", "slow ends", "alone", "quick"]);
  assertEquals(finished, ["slow", "quick", "alone", "quick"]);
});

const PATHS = [
  "/",
  "/a",
  "/a/b",
  "/a/b/c",
  "/a/d",
  "/e",
  "/e/f",
  "//a/./b",
  "/e/../a",
  "bad",
  "/..",
];

const aPath = fc.constantFrom(...PATHS);
const aText = fc.constantFrom("", "x\n", "y\nx\n", "z");
const aCall: fc.Arbitrary<Omit<ToolCall, "id">> = fc.oneof(
  fc.record({ path: aPath }).map((args) => ["ls", args] as const),
  fc.record({ path: aPath }).map((args) => ["read_file", args] as const),
  fc.record({ path: aPath, content: aText }).map((args) => ["write_file", args] as const),
  fc.record({ path: aPath, old_text: aText, new_text: aText, replace_all: fc.boolean() })
    .map((args) => ["edit_file", args] as const),
  fc.record({ path: aPath, recursive: fc.boolean() }).map((args) => ["delete_file", args] as const),
  fc.record({ from: aPath, to: aPath, overwrite: fc.boolean() })
    .map((args) => ["move_file", args] as const),
  fc.record({ pattern: fc.constantFrom("**", "*", "/a/**"), path: aPath })
    .map((args) => ["glob", args] as const),
  fc.record({ query: fc.constantFrom("x", "z"), path: aPath })
    .map((args) => ["grep", args] as const),
).map(([name, args]) => ({ name, arguments: JSON.stringify(args) }));

/** Takes its time at random, so that calls that may overlap do. */
function slowed(backend: StateBackend, waits: () => number): StateBackend {
  return new Proxy(backend, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        for (let wait = waits(); wait > 0; wait--) await undefined;
        return await Reflect.apply(value, target, args);
      };
    },
  });
}

async function start(): Promise<StateBackend> {
  const backend = new StateBackend({ now: () => 0 });
  await backend.write("/a/b/c", "x\n");
  await backend.write("/e/f", "y\nz");
  return backend;
}

Deno.test("DeepAgent.run() gives the results and the tree that one call after the other gives", async () => {
  const calls = fc.array(aCall, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(calls, fc.infiniteStream(fc.nat(9)), async (list, numbers) => {
      const together = await start();
      const waits = () => numbers.next().value ?? 0;
      const model = new AnsweringModel([
        { toolCalls: list.map((it, index) => ({ id: `${index}`, ...it })) },
        { text: "Done." },
      ]);
      const { messages } = await createDeepAgent({ model })
        .run("Go.", { backend: slowed(together, waits) });
      const results = messages.flatMap((it) => it.role === "tool" ? [it.content] : []);

      const oneByOne = await start();
      const expected: string[] = [];
      for (const { name, arguments: args } of list) {
        const tool = BUILT_IN_TOOLS.find((it) => it.name === name);
        if (tool === undefined) throw new TypeError(`No tool '${name}'`);
        expected.push(
          await runTool(tool, oneByOne, JSON.parse(args))
            .catch((error: unknown) => failureText(name, error)),
        );
      }
      assertEquals(results, expected);
      assertEquals(await wholeTree(together), await wholeTree(oneByOne));
    }),
    { numRuns: 300 },
  );
});
