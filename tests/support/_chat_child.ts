/**
 * A process that asks a model one question and prints what came of it: for tests of what such a
 * process needs to be granted. Its arguments are the base URL and the key.
 *
 * @module
 */

import { ModelError } from "../../agent/model.ts";
import { OpenAiModel } from "../../agent/models/openai.ts";

const [baseUrl, apiKey = ""] = Deno.args;
const model = new OpenAiModel({ model: "test-model", apiKey, baseUrl });
try {
  const { text } = await model.respond({
    messages: [{ role: "user", content: "Say hello" }],
    tools: [],
  });
  console.log(JSON.stringify({ text }));
} catch (error) {
  if (!(error instanceof ModelError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
