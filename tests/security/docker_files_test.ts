/**
 * What a container leaves in a directory of the machine that is mounted in it, and what the host's file
 * tools make of it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { LocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../backends/protocol.ts";
import { ENGINES } from "../backends/_docker_subject.ts";
import { testOn } from "../support/engine.ts";
import { ContainerWorld } from "./_container.ts";
import { CANARY, type World } from "./_world.ts";

/** Symbolic links that lead out, by their names; `WORLD` stands for the directory around the workspace. */
const LINKS: Readonly<Record<string, string>> = {
  "absolute": "WORLD/outside/secret.txt",
  "absolute directory": "WORLD/outside",
  "relative": "../../outside/secret.txt",
  "relative directory": "../../outside",
  "sibling": "../../ws-sibling/secret.txt",
  "above": "..",
  "root": "/",
  "passwd": "/etc/passwd",
  "process": "/proc/self/root/etc/passwd",
  "environment": "/proc/self/environ",
  "input": "/dev/stdin",
  "endless": "/dev/zero",
  "chain": "absolute directory/deep/secret.txt",
  "to be made": "../../outside/new.txt",
  "circle": "circle",
};

/** What is no file either, and how it is made. */
const OTHERS: Readonly<Record<string, string>> = {
  "pipe": "mkfifo /project/pipe",
  "full pipe": "mkfifo '/project/full pipe'; sh -c 'echo taken > \"/project/full pipe\" &'",
};

/** Everything that a tool does with a name, and with names below it. */
function operations(files: Backend, name: string): readonly (() => Promise<unknown>)[] {
  const path = `/${name}`;
  return [
    () => files.read(path),
    () => files.readBytes(path),
    () => files.edit(path, { oldText: CANARY, newText: "taken" }),
    () => files.write(path, "taken"),
    () => files.write(`${path}/new.txt`, "taken"),
    () => files.read(`${path}/secret.txt`),
    () => files.readBytes(`${path}/deep/secret.txt`),
    () => files.ls(path),
    () => files.glob("**", { path }),
    () => files.grep(CANARY, { path }),
    () => files.delete(`${path}/secret.txt`),
    () => files.move(`${path}/secret.txt`, "/taken.txt"),
    () => files.move("/main.py", `${path}/main.py`),
  ];
}

async function failureOf(operate: () => Promise<unknown>): Promise<string> {
  try {
    return `done: ${JSON.stringify(await operate())}`;
  } catch (error) {
    if (error instanceof BackendError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Fails where an operation on a name did something, or told of what is outside. */
async function assertRefused(world: World, files: Backend, name: string): Promise<void> {
  for (const operate of operations(files, name)) {
    const said = await failureOf(operate);
    assert(!/^done/.test(said), `'${name}', ${operate}: ${said}`);
    assert(!said.includes(CANARY) && !said.includes(world.directory), said);
  }
}

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `no file tool follows what a container of ${name} plants in a mounted directory: our guard`,
    async (on) => {
      await using container = await ContainerWorld.start(on);
      const { world } = container;
      const files = new LocalBackend({ rootDir: world.at("ws/project") });
      const made = Object.entries(LINKS).map(([name, target]) =>
        `ln -s '${target.replace("WORLD", world.directory)}' '/project/${name}'`
      );
      const others = Object.values(OTHERS);
      assertEquals(await container.run(`(${[...made, ...others].join("; ")}) 2>&1`), "");
      const names = [...Object.keys(LINKS), ...Object.keys(OTHERS)];
      assertEquals((await files.ls("/")).length, names.length + 1);
      for (const name of names) await assertRefused(world, files, name);
      // From above they are seen, and not gone through.
      const { files: found } = await files.glob("**");
      assertEquals(found.map(({ path }) => path), ["/main.py"]);
      const { matches } = await files.grep("root|CANARY|taken", { regex: true });
      assertEquals(matches, []);
      // A link goes, and not what it leads to.
      for (const name of Object.keys(LINKS)) await failureOf(() => files.delete(`/${name}`));
      world.assertUntouched();
      assertEquals(Deno.readTextFileSync(world.at("ws/project/main.py")), "ws/project/main.py\n");
    },
  );

  testOn(
    engine,
    `what a container of ${name} plants under the names of unfinished writes is no file, and stays`,
    async (on) => {
      await using container = await ContainerWorld.start(on);
      const { world } = container;
      const files = new LocalBackend({ rootDir: world.at("ws/project") });
      const planted = ".routebook.tmp-1 .routebook.tmp-00000000-0000.a";
      const targets = ["../../outside/new.txt", `${world.directory}/outside/secret.txt`];
      await container.run(
        `cd /project; for n in ${planted}; do ln -s ${targets[0]} $n; done; ` +
          `mkdir .routebook.tmp-d; ln -s ${targets[1]} .routebook.tmp-d/x; mkfifo .routebook.tmp-p`,
      );
      await files.write("/new.txt", "new");
      await files.edit("/new.txt", { oldText: "new", newText: "edited" });
      await files.move("/new.txt", "/moved.txt");
      assertEquals((await files.ls("/")).map(({ path }) => path), ["/main.py", "/moved.txt"]);
      for (const name of [...planted.split(" "), ".routebook.tmp-d/x", ".routebook.tmp-p"]) {
        assert((await failureOf(() => files.read(`/${name}`))).startsWith("invalid_path: "), name);
      }
      // The directory of unfinished writes itself: nothing is written where it may lead.
      await container.run("cd /project; rm -rf .routebook.tmp; ln -s ../../outside .routebook.tmp");
      assertEquals(
        await failureOf(() => files.write("/moved.txt", "new")),
        "denied: Cannot write '/moved.txt': the reserved name '.routebook.tmp' in its root is not a directory",
      );
      world.assertUntouched();
    },
  );

  testOn(
    engine,
    `a hard link that a container of ${name} makes leads to no file but its directory's own`,
    async (on) => {
      await using container = await ContainerWorld.start(on);
      const { world } = container;
      const targets = [
        "/src/main.py",
        "/etc/passwd",
        "/proc/1/environ",
        "/bin/sh",
        "/run/image/ready",
      ];
      const made = targets.map((target, index) => `ln ${target} /project/hard${index}`).join("; ");
      await container.run(`${made}; cd /project; echo own > own; ln own other`);
      const files = new LocalBackend({ rootDir: world.at("ws/project") });
      assertEquals((await files.ls("/")).map(({ path }) => path), [
        "/main.py",
        "/other",
        "/own",
      ]);
      // A write makes a new file: the other name keeps what it had.
      await files.write("/own", "new");
      assertEquals((await files.read("/other")).text, "own\n");
    },
  );
}
