import { assertEquals } from "@std/assert";
import { dollarText } from "../../agent/money.ts";

Deno.test("dollarText() keeps the digits that count", () => {
  const shown = [0, 0.5, 12, 1234.567, 0.05, 0.0028, 0.000125, 1e-12, 0.1 + 0.2].map(dollarText);
  assertEquals(shown, [
    ..."$0.00 $0.50 $12.00 $1234.57 $0.05 $0.0028 $0.000125 $0.000000000001 $0.30".split(" "),
  ]);
});
