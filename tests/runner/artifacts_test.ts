import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { StateBackend } from "../../backends/state.ts";
import type { Backend } from "../../backends/protocol.ts";
import { copyArtifacts, type CopyOptions } from "../../runner/artifacts.ts";
import type { RunEventBody } from "../../runner/events.ts";
import { parseTemplate } from "../../runner/expressions/template.ts";
import type { PlanArtifact } from "../../runner/plan.ts";
import { CONTEXT, treeOf } from "./checks/_step.ts";

/** A directory of the host that goes when the test is over. */
class Place implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Place> {
    return new Place(
      await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-artifacts-" })),
    );
  }

  in(...parts: readonly string[]): string {
    return [this.path, ...parts].join("/");
  }

  /** Every file in it by its path, links and directories that are empty too. */
  async files(below = ""): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    let isEmpty = true;
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(join(this.path, below))) {
      isEmpty = false;
      const path = below === "" ? name : `${below}/${name}`;
      if (isSymlink) found[path] = `-> ${await Deno.readLink(this.in(path))}`;
      else if (isDirectory) Object.assign(found, await this.files(path));
      else found[path] = await Deno.readTextFile(this.in(path));
    }
    if (isEmpty && below !== "") found[`${below}/`] = "";
    return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a < b ? -1 : 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function artifact(path: string, to: string, when: PlanArtifact["when"] = "success"): PlanArtifact {
  const place = { file: "demo.yaml", line: 9, column: 5 };
  const shownTo = `./${to.split("/").slice(3).join("/")}`;
  return { path: parseTemplate(path).template, to, shownTo, when, place };
}

/** Copies, and tells what happened. */
async function copied(
  tree: Backend,
  artifacts: readonly PlanArtifact[],
  options: Partial<CopyOptions> = {},
) {
  const events: RunEventBody[] = [];
  const result = await copyArtifacts(artifacts, {
    ...{ tree, context: CONTEXT, succeeded: true, emit: (event) => events.push(event) },
    ...options,
  });
  return { ...result, events };
}

Deno.test("copyArtifacts() keeps what is below the fixed part of a glob, and replaces files", async () => {
  await using place = await Place.make();
  const tree = await treeOf({
    "/out/a.png": "A",
    "/out/deep/er/b.png": "B",
    "/out/c.txt": "C",
    "/report.md": "new",
    "/Flask.md": "F",
  });
  await Deno.writeTextFile(place.in("last.md"), "old and longer");
  const { events, ...result } = await copied(tree, [
    artifact("/out/**/*.png", place.in("pictures/")),
    artifact("/out/c.txt", place.in("texts/more/")),
    artifact("/report.md", place.in("last.md")),
    artifact("/${{ inputs.name }}.md", place.in("named/")),
  ]);
  assertEquals(result, { copied: 5, problems: [], notes: [] });
  assertEquals(await place.files(), {
    "last.md": "new",
    "named/Flask.md": "F",
    "pictures/a.png": "A",
    "pictures/deep/er/b.png": "B",
    "texts/more/c.txt": "C",
  });
  assertEquals(events, [
    { type: "artifact.copied", path: "/out/a.png", to: "./pictures/a.png", size: 1 },
    {
      type: "artifact.copied",
      path: "/out/deep/er/b.png",
      to: "./pictures/deep/er/b.png",
      size: 1,
    },
    { type: "artifact.copied", path: "/out/c.txt", to: "./texts/more/c.txt", size: 1 },
    { type: "artifact.copied", path: "/report.md", to: "./last.md", size: 3 },
    { type: "artifact.copied", path: "/Flask.md", to: `./named/Flask.md`, size: 1 },
  ]);
});

Deno.test("copyArtifacts() copies what goes with the end of the run", async () => {
  await using place = await Place.make();
  const tree = await treeOf({ "/a": "x" });
  const all = (["success", "failure", "always"] as const).map((when) =>
    artifact("/a", place.in(when), when)
  );
  await copied(tree, all);
  assertEquals(Object.keys(await place.files()), ["always", "success"]);
  await Deno.remove(place.in("always"));
  await copied(tree, all, { succeeded: false });
  assertEquals(Object.keys(await place.files()), ["always", "failure", "success"]);
});

Deno.test("copyArtifacts() copies bytes as they are, piece by piece", async () => {
  await using place = await Place.make();
  const bytes = new Uint8Array(20 * 1024 * 1024 + 7);
  for (let at = 0; at < bytes.length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, bytes.length)));
  }
  const lengths: number[] = [];
  class Counting extends StateBackend {
    override async readBytes(path: string, options: { offset?: number; length?: number } = {}) {
      const piece = await super.readBytes(path, options);
      lengths.push(piece.length);
      return piece;
    }
  }
  const tree = new Counting();
  await tree.write("/big.bin", bytes);
  await tree.write("/empty.bin", "");
  const { problems } = await copied(tree, [artifact("/*.bin", place.in("out/"))]);
  assertEquals(problems, []);
  const there = await Deno.readFile(place.in("out/big.bin"));
  assertEquals(there.length, bytes.length);
  assertEquals(
    new Uint8Array(await crypto.subtle.digest("SHA-256", there)).toHex(),
    new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(),
  );
  assertEquals((await Deno.stat(place.in("out/empty.bin"))).size, 0);
  const piece = 4 * 1024 * 1024;
  assertEquals(lengths, [piece, piece, piece, piece, piece, 7]);
});

Deno.test("copyArtifacts() takes odd names as they are", async () => {
  await using place = await Place.make();
  const names = [
    ...["a b.txt", "notes..md", "a:b.txt", "-rf", "äöü 🎉.md", "line\nfeed", "100%", "'\"$(x)"],
    ...["[x].txt", "{a,b}", ".hidden", "..x", `${"n".repeat(251)}.txt`, "*"],
  ];
  const tree = await treeOf(Object.fromEntries(names.map((name) => [`/out/${name}`, name])));
  assertEquals((await copied(tree, [artifact("/out/**", place.in("all/"))])).problems, []);
  assertEquals(
    await place.files(),
    Object.fromEntries(
      names.map((name) => [`all/${name}`, name]).sort(([a = ""], [b = ""]) => a < b ? -1 : 1),
    ),
  );
  // A file whose name looks like a glob is that file.
  await copied(tree, [artifact("/out/[x].txt", place.in("one/"))]);
  await copied(tree, [artifact("/out/*", place.in("star/"))]);
  const files = await place.files();
  assertEquals(files["one/[x].txt"], "[x].txt");
  assertEquals(Object.keys(files).filter((name) => name.startsWith("star/")), ["star/*"]);
});

Deno.test("copyArtifacts() says what is not there: a problem of a success, a note of a failure", async () => {
  await using place = await Place.make();
  const tree = await treeOf({ "/directory/a": "x" });
  const artifacts = ["/none.md", "/out/*.png", "/directory"].map((path) =>
    artifact(path, place.in("out/"), "always")
  );
  const missing = [
    "Artifact '/none.md' is not there (demo.yaml:9)",
    "Artifact '/out/*.png' matches no file (demo.yaml:9)",
  ];
  const directory =
    "Artifact '/directory' cannot be copied: it is a directory: write '/directory/**' for all " +
    "files in it (demo.yaml:9)";
  const { problems, notes } = await copied(tree, artifacts);
  assertEquals([problems, notes], [[...missing, directory], []]);
  const failed = await copied(tree, artifacts, { succeeded: false });
  assertEquals([failed.problems, failed.notes], [[directory], missing]);
  assertEquals(await place.files(), {});
});

Deno.test("copyArtifacts() refuses a path that its expression makes none", async () => {
  await using place = await Place.make();
  const { problems } = await copied(await treeOf({}), [
    artifact("${{ inputs.name }}", place.in("out/")),
    artifact("/${{ fromJSON(inputs.name) }}", place.in("out/")),
  ]);
  assertEquals(problems.map((problem) => problem.split(": ")[0]), [
    "Artifact of demo.yaml:9 cannot be copied",
    "Artifact of demo.yaml:9 cannot be copied",
  ]);
});

Deno.test("copyArtifacts() writes through no link, and changes nothing that one leads to", async () => {
  await using outside = await Place.make();
  await using place = await Place.make();
  await Deno.writeTextFile(outside.in("secret"), "kept");
  await Deno.mkdir(outside.in("directory"));
  await Deno.mkdir(place.in("out"));
  await Deno.symlink(outside.in("secret"), place.in("out/file"));
  await Deno.symlink(outside.in("gone"), place.in("out/dangling"));
  await Deno.symlink(outside.in("directory"), place.in("out/below"));
  await Deno.symlink(outside.in("directory"), place.in("base"));
  await Deno.mkdir(place.in("out/full"));
  const tree = await treeOf({
    "/t/file": "1",
    "/t/dangling": "2",
    "/t/below/deeper/x": "3",
    "/t/full": "4",
    "/t/good": "5",
  });
  const before = await outside.files();
  const { problems, copied: number } = await copied(tree, [
    artifact("/t/**", place.in("out/")),
    artifact("/t/good", place.in("base/")),
    artifact("/t/good", place.in("base/file")),
  ]);
  assertEquals(problems, [
    "Artifact '/t/below/deeper/x' cannot be copied to './out/below/deeper/x': 'below' is a link",
    "Artifact '/t/dangling' cannot be copied to './out/dangling': a link is there",
    "Artifact '/t/file' cannot be copied to './out/file': a link is there",
    "Artifact '/t/full' cannot be copied to './out/full': a directory is there",
    "Artifact '/t/good' cannot be copied to './base/good': a link is on the way to it",
    "Artifact '/t/good' cannot be copied to './base/file': a link is on the way to it",
  ]);
  assertEquals(number, 1);
  assertEquals(await outside.files(), before);
  assertEquals(await place.files(), {
    "base": `-> ${outside.in("directory")}`,
    "out/below": `-> ${outside.in("directory")}`,
    "out/dangling": `-> ${outside.in("gone")}`,
    "out/file": `-> ${outside.in("secret")}`,
    "out/full/": "",
    "out/good": "5",
  });
});

Deno.test("copyArtifacts() copies nothing into .git or .routebook, whatever a model calls its files", async () => {
  await using place = await Place.make();
  const tree = await treeOf({
    "/out/.git/hooks/post-checkout": "#!/bin/sh",
    "/out/.GIT/config": "",
    "/out/deep/.routebook/runs.db": "",
    "/out/.gitignore": "x",
  });
  const { problems } = await copied(tree, [artifact("/out/**", place.in("out/"))]);
  assertEquals(problems.map((problem) => problem.split(": ").at(-1)), [
    "nothing is copied to a '.GIT' directory",
    "nothing is copied to a '.git' directory",
    "nothing is copied to a '.routebook' directory",
  ]);
  assertEquals(await place.files(), { "out/.gitignore": "x" });
});

Deno.test("copyArtifacts() copies one file alone to each destination", async () => {
  await using place = await Place.make();
  const tree = await treeOf({ "/a/x": "a", "/b/x": "b" });
  const { problems, copied: number } = await copied(tree, [
    artifact("/a/*", place.in("out/")),
    artifact("/b/*", place.in("out/")),
    artifact("/a/x", place.in("out/x")),
  ]);
  assertEquals(problems, [
    "Artifact '/b/x' cannot be copied to './out/x': '/a/x' is copied there too",
  ]);
  assertEquals(number, 2);
  assertEquals(await place.files(), { "out/x": "a" });
});

/** A tree in which something happens whenever a file is read. */
class Watched extends StateBackend {
  onRead: () => Promise<void> = () => Promise.resolve();

  override async readBytes(path: string, options: { offset?: number; length?: number } = {}) {
    const piece = await super.readBytes(path, options);
    await this.onRead();
    return piece;
  }
}

Deno.test("copyArtifacts() keeps the old file where the new one changes while it is copied", async () => {
  await using place = await Place.make();
  await Deno.writeTextFile(place.in("a"), "old");
  const tree = new Watched();
  await tree.write("/a", "first");
  tree.onRead = async () => void await tree.write("/a", "later");
  const { problems } = await copied(tree, [artifact("/a", place.in("a"))]);
  assertEquals(problems.map((problem) => problem.split(": ").at(-1)), [
    "the file was changed while it was copied",
  ]);
  assertEquals(await place.files(), { a: "old" });
});

Deno.test("copyArtifacts() gives no name to a file that another one was put in the place of", async () => {
  await using place = await Place.make();
  await Deno.writeTextFile(place.in("a"), "old");
  const tree = new Watched();
  await tree.write("/a", "new");
  tree.onRead = async () => {
    await Deno.rename(place.in(".routebook-u1.tmp"), place.in("aside"));
    await Deno.writeTextFile(place.in(".routebook-u1.tmp"), "evil");
  };
  const { problems } = await copied(tree, [artifact("/a", place.in("a"))], { unique: () => "u1" });
  assertEquals(problems.map((problem) => problem.split(": ").at(-1)), [
    "its directory was changed meanwhile",
  ]);
  assertEquals(await place.files(), { a: "old", aside: "new" });
});

Deno.test("copyArtifacts() writes nothing elsewhere where a directory becomes a link meanwhile", async () => {
  await using outside = await Place.make();
  await using place = await Place.make();
  const tree = new Watched();
  await tree.write("/out/deep/a", "content");
  tree.onRead = async () => {
    await Deno.rename(place.in("out/deep"), place.in("aside"));
    await Deno.symlink(outside.path, place.in("out/deep"));
  };
  const { problems } = await copied(tree, [artifact("/out/**", place.in("out/"))]);
  assertEquals(problems.map((problem) => problem.split(": ").at(-1)), [
    "a link is on the way to it",
  ]);
  assertEquals(await outside.files(), {});
});

Deno.test("copyArtifacts() lets nothing of a file out of its directory while others swap it for a link", async () => {
  await using outside = await Place.make();
  await using place = await Place.make();
  const script = `
    const [real, aside, link, target] = Deno.args;
    Deno.symlinkSync(target, link);
    console.log("ready");
    for (;;) {
      try {
        Deno.renameSync(real, aside); Deno.renameSync(link, real);
        Deno.renameSync(real, link); Deno.renameSync(aside, real);
      } catch { /* The other side made the directory anew: begin again. */
        try { Deno.renameSync(real, link); } catch { /* It is no link. */ }
        try { Deno.removeSync(aside, { recursive: true }); } catch { /* There is none. */ }
      }
    }`;
  await Deno.mkdir(place.in("out/deep"), { recursive: true });
  const swapper = new Deno.Command(Deno.execPath(), {
    args: [
      ...["eval", "--no-check", script],
      ...[place.in("out/deep"), place.in("out/aside"), place.in("out/link"), outside.path],
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = swapper.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    assertEquals((await lines.read()).value, "ready\n");
    const tree = await treeOf({ "/out/deep/a": "content" });
    for (let round = 0; round < 300; round++) {
      await copied(tree, [artifact("/out/**", place.in("out/"))]);
    }
  } finally {
    swapper.kill("SIGKILL");
    await swapper.status;
    await lines.cancel();
  }
  // What may have come to be there by a lost race has no content, and no name that anybody chose.
  for (const [name, content] of Object.entries(await outside.files())) {
    assertEquals([/^\.routebook-[\da-f]{16}\.tmp$/.test(name), content], [true, ""]);
  }
});

Deno.test({
  name: "copyArtifacts() says what may not be written",
  permissions: { read: true, write: false },
  fn: async () => {
    const directory = dirname(new URL(import.meta.url).pathname);
    const { problems } = await copied(await treeOf({ "/a": "x" }), [
      artifact("/a", `${directory}/never/`),
    ]);
    assertEquals(problems.map((problem) => problem.split(": ").at(-1)), [
      "Deno was not granted to write there",
    ]);
  },
});

Deno.test("copyArtifacts() leaves no half file where the disk takes no more", async () => {
  await using place = await Place.make();
  await Deno.writeTextFile(place.in("a.bin"), "old");
  const artifacts = new URL("../../runner/artifacts.ts", import.meta.url).href;
  const state = new URL("../../backends/state.ts", import.meta.url).href;
  const script = `
    import { copyArtifacts } from ${JSON.stringify(artifacts)};
    import { StateBackend } from ${JSON.stringify(state)};
    const tree = new StateBackend();
    await tree.write("/a.bin", new Uint8Array(1_000_000));
    const result = await copyArtifacts([{
      path: ["/a.bin"], to: Deno.args[0], shownTo: "./a.bin", when: "success",
      place: { file: "demo.yaml", line: 1, column: 1 },
    }], { tree, context: {}, succeeded: true, emit: () => {} });
    console.log(JSON.stringify(result));`;
  // Files of more than 100 KiB cannot be written by this process; as on a full disk, a write fails.
  const { stdout } = await new Deno.Command("sh", {
    args: [
      ...["-c", 'trap "" XFSZ; ulimit -f 200; exec "$@"', "sh"],
      ...[Deno.execPath(), "eval", "--no-check", "--config"],
      ...[new URL("../../deno.json", import.meta.url).pathname, script, place.in("a.bin")],
    ],
    stderr: "null",
  }).output();
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
    copied: 0,
    problems: [
      "Artifact '/a.bin' cannot be copied to './a.bin': File too large (os error 27)",
    ],
    notes: [],
  });
  assertEquals(await place.files(), { "a.bin": "old" });
});

Deno.test("copyArtifacts() ends when it is told to, and leaves no half file", async () => {
  await using place = await Place.make();
  const controller = new AbortController();
  const tree = new Watched();
  await tree.write("/a", new Uint8Array(9 * 1024 * 1024));
  tree.onRead = () => Promise.resolve(controller.abort(new Error("Enough")));
  await assertRejects(() =>
    copied(tree, [artifact("/a", place.in("a"))], { signal: controller.signal })
  );
  assertEquals(await place.files(), {});
});
