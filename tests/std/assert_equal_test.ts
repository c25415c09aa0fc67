// What is tested here is what other tests are checked with, so Node's assertions check it.
import nodeAssert from "node:assert/strict";
import { assertEquals, AssertionError, assertNotEquals, equal } from "@std/assert";
import { outcome } from "./_outcome.ts";

class Point {
  constructor(public x: unknown, public y: unknown = 0) {}
  get sum(): string {
    return `${this.x}${this.y}`;
  }
}

class Pixel extends Point {}

class Hidden {
  #secret: number;
  constructor(secret: number) {
    this.#secret = secret;
  }
  get double(): number {
    return this.#secret * 2;
  }
}

const symbol = Symbol("key");
const method = () => 1;
const bare = (entries: object) => Object.assign(Object.create(null), entries);
const looped = (name: string) => {
  const value: Record<string, unknown> = { name };
  value.self = value;
  return value;
};
const list = (...items: unknown[]) => {
  const value: unknown[] = [...items];
  value.push(value);
  return value;
};
const bytes = (...values: number[]) => new Uint8Array(values);

/** Pairs that are equal. */
const EQUAL: readonly (readonly [string, unknown, unknown])[] = [
  ["numbers", 1, 1],
  ["NaN", NaN, NaN],
  ["zeros of both signs", 0, -0],
  ["strings", "é", "é"],
  ["bigints", 1n, 1n],
  ["symbols", symbol, symbol],
  ["functions that are the same", method, method],
  ["plain objects", { a: 1, b: { c: [2] } }, { b: { c: [2] }, a: 1 }],
  ["an object without a prototype and a plain one", bare({ a: 1 }), { a: 1 }],
  ["keys that are symbols", { [symbol]: 1 }, { [symbol]: 1 }],
  ["undefined values of the same keys", { a: undefined }, { a: undefined }],
  ["keys that cannot be seen, in plain objects", Object.defineProperty({ a: 1 }, "b", {}), {
    a: 1,
  }],
  ["arrays", [1, [2, "3"]], [1, [2, "3"]]],
  ["holes in the same place", Array(2), Array(2)],
  ["arrays whose lengths differ by holes at the end", Object.assign([1], { length: 2 }), [1]],
  ["dates", new Date(1), new Date(1)],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["regular expressions", /a.b/gi, /a.b/gi],
  ["URLs", new URL("http://a/b"), new URL("http://a/b")],
  ["search parameters", new URLSearchParams("a=1"), new URLSearchParams({ a: "1" })],
  ["typed arrays", bytes(1, 2), bytes(1, 2)],
  ["typed arrays with NaN and zeros", new Float64Array([NaN, 0]), new Float64Array([NaN, -0])],
  ["buffers", bytes(1, 2).buffer, bytes(1, 2).buffer],
  ["sets in any order", new Set([1, "a"]), new Set(["a", 1])],
  ["sets of objects", new Set([{ a: 1 }, [2]]), new Set([[2], { a: 1 }])],
  ["maps in any order", new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
  ["maps with objects as keys", new Map([[{ a: 1 }, [1]]]), new Map([[{ a: 1 }, [1]]])],
  ["instances of a class", new Point(1, [2]), new Point(1, [2])],
  ["what hidden state shows", new Hidden(1), new Hidden(1)],
  ["references to themselves", looped("a"), looped("a")],
  ["lists that hold themselves", list(1), list(1)],
  ["boxed strings", Object("a"), Object("a")],
];

/** Pairs that are not. */
const DIFFERENT: readonly (readonly [string, unknown, unknown])[] = [
  ["numbers", 1, 2],
  ["types", 1, "1"],
  ["a bigint and a number", 1n, 1],
  ["null and undefined", null, undefined],
  ["null and an object", null, {}],
  ["symbols", Symbol("a"), Symbol("a")],
  ["functions that read the same", () => 1, () => 1],
  ["values", { a: 1 }, { a: 2 }],
  ["a key more", { a: 1 }, { a: 1, b: 2 }],
  ["a missing key and undefined", {}, { a: undefined }],
  ["keys", { a: undefined }, { b: undefined }],
  ["symbols as keys", { [symbol]: 1 }, { [symbol]: 2 }],
  ["a key that is missing beside a symbol", { [symbol]: 1 }, {}],
  ["order in arrays", [1, 2], [2, 1]],
  ["length", [1], [1, 2]],
  ["a hole and undefined", Array(1), [undefined]],
  ["an array and an object", [1], { 0: 1 }],
  ["dates", new Date(1), new Date(2)],
  ["a date and its number", new Date(1), 1],
  ["flags", /a/g, /a/i],
  ["URLs", new URL("http://a/b"), new URL("http://a/c")],
  ["typed arrays", bytes(1), bytes(2)],
  ["classes of typed arrays", bytes(1), new Int8Array([1])],
  ["buffers", bytes(1).buffer, bytes(2).buffer],
  ["sets", new Set([1]), new Set([2])],
  ["sets of objects", new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  ["sizes", new Set([1]), new Set([1, 2])],
  ["values in maps", new Map([["a", 1]]), new Map([["a", 2]])],
  ["keys in maps", new Map([["a", undefined]]), new Map([["b", undefined]])],
  ["a map and a set", new Map(), new Set()],
  ["a class and a plain object", new Point(1), { x: 1, y: 0 }],
  ["a class and one that extends it", new Point(1), new Pixel(1)],
  ["what hidden state shows", new Hidden(1), new Hidden(2)],
  ["messages of errors", new Error("a"), new Error("b")],
  ["classes of errors", new Error("a"), new TypeError("a")],
  ["references to themselves", looped("a"), looped("b")],
  ["a reference to itself and a copy", looped("a"), { name: "a", self: { name: "a" } }],
  ["boxed strings", Object("a"), Object("b")],
];

for (const [name, a, b] of EQUAL) {
  Deno.test(`equal() holds for ${name}`, () => {
    nodeAssert.equal(equal(a, b), true);
    nodeAssert.equal(equal(b, a), true);
    nodeAssert.equal(equal({ deep: [a] }, { deep: [b] }), true);
    nodeAssert.equal(equal(new Map([["key", a]]), new Map([["key", b]])), true);
    assertEquals(a, b);
    nodeAssert.throws(() => assertNotEquals(a, b), AssertionError);
  });
}

for (const [name, a, b] of DIFFERENT) {
  Deno.test(`equal() tells apart ${name}`, () => {
    nodeAssert.equal(equal(a, b), false);
    nodeAssert.equal(equal(b, a), false);
    nodeAssert.equal(equal({ deep: [a] }, { deep: [b] }), false);
    nodeAssert.equal(equal(new Set([[a]]), new Set([[b]])), false);
    nodeAssert.throws(() => assertEquals(a, b), AssertionError);
    assertNotEquals(a, b);
  });
}

Deno.test("equal() cannot look into what holds its members weakly", () => {
  const map = new WeakMap();
  nodeAssert.equal(equal(map, map), true);
  nodeAssert.equal(equal(map, new WeakSet()), false);
  nodeAssert.equal(
    outcome(() => equal(map, new WeakMap())),
    "TypeError: Cannot compare WeakMap instances",
  );
  nodeAssert.equal(
    outcome(() => equal([new WeakSet()], [new WeakSet()])),
    "TypeError: Cannot compare WeakSet instances",
  );
});

Deno.test("equal() follows weak references", () => {
  const [one, same, other] = [{ a: 1 }, { a: 1 }, { a: 2 }];
  nodeAssert.equal(equal(new WeakRef(one), new WeakRef(same)), true);
  nodeAssert.equal(equal(new WeakRef(one), new WeakRef(other)), false);
  // What is used below is still there above.
  nodeAssert.deepEqual([one, same, other], [{ a: 1 }, { a: 1 }, { a: 2 }]);
});
