import { assertEquals } from "@std/assert";
import { DATASCIENCE_IMAGE, testOn } from "../support/engine.ts";
import { failureOf, output } from "./_docker_case.ts";
import { makeImage } from "./_docker_commit.ts";
import { boxOf, ENGINES, SharedBox } from "./_docker_subject.ts";

/** Names that some program takes for something else. */
const NAMES = [
  "a b.txt",
  "-dash",
  "--help",
  "line\nbreak",
  "ends with a line\n",
  "\n",
  "'quotes' \"double\"",
  "$HOME `id` $(id) ${x}",
  "*?[a]\\*",
  "😀 é ü",
  "tab\tand\rreturn",
  "notes..md",
  "a:b;c&d|e<f>g",
  "#%!~^",
  "x".repeat(255),
  "é".repeat(127),
];
const DENIED = "it is the container's own, not part of the tree";

for (const [name, engine] of Object.entries(ENGINES)) {
  const shared = new SharedBox(engine);

  testOn(engine, `${name} takes whatever name a file may have`, async () => {
    const { box } = shared;
    for (const [index, file] of NAMES.entries()) await box.write(`/names/${file}`, `${index}`);
    const wanted = NAMES.map((file) => `/names/${file}`).sort();
    const listed = (await box.ls("/names")).map(({ path }) => path);
    assertEquals(listed.toSorted(), wanted);
    assertEquals((await box.glob("/names/*")).files.map(({ path }) => path).sort(), wanted);
    const { matches } = await box.grep("^[0-9]+$", { path: "/names", regex: true });
    assertEquals(matches.map(({ path }) => path).sort(), wanted);
    for (const [index, file] of NAMES.entries()) {
      assertEquals((await box.read(`/names/${file}`)).text, `${index}`, file);
      const cat = await box.execute(["cat", "--", file], { cwd: "/names" });
      assertEquals(cat.stdout.text, `${index}`, file);
      await box.move(`/names/${file}`, `/moved/${file}`);
      assertEquals((await box.stat(`/moved/${file}`)).size, `${index}`.length, file);
      await box.delete(`/moved/${file}`);
    }
    assertEquals([await box.ls("/names"), await box.ls("/moved")], [[], []]);
  });

  testOn(engine, `${name} leaves out names that are no text and shows the others`, async () => {
    const { box } = shared;
    await output(
      box,
      "mkdir /odd; cd /odd; for n in \"$(printf 'a\\377')\" b; do echo x > $n; done",
    );
    await output(box, "mkdir \"/odd/$(printf '\\200')\"; echo x > \"/odd/$(printf '\\200')/in\"");
    await output(box, "mkdir /odd/c; echo x > /odd/c/z");
    assertEquals((await box.ls("/odd")).map(({ path }) => path), ["/odd/b", "/odd/c"]);
    const wanted = ["/odd/b", "/odd/c/z"];
    assertEquals((await box.glob("/odd/**")).files.map(({ path }) => path), wanted);
    const { matches } = await box.grep("x", { path: "/odd" });
    assertEquals(matches.map(({ path }) => path), wanted);
    await box.delete("/odd", { recursive: true });
  });

  testOn(engine, `${name} follows links as far as the tree goes`, async () => {
    const { box } = shared;
    await box.write("/links/real/file", "real\n");
    await output(
      box,
      `cd /links; ln -s real/file file; ln -s real directory; ln -s nowhere dangling
       ln -s loop loop; ln -s /etc/passwd passwd; ln -s /proc/1/environ environ; ln -s / root
       ln -s /proc/self/root/etc self; ln -s ../../../../../../etc/passwd up`,
    );
    const listed = await box.ls("/links");
    assertEquals(
      listed.map(({ path, type, size }) => [path.slice(7), type, size]),
      [
        ["dangling", "other", 0],
        ["directory", "directory", 0],
        ["environ", "other", 0],
        ["file", "file", 5],
        ["loop", "other", 0],
        ["passwd", "other", 0],
        ["real", "directory", 0],
        ["root", "directory", 0],
        ["self", "other", 0],
        ["up", "other", 0],
      ],
    );
    assertEquals((await box.read("/links/file")).text, "real\n");
    assertEquals((await box.read("/links/directory/file")).text, "real\n");
    assertEquals((await box.ls("/links/directory")).map(({ path }) => path), [
      "/links/directory/file",
    ]);
    for (const link of ["passwd", "environ", "up", "self/passwd", "root/etc/passwd"]) {
      const path = `/links/${link}`;
      const problems = [
        await failureOf(box.read(path)),
        await failureOf(box.readBytes(path)),
        await failureOf(box.write(path, "x")),
        await failureOf(box.edit(path, { oldText: "a", newText: "b" })),
        await failureOf(box.stat(path)),
        await failureOf(box.grep("x", { path })),
      ];
      assertEquals(problems, [
        `denied: Cannot read '${path}': ${DENIED}`,
        `denied: Cannot read '${path}': ${DENIED}`,
        `denied: Cannot write '${path}': ${DENIED}`,
        `denied: Cannot edit '${path}': ${DENIED}`,
        `denied: Cannot find '${path}': ${DENIED}`,
        `denied: Cannot search '${path}': ${DENIED}`,
      ]);
    }
    assertEquals(
      await failureOf(box.read("/links/loop")),
      "denied: Cannot read '/links/loop': its symbolic links never end",
    );
    assertEquals((await box.grep("root", { path: "/links" })).matches, []);
    // Through a link nothing is found twice.
    assertEquals((await box.glob("/links/**")).files.map(({ path }) => path), [
      "/links/file",
      "/links/real/file",
    ]);
    await box.write("/links/file", "through\n");
    assertEquals((await box.read("/links/real/file")).text, "through\n");
    await box.delete("/links", { recursive: true });
    assertEquals(await output(box, "grep -c root /etc/passwd /proc/1/cmdline | wc -l"), "2\n");
  });

  testOn(engine, `${name} opens no pipe and no device`, async () => {
    const { box } = shared;
    const command = "mkdir /odd; cd /odd; mkfifo pipe; ln -s /dev/zero zero; ln -s /dev/tty tty";
    await output(box, command);
    const listed = await box.ls("/odd");
    assertEquals(listed.map(({ path, type }) => `${path} ${type}`), [
      "/odd/pipe other",
      "/odd/tty other",
      "/odd/zero other",
    ]);
    const why = "it is not a regular file";
    const path = "/odd/pipe";
    assertEquals(await failureOf(box.read(path)), `denied: Cannot read '${path}': ${why}`);
    assertEquals(await failureOf(box.readBytes(path)), `denied: Cannot read '${path}': ${why}`);
    assertEquals(await failureOf(box.write(path, "x")), `denied: Cannot write '${path}': ${why}`);
    assertEquals(
      await failureOf(box.write(path, "x", { overwrite: false })),
      `exists: Cannot write '${path}': it exists already: set overwrite, or edit it`,
    );
    const edit = box.edit(path, { oldText: "a", newText: "b" });
    assertEquals(await failureOf(edit), `denied: Cannot edit '${path}': ${why}`);
    for (const device of ["/odd/zero", "/odd/tty"]) {
      assertEquals(await failureOf(box.read(device)), `denied: Cannot read '${device}': ${DENIED}`);
    }
    assertEquals(await failureOf(box.grep("x", { path: "/odd" })), "");
    assertEquals((await box.glob("/odd/**")).files, []);
    await box.move(path, "/odd/moved");
    await box.delete("/odd", { recursive: true });
    assertEquals(
      await failureOf(box.stat("/odd")),
      "not_found: Cannot find '/odd': it does not exist",
    );
  });

  testOn(engine, `${name} opens no socket`, async (on) => {
    await using box = boxOf(on, { image: DATASCIENCE_IMAGE });
    const bind = "import socket; socket.socket(socket.AF_UNIX).bind('/odd/socket')";
    await output(box, `mkdir /odd; python3 -c "${bind}"`);
    const path = "/odd/socket";
    assertEquals((await box.ls("/odd")).map(({ path, type }) => `${path} ${type}`), [
      `${path} other`,
    ]);
    const why = "it is not a regular file";
    assertEquals(await failureOf(box.read(path)), `denied: Cannot read '${path}': ${why}`);
    assertEquals(await failureOf(box.write(path, "x")), `denied: Cannot write '${path}': ${why}`);
    assertEquals((await box.glob("/odd/**")).files, []);
    await box.delete(path);
    assertEquals(await box.ls("/odd"), []);
  });

  testOn(engine, `${name} says what its user may not do`, async () => {
    const { box } = shared;
    await box.write("/shut/inner/file", "x");
    await box.write("/shut/secret", "x");
    await box.execute("chmod 0 /shut/inner /shut/secret");
    const why = "the container does not permit it";
    const inner = "/shut/inner/file";
    assertEquals(
      await failureOf(box.ls("/shut/inner")),
      `denied: Cannot list '/shut/inner': ${why}`,
    );
    assertEquals(await failureOf(box.read(inner)), `denied: Cannot read '${inner}': ${why}`);
    assertEquals(await failureOf(box.write(inner, "y")), `denied: Cannot write '${inner}': ${why}`);
    const path = "/shut/secret";
    assertEquals(await failureOf(box.read(path)), `denied: Cannot read '${path}': ${why}`);
    const { failures, matches } = await box.grep("x", { path: "/shut" });
    assertEquals(matches, []);
    assertEquals(failures, [
      { path: "/shut/inner", message: `Cannot search '/shut/inner': ${why}` },
      { path: "/shut/secret", message: `Cannot read '/shut/secret': ${why}` },
    ]);
    // Those that may be read are found, whatever stands next to them.
    for (const path of ["/shut/a", "/shut/z", "/shut/m/n"]) await box.write(path, "x");
    const found = await box.glob("/shut/**");
    assertEquals(found.files.map(({ path }) => path), [
      ...["/shut/a", "/shut/m/n", "/shut/secret", "/shut/z"],
    ]);
    assertEquals(found.failures.map(({ path }) => path), ["/shut/inner"]);
    await box.execute("chmod 700 /shut/inner");
    await box.delete("/shut", { recursive: true });
  });

  testOn(engine, `${name} hides what its image has, and refuses it`, async (on) => {
    await using made = await makeImage(
      on,
      `umask 077; mkdir -p /var/lib/theirs /opt/app /srv/empty
       for f in /var/lib/theirs/f /opt/app/data /top; do echo theirs > $f; chmod 644 $f; done
       chmod 755 /opt /opt/app`,
    );
    await using box = boxOf(on, { image: made.image });
    await box.write("/var/mine", "mine");
    const seen = (await box.glob("/**")).files.map(({ path }) => path);
    assertEquals(seen, ["/var/mine"]);
    assertEquals((await box.ls("/")).map(({ path }) => path), ["/var"]);
    assertEquals((await box.ls("/var")).map(({ path }) => path), ["/var/mine"]);
    for (const path of ["/etc/passwd", "/var/lib/theirs", "/var/lib", "/opt/app/data", "/top"]) {
      assertEquals(await failureOf(box.read(path)), `denied: Cannot read '${path}': ${DENIED}`);
      assertEquals(
        await failureOf(box.write(path, "x")),
        `denied: Cannot write '${path}': ${DENIED}`,
      );
    }
    const holds = "something of the container's own is in it";
    const remove = box.delete("/var", { recursive: true });
    assertEquals(await failureOf(remove), `denied: Cannot delete '/var': ${holds}`);
    assertEquals(await failureOf(box.move("/var", "/v")), `denied: Cannot move '/var': ${holds}`);
    assertEquals((await box.grep("theirs")).matches, []);
    // Commands see it, and cannot change it either.
    const { stdout, exitCode } = await box.execute("cat /opt/app/data /top; echo x > /top");
    assertEquals([stdout.text, exitCode], ["theirs\ntheirs\n", 1]);
  });
}
