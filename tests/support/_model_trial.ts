/**
 * A model before the server of tests: it waits for nothing and keeps what it would have waited.
 *
 * @module
 */

import { assertRejects } from "@std/assert";
import {
  type ModelAnswer,
  ModelError,
  type ModelRequest,
  type ModelRetry,
} from "../../agent/model.ts";
import { OpenAiModel, type OpenAiModelOptions } from "../../agent/models/openai.ts";
import { answer, type OpenAiServer } from "./openai_server.ts";

/** A conversation that needs no tool. */
export const QUESTION: ModelRequest = { messages: [{ role: "user", content: "Go on" }], tools: [] };
/** An answer to it. */
export const HELLO = answer({ text: "Hello", usage: { input: 3, output: 1 } });
/** An answer whose call must not be lost and must not be run if the answer was cut. */
export const CALLS = {
  text: "Writing",
  calls: [{ name: "write_file", arguments: '{"path":"/a"}' }],
};

/** The moment at which all tests are. */
export const NOW = Date.parse("2024-05-01T12:00:00Z");

/** A model that waits for nothing and keeps what it would have waited. */
export class Trial {
  /** The waits between tries, in milliseconds. */
  readonly waits: number[] = [];
  /** What it told of retries. */
  readonly retries: ModelRetry[] = [];
  /** The text that it streamed since the last retry. */
  readonly streamed: string[] = [];
  /** The model. */
  readonly model: OpenAiModel;

  /**
   * @param server The server.
   * @param options Options of the model that differ.
   */
  constructor(server: OpenAiServer, options: Partial<OpenAiModelOptions> = {}) {
    this.model = new OpenAiModel({
      model: "test-model",
      apiKey: server.key,
      baseUrl: server.baseUrl,
      random: () => 0,
      now: () => NOW,
      sleep: (milliseconds) => {
        this.waits.push(milliseconds);
        return Promise.resolve();
      },
      ...options,
    });
  }

  /** Asks {@linkcode QUESTION}. */
  ask(signal?: AbortSignal): Promise<ModelAnswer> {
    return this.model.respond(QUESTION, {
      signal,
      onText: (text) => this.streamed.push(text),
      onRetry: (retry) => {
        this.retries.push(retry);
        this.streamed.length = 0;
      },
    });
  }

  /** Asks {@linkcode QUESTION}, which must fail; the error. */
  async fail(signal?: AbortSignal): Promise<ModelError> {
    return await assertRejects(() => this.ask(signal), ModelError);
  }
}
