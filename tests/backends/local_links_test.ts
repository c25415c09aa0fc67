import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { LocalGuard } from "../../backends/_local_guard.ts";
import { LocalWalk, type WalkEntry } from "../../backends/_local_walk.ts";
import { LocalBackend } from "../../backends/local.ts";
import { inTempDir, QUICK } from "./_local_directory.ts";
import type { SearchFailure } from "../../backends/protocol.ts";
import {
  type Answers,
  buildZoo,
  describeOutside,
  exercise,
  EXPECTED,
  LINKS,
  SECRET,
  type Zoo,
  type ZooLink,
} from "./_local_zoo.ts";

function check(link: ZooLink, answers: Answers, zoo: Zoo): void {
  const expected = Object.keys(answers.codes).map((operation) => {
    return [operation, EXPECTED[link.kind][operation] ?? "ok"];
  });
  assertEquals(answers.codes, Object.fromEntries(expected), link.name);
  assert(!answers.shown.includes(SECRET), "a secret came out");
  assert(!answers.shown.includes(zoo.root), "a host path came out");
  assert(!answers.shown.includes(zoo.outside), "a host path came out");
}

for (const link of LINKS) {
  Deno.test(`LocalBackend keeps inside its root: link to ${link.name}`, () =>
    inTempDir(async (directory) => {
      const zoo = buildZoo(directory, link);
      const before = describeOutside(zoo);
      check(link, await exercise(new LocalBackend({ rootDir: zoo.root }), link.name), zoo);
      assertEquals(describeOutside(zoo), before);
    }));
}

Deno.test("LocalBackend keeps inside its root under scoped permissions, for every kind of link", () =>
  inTempDir(async (directory) => {
    const zoos = LINKS.map((link, index) => {
      Deno.mkdirSync(`${directory}/${index}`);
      return { link, zoo: buildZoo(`${directory}/${index}`, link) };
    });
    const before = zoos.map(({ zoo }) => describeOutside(zoo));
    const roots = zoos.map(({ zoo }) => zoo.root).join(",");
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--ignore-env",
        "--cached-only",
        `--allow-read=${roots}`,
        `--allow-write=${roots}`,
        new URL("_local_zoo_child.ts", import.meta.url).pathname,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const pairs = zoos.map(({ link, zoo }) => [zoo.root, link.name]);
    await writer.write(new TextEncoder().encode(JSON.stringify(pairs)));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    assert(success, new TextDecoder().decode(stderr));
    const answers: Answers[] = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(answers.length, LINKS.length);
    for (const [index, { link, zoo }] of zoos.entries()) {
      const answer = answers[index];
      assert(answer !== undefined);
      check(link, answer, zoo);
    }
    assertEquals(zoos.map(({ zoo }) => describeOutside(zoo)), before);
  }));

Deno.test("LocalBackend refuses a link that became an escape by being moved", () =>
  inTempDir(async (directory) => {
    Deno.mkdirSync(`${directory}/root/deep/er`, { recursive: true });
    Deno.writeTextFileSync(`${directory}/root/secret.txt`, "harmless");
    Deno.writeTextFileSync(`${directory}/secret.txt`, SECRET);
    Deno.symlinkSync("../secret.txt", `${directory}/root/deep/link`);
    const backend = new LocalBackend({ rootDir: `${directory}/root` });
    assertEquals((await backend.read("/deep/link")).text, "harmless");

    assertEquals((await backend.move("/deep/link", "/link")).type, "other");
    assertEquals((await assertRejects(() => backend.read("/link"), BackendError)).code, "denied");
    assertEquals(
      (await assertRejects(() => backend.write("/link", "x"), BackendError)).code,
      "denied",
    );

    // Its directory moves, and the link with it.
    await backend.move("/link", "/deep/er/link");
    assertEquals(
      (await assertRejects(() => backend.read("/deep/er/link"), BackendError)).code,
      "not_found",
    );
    await backend.move("/deep/er", "/er");
    assertEquals((await backend.read("/er/link")).text, "harmless");
    assertEquals(Deno.readTextFileSync(`${directory}/secret.txt`), SECRET);
  }));

Deno.test("LocalWalk does not go where a move during the walk has put a way out", () =>
  inTempDir(async (directory) => {
    const root = `${directory}/root`;
    Deno.mkdirSync(`${root}/a`, { recursive: true });
    Deno.mkdirSync(`${root}/b`);
    Deno.mkdirSync(`${directory}/outside`);
    for (const place of [`${root}/a`, `${root}/b`, `${directory}/outside`]) {
      Deno.writeTextFileSync(`${place}/${place.slice(-1)}.txt`, "text");
    }
    Deno.symlinkSync("../outside", `${root}/way-out`);
    const failures: SearchFailure[] = [];
    const walk = new LocalWalk({
      guard: new LocalGuard(root),
      enters: () => true,
      failures,
      onLeftover: () => {},
      signal: undefined,
    });
    const runs = walk.runs({ path: "/", host: root });
    const paths = async () => {
      const { value } = await runs.next();
      return value?.map(({ path }: WalkEntry) => path);
    };
    assertEquals(await paths(), ["/a/a.txt"]);

    // The walk has seen that `/b` is a directory and is about to go into it.
    const backend = new LocalBackend({ rootDir: root });
    await backend.move("/b", "/c");
    await backend.move("/way-out", "/b");
    assertEquals(await paths(), ["/way-out"]);
    assertEquals(await paths(), undefined);
    assertEquals(failures.map(({ path }) => path), ["/b"]);
  }));

Deno.test("LocalBackend.write() through a link to nothing creates what the link names", () =>
  inTempDir(async (directory) => {
    Deno.symlinkSync("not/there", `${directory}/link`);
    const backend = new LocalBackend({ rootDir: directory });
    assertEquals((await backend.write("/link/new.txt", "new")).path, "/link/new.txt");
    assertEquals(Deno.readTextFileSync(`${directory}/not/there/new.txt`), "new");
    assert(Deno.lstatSync(`${directory}/link`).isSymlink);
  }));

Deno.test("LocalBackend.write() writes a link's target and keeps the link", () =>
  inTempDir(async (directory) => {
    Deno.mkdirSync(`${directory}/real`);
    Deno.writeTextFileSync(`${directory}/real/file.txt`, "old");
    Deno.symlinkSync("real/file.txt", `${directory}/link`);
    const backend = new LocalBackend({ rootDir: directory });
    await backend.write("/link", "new");
    assertEquals(Deno.readLinkSync(`${directory}/link`), "real/file.txt");
    assertEquals(Deno.readTextFileSync(`${directory}/real/file.txt`), "new");
    await backend.delete("/link");
    assertEquals(Deno.readTextFileSync(`${directory}/real/file.txt`), "new");
  }));

Deno.test("LocalBackend accepts absolute links by the root's own name and by its real one", () =>
  inTempDir(async (directory) => {
    Deno.mkdirSync(`${directory}/real`);
    Deno.symlinkSync("real", `${directory}/named`);
    Deno.writeTextFileSync(`${directory}/real/file.txt`, "text");
    Deno.symlinkSync(`${directory}/named/file.txt`, `${directory}/real/by-name`);
    Deno.symlinkSync(`${directory}/real/file.txt`, `${directory}/real/by-real-name`);
    const backend = new LocalBackend({ rootDir: `${directory}/named` });
    assertEquals((await backend.read("/by-name")).text, "text");
    assertEquals((await backend.read("/by-real-name")).text, "text");
  }));

Deno.test("LocalBackend follows 40 links in a row and no more", () =>
  inTempDir(async (directory) => {
    Deno.writeTextFileSync(`${directory}/0`, "end");
    for (let index = 1; index <= 41; index++) {
      Deno.symlinkSync(`${index - 1}`, `${directory}/${index}`);
    }
    const backend = new LocalBackend({ rootDir: directory });
    assertEquals((await backend.read("/40")).text, "end");
    const error = await assertRejects(() => backend.read("/41"), BackendError);
    assertEquals(error.code, "denied");
    assertStringIncludes(error.message, "symbolic links never end");
  }));

Deno.test("LocalBackend does not use a reserved name that is a link", () =>
  inTempDir(async (directory) => {
    Deno.mkdirSync(`${directory}/root`);
    Deno.mkdirSync(`${directory}/outside`);
    Deno.writeTextFileSync(`${directory}/outside/${crypto.randomUUID()}`, "kept");
    Deno.symlinkSync("../outside", `${directory}/root/.routebook.tmp`);
    const backend = new LocalBackend({ rootDir: `${directory}/root` });
    const error = await assertRejects(() => backend.write("/a.txt", "text"), BackendError);
    assertEquals(error.code, "denied");
    assertStringIncludes(error.message, "reserved name");
    assertEquals([...Deno.readDirSync(`${directory}/outside`)].length, 1);
    assertEquals(await backend.ls("/"), []);
  }));

Deno.test("LocalBackend protects a file under every name that its host knows it by", async () => {
  await inTempDir(async (root) => {
    await Deno.writeTextFile(`${root}/flow.yaml`, "kept");
    // As on a file system that takes `FLOW.yaml` for `flow.yaml`: another name, the same file.
    await Deno.link(`${root}/flow.yaml`, `${root}/FLOW.yaml`);
    const local = new LocalBackend({ rootDir: root, protect: [`${root}/flow.yaml`] });
    await local.write("/other", "");
    for (
      const change of [
        () => local.write("/FLOW.yaml", "changed"),
        () => local.edit("/FLOW.yaml", { oldText: "kept", newText: "changed" }),
        () => local.delete("/FLOW.yaml"),
        () => local.move("/FLOW.yaml", "/moved"),
        () => local.move("/other", "/FLOW.yaml", { overwrite: true }),
      ]
    ) {
      const error = await assertRejects(change, BackendError);
      assertEquals([error.code, error.message.endsWith("it is protected")], ["denied", true]);
    }
    assertEquals(await Deno.readTextFile(`${root}/flow.yaml`), "kept");
  }, QUICK);
});
