/**
 * Names and texts as Mermaid takes them. Its grammar is one of words: `end` in the wrong place ends a
 * frame, `a--b` is an arrow, `%%{` sets options, and texts are Markdown with HTML in it.
 *
 * @module
 */

import { printable } from "./terminal.ts";

/** The characters of a line of a label. */
const LINE = 100;

/** What stands for something in Mermaid, in Markdown or in HTML. */
const SPECIAL = /["#&<>%*`~\\]/g;

/** What makes a line of Markdown a list, or a line under a title. */
const LEADING = /^(\d+)([.)])|^[-+=]/;

/**
 * The title of a diagram.
 *
 * @param title Any text.
 * @returns Lines, for before the diagram.
 */
export function frontMatter(title: string): readonly string[] {
  // JSON is YAML; the dashes of an end cannot be in one line of it.
  return ["---", `title: ${JSON.stringify(printable(title))}`, "---"];
}

/**
 * A node's id: no word of Mermaid, and for each path another one.
 *
 * @param path Step ids, from the outermost on.
 * @param kind What it is the id of.
 * @returns Letters, digits and `_`.
 */
export function nodeId(path: readonly string[], kind: "step" | "list"): string {
  // After `_` comes one of `_`, `m`, `y`, `d` and `s`, each for one thing: no two paths give one id.
  const names = path.map((name) =>
    name.replaceAll("_", "__").replaceAll("-", "_m")
      .replaceAll("style", "st_yle").replaceAll("classDef", "class_dDef")
  );
  return `${kind === "step" ? "s" : "l"}_${names.join("_s")}`;
}

/**
 * A label, in its quotes.
 *
 * @param lines Any texts.
 * @returns One line.
 */
export function labelOf(lines: readonly string[]): string {
  return `"${lines.map(lineOf).join("<br/>")}"`;
}

function lineOf(text: string): string {
  const line = printable(text).replace(/\s+/g, " ").trim();
  const characters = [...line];
  const cut = characters.length > LINE ? `${characters.slice(0, LINE - 1).join("")}…` : line;
  return cut
    .replaceAll(SPECIAL, entity)
    // Emphasis begins and ends at the edge of a word, and a link is brackets before brackets.
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|\](?=[([:])/gu, entity)
    .replace(
      LEADING,
      (all, digits?: string, dot?: string) =>
        dot === undefined ? entity(all) : `${digits}${entity(dot)}`,
    )
    // Mermaid takes the `;` of entities away in lines that look like a style to it.
    .replace(/style|classDef/g, (word) => `${entity(word.slice(0, 1))}${word.slice(1)}`);
}

function entity(character: string): string {
  return `#${character.codePointAt(0)};`;
}
