/**
 * Turns a conversation into the body of a chat completion request.
 *
 * @module
 */

import type { OpenAI } from "openai";
import type { Message, ModelRequest } from "../model.ts";

type Completions = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;

/**
 * Makes the body of a request.
 *
 * @param model The model's name at the server.
 * @param request What is asked.
 * @param usage Whether to ask for the token counts, which some servers do not know how to send.
 * @returns The body.
 */
export function toBody(model: string, request: ModelRequest, usage: boolean): Completions {
  return {
    model,
    messages: request.messages.map(toMessage),
    // An empty list is refused by the API.
    ...(request.tools.length === 0 ? {} : {
      tools: request.tools.map((tool) => ({
        type: "function",
        function: {
          name: tool.name,
          description: tool.description,
          parameters: { ...tool.parameters },
        },
      })),
    }),
    stream: true,
    ...(usage ? { stream_options: { include_usage: true } } : {}),
  };
}

function toMessage(message: Message): OpenAI.Chat.Completions.ChatCompletionMessageParam {
  // Half of a surrogate pair is no Unicode text; servers answer it with 400.
  const content = message.content.toWellFormed();
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content };
    case "tool":
      return { role: "tool", tool_call_id: message.toolCallId, content };
    case "assistant":
      return message.toolCalls.length === 0 ? { role: "assistant", content } : {
        role: "assistant",
        content: content === "" ? null : content,
        tool_calls: message.toolCalls.map((call) => ({
          id: call.id,
          type: "function",
          function: { name: call.name, arguments: call.arguments },
        })),
      };
  }
}
