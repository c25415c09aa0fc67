import { mask } from "../../agent/_mask.ts";
import { assertEquals } from "@std/assert";

const KEY = "sk-0123456789";

Deno.test("mask() hides the key in every text of plain data, names included", () => {
  const value: unknown = {
    text: `a ${KEY}${KEY} b`,
    list: [1, null, true, { [`x${KEY}`]: `${KEY}` }],
    plain: "sk-01234",
  };
  assertEquals(mask(value, KEY), {
    text: "a [key][key] b",
    list: [1, null, true, { "x[key]": "[key]" }],
    plain: "sk-01234",
  });
});

Deno.test("mask() leaves everything alone where there is no key worth hiding", () => {
  const value: unknown = { text: "none of the ollama words" };
  assertEquals([mask(value, ""), mask(value, "none"), mask(value, "ollama")], [
    value,
    value,
    value,
  ]);
});
