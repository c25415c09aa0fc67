/**
 * The commands of the virtual shell: those of the interpreter that it offers, and those that it mends
 * where honest scripts would come out differently from a real `sh`.
 *
 * @module
 */

import type { Command, CommandName, ResolvedCommandContext } from "just-bash";
import type { VirtualFiles } from "./_virtual_files.ts";
import { grepCommand } from "./_virtual_grep.ts";
import { DECODE_COMMAND } from "./_virtual_reads.ts";

/** All commands for text and files; none that runs another language, none with a network. */
export const BUILT_IN: CommandName[] = [
  "alias awk base64 basename bash cat chmod column comm cp cut date diff dirname du echo egrep env",
  "expand expr false fgrep file find fold grep gunzip gzip head hostname join jq ln ls md5sum mkdir",
  "mv nl od paste printenv printf pwd readlink rev rg rm rmdir sed seq sh sha1sum sha256sum sleep",
  "sort split stat strings tac tail tar tee time timeout touch tr tree true unalias unexpand uniq wc",
  "which whoami xan xargs yq zcat",
].join(" ").split(" ") as CommandName[];

/** Commands that replace the interpreter's own of the same name, or that it lacks. */
export function customCommands(files: VirtualFiles): Command[] {
  return [
    DECODE_COMMAND,
    grepCommand(files),
    mended("xargs", separateValues),
    mended("sort", skipLeadingBlanks),
    withBytes("printf", printsEscapes),
    withBytes("echo", (args) => /^-\w*e\w*$/.test(args[0] ?? "") ? args.slice(1) : []),
    removeCommand(files),
    // No modes are kept, so that there is nothing to mask.
    {
      name: "umask",
      execute: ([mode]) => Promise.resolve(output(mode === undefined ? "0022\n" : "")),
    },
  ];
}

type Result = Awaited<ReturnType<Command["execute"]>>;

function output(stdout: string): Result {
  return { stdout, stderr: "", exitCode: 0 };
}

/** The interpreter's own command with other arguments. */
function mended(name: string, mend: (args: readonly string[]) => string[]): Command {
  return { name, execute: (args, context) => original(context, mend(args)) };
}

function original({ origCommand }: ResolvedCommandContext, args: string[]): Promise<Result> {
  if (origCommand === undefined) throw new Error("There is no command to mend");
  return origCommand(args);
}

/** `xargs -n1 -I{}`: the interpreter takes the values only as words of their own. */
function separateValues(args: readonly string[]): string[] {
  const separated: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    const [, flags, letter = "", value] = /^-([0rtpx]*)([nPLIsdE])(.*)$/s.exec(arg) ?? [];
    if (letter === "" && !/^-[0rtpx]+$/.test(arg)) return [...separated, ...args.slice(index)];
    if (letter === "") separated.push(arg);
    else {
      if (flags !== "") separated.push(`-${flags}`);
      separated.push(`-${letter}`);
      if (value !== "") separated.push(value ?? "");
      else separated.push(...args.slice(++index, index + 1));
    }
  }
  return separated;
}

/** `sort -k1,1nr` counts no empty field before the blanks that a line begins with. */
function skipLeadingBlanks(args: readonly string[]): string[] {
  const has = (option: RegExp) => args.some((arg) => option.test(arg));
  const isNeeded = has(/^(?:-\w*k|--key)/) && !has(/^(?:-\w*[tb]|--field-separator)/);
  return isNeeded ? ["-b", ...args] : [...args];
}

/** Stands for a byte of 128 or more on its way through a command: a plane for private use. */
const FIRST_BYTE = 0xf_ff00 - 0x80;
const ESCAPED_BYTE = /\\(?:(\\)|x([89a-fA-F][0-9a-fA-F])|0?([23][0-7]{2}))/g;

/** Bytes of 128 or more that are written as escapes come out as these bytes, not as text. */
function withBytes(
  name: string,
  escapesIn: (args: readonly string[]) => readonly string[],
): Command {
  return {
    name,
    async execute(args, context) {
      const escaped = new Set(escapesIn(args));
      const marked = args.map((arg) => escaped.has(arg) ? markBytes(arg) : arg);
      if (marked.every((arg, index) => arg === args[index])) return await original(context, args);
      const result = await original(context, marked);
      return { ...result, stdout: bytesOf(result.stdout), stdoutKind: "bytes" };
    },
  };
}

/** The format of `printf`, and all arguments where it has a `%b`. */
function printsEscapes(args: readonly string[]): readonly string[] {
  const rest = args[0] === "--" ? args.slice(1) : args;
  if (rest[0] === "-v") return [];
  return rest[0]?.includes("%b") === true ? rest : rest.slice(0, 1);
}

function markBytes(text: string): string {
  return text.replace(ESCAPED_BYTE, (escape, backslash, hexadecimal, octal) => {
    if (backslash !== undefined) return escape;
    const byte = hexadecimal === undefined ? parseInt(octal, 8) : parseInt(hexadecimal, 16);
    return String.fromCodePoint(FIRST_BYTE + byte);
  });
}

/** Each byte one character: the text in UTF-8, the marked bytes as they are. */
function bytesOf(text: string): string {
  const encoder = new TextEncoder();
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return character;
    const byte = code - FIRST_BYTE;
    return String.fromCharCode(
      ...byte >= 0x80 && byte <= 0xff ? [byte] : encoder.encode(character),
    );
  }).join("");
}

/** `rm -f` of the interpreter says nothing of what it was not allowed to delete. */
function removeCommand(files: VirtualFiles): Command {
  return {
    name: "rm",
    async execute(args, context) {
      const before = files.refused.length;
      const result = await original(context, args);
      const refused = files.refused.slice(before);
      if (result.exitCode !== 0 || refused.length === 0) return result;
      const lines = refused.map((path) => `rm: cannot remove '${path}': Permission denied\n`);
      return { ...result, stderr: result.stderr + lines.join(""), exitCode: 1 };
    },
  };
}
