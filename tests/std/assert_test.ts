// What is tested here is what other tests are checked with, so Node's assertions check it.
import nodeAssert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import * as std from "@std/assert";
import { asyncOutcome, outcome } from "./_outcome.ts";

class Animal {}
class Dog extends Animal {}
const EMPTY = new Date(0);

/** Checks calls against a table: the first line of the message, or null for one that passes. */
function testMessages(
  name: string,
  table: readonly (readonly [() => unknown, string | null])[],
): void {
  Deno.test(`${name}() passes or says why not`, () => {
    for (const [call, message] of table) {
      const result = outcome(call);
      const first = typeof result === "string" ? result.split("\n")[0] : result;
      const expected = message === null ? undefined : `AssertionError: ${message}`;
      nodeAssert.equal(first, expected, String(call));
    }
  });
}

testMessages("assert", [
  [() => std.assert(1), null],
  [() => std.assert([]), null],
  [() => std.assert(0), ""],
  [() => std.assert("", "own words"), "own words"],
  [() => std.assert(undefined), ""],
]);

testMessages("assertFalse", [
  [() => std.assertFalse(0), null],
  [() => std.assertFalse(null), null],
  [() => std.assertFalse({}), ""],
  [() => std.assertFalse(1, "own words"), "own words"],
]);

testMessages("assertExists", [
  [() => std.assertExists(0), null],
  [() => std.assertExists(""), null],
  [() => std.assertExists(null), 'Expected actual: "null" to not be null or undefined.'],
  [
    () => std.assertExists(undefined, "own words"),
    'Expected actual: "undefined" to not be null or undefined: own words',
  ],
]);

testMessages("fail, unreachable, unimplemented", [
  [() => std.fail(), "Failed assertion."],
  [() => std.fail("own words"), "Failed assertion: own words"],
  [() => std.unreachable(), "Unreachable."],
  [() => std.unreachable("own words"), "Unreachable: own words"],
  [() => std.unimplemented(), "Unimplemented."],
  [() => std.unimplemented("own words"), "Unimplemented: own words"],
]);

testMessages("assertEquals", [
  [() => std.assertEquals({ a: [1] }, { a: [1] }), null],
  [() => std.assertEquals(0, -0), null],
  [() => std.assertEquals(1, 2), "Values are not equal."],
  [() => std.assertEquals(1, 2, "own words"), "Values are not equal: own words"],
]);

testMessages("assertNotEquals", [
  [() => std.assertNotEquals(1, 2), null],
  [() => std.assertNotEquals("a", "a"), 'Expected actual: "a" not to be: "a".'],
  [() => std.assertNotEquals(1, 1, "own words"), "Expected actual: 1 not to be: 1: own words"],
]);

testMessages("assertStrictEquals", [
  [() => std.assertStrictEquals(NaN, NaN), null],
  [() => std.assertStrictEquals(EMPTY, EMPTY), null],
  [() => std.assertStrictEquals(0, -0), "Values are not strictly equal."],
  [() => std.assertStrictEquals(1, 2, "own words"), "Values are not strictly equal: own words"],
  [
    () => std.assertStrictEquals({}, {}),
    "Values have the same structure but are not reference-equal.",
  ],
  [
    () => std.assertStrictEquals([1], [1], "own words"),
    "Values have the same structure but are not reference-equal: own words",
  ],
]);

testMessages("assertNotStrictEquals", [
  [() => std.assertNotStrictEquals({}, {}), null],
  [() => std.assertNotStrictEquals(0, -0), null],
  [() => std.assertNotStrictEquals(1, 1), 'Expected "actual" to not be strictly equal to: 1.'],
  [
    () => std.assertNotStrictEquals("a", "a", "own words"),
    'Expected "actual" to not be strictly equal to: "a": own words',
  ],
]);

testMessages("assertAlmostEquals", [
  [() => std.assertAlmostEquals(0.1 + 0.2, 0.3), null],
  [() => std.assertAlmostEquals(NaN, NaN), null],
  [() => std.assertAlmostEquals(Infinity, Infinity), null],
  [() => std.assertAlmostEquals(1, 1.5, 0.5), null],
  [
    () => std.assertAlmostEquals(1, 1.5),
    'Expected actual: "1" to be close to "1.5e+0": delta "5e-1" is greater than "1.5e-7".',
  ],
  [
    () => std.assertAlmostEquals(1, 3, 1, "own words"),
    'Expected actual: "1" to be close to "3": delta "2" is greater than "1": own words',
  ],
  [
    () => std.assertAlmostEquals(NaN, 1),
    'Expected actual: "NaN" to be close to "1": delta "NaN" is greater than "1e-7".',
  ],
]);

testMessages("assertGreater, assertLess and their kin", [
  [() => std.assertGreater(2, 1), null],
  [() => std.assertGreater("b", "a"), null],
  [() => std.assertGreater(1, 1), "Expect 1 > 1"],
  [() => std.assertGreater(NaN, 1), "Expect NaN > 1"],
  [() => std.assertGreaterOrEqual(1, 1), null],
  [() => std.assertGreaterOrEqual(1n, 2n), "Expect 1n >= 2n"],
  [() => std.assertLess(1, 2), null],
  [() => std.assertLess("b", "a"), 'Expect "b" < "a"'],
  [() => std.assertLess(2, 1, "own words"), "own words"],
  [() => std.assertLessOrEqual(1, 1), null],
  [() => std.assertLessOrEqual(NaN, NaN), "Expect NaN <= NaN"],
]);

testMessages("assertStringIncludes", [
  [() => std.assertStringIncludes("abc", "b"), null],
  [() => std.assertStringIncludes("abc", ""), null],
  [() => std.assertStringIncludes("abc", "B"), 'Expected actual: "abc" to contain: "B".'],
  [
    () => std.assertStringIncludes("", "a", "own words"),
    'Expected actual: "" to contain: "a": own words',
  ],
]);

testMessages("assertMatch and assertNotMatch", [
  [() => std.assertMatch("abc", /b/), null],
  [() => std.assertMatch("abc", /B/), 'Expected actual: "abc" to match: "/B/".'],
  [() => std.assertMatch("a", /b/, "why"), 'Expected actual: "a" to match: "/b/": why'],
  [() => std.assertNotMatch("abc", /B/), null],
  [() => std.assertNotMatch("abc", /b/), 'Expected actual: "abc" to not match: "/b/".'],
  [() => std.assertNotMatch("a", /a/, "why"), 'Expected actual: "a" to not match: "/a/": why'],
]);

testMessages("assertInstanceOf", [
  [() => std.assertInstanceOf(new Dog(), Animal), null],
  [
    () => std.assertInstanceOf(new Animal(), Dog),
    'Expected object to be an instance of "Dog" but was "Animal".',
  ],
  [
    () => std.assertInstanceOf(null, Dog),
    'Expected object to be an instance of "Dog" but was "null".',
  ],
  [
    () => std.assertInstanceOf(1, Dog),
    'Expected object to be an instance of "Dog" but was "number".',
  ],
  [
    () => std.assertInstanceOf(Dog, Dog),
    'Expected object to be an instance of "Dog" but was not an instanced object.',
  ],
  [
    () => std.assertInstanceOf(new (class Dog {})(), Dog, "own words"),
    'Expected object to be an instance of "Dog": own words',
  ],
]);

testMessages("assertNotInstanceOf", [
  [() => std.assertNotInstanceOf(new Animal(), Dog), null],
  [() => std.assertNotInstanceOf(1, Dog), null],
  [
    () => std.assertNotInstanceOf(new Dog(), Animal),
    'Expected object to not be an instance of "function".',
  ],
]);

testMessages("assertArrayIncludes", [
  [() => std.assertArrayIncludes([1, { a: 1 }, NaN], [NaN, { a: 1 }]), null],
  [() => std.assertArrayIncludes([1], []), null],
  [() => std.assertArrayIncludes(new Uint8Array([1, 2]), [2]), null],
  [() => std.assertArrayIncludes(Array(1), [undefined]), null],
  [() => std.assertArrayIncludes([1], [2], "own words"), 'Expected actual: "['],
]);

Deno.test("assertArrayIncludes() names what is missing", () => {
  nodeAssert.equal(
    outcome(() => std.assertArrayIncludes([1], [1, 2], "own words")),
    'AssertionError: Expected actual: "[\n  1,\n]" to include: "[\n  1,\n  2,\n]": own words\n' +
      "missing: [\n  2,\n]",
  );
});

testMessages("assertObjectMatch", [
  [() => std.assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3 } }), null],
  [() => std.assertObjectMatch({ a: 1 }, {}), null],
  [() => std.assertObjectMatch({ a: [1, 2, 3] }, { a: [1, 2] }), null],
  [() => std.assertObjectMatch({ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] }), null],
  [() => std.assertObjectMatch({ a: new Dog(), b: /x/g }, { a: {}, b: /x/g }), null],
  [() => std.assertObjectMatch({ a: new Map([[1, 2], [3, 4]]) }, { a: new Map([[3, 4]]) }), null],
  [() => std.assertObjectMatch({ a: new Set([1, 2]) }, { a: new Set([2]) }), null],
  [() => std.assertObjectMatch({ a: 1 }, { a: 2 }), "Values are not equal."],
  [() => std.assertObjectMatch({ a: 1 }, { b: 1 }, "own words"), "Values are not equal: own words"],
  [() => std.assertObjectMatch({ a: 1 }, { a: 1, b: undefined }), "Values are not equal."],
  [() => std.assertObjectMatch({ a: [1] }, { a: [1, 2] }), "Values are not equal."],
  [() => std.assertObjectMatch({ a: [1, 2] }, { a: [2] }), "Values are not equal."],
  [() => std.assertObjectMatch({ a: /x/g }, { a: /x/ }), "Values are not equal."],
  [() => std.assertObjectMatch({ a: new Set([1]) }, { a: new Set([2]) }), "Values are not equal."],
  [() => std.assertObjectMatch({ a: EMPTY }, { a: new Date(1) }), "Values are not equal."],
]);

Deno.test("assertObjectMatch() follows references to themselves once", () => {
  const value: Record<string, unknown> = { name: "a", more: 1 };
  value.self = value;
  const pattern: Record<string, unknown> = { name: "a" };
  pattern.self = pattern;
  std.assertObjectMatch(value, value);
  std.assertObjectMatch(value, { self: { self: { name: "a" } } });
  nodeAssert.throws(
    () => std.assertObjectMatch(value, { self: { name: "b" } }),
    std.AssertionError,
  );
});

/** Throws what it is given. */
function thrower(value: unknown): () => never {
  return () => {
    throw value;
  };
}

testMessages("assertIsError", [
  [() => std.assertIsError(new TypeError("Boom")), null],
  [() => std.assertIsError(new TypeError("Boom"), Error, "oo"), null],
  [() => std.assertIsError(new TypeError("Boom"), Error, /^B/), null],
  [() => std.assertIsError("Boom"), 'Expected "error" to be an Error object.'],
  [
    () => std.assertIsError(new Error("Boom"), TypeError, "oo", "own words"),
    'Expected error to be instance of "TypeError", but was "Error": own words',
  ],
  [
    () => std.assertIsError(new Error("Boom"), Error, "OO"),
    'Expected error message to include "OO", but got "Boom".',
  ],
  [
    () => std.assertIsError(new Error("Boom"), Error, /OO/),
    'Expected error message to include /OO/, but got "Boom".',
  ],
]);

testMessages("assertThrows", [
  [() => void std.assertThrows(thrower(new TypeError("Boom"))), null],
  [() => void std.assertThrows(thrower("Boom")), null],
  [() => void std.assertThrows(thrower(new TypeError("Boom")), Error, "oo"), null],
  [() => void std.assertThrows(thrower(new Error("\x1b[31mBo\x1b[0mom")), Error, "Boom"), null],
  [() => std.assertThrows(() => 1), "Expected function to throw."],
  [() => std.assertThrows(() => 1, "own words"), "Expected function to throw: own words"],
  [
    () => std.assertThrows(() => 1, Error, "a", "own words"),
    "Expected function to throw: own words",
  ],
  [() => std.assertThrows(thrower("Boom"), Error), "A non-Error object was thrown."],
  [
    () => std.assertThrows(thrower(new Error("Boom")), TypeError),
    'Expected error to be instance of "TypeError", but was "Error".',
  ],
  [
    () => std.assertThrows(thrower(new Error("Boom")), Error, "Bang", "own words"),
    'Expected error message to include "Bang", but got "Boom": own words',
  ],
]);

Deno.test("assertThrows() gives what was thrown", () => {
  const error = new TypeError("Boom");
  nodeAssert.equal(std.assertThrows(thrower(error)), error);
  nodeAssert.equal(std.assertThrows(thrower(error), TypeError, "Boom"), error);
  nodeAssert.equal(std.assertThrows(thrower(undefined)), undefined);
});

Deno.test("assertRejects() gives what its promise was rejected with, or says why not", async () => {
  const error = new TypeError("Boom");
  nodeAssert.equal(await std.assertRejects(() => Promise.reject(error)), error);
  nodeAssert.equal(await std.assertRejects(() => Promise.reject(error), TypeError, "oo"), error);
  nodeAssert.equal(await std.assertRejects(() => Promise.reject("Boom")), "Boom");
  const later = { then: (_: unknown, reject: (reason: unknown) => void) => reject(error) };
  nodeAssert.equal(await std.assertRejects(() => Promise.resolve(later)), error);

  const table: readonly (readonly [() => Promise<unknown>, string])[] = [
    [() => std.assertRejects(() => Promise.resolve(1)), "Expected function to reject."],
    [
      () => std.assertRejects(() => Promise.resolve(1), Error, "a", "own words"),
      "Expected function to reject: own words",
    ],
    [() => std.assertRejects(thrower(error)), "Function throws when expected to reject."],
    [
      () => std.assertRejects(thrower(error), "own words"),
      "Function throws when expected to reject: own words",
    ],
    [
      () => std.assertRejects(() => Promise.reject("Boom"), Error),
      "A non-Error object was rejected.",
    ],
    [
      () => std.assertRejects(() => Promise.reject(error), RangeError),
      'Expected error to be instance of "RangeError", but was "TypeError".',
    ],
    [
      () => std.assertRejects(() => Promise.reject(error), TypeError, "Bang"),
      'Expected error message to include "Bang", but got "Boom".',
    ],
  ];
  for (const [call, message] of table) {
    nodeAssert.equal(await asyncOutcome(call), `AssertionError: ${message}`);
  }
});

Deno.test("assertEquals() shows the lines that differ", () => {
  const [actual, expected] = [{ a: 1, b: [2, 3] }, { b: [2, 4], a: 1 }];
  const text = String(outcome(() => std.assertEquals(actual, expected)));
  const lines = stripVTControlCharacters(text).split("\n").slice(1)
    .filter((line) => line.trim() !== "");
  nodeAssert.deepEqual(lines, [
    "    [Diff] Actual / Expected",
    "    {",
    "      a: 1,",
    "      b: [",
    "        2,",
    "-       3,",
    "+       4,",
    "      ],",
    "    }",
  ]);
});

Deno.test("new AssertionError() is an error with its own name", () => {
  const cause = new Error("cause");
  const error = new std.AssertionError("Wrong", { cause });
  nodeAssert.ok(error instanceof Error);
  nodeAssert.deepEqual([error.name, error.message, error.cause], [
    "AssertionError",
    "Wrong",
    cause,
  ]);
});
