import { assertEquals } from "@std/assert";
import type { StaticType } from "../../runner/expressions/types.ts";
import type { JsonSchema } from "../../runner/plan.ts";
import { staticTypeOf } from "../../runner/schema_type.ts";

/** A type as text, as far down as the names of its properties go. */
function shown(type: StaticType | undefined, depth = 0): string {
  if (type === undefined) return "none";
  if (type.kind === "list") return `[${shown(type.of, depth)}]`;
  if (type.kind !== "object") return type.kind;
  if (depth > 2) return "{...}";
  const names = [...type.names()].map((name) =>
    `${name}: ${shown(type.property(name), depth + 1)}`
  );
  return `{${[...names, ...type.isOpen ? ["..."] : []].join(", ")}}`;
}

Deno.test("staticTypeOf() tells the type of what fits a schema", () => {
  const cases: readonly (readonly [JsonSchema, string])[] = [
    [true, "any"],
    [false, "any"],
    [{}, "any"],
    [{ type: "string" }, "string"],
    [{ type: "integer" }, "number"],
    [{ type: ["string", "null"] }, "string"],
    [{ type: ["string", "number"] }, "any"],
    [{ type: "null" }, "null"],
    [{ const: 3 }, "number"],
    [{ enum: ["a", "b"] }, "string"],
    [{ enum: ["a", 1] }, "any"],
    [{ anyOf: [{ type: "number" }, { type: "null" }] }, "number"],
    [{ type: "array", items: { type: "boolean" } }, "[boolean]"],
    [{ type: "array", prefixItems: [{ type: "boolean" }] }, "[any]"],
    [{ type: "array" }, "[any]"],
    [{ type: "object" }, "{...}"],
    [{ properties: { a: { type: "string" } } }, "any"],
    [
      { type: "object", properties: { a: { type: "string" }, b: { type: "object" } } },
      "{a: string, b: {...}}",
    ],
    [
      { type: "object", properties: { a: {} }, additionalProperties: { type: "number" } },
      "{a: any, ...}",
    ],
    [{ type: "object", properties: { a: {} }, additionalProperties: false }, "{a: any}"],
    [{ type: "object", properties: { a: {} }, allOf: [{}] }, "{a: any, ...}"],
    [
      {
        type: "object",
        properties: { a: { $ref: "#/$defs/b~1c" } },
        $defs: { "b/c": { const: "" } },
      },
      "{a: string}",
    ],
    [{ $ref: "#/$defs/none" }, "any"],
    [{ $ref: "#other" }, "any"],
  ];
  for (const [schema, wanted] of cases) assertEquals(shown(staticTypeOf(schema)), wanted);
});

Deno.test("staticTypeOf() knows properties that a schema allows without naming them", () => {
  const type = staticTypeOf({ type: "object", additionalProperties: { type: "number" } });
  assertEquals(type.kind === "object" && shown(type.property("any")), "number");
  const closed = staticTypeOf({ type: "object", properties: { a: {} } });
  assertEquals(closed.kind === "object" && closed.property("toString"), undefined);
});

Deno.test("staticTypeOf() ends with schemas that lead to themselves", () => {
  const node: JsonSchema = {
    type: "object",
    properties: { left: { $ref: "#" }, value: { type: "string" } },
  };
  assertEquals(
    shown(staticTypeOf(node)),
    "{left: {left: {left: {...}, value: string}, value: string}, value: string}",
  );
  for (
    const schema of [
      { $ref: "#" },
      { anyOf: Array.from({ length: 100 }, () => ({ $ref: "#" })) },
      { type: "array", items: { $ref: "#" } },
    ]
  ) {
    assertEquals(shown(staticTypeOf(schema)).includes("any"), true);
  }
});
