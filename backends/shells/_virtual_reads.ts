/**
 * Text that `read` and `mapfile` of the virtual shell put into variables.
 *
 * Their input is bytes, which the interpreter leaves as one character each. So a command is put after
 * each of them when a script is parsed, which makes text of what they read.
 *
 * @module
 */

import type { Command, ResolvedCommandContext, ScriptNode } from "just-bash";

const DECODE = "routebook-decode";

/** Options of `read` that take a value. */
const VALUED = "adinNptu";

type Statement = ScriptNode["statements"][number];
type Pipeline = Statement["pipelines"][number];
type Word = Extract<
  Pipeline["commands"][number],
  { readonly type: "SimpleCommand" }
>["args"][number];

/** Puts the command that decodes after each that reads. */
export function decodeReads(ast: ScriptNode, parse: (script: string) => ScriptNode): ScriptNode {
  for (const statement of statementsOf(ast, new Set())) {
    const { pipelines, operators } = statement;
    for (let index = pipelines.length - 1; index >= 0; index--) {
      const pipeline = pipelines[index];
      const decode = pipeline === undefined ? undefined : decoderFor(pipeline, parse);
      if (decode === undefined) continue;
      pipelines.splice(index + 1, 0, decode);
      operators.splice(index, 0, ";");
    }
  }
  return ast;
}

/** The command itself: it ends with the exit code that it is given. */
export const DECODE_COMMAND: Command = {
  name: DECODE,
  async execute([code, type, ...rest], context) {
    if (type === "array") await decodeArray(rest, context);
    else for (const name of rest) await decodeVariable(name, context.env.get(name), context);
    return { stdout: "", stderr: "", exitCode: Number(code) };
  },
};

function* statementsOf(node: object, seen: Set<object>): Generator<Statement> {
  if (seen.has(node)) return;
  seen.add(node);
  // Before it is changed, so that what is put in is not visited.
  for (const value of Object.values(node)) {
    if (typeof value === "object" && value !== null) yield* statementsOf(value, seen);
  }
  if (isStatement(node)) yield node;
}

function isStatement(node: object): node is Statement {
  return "type" in node && node.type === "Statement";
}

function decoderFor(
  { commands }: Pipeline,
  parse: (script: string) => ScriptNode,
): Pipeline | undefined {
  const [command] = commands;
  if (commands.length !== 1 || command?.type !== "SimpleCommand") return undefined;
  const name = command.name === null ? undefined : literal(command.name);
  if (name !== "read" && name !== "mapfile" && name !== "readarray") return undefined;
  const { names, array } = namesOf(command.args, name !== "read");
  const isArray = array !== undefined;
  const script = isArray ? `array ${array} "\${${array}[@]}"` : "text";
  const decode = parse(`${DECODE} "$?" ${script}`).statements[0]?.pipelines[0];
  const simple = decode?.commands[0];
  if (simple?.type === "SimpleCommand" && !isArray) {
    simple.args.push(...names.length > 0 ? names : wordsOf("REPLY", parse));
  }
  return decode;
}

/** The variables that are read into: words, or the name of an array. */
function namesOf(
  args: readonly Word[],
  isArray: boolean,
): { readonly names: readonly Word[]; readonly array: string | undefined } {
  const names: Word[] = [];
  let array: string | undefined;
  let valueOf = "";
  for (const word of args) {
    const text = literal(word);
    if (valueOf !== "") {
      if (valueOf === "a" && !isArray) array = identifier(text);
      valueOf = "";
    } else if (names.length === 0 && text?.startsWith("-") === true && text !== "-") {
      const at = [...text].findIndex((letter, index) => index > 0 && takesValue(letter, isArray));
      if (at > 0 && at === text.length - 1) valueOf = text.slice(-1);
      else if (at > 0 && text[at] === "a" && !isArray) array = identifier(text.slice(at + 1));
    } else names.push(word);
  }
  if (!isArray) return { names, array };
  const [last] = names;
  return { names: [], array: last === undefined ? "MAPFILE" : identifier(literal(last)) };
}

function takesValue(letter: string, isArray: boolean): boolean {
  return (isArray ? "dnOsucC" : VALUED).includes(letter);
}

function identifier(text: string | undefined): string | undefined {
  return text !== undefined && /^[A-Za-z_]\w*$/.test(text) ? text : undefined;
}

function literal({ parts }: Word): string | undefined {
  let text = "";
  for (const part of parts) {
    if (part.type !== "Literal") return undefined;
    text += part.value;
  }
  return text;
}

function wordsOf(name: string, parse: (script: string) => ScriptNode): readonly Word[] {
  const command = parse(`: ${name}`).statements[0]?.pipelines[0]?.commands[0];
  return command?.type === "SimpleCommand" ? command.args : [];
}

async function decodeArray(
  [name = "", ...values]: readonly string[],
  context: ResolvedCommandContext,
): Promise<void> {
  for (const [index, value] of values.entries()) {
    await decodeVariable(name, value, context, String(index));
  }
}

async function decodeVariable(
  name: string,
  value: string | undefined,
  { assignShellVariable }: ResolvedCommandContext,
  subscript?: string,
): Promise<void> {
  if (value === undefined) return;
  const text = decodeBytes(value);
  if (text !== value) await assignShellVariable?.(name, text, subscript);
}

/** Text from bytes that are one character each; what is no UTF-8 stays as it is. */
function decodeBytes(value: string): string {
  if (!/^[\0-\xff]*$/.test(value) || !/[\x80-\xff]/.test(value)) return value;
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return value;
  }
}
