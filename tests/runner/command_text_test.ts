import { assert, assertEquals } from "@std/assert";
import { commandLines, shellWord } from "../../runner/_command_text.ts";

Deno.test("commandLines() keeps an option and its values in one line", () => {
  const words = [
    "/usr/bin/bwrap",
    ...["--unshare-all", "--ro-bind", "/a/rather/long/directory/name", "/another/such/directory"],
    ...["--setenv", "NAME", "a value", "--", "deno", "run", "it's.ts"],
  ];
  assertEquals(commandLines(words), [
    "/usr/bin/bwrap --unshare-all --ro-bind /a/rather/long/directory/name /another/such/directory \\",
    "  --setenv NAME 'a value' -- deno run 'it'\\''s.ts'",
  ]);
  assertEquals(commandLines(["ls"]), ["ls"]);
  assertEquals(commandLines([]), []);
});

Deno.test("commandLines() is what a shell reads as the same words", async () => {
  const words = [
    "printf",
    "%s\\n",
    ...Array.from({ length: 30 }, (_, index) => `--option-${index}`).flatMap((option) => [
      option,
      "a b",
      "$HOME `id` \"x\" 'y' \\ * ? ~ # ; & | < >",
      "",
    ]),
  ];
  const lines = commandLines(words);
  assert(lines.length > 10);
  const { stdout } = await new Deno.Command("sh", { args: ["-c", lines.join("\n")] }).output();
  assertEquals(
    new TextDecoder().decode(stdout),
    words.slice(2).map((word) => `${word}\n`).join(""),
  );
});

Deno.test("shellWord() leaves plain words alone, and prints no control character", () => {
  assertEquals(shellWord("--allow-read=/a,/b"), "--allow-read=/a,/b");
  assertEquals(shellWord(""), "''");
  assertEquals(shellWord("a\x1b[31m"), "'a␛[31m'");
});
