/**
 * What stands where in a container, also after commands did what they can to have something else there
 * when it is started again.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { LABELS } from "../../backends/docker/labels.ts";
import type { BoxMount } from "../../backends/docker/options.ts";
import { DockerSandbox } from "../../backends/docker/sandbox.ts";
import { makeImage } from "../backends/_docker_commit.ts";
import { failureOf, output, stateOf, until } from "../backends/_docker_case.ts";
import { boxOf, ENGINES } from "../backends/_docker_subject.ts";
import { countBoxes, testOn } from "../support/engine.ts";

/** A directory of the machine with others in it, which every user may change. */
function machine() {
  const directory = Deno.realPathSync(Deno.makeTempDirSync());
  for (const name of ["", "/disk", "/disk/sub", "/disk/x", "/disk/x/b", "/other"]) {
    if (name !== "") Deno.mkdirSync(directory + name);
    Deno.chmodSync(directory + name, 0o777);
  }
  Deno.symlinkSync("disk", `${directory}/link`);
  return {
    mount: (prefix: string, name: string, access: BoxMount["access"]): BoxMount => {
      return { prefix, directory: `${directory}/${name}`, access };
    },
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}

Deno.test("DockerSandbox mounts no directory that commands could put something else in the place of", () => {
  using at = machine();
  const disk = at.mount("/a/", "disk", "read-write");
  const refused = [
    at.mount("/b/", "disk/sub", "read"),
    at.mount("/b/", "disk/sub", "read-write"),
    at.mount("/b/", "disk/sub/", "read"),
    at.mount("/b/", "disk/not-there", "read"),
    at.mount("/b/", "disk", "read"),
    at.mount("/b/", "link", "read"),
    at.mount("/b/", "link/sub", "read-write"),
  ];
  for (const mount of refused) {
    for (const mounts of [[disk, mount], [mount, disk]]) {
      const error = assertThrows(() => new DockerSandbox({ image: "busybox", mounts }), TypeError);
      assertEquals(
        error.message,
        "The directory of mount '/b/' is in that of '/a/', where commands could put something else " +
          "in its place: bring its files, with 'staged'",
        mount.directory,
      );
    }
  }
  const fine = [
    [disk, at.mount("/b/", "other", "read-write")],
    [disk, at.mount("/b/", "disk", "read-write")],
    [at.mount("/a/", "disk", "read"), at.mount("/b/", "disk/sub", "read-write")],
  ];
  for (const mounts of fine) new DockerSandbox({ image: "busybox", mounts });
});

Deno.test("DockerSandbox mounts nothing inside of what commands may change", () => {
  using at = machine();
  // A command would write: mv /a/x /a/y; mkdir /a/x; ln -s /bin /a/x/b.
  const inner = at.mount("/a/x/b/", "other", "read");
  const outer = at.mount("/a/", "disk", "read-write");
  for (
    const options of [
      { mounts: [outer, inner] },
      { mounts: [inner], volumes: { "/a/": "some" } },
      { mounts: [outer], volumes: { "/a/x/b/": "some" } },
      { volumes: { "/a/": "some", "/a/x/b/": "other" } },
    ]
  ) {
    const error = assertThrows(
      () => new DockerSandbox({ image: "busybox", ...options }),
      TypeError,
    );
    assertEquals(
      error.message,
      "Nothing can be mounted at '/a/x/b/': commands may change '/a/'",
    );
  }
  const mounts = [at.mount("/a/", "disk", "read"), at.mount("/a/x/", "other", "read-write")];
  new DockerSandbox({ image: "busybox", mounts, volumes: { "/a/y/": "some", "/ab/": "other" } });
});

for (const [name, engine] of Object.entries(ENGINES)) {
  testOn(
    engine,
    `${name} mounts nothing at a place that commands could put somewhere else`,
    async (on) => {
      using at = machine();
      const purpose = `places-${crypto.randomUUID()}`;
      // A command would write: mv /home/user /home/old; mkdir /home/user; ln -s /bin /home/user/x.
      await using made = await makeImage(on, "mkdir -p /home/user; chown 1000:1000 /home/user");
      const mounts = [at.mount("/home/user/x/", "other", "read-write")];
      await using box = boxOf(on, { image: made.image, mounts, purpose });
      assertEquals(
        await failureOf(box.start()),
        "unsupported: Cannot mount anything at '/home/user/x': commands could change what leads " +
          "there, at '/home/user'",
      );
      assertEquals(await countBoxes(on, `${LABELS.purpose}=${purpose}`), 0);
    },
  );

  testOn(
    engine,
    `${name} mounts again what it mounted, whatever commands did`,
    async (on) => {
      using at = machine();
      const mounts = [
        at.mount("/workspace/a/", "disk", "read-write"),
        at.mount("/home/x/y/", "disk", "read-write"),
        at.mount("/b/", "other", "read"),
      ];
      await using box = boxOf(on, { mounts, idleMilliseconds: 1 });
      Deno.writeTextFileSync(`${mounts[2]?.directory}/file`, "other");
      const tries = ["/workspace", "/workspace/a", "/home/x", "/home/x/y", "/b"].map((path) =>
        `mv ${path} ${path}.old; rm -rf ${path}; ln -s /bin ${path}`
      );
      await box.execute(tries.join("; "));
      await until("its end", async () => await stateOf(on, box.id) === "exited");
      assertEquals(
        await output(box, "grep -o ' /workspace/a \\| /home/x/y \\| /b ' /proc/mounts | sort"),
        " /b \n /home/x/y \n /workspace/a \n",
      );
      assertEquals(await output(box, "cat /b/file"), "other");
    },
  );

  testOn(
    engine,
    `${name} lets nobody write to a disk in a directory that may only be read`,
    async (on) => {
      const disk = "/dev/shm";
      assert(Deno.readTextFileSync("/proc/self/mountinfo").includes(` ${disk} `), "no other disk");
      const mounts: readonly BoxMount[] = [{ prefix: "/r/", directory: "/dev", access: "read" }];
      await using box = boxOf(on, { mounts });
      const refused = await failureOf(box.start());
      // Not every engine can leave it out.
      if (on.name === "Podman" && refused !== "") {
        assertEquals(
          refused,
          "unsupported: Cannot mount anything at '/r': with this engine commands could write to " +
            "'/r/shm', which is a disk of its own",
        );
        return;
      }
      assertEquals(refused, "");
      assertEquals(await output(box, "ls -A /r/shm; test -e /r/null"), "");
      const { stderr } = await box.execute("echo x > /r/shm/routebook-test");
      assert(stderr.text.includes("Read-only file system"), stderr.text);
    },
  );
}
