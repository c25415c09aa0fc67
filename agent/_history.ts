/**
 * How the model's own calls are written into the conversation that goes back to it.
 *
 * @module
 */

import type { Message, ToolCall } from "./model.ts";

/** The result of a call, in a conversation. */
export type ToolMessage = Message & { readonly role: "tool" };

/** Whether a message is the result of a call. */
export function isResult(message: Message): message is ToolMessage {
  return message.role === "tool";
}

/**
 * The newest answer of a conversation, where it has calls without results: those of an answer that
 * waited for an approval.
 */
export function pendingAnswer(
  conversation: readonly Message[],
):
  | { readonly answer: Message & { readonly role: "assistant" }; readonly index: number }
  | undefined {
  const index = conversation.findLastIndex((message) => !isResult(message));
  const answer = conversation[index];
  if (answer?.role !== "assistant") return undefined;
  const results = conversation.slice(index + 1).filter(isResult);
  const open = answer.toolCalls.some(({ id }) =>
    !results.some(({ toolCallId }) => toolCallId === id)
  );
  return open ? { answer, index } : undefined;
}

/**
 * The calls of one answer with ids that no other call of the conversation has and none of which is
 * empty: a server that was started anew begins to count anew.
 */
export function withUniqueIds(
  calls: readonly ToolCall[],
  turn: number,
  conversation: readonly Message[],
): readonly ToolCall[] {
  const taken = new Set(calls.map((call) => call.id));
  const seen = new Set(
    conversation.flatMap((message) =>
      message.role === "assistant" ? message.toolCalls.map(({ id }) => id) : []
    ),
  );
  return calls.map((call, index) => {
    let id = call.id;
    if (id === "" || seen.has(id)) {
      const base = id === "" ? `call_${turn}_${index + 1}` : id;
      id = base;
      for (let number = 2; taken.has(id) || seen.has(id); number++) id = `${base}_${number}`;
    }
    seen.add(id);
    return { ...call, id };
  });
}

/**
 * A call as a server takes it back. Several that speak the API refuse a whole conversation in which
 * a call's arguments are not a JSON object or its name is not a name; the call's result says what was
 * wrong with it.
 *
 * @param call The call as the model wrote it.
 * @param parsed Its arguments as they were understood.
 */
export function recordedCall(call: ToolCall, parsed: unknown): ToolCall {
  const usable = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) &&
    call.arguments.trim() !== "";
  return {
    id: call.id,
    name: call.name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "unknown",
    arguments: usable ? call.arguments : "{}",
  };
}
