import { assertEquals, assertThrows } from "@std/assert";
import process from "node:process";
import { withoutEnvironment } from "../../runner/_without_environment.ts";

Deno.test("withoutEnvironment() hides the environment from the work alone, whatever becomes of it", () => {
  const before = process.env;
  assertEquals(withoutEnvironment(() => Object.keys(process.env)), []);
  assertEquals(process.env === before, true);
  assertThrows(() => withoutEnvironment(() => decodeURIComponent("%")), URIError);
  assertEquals(process.env === before, true);
});
