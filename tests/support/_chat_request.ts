/**
 * What a chat completion request must look like: the API's own rules, without its leniency.
 *
 * @module
 */

/** A request that passed every check. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  /** Whether the token counts are to come at the end of the stream. */
  readonly includeUsage: boolean;
  /** The form that the answer is to have. */
  readonly format?: ChatFormat;
}

/** A form of answers. */
export interface ChatFormat {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly strict: boolean;
}

/** What a server knows beside the messages; not all of them know it. */
export interface ChatSkills {
  readonly streamOptions: boolean;
  readonly responseFormat: boolean;
}

/** A message of a request. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string | null;
  /** The calls of an assistant's message. */
  readonly calls: readonly ChatCall[];
  /** Which call a tool's message answers. */
  readonly callId?: string;
}

/** A tool call in an assistant's message. */
export interface ChatCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** A tool of a request. */
export interface ChatTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Thrown at what the API refuses. */
export class BadRequest extends Error {
  /** What the error body says in `param`. */
  readonly param: string;
  /** What the error body says in `code`. */
  readonly code: string | null;

  /**
   * @param message What is wrong.
   * @param param Where it is.
   * @param code What kind of wrong it is.
   */
  constructor(message: string, param: string, code: string | null = null) {
    super(message);
    this.param = param;
    this.code = code;
  }
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"];

/** The longest description of a tool, and the longest id of a call. */
const DESCRIPTION = 1_024;
const ID = 40;
/** The most tools of a request. */
const TOOLS = 128;

/**
 * Checks the body of a request.
 *
 * @param text The body.
 * @param skills What is known.
 * @returns What it asks for.
 * @throws {BadRequest} At the first rule that it breaks.
 */
export function parseChatRequest(text: string, skills: ChatSkills): ChatRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new BadRequest("We could not parse the JSON body of your request.", "");
  }
  const body = object(parsed, "body");
  const known = [
    "model",
    "messages",
    "tools",
    "stream",
    ...skills.streamOptions ? ["stream_options"] : [],
    ...skills.responseFormat ? ["response_format"] : [],
  ];
  for (const key of Object.keys(body)) {
    if (known.includes(key)) continue;
    throw new BadRequest(`Unrecognized request argument supplied: ${key}`, key);
  }
  if (body.stream !== true) throw new BadRequest("This server only streams.", "stream");
  const tools = body.tools === undefined ? [] : parseTools(body.tools);
  return {
    model: filled(body.model, "model"),
    messages: parseMessages(body.messages),
    tools,
    includeUsage: body.stream_options === undefined ? false : parseOptions(body.stream_options),
    ...(body.response_format === undefined ? {} : { format: parseFormat(body.response_format) }),
  };
}

function parseFormat(value: unknown): ChatFormat {
  const at = "response_format";
  const format = object(value, at);
  onlyKeys(format, ["type", "json_schema"], at);
  if (format.type !== "json_schema") throw wrongType(`${at}.type`, "'json_schema'");
  const described = object(format.json_schema, `${at}.json_schema`);
  onlyKeys(described, ["name", "schema", "strict"], `${at}.json_schema`);
  const { strict } = described;
  if (typeof strict !== "boolean") throw wrongType(`${at}.json_schema.strict`, "a boolean");
  const name = toolName(described.name, `${at}.json_schema.name`);
  const schema = object(described.schema, `${at}.json_schema.schema`);
  if (schema.type !== "object") throw badFormat(name, "type must be 'object'");
  if (strict) checkStrict(schema, name);
  return { name, schema, strict };
}

function checkStrict(value: unknown, name: string): void {
  const schema = object(value, "response_format.json_schema.schema");
  for (const key of ["allOf", "oneOf", "not", "if", "patternProperties", "default"]) {
    if (Object.hasOwn(schema, key)) throw badFormat(name, `'${key}' is not permitted`);
  }
  const properties = schema.properties === undefined ? {} : object(schema.properties, "properties");
  const required = Array.isArray(schema.required) ? schema.required : [];
  if ([schema.type].flat().includes("object")) {
    if (schema.additionalProperties !== false) {
      throw badFormat(name, "'additionalProperties' is required to be supplied and to be false");
    }
    if (Object.keys(properties).some((key) => !required.includes(key))) {
      throw badFormat(name, "'required' must include every key in properties");
    }
  }
  const inner = [...Object.values(properties), schema.items, schema.anyOf].flat();
  for (const part of inner) if (part !== undefined) checkStrict(part, name);
}

function badFormat(name: string, problem: string): BadRequest {
  return new BadRequest(
    `Invalid schema for response_format '${name}': ${problem}.`,
    "response_format",
  );
}

function parseOptions(value: unknown): boolean {
  const options = object(value, "stream_options");
  onlyKeys(options, ["include_usage"], "stream_options");
  if (typeof options.include_usage !== "boolean") {
    throw wrongType("stream_options.include_usage", "a boolean");
  }
  return options.include_usage;
}

function parseMessages(value: unknown): readonly ChatMessage[] {
  const messages = list(value, "messages").map((message, index) =>
    parseMessage(message, `messages[${index}]`)
  );
  const used = new Set<string>();
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    if (message.role === "tool") {
      const id = message.callId ?? "";
      if (!open.delete(id)) {
        throw new BadRequest(
          "Invalid parameter: messages with role 'tool' must be a response to a preceding " +
            `message with 'tool_calls': '${id}' is not open.`,
          `${at}.role`,
        );
      }
      continue;
    }
    allAnswered(open, at);
    open = new Set(message.calls.map((call) => call.id));
    for (const { id } of message.calls) {
      if (used.has(id)) throw new BadRequest(`Duplicate tool call id '${id}'.`, `${at}.tool_calls`);
      used.add(id);
    }
  }
  allAnswered(open, "messages");
  return messages;
}

function allAnswered(open: ReadonlySet<string>, at: string): void {
  if (open.size === 0) return;
  throw new BadRequest(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each " +
      "'tool_call_id'. The following tool_call_ids did not have response messages: " +
      [...open].join(", "),
    at,
  );
}

function parseMessage(value: unknown, at: string): ChatMessage {
  const message = object(value, at);
  const { role } = message;
  switch (role) {
    case "system":
    case "user":
      onlyKeys(message, ["role", "content"], at);
      return { role, content: string(message.content, `${at}.content`), calls: [] };
    case "tool":
      onlyKeys(message, ["role", "content", "tool_call_id"], at);
      return {
        role,
        content: string(message.content, `${at}.content`),
        calls: [],
        callId: filled(message.tool_call_id, `${at}.tool_call_id`),
      };
    case "assistant": {
      onlyKeys(message, ["role", "content", "tool_calls"], at);
      const calls = message.tool_calls === undefined
        ? []
        : list(message.tool_calls, `${at}.tool_calls`).map((call, index) =>
          parseCall(call, `${at}.tool_calls[${index}]`)
        );
      const content = message.content === null && calls.length > 0
        ? null
        : string(message.content, `${at}.content`);
      return { role, content, calls };
    }
    default:
      throw new BadRequest(
        `Invalid value for '${at}.role': ${JSON.stringify(role)}.`,
        `${at}.role`,
      );
  }
}

function parseCall(value: unknown, at: string): ChatCall {
  const call = object(value, at);
  onlyKeys(call, ["id", "type", "function"], at);
  if (call.type !== "function") throw wrongType(`${at}.type`, "'function'");
  const id = filled(call.id, `${at}.id`);
  if (id.length > ID) throw tooLong(`${at}.id`, ID);
  const called = object(call.function, `${at}.function`);
  onlyKeys(called, ["name", "arguments"], `${at}.function`);
  const written = string(called.arguments, `${at}.function.arguments`);
  // OpenAI lets this pass; chat templates of other servers do not.
  let parsed: unknown;
  try {
    parsed = JSON.parse(written);
  } catch {
    throw new BadRequest(`'${at}.function.arguments' is not JSON.`, `${at}.function.arguments`);
  }
  object(parsed, `${at}.function.arguments`);
  return { id, name: toolName(called.name, `${at}.function.name`), arguments: written };
}

function parseTools(value: unknown): readonly ChatTool[] {
  const tools = list(value, "tools").map((tool, index) => parseTool(tool, `tools[${index}]`));
  if (tools.length > TOOLS) throw tooLong("tools", TOOLS);
  const names = new Set(tools.map((tool) => tool.name));
  if (names.size < tools.length) throw new BadRequest("Tool names must be unique.", "tools");
  return tools;
}

function parseTool(value: unknown, at: string): ChatTool {
  const tool = object(value, at);
  onlyKeys(tool, ["type", "function"], at);
  if (tool.type !== "function") throw wrongType(`${at}.type`, "'function'");
  const described = object(tool.function, `${at}.function`);
  onlyKeys(described, ["name", "description", "parameters"], `${at}.function`);
  const name = toolName(described.name, `${at}.function.name`);
  const description = string(described.description, `${at}.function.description`);
  if (description.length > DESCRIPTION) throw tooLong(`${at}.function.description`, DESCRIPTION);
  const parameters = object(described.parameters, `${at}.function.parameters`);
  if (parameters.type !== "object") throw badSchema(name, "type must be 'object'", at);
  checkSchema(parameters, name, at);
  return { name, description, parameters };
}

function checkSchema(value: unknown, name: string, at: string): void {
  if (typeof value === "boolean") return;
  const schema = object(value, `${at}.function.parameters`);
  const types = schema.type === undefined ? [] : [schema.type].flat();
  for (const type of types) {
    if (typeof type === "string" && TYPES.includes(type)) continue;
    throw badSchema(name, `${JSON.stringify(type)} is not a type`, at);
  }
  if (types.includes("array") && schema.items === undefined) {
    throw badSchema(name, "array schema missing items", at);
  }
  const properties = schema.properties === undefined
    ? {}
    : object(schema.properties, `${at}.function.parameters.properties`);
  const required = schema.required ?? [];
  if (!Array.isArray(required) || required.some((key) => !Object.hasOwn(properties, key))) {
    throw badSchema(name, "'required' must name properties", at);
  }
  const branches = [schema.anyOf, schema.oneOf, schema.allOf].flat();
  const inner = [...Object.values(properties), schema.items, ...branches];
  for (const part of inner) if (part !== undefined) checkSchema(part, name, at);
}

function badSchema(name: string, problem: string, at: string): BadRequest {
  return new BadRequest(
    `Invalid schema for function '${name}': ${problem}.`,
    `${at}.function.parameters`,
    "invalid_function_parameters",
  );
}

function toolName(value: unknown, at: string): string {
  const name = string(value, at);
  if (NAME.test(name)) return name;
  throw new BadRequest(
    `Invalid '${at}': string does not match pattern. Expected a string that matches the pattern ` +
      "'^[a-zA-Z0-9_-]{1,64}$'.",
    at,
    "invalid_value",
  );
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrongType(at, "an object");
  }
  return { ...value };
}

function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(at, "an array");
  if (value.length === 0) throw new BadRequest(`Invalid '${at}': empty array.`, at, "empty_array");
  return value;
}

function string(value: unknown, at: string): string {
  if (typeof value !== "string") throw wrongType(at, "a string");
  if (!value.isWellFormed()) throw new BadRequest(`Invalid '${at}': not Unicode.`, at);
  return value;
}

function filled(value: unknown, at: string): string {
  const text = string(value, at);
  if (text === "") throw new BadRequest(`Invalid '${at}': empty string.`, at, "empty_string");
  return text;
}

function onlyKeys(value: Record<string, unknown>, keys: readonly string[], at: string): void {
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) throw new BadRequest(`Unknown parameter: '${at}.${key}'.`, at);
  }
}

function wrongType(at: string, expected: string): BadRequest {
  return new BadRequest(`Invalid type for '${at}': expected ${expected}.`, at, "invalid_type");
}

function tooLong(at: string, most: number): BadRequest {
  return new BadRequest(`Invalid '${at}': too long, at most ${most}.`, at, "too_long");
}
