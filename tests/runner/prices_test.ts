import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { knownPrice } from "../../runner/prices.ts";
import { PROJECT } from "../support/cli.ts";

const DAY = new Date("2026-10-01T12:00:00Z");

Deno.test("knownPrice() has what OpenAI says its models cost, for a million tokens", async () => {
  const names = ["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-4o-mini", "gpt-5"];
  const prices = await Promise.all(names.map((name) => knownPrice(name, { at: DAY })));
  // As OpenAI's page of prices has them.
  assertEquals(prices, [
    { input: 2, output: 8 },
    { input: 0.4, output: 1.6 },
    { input: 0.1, output: 0.4 },
    { input: 2.5, output: 10 },
    { input: 0.15, output: 0.6 },
    { input: 1.25, output: 10 },
  ]);
});

Deno.test("knownPrice() knows a model by its dated name too", async () => {
  assertEquals(
    await knownPrice("gpt-4.1-2025-04-14", { at: DAY }),
    await knownPrice("gpt-4.1", { at: DAY }),
  );
  // Two dates of one model that cost differently.
  assertEquals(await knownPrice("gpt-4o-2024-05-13", { at: DAY }), { input: 5, output: 15 });
});

Deno.test("knownPrice() has no price for what it does not know", async () => {
  const unknown = [
    ..."my-model qwen3:8b gpt-4.1-2031-01-01 gpt-4.1-large ft:gpt-4.1:acme::x1".split(" "),
    // These have no price for tokens, or none for those of an answer.
    ..."whisper-1 text-embedding-3-small constructor".split(" "),
  ];
  for (const name of unknown) assertEquals(await knownPrice(name, { at: DAY }), undefined, name);
});

Deno.test("knownPrice() tells what long requests cost", async () => {
  assertEquals(await knownPrice("gpt-5.4", { at: DAY }), {
    input: 2.5,
    output: 15,
    long: { above: 271_999, input: 5, output: 22.5 },
  });
});

Deno.test("knownPrice() goes by the day", async () => {
  assertEquals(
    await knownPrice("o3", { at: new Date("2025-06-01T00:00:00Z") }),
    { input: 10, output: 40 },
  );
  assertEquals(await knownPrice("o3", { at: DAY }), { input: 2, output: 8 });
});

Deno.test("knownPrice() takes a provider's own price at the provider's address", async () => {
  const own = { baseUrl: "https://api.groq.com/openai/v1", at: DAY };
  const groq = await knownPrice("openai/gpt-oss-120b", own);
  assert(groq !== undefined && groq.input > 0 && groq.output > groq.input);
  assertEquals(await knownPrice("openai/gpt-oss-120b", { at: DAY }), undefined);
  // That provider has no such model, so that OpenAI's price is not its own.
  assertEquals(await knownPrice("gpt-4.1", own), undefined);
  const here = { baseUrl: "http://127.0.0.1:11434/v1", at: DAY };
  assertEquals(await knownPrice("gpt-4.1", here), { input: 2, output: 8 });
});

Deno.test("knownPrice() has no one price for what costs more at some hours", async () => {
  const at = { baseUrl: "https://api.deepseek.com", at: new Date("2025-06-01T00:00:00Z") };
  assertEquals(await knownPrice("deepseek-chat", at), undefined);
});

Deno.test("the documentation names the list of prices at the version that is used", async () => {
  const version = config.imports["@pydantic/genai-prices"].split("@").at(-1);
  for (const name of ["README.md", "docs/workflow.md"]) {
    const text = await Deno.readTextFile(join(PROJECT, name));
    assertStringIncludes(text.replace(/\s+/g, " "), `\`@pydantic/genai-prices\` ${version},`, name);
  }
});
