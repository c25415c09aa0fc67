import { assert, assertEquals } from "@std/assert";
import { prepareScan, Records, type ScannedEntry } from "../../backends/shells/_sandbox_scan.ts";
import { SandboxTools } from "../../backends/shells/_sandbox_tools.ts";
import { codeOf } from "./_shell_case.ts";
import { NO_SANDBOX } from "./_sandbox_subject.ts";

Deno.test("Records.push() cuts at each NUL, wherever the pieces end", () => {
  const bytes = new TextEncoder().encode("one\0\0two\nlines\0é\0left");
  for (let size = 1; size <= bytes.length; size++) {
    const found: string[] = [];
    const records = new Records((record) => {
      found.push(new TextDecoder().decode(record));
      return true;
    });
    for (let at = 0; at < bytes.length; at += size) {
      assert(records.push(bytes.subarray(at, at + size)));
    }
    assertEquals(found, ["one", "", "two\nlines", "é"]);
  }
});

Deno.test("Records.push() stops where it is told to", () => {
  let count = 0;
  const records = new Records(() => ++count < 2);
  assertEquals([records.push(new Uint8Array(5)), count], [false, 2]);
});

Deno.test({
  name:
    "prepareScan() tells what there is and what changed later, and leaves out what it is told to",
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    const directory = await Deno.makeTempDir();
    try {
      for (const path of ["tree/d", "a/in [x]*/deep", "a/in [x]", "b"]) {
        await Deno.mkdir(`${directory}/${path}`, { recursive: true });
      }
      const names = ["tree/d/f", "a/f\nf", "a/in [x]*/deep/hidden", "a/in [x]/seen", "b/f"];
      for (const path of names) await Deno.writeTextFile(`${directory}/${path}`, path);
      const entries: ScannedEntry[] = [];
      const words = new Set<string>();
      const told = async (since: number) => {
        const found: string[] = [];
        entries.length = 0;
        await prepareScan(new SandboxTools("/usr/bin/bwrap"), {
          tree: `${directory}/tree`,
          isKnown: (word) => words.has(word),
          onEntry: (entry) => entries.push(entry) > 0,
          watched: [
            { directory: `${directory}/a`, except: [`${directory}/a/in [x]*`] },
            { directory: `${directory}/b`, except: [] },
          ],
          since,
          onWatched: (root, path) => {
            found.push(root === undefined ? "" : `${root.slice(directory.length)}: ${path}`);
            return true;
          },
        })();
        return found.sort();
      };
      assertEquals(await told(0), ["", "/a: f\nf", "/a: in [x]/seen", "/b: f"]);
      assertEquals(entries.map(({ type, path, size }) => [type, path, size]), [
        ["directory", "d", (await Deno.stat(`${directory}/tree/d`)).size],
        ["file", "d/f", 8],
      ]);
      // What is known is not told again, until it changes.
      const later = Date.now() + 60_000;
      assertEquals(await told(later), ["", "", "", ""]);
      assertEquals(entries.map(({ path, fresh }) => [path, fresh]), [["d", false], ["d/f", false]]);
      for (const { word } of entries) words.add(word);
      await Deno.writeTextFile(`${directory}/tree/d/f`, "another");
      await Deno.writeTextFile(`${directory}/tree/d/g`, "");
      await told(Infinity);
      assertEquals(entries.map(({ path }) => path).filter((path) => path !== "d").sort(), [
        "d/f",
        "d/g",
      ]);
      await told(0);
      assertEquals(entries.map(({ path, fresh }) => [path, fresh]).sort(), [
        ["d", true],
        ["d/f", true],
        ["d/g", true],
      ]);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: "SandboxTools.run() fails where its program does, and removes what is hard to remove",
  ignore: NO_SANDBOX !== undefined,
  fn: async () => {
    const tools = new SandboxTools("/usr/bin/bwrap");
    assertEquals(await codeOf(tools.run(["sh", "-c", "echo no >&2; exit 3"])), "io");
    const directory = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${directory}/a/b/c`, { recursive: true });
      for (const path of ["a/b/c", "a/b", "a"]) await Deno.chmod(`${directory}/${path}`, 0);
      const encoder = new TextEncoder();
      await tools.remove(["a", "missing"].map((name) => encoder.encode(`${directory}/${name}`)));
      assertEquals([...Deno.readDirSync(directory)], []);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
