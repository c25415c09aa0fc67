/** What the agent's tests share: a model that answers exactly what a test wants. */

import type {
  Message,
  Model,
  ModelAnswer,
  ModelRequest,
  RespondOptions,
  ToolCall,
} from "../../agent/model.ts";
import type { Tool } from "../../agent/tool.ts";
import type { Backend } from "../../backends/protocol.ts";

/** An answer with what a test does not care about left out. */
export type PartialAnswer = Partial<ModelAnswer>;

/** Gives the answers one after the other and keeps what it was asked. */
export class AnsweringModel implements Model {
  readonly name = "test:answers";
  /** The messages of each request. */
  readonly asked: Message[][] = [];
  /** The last request. */
  request: ModelRequest | undefined;
  readonly #answers: readonly PartialAnswer[];

  constructor(answers: readonly PartialAnswer[]) {
    this.#answers = answers;
  }

  respond(request: ModelRequest, options: RespondOptions = {}): Promise<ModelAnswer> {
    const answer = this.#answers[this.asked.length];
    this.asked.push([...request.messages]);
    this.request = request;
    if (answer === undefined) return Promise.reject(new Error("No answer is left"));
    const text = answer.text ?? "";
    const toolCalls = answer.toolCalls ?? [];
    if (text !== "") options.onText?.(text);
    return Promise.resolve({
      text,
      toolCalls,
      finish: answer.finish ?? (toolCalls.length > 0 ? "tool_calls" : "stop"),
      usage: answer.usage ?? { inputTokens: null, outputTokens: null },
    });
  }
}

/** A call as a model writes it. */
export function call(id: string, name: string, args: unknown): ToolCall {
  return { id, name, arguments: JSON.stringify(args) };
}

/** Runs one tool directly. */
export async function runTool(tool: Tool, backend: Backend, args: unknown): Promise<string> {
  const prepared = await tool.prepare(args);
  if (!prepared.ok) throw new TypeError(prepared.problems.join("; "));
  return await prepared.call.execute({ backend, signal: new AbortController().signal });
}

/** Everything in a tree: each directory with a slash, each file with its text. */
export async function wholeTree(backend: Backend, path = "/"): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const entry of await backend.ls(path)) {
    if (entry.type === "directory") {
      tree[`${entry.path}/`] = "";
      Object.assign(tree, await wholeTree(backend, entry.path));
    } else {
      tree[entry.path] = (await backend.read(entry.path)).text;
    }
  }
  return tree;
}
