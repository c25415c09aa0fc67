import { assertEquals } from "@std/assert";
import { answer, type ChatRequest, failure, startOpenAiServer } from "../support/openai_server.ts";
import { live } from "./_live.ts";

/** The last prompt of a request. */
function promptOf({ messages }: ChatRequest): string {
  return messages.findLast(({ role }) => role === "user")?.content ?? "";
}

/** What each request said, by its prompt. */
async function said(flow: Readonly<Record<string, unknown>>): Promise<Record<string, string[]>> {
  await using server = startOpenAiServer({
    script: (request) =>
      promptOf(request) === "fail" ? failure(400) : answer({ text: `Re: ${promptOf(request)}` }),
  });
  await live(flow, server);
  return Object.fromEntries(server.exchanges.map(({ request }) => [
    promptOf(request),
    request.messages.slice(1, -1).map(({ content }) => content ?? ""),
  ]));
}

Deno.test("runPlan() passes over steps that were skipped, to find the conversation to go on with", async () => {
  const heard = await said({
    steps: [
      { id: "a", prompt: "a" },
      { id: "b", prompt: "b", needs: ["a"] },
      { id: "c", prompt: "c", needs: ["a"] },
      { id: "gone", prompt: "gone", needs: ["b", "c"], if: "false" },
      { id: "gone-too", prompt: "gone-too", needs: ["gone"], if: "false" },
      { id: "d", prompt: "d", needs: ["gone-too"] },
      { id: "e", prompt: "e", needs: ["gone-too"], session: "new" },
      { id: "only-b", prompt: "only-b", needs: ["b"], if: "false" },
      { id: "f", prompt: "f", needs: ["only-b"] },
    ],
  });
  assertEquals(heard["d"], ["a", "Re: a", "c", "Re: c"]);
  assertEquals(heard["e"], []);
  assertEquals(heard["f"], ["a", "Re: a", "b", "Re: b"]);
});

Deno.test("runPlan() goes on after a failure with what was said until then", async () => {
  const heard = await said({
    steps: [
      { id: "a", prompt: "a" },
      { id: "bad", prompt: "fail" },
      { id: "never", prompt: "never" },
    ],
    on_failure: [{ id: "why", prompt: "why" }, { id: "no", prompt: "no", if: "false" }, {
      id: "sum",
      prompt: "sum",
    }],
  });
  assertEquals(heard["why"], ["a", "Re: a", "fail"]);
  assertEquals(heard["sum"], ["a", "Re: a", "fail", "why", "Re: why"]);
});
