import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { BUBBLEWRAP, findBubblewrap } from "../../runner/_bubblewrap_namespace.ts";
import { hostPlaces } from "../../runner/bubblewrap.ts";
import { hostStart } from "../../runner/_host_start.ts";
import { planProcesses } from "../../runner/permissions.ts";
import type { HostRoot, PlanConfinement, PlanRoute, PlanShell } from "../../runner/plan.ts";
import { SHELL_LIMITS } from "../../backends/shells/shell.ts";
import { PROJECT } from "../support/cli.ts";

const PROGRAM = findBubblewrap() ?? BUBBLEWRAP;
const CONFINED: PlanConfinement = { type: "bubblewrap" };
const SHELL: PlanShell = { type: "sandbox", tool: true, limits: SHELL_LIMITS };

function root(path: string, directory: string, access: HostRoot["access"], kept: string[] = []) {
  return { backend: "disk", path, directory, access, protected: kept };
}

function route(prefix: string, path: string, access: PlanRoute["access"] = "read-write") {
  return { prefix, backend: "disk", path, access };
}

/** Where the directory of one root stands, whose place has the prefixes. */
function placeOf(...prefixes: readonly string[]): string | undefined {
  const roots = [root("/", "/usr", "read")];
  const [place] = hostPlaces(roots, prefixes.map((prefix) => route(prefix, "/")));
  return place?.inside.directory;
}

Deno.test("hostPlaces() puts a directory at the first prefix of its routes", () => {
  assertEquals(placeOf("/project/"), "/project");
  assertEquals(placeOf("/a/b/", "/c/"), "/a/b");
});

const ELSEWHERE: readonly (readonly [prefix: string, why: string])[] = [
  ["/", "all else stands below it"],
  ["/usr/", "the system's programs are there"],
  ["/etc/x/", "it is in a directory of the system"],
  ["/run/", "Deno and its cache are below it"],
  [`${PROJECT}/out/`.replaceAll("//", "/"), "it is in the project's own code"],
  [join(PROJECT, "../").replace(/\/*$/, "/"), "the project's own code is below it"],
  ["/a,b/", "it would be two directories for a flag of Deno's"],
  ["/a\nb/", "it has a control character in it"],
];

for (const [prefix, why] of ELSEWHERE) {
  Deno.test(`hostPlaces() puts a directory elsewhere than at its prefix where ${why}`, () => {
    assertEquals(placeOf(prefix), "/run/routebook/roots/0");
    assertEquals(placeOf(prefix, "/free/"), "/free");
  });
}

Deno.test("hostPlaces() puts no directory into another one, nor around it", () => {
  const roots = [root("/in", "/usr/bin", "read"), root("/", "/usr", "read")];
  const inner = [route("/project/", "/"), route("/project/in/", "/in")];
  assertEquals(hostPlaces(roots, inner).map(({ inside }) => inside.directory), [
    "/project/in",
    "/run/routebook/roots/1",
  ]);
  const same = [root("/", "/usr", "read"), { ...root("/", "/usr/bin", "read"), backend: "b" }];
  const routes = [route("/x/", "/"), { ...route("/x/y/", "/"), backend: "b" }];
  assertEquals(hostPlaces(same, routes).map(({ inside }) => inside.directory), [
    "/x",
    "/run/routebook/roots/1",
  ]);
});

Deno.test("hostPlaces() reaches what is only read and not there yet through what it will be made in", () => {
  const made = join(Deno.cwd(), "not-there-yet");
  const roots = [
    root("/docs", `${made}/docs`, "read"),
    root("/", made, "read-write", [`${made}/f`]),
  ];
  const places = hostPlaces(roots, [route("/docs/", "/docs", "read"), route("/project/", "/")]);
  assertEquals(places.map(({ inside, through }) => [inside.directory, through]), [
    ["/project/docs", true],
    ["/project", false],
  ]);
  assertEquals(places[1]?.inside.protected, ["/project/f"]);
});

Deno.test("hostStart() tells a host under Deno's flags of the machine's own paths", () => {
  const roots = [root("/", "/srv/x", "read-write", ["/srv/x/flow.yaml"])];
  const routes = [route("/project/", "/")];
  assertEquals(hostStart({ roots, routes }), { roots });
  const confinement: PlanConfinement = { type: "flags", reason: "Bubblewrap is not installed" };
  assertEquals(hostStart({ roots, routes, confinement }), { roots });
});

Deno.test("hostStart() tells a confined host where its files and its commands' files are", () => {
  const lib = root("/lib", "/srv/x/lib", "read-write");
  const all = root("/", "/srv/x", "read-write", ["/srv/x/kept/flow.yaml"]);
  const roots = [lib, all];
  const routes = [
    route("/lib/", "/lib"),
    route("/project/", "/"),
    route("/again/", "/kept", "read"),
    { ...route("/", "/"), backend: "memory" },
  ];
  const kept = ["/project/kept/flow.yaml"];
  const inside = [
    // `/lib` is the system's.
    { ...lib, directory: "/run/routebook/roots/0" },
    { ...all, directory: "/project", protected: kept },
  ];
  assertEquals(hostStart({ roots, routes, confinement: CONFINED }).roots, inside);
  const { shell } = hostStart({ roots, routes, confinement: CONFINED, shell: SHELL });
  assertEquals(shell?.mounts, [
    {
      prefix: "/lib/",
      directory: "/run/routebook/roots/0",
      access: "read-write",
      protected: [],
    },
    { prefix: "/project/", directory: "/project", access: "read-write", protected: kept },
    { prefix: "/again/", directory: "/project/kept", access: "read", protected: kept },
  ]);
});

Deno.test("planProcesses() grants a confined host its places, and a program only to run commands", () => {
  const roots = [root("/", "/srv/x", "read-write", ["/srv/x/f"]), root("/docs", "/usr", "read")];
  const routes = [route("/project/", "/"), route("/docs/", "/docs", "read")];
  const way = {
    file: "f",
    model: { type: "none" },
    roots,
    routes,
    confinement: CONFINED,
  } as const;
  const flagsOf = (shell?: PlanShell) => {
    const [, , host] = planProcesses({ ...way, shell });
    const flags = host?.command.filter((word) => /^--(allow|deny)-/.test(word));
    return [flags, host?.permissions.read, host?.permissions.run];
  };
  const own = ["--allow-write=/project", "--deny-write=/project/f"];
  assertEquals(flagsOf(), [["--allow-read=/project,/docs", ...own], ["/srv/x", "/usr"], []]);
  const [flags, read, run] = flagsOf(SHELL);
  assertEquals(flags, [
    "--allow-read=/project,/docs,/run/routebook/stage,/run/routebook/proc",
    "--allow-write=/project,/run/routebook/stage",
    "--deny-write=/project/f",
    `--allow-run=${PROGRAM}`,
  ]);
  assertEquals([read, run], [["/srv/x", "/usr"], [PROGRAM]]);
});

Deno.test("planProcesses() plans a host for a sandbox shell without local files, and only then", () => {
  const way = { file: "f", model: { type: "none" }, roots: [], routes: [] } as const;
  const names = (shell?: PlanShell) =>
    planProcesses({ ...way, confinement: CONFINED, shell }).map(({ name }) => name);
  assertEquals(names(), ["runner", "agent"]);
  assertEquals(names(SHELL), ["runner", "agent", "host"]);
  assertEquals(names({ ...SHELL, type: "virtual" }), ["runner", "agent", "shell"]);
});
