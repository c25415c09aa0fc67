import { assert, assertEquals, assertMatch } from "@std/assert";
import { copy } from "@std/fs";
import { join } from "@std/path";
import { BUBBLEWRAP, findBubblewrap } from "../../runner/_bubblewrap_namespace.ts";
import { probeConfinement } from "../../runner/bubblewrap.ts";
import { PROJECT } from "../support/cli.ts";
import type { Findings } from "./_confined_child.ts";

const INSTALLED = findBubblewrap() !== undefined;
const WHERE_INSTALLED = INSTALLED ? "" : " (ignored: bubblewrap is not installed)";
const SUPERUSER = Deno.uid() === 0;
const NOBODY = 65_534;

/** A temporary directory. */
async function temporary(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-bubblewrap-" }));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** A program that stands in bubblewrap's place and does what a machine could make of it. */
async function standIn(directory: string, script: string): Promise<string> {
  const path = join(directory, "bwrap");
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

for (const nested of [false, true]) {
  Deno.test({
    name: `probeConfinement() finds that bubblewrap works, nested: ${nested}${WHERE_INSTALLED}`,
    ignore: !INSTALLED,
    async fn() {
      assertEquals(await probeConfinement({ nested }), { type: "bubblewrap" });
    },
  });
}

const PROBLEMS:
  readonly (readonly [what: string, script: string, nested: boolean, reason: string])[] = [
    [
      "says what bubblewrap says where namespaces are refused",
      "echo 'bwrap: No permissions to create new namespace' >&2; echo more >&2; exit 1",
      false,
      "Bubblewrap makes no namespace on this machine: bwrap: No permissions to create new namespace",
    ],
    [
      "tells where only the inner namespace is refused",
      'for word in "$@"; do if [ "$word" = "$0" ]; then echo "bwrap: No inner" >&2; exit 1; fi; done',
      true,
      "Bubblewrap makes no namespace inside its own on this machine: bwrap: No inner",
    ],
    [
      "tells the exit code where nothing is said",
      "exit 9",
      true,
      "Bubblewrap makes no namespace on this machine: it ended with exit code 9",
    ],
    [
      "does not wait for ever",
      "exec sleep 600",
      false,
      "Bubblewrap makes no namespace on this machine: it took longer than 0.1 seconds",
    ],
  ];

for (const [what, script, nested, reason] of PROBLEMS) {
  Deno.test({
    name: `probeConfinement() ${what}`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      await using directory = await temporary();
      const program = await standIn(directory.path, script);
      const patience = script.includes("sleep") ? 100 : 60_000;
      assertEquals(await probeConfinement({ program, nested, patience }), {
        type: "flags",
        reason,
      });
    },
  });
}

Deno.test({
  name: "probeConfinement() tells where bubblewrap cannot even be started",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using directory = await temporary();
    const program = join(directory.path, "bwrap");
    await Deno.writeTextFile(program, "no program", { mode: 0o644 });
    const confinement = await probeConfinement({ program });
    assert(confinement.type === "flags");
    assertMatch(
      confinement.reason,
      /^Bubblewrap makes no namespace .*: Failed to spawn '.*Permission/,
    );
  },
});

Deno.test({
  name: "probeConfinement() runs nothing where it may not, and says what to grant",
  ignore: Deno.build.os !== "linux",
  permissions: { read: true, run: false },
  async fn() {
    assertEquals(await probeConfinement({ program: BUBBLEWRAP }), {
      type: "flags",
      reason: `This process may not run bubblewrap: grant it --allow-run=${BUBBLEWRAP}`,
    });
  },
});

/** Places for the tests' own files, which stand for a user's. */
async function places(directory: string): Promise<void> {
  await Deno.mkdir(join(directory, "project/kept"), { recursive: true });
  await Deno.writeTextFile(join(directory, "project/kept/flow.yaml"), "kept\n");
  await Deno.mkdir(join(directory, "docs"));
  await Deno.writeTextFile(join(directory, "docs/a.txt"), "docs\n");
}

/** Runs a little runner, which confines a host and looks around there. */
async function findings(
  command: readonly string[],
  directory: string,
  nested: boolean,
  env: Readonly<Record<string, string>> = {},
): Promise<Findings> {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args, directory, nested ? "nested" : "plain"],
    env: { NO_COLOR: "1", OPENAI_API_KEY: "sk-test-secret", ...env },
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

const CHILD = "tests/runner/_confined_child.ts";
const DENIED = "failed: Read-only file system";

function checkFindings({ files, seen }: Findings, nested: boolean, code: string): void {
  assertEquals(files, {
    "read docs": "docs\n",
    "write docs": "denied",
    "write project": "done",
    "move in project": "done",
    "write what is protected": "denied",
  });
  const { root = "", etc = "", cache = "", settings, ...rest } = seen;
  const top = code.split("/")[1];
  const system = ["bin", "lib", "lib32", "lib64", "libx32", "sbin", "usr"];
  assertEquals(
    root.split("\n").filter((name) => !system.includes(name)),
    [...new Set(["all", "dev", "docs", "etc", "proc", "project", "run", "tmp", top])].sort(),
  );
  for (const secret of ["passwd", "shadow", "group", "hostname", "hosts", "ssh", "machine-id"]) {
    assert(!etc.split("\n").includes(secret), secret);
  }
  for (const name of ["zod", "openai", "registries", "check_cache_v2", "location_data"]) {
    assert(!cache.split("\n").includes(name), name);
  }
  // The first is found to show that the search works, and nothing else that may be written.
  assertEquals(
    settings?.split("\n"),
    nested ? ["/proc/uptime", "/run/routebook/proc/uptime"] : ["/proc/uptime"],
  );
  assertEquals(rest, {
    "user": "1000",
    "capabilities": ["CapPrm", "CapEff", "CapBnd", "CapAmb"]
      .map((name) => `${name} ${"0".repeat(16)}`).join("\n"),
    "new privileges": "1",
    "network": "lo",
    "variables": [
      "DENO_DIR=/run/routebook/cache",
      "DENO_NO_UPDATE_CHECK=1",
      "NO_COLOR=1",
      "PWD=/",
    ].join("\n"),
    "processes": "bwrap\nps\nsh\nsort",
    "code": "backends\ndeno.json\nrunner\nstd",
    "files beside all that": "",
    // Whoever grants the root of a machine grants its files, not its processes and devices.
    "a whole machine": "bin",
    "write docs": DENIED,
    "write what is protected": DENIED,
    "delete what is protected": "failed: Device or resource busy",
    "write programs": DENIED,
    "write code": DENIED,
    "write devices": DENIED,
    "write temporary files": DENIED,
    "write the cache": DENIED,
    "write beside everything": DENIED,
    "reach kernel settings": nested
      ? "failed: Permission denied"
      : "failed: No such file or directory",
  });
}

Deno.test({
  name:
    `a confined host sees its files and nothing else, in a directory of any name${WHERE_INSTALLED}`,
  ignore: !INSTALLED,
  async fn() {
    await using directory = await temporary();
    const command = [Deno.execPath(), "run", "-A", join(PROJECT, CHILD)];
    for (const nested of [false, true]) {
      // All that a shell would make something of, if one looked at it.
      const path = join(directory.path, `${nested} a b;$(touch x)'"&--bind`);
      await Deno.mkdir(path);
      await places(path);
      checkFindings(await findings(command, path, nested), nested, PROJECT);
      assertEquals((await Deno.stat(join(path, "project/moved.txt"))).uid, Deno.uid());
      assertEquals(await Deno.readTextFile(join(path, "project/kept/flow.yaml")), "kept\n");
    }
  },
});

// Whoever is an ordinary user has been there already, and cannot become another one.
if (SUPERUSER) {
  Deno.test({
    name:
      `a confined host of an ordinary user sees the same, and its files are theirs${WHERE_INSTALLED}`,
    ignore: !INSTALLED,
    async fn() {
      await using directory = await temporary();
      const { path } = directory;
      await Deno.mkdir(join(path, "code/tests/runner"), { recursive: true });
      for (const name of ["backends", "runner", "std", "deno.json", CHILD]) {
        await copy(join(PROJECT, name), join(path, "code", name));
      }
      await Deno.copyFile(Deno.execPath(), join(path, "deno"));
      await Deno.chown(path, NOBODY, NOBODY);
      const command = [
        ...["setpriv", "--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups"],
        ...[join(path, "deno"), "run", "-A", "--no-lock", join(path, "code", CHILD)],
      ];
      const env = { DENO_DIR: join(path, "cache") };
      for (const nested of [false, true]) {
        const own = join(path, `${nested}`);
        await places(own);
        for (const name of ["", "project", "project/kept", "project/kept/flow.yaml"]) {
          await Deno.chown(join(own, name), NOBODY, NOBODY);
        }
        checkFindings(await findings(command, own, nested, env), nested, join(path, "code"));
        const { uid, gid } = await Deno.stat(join(own, "project/moved.txt"));
        assertEquals([uid, gid], [NOBODY, NOBODY]);
      }
    },
  });
}
