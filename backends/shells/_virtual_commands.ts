/**
 * The commands of the virtual shell: those of the interpreter that it offers, and those that it mends.
 *
 * @module
 */

import type { Command, CommandName } from "just-bash";
import type { VirtualFiles } from "./_virtual_files.ts";

/** All commands of the interpreter for text and files; none that runs another language, none with a network. */
export const BUILT_IN: CommandName[] = [
  "alias awk base64 basename bash cat chmod column comm cp cut date diff dirname du echo egrep env",
  "expand expr false fgrep file find fold grep gunzip gzip head hostname join jq ln ls md5sum mkdir",
  "mv nl od paste printenv printf pwd readlink rev rg rm rmdir sed seq sh sha1sum sha256sum sleep",
  "sort split stat strings tac tail tar tee time timeout touch tr tree true unalias unexpand uniq wc",
  "which whoami xan xargs yq zcat",
].join(" ").split(" ") as CommandName[];

/** Commands that replace the interpreter's own of the same name. */
export function customCommands(files: VirtualFiles): Command[] {
  return [removeCommand(files)];
}

/** `rm -f` of the interpreter says nothing of what it was not allowed to delete. */
function removeCommand(files: VirtualFiles): Command {
  return {
    name: "rm",
    async execute(args, { origCommand }) {
      if (origCommand === undefined) throw new Error("There is no command to mend");
      const before = files.refused.length;
      const result = await origCommand(args);
      const refused = files.refused.slice(before);
      if (result.exitCode !== 0 || refused.length === 0) return result;
      const lines = refused.map((path) => `rm: cannot remove '${path}': Permission denied\n`);
      return { ...result, stderr: result.stderr + lines.join(""), exitCode: 1 };
    },
  };
}
