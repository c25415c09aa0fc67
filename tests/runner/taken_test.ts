import { assertEquals } from "@std/assert";
import { takenText } from "../../runner/_taken.ts";

Deno.test("takenText() says what is known of turns, tokens and dollars", () => {
  const live = { turns: 3, inputTokens: 1_200, outputTokens: 80, rehearsed: false };
  assertEquals(takenText(live), "3 turns, 1200 tokens in, 80 out");
  assertEquals(takenText({ ...live, usd: 0.00304 }), "3 turns, 1200 tokens in, 80 out, $0.00304");
  assertEquals(
    takenText({ ...live, turns: 1, usd: 12.345 }),
    "1 turn, 1200 tokens in, 80 out, $12.35",
  );
  const unknown = { ...live, outputTokens: null };
  assertEquals(takenText(unknown), "3 turns, tokens unknown");
  assertEquals(takenText({ ...unknown, usd: null }), "3 turns, tokens unknown, cost unknown");
  // What is free is known although its tokens are not.
  assertEquals(takenText({ ...unknown, usd: 0 }), "3 turns, tokens unknown, $0.00");
  assertEquals(takenText({ ...live, usd: 1, rehearsed: true }), "3 turns");
});
