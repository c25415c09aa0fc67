import { assertEquals } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";
import { inTempDir, QUICK } from "./_local_directory.ts";

/** Nothing in /private may be read, nothing in /kept be written. */
function allows(verb: "read" | "write", path: string): boolean {
  const isBelow = (directory: string) => path === directory || path.startsWith(`${directory}/`);
  return !isBelow("/private") && !(verb === "write" && isBelow("/kept"));
}

/** A root with links to what rules deny, and to what they allow. */
function inRoot(work: (local: LocalBackend, root: string) => Promise<void>): Promise<void> {
  return inTempDir(async (root) => {
    for (const directory of ["private", "kept", "open/inner"]) {
      await Deno.mkdir(`${root}/${directory}`, { recursive: true });
    }
    await Deno.writeTextFile(`${root}/private/key.txt`, "SECRET\n");
    await Deno.writeTextFile(`${root}/kept/file.txt`, "kept\n");
    await Deno.writeTextFile(`${root}/open/file.txt`, "open\n");
    await Deno.symlink("private/key.txt", `${root}/to-key`);
    await Deno.symlink("private", `${root}/to-private`);
    await Deno.symlink("kept", `${root}/to-kept`);
    await Deno.symlink("kept/file.txt", `${root}/to-file`);
    await Deno.symlink("kept/new.txt", `${root}/to-nothing`);
    await Deno.symlink(".", `${root}/around`);
    await Deno.symlink("open", `${root}/to-open`);
    await work(new LocalBackend({ rootDir: root, allows }), root);
  }, QUICK);
}

async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "ok";
  } catch (error) {
    if (error instanceof BackendError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

Deno.test("LocalBackend refuses what a symbolic link leads to where rules do", () =>
  inRoot(async (local, root) => {
    const leads = "its symbolic link leads to what the rules deny";
    const whole = "a symbolic link leads there, and rules speak of paths: use the one it leads to";
    const edit = { oldText: "kept", newText: "taken" };
    const tries: readonly (readonly [string, () => Promise<unknown>])[] = [
      [`Cannot read '/to-key': ${leads}`, () => local.read("/to-key")],
      [`Cannot read '/to-key': ${leads}`, () => local.readBytes("/to-key")],
      [`Cannot find '/to-key': ${leads}`, () => local.stat("/to-key")],
      [`Cannot read '/to-private/key.txt': ${leads}`, () => local.read("/to-private/key.txt")],
      [`Cannot list '/to-private': ${leads}`, () => local.ls("/to-private")],
      [
        `Cannot read '/around/private/key.txt': ${leads}`,
        () => local.read("/around/private/key.txt"),
      ],
      [`Cannot search '/to-key': ${leads}`, () => local.grep("SECRET", { path: "/to-key" })],
      [`Cannot search '/to-private': ${leads}`, () => local.glob("**", { path: "/to-private" })],
      [`Cannot write '/to-file': ${leads}`, () => local.write("/to-file", "taken")],
      [`Cannot write '/to-nothing': ${leads}`, () => local.write("/to-nothing", "taken")],
      [`Cannot write '/to-kept/new.txt': ${leads}`, () => local.write("/to-kept/new.txt", "taken")],
      [`Cannot edit '/to-file': ${leads}`, () => local.edit("/to-file", edit)],
      [`Cannot delete '/to-kept/file.txt': ${leads}`, () => local.delete("/to-kept/file.txt")],
      [
        `Cannot delete '/around/open': ${whole}`,
        () => local.delete("/around/open", { recursive: true }),
      ],
      [`Cannot move '/around/open': ${whole}`, () => local.move("/around/open", "/moved")],
      [
        `Cannot move to '/to-open/moved.txt': ${whole}`,
        () => local.move("/open/file.txt", "/to-open/moved.txt"),
      ],
    ];
    for (const [message, work] of tries) assertEquals(await outcome(work), `denied: ${message}`);
    assertEquals(await Deno.readTextFile(`${root}/kept/file.txt`), "kept\n");
    assertEquals([...Deno.readDirSync(`${root}/kept`)].length, 1);
  }));

Deno.test("LocalBackend passes over what rules deny in a search or a listing through a link", () =>
  inRoot(async (local) => {
    const { matches } = await local.grep("e", { path: "/around" });
    assertEquals(matches.map(({ path }) => path), [
      "/around/kept/file.txt",
      "/around/open/file.txt",
    ]);
    const { files } = await local.glob("**", { path: "/around" });
    assertEquals(files.map(({ path }) => path), [
      "/around/kept/file.txt",
      "/around/open/file.txt",
      "/around/to-file",
    ]);
    const names = (await local.ls("/around")).map(({ path, type }) => `${path} ${type}`);
    assertEquals(names.filter((name) => /private|key/.test(name)), [
      "/around/to-key other",
      "/around/to-private other",
    ]);
  }));

Deno.test("LocalBackend follows links to what rules allow", () =>
  inRoot(async (local) => {
    assertEquals((await local.read("/to-open/file.txt")).text, "open\n");
    assertEquals((await local.read("/to-file")).text, "kept\n");
    await local.write("/to-open/inner/new.txt", "new");
    await local.delete("/to-open/inner/new.txt");
    await local.edit("/around/open/file.txt", { oldText: "open", newText: "changed" });
    assertEquals((await local.read("/open/file.txt")).text, "changed\n");
    // The link itself is nobody's but its own path's.
    await local.move("/to-private", "/renamed");
    await local.delete("/renamed");
    assertEquals(await outcome(() => local.read("/private/key.txt")), "ok");
  }));
