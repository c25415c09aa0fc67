/**
 * Turns a conversation into the body of a chat completion request.
 *
 * @module
 */

import type { OpenAI } from "openai";
import type { Message, ModelRequest } from "../model.ts";
import { askedInWords, type ResponseFormat, responseFormat } from "./_openai_format.ts";

type Completions = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;

/** What a server knows; some that speak the API do not know all of it. */
export interface ServerSkills {
  /** Whether it can be asked for the token counts. */
  readonly usage: boolean;
  /** Whether it can be asked for a form of the answer. */
  readonly format: boolean;
}

/**
 * Makes the body of a request.
 *
 * @param model The model's name at the server.
 * @param request What is asked.
 * @param skills What the server knows.
 * @returns The body.
 */
export function toBody(
  model: string,
  request: ModelRequest,
  { usage, format }: ServerSkills,
): Completions {
  const form: ResponseFormat | undefined = format && request.format !== undefined
    ? responseFormat(request.format)
    : undefined;
  const messages = request.format === undefined || form !== undefined
    ? request.messages
    : askedInWords(request.messages, request.format);
  return {
    model,
    messages: messages.map(toMessage),
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
    ...(form === undefined ? {} : { response_format: form }),
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
