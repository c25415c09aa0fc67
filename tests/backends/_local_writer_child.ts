/**
 * Writes without end, until it is killed or has done what it was told: the arguments are the root,
 * how many writes, the file's path with `#` for the number of the write, the content's size, and
 * `one` or `each` for one backend or a new one for each write. It says the number of each write
 * before it starts.
 *
 * @module
 */

import { LocalBackend } from "../../backends/local.ts";

const [rootDir = "", count = "", path = "", size = "", backends = ""] = Deno.args;
const contents = ["A", "B"].map((letter) => new TextEncoder().encode(letter.repeat(Number(size))));
let backend = new LocalBackend({ rootDir });
for (let number = 0; number < Number(count); number++) {
  if (backends === "each") backend = new LocalBackend({ rootDir });
  Deno.stdout.writeSync(new TextEncoder().encode(`${number}\n`));
  const content = contents[number % 2];
  if (content === undefined) throw new TypeError("No content");
  await backend.write(path.replace("#", `${number}`), content);
}
