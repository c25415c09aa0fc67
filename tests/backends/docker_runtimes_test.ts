import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { buildFile } from "../../backends/docker/_build_file.ts";
import { mirrored, splitImageName } from "../../backends/docker/_image_names.ts";
import {
  type BuiltImage,
  fromStep,
  type ImageSpec,
  planImage,
} from "../../backends/docker/image_plan.ts";
import { imageSources, runtimeVariables } from "../../backends/docker/image_sources.ts";
import type { PackageManager } from "../../backends/docker/options.ts";
import {
  CACHE_DIRECTORY,
  resolveRuntime,
  RUNTIME_NAMES,
  RUNTIMES,
  UnknownRuntimeError,
} from "../../backends/docker/runtimes.ts";

function built(spec: ImageSpec): BuiltImage {
  const plan = planImage(spec);
  if (plan.type === "build") return plan;
  throw new Error("Nothing is built");
}

/** The lines of the file that an image is built from, without the first, which is a comment. */
function linesOf(spec: ImageSpec): readonly string[] {
  const { base, steps } = built(spec);
  return buildFile([fromStep(base), ...steps]).split("\n").slice(1, -1);
}

function message(run: () => unknown): string {
  const error = assertThrows(run);
  return error instanceof Error ? error.message : String(error);
}

Deno.test("RUNTIMES have the names of the documentation", () => {
  assertEquals(
    RUNTIME_NAMES.join(" "),
    "python-minimal python-datascience python-web node-minimal node-react deno go rust",
  );
});

for (const name of RUNTIME_NAMES) {
  Deno.test(`RUNTIMES: ${name} is pinned, has a manager and finds its programs`, () => {
    const { base, manager, packages = [], env = {}, workdir } = RUNTIMES[name];
    assert(/^docker\.io\/[a-z]+\/[a-z]+:[a-z0-9.-]*[0-9]+\.[0-9]+/.test(base), base);
    assert(manager !== undefined);
    for (const each of packages) assert(/^@?[a-z0-9/-]+(==|@)[0-9.]+$/.test(each), each);
    const path = env["PATH"]?.split(":") ?? [];
    assertEquals(path.slice(-3), ["/usr/local/bin", "/usr/bin", "/bin"]);
    assertEquals(workdir, "/workspace");
    // The home directory of a command is empty, so no tool may keep anything there.
    for (const value of Object.values(env)) assert(!/\/(root|home|run)\b/.test(value), value);
    assertEquals(built({ runtime: name }).image.split(":")[0], `routebook/${name}`);
  });
}

Deno.test("resolveRuntime() takes names, data and custom runtimes", () => {
  const mine = { base: "alpine:3.22" };
  assertEquals(resolveRuntime("go"), RUNTIMES.go);
  assertEquals(resolveRuntime(mine), mine);
  assertEquals(resolveRuntime("mine", { mine }), mine);
  assertEquals(resolveRuntime("go", { go: mine }), mine);
});

Deno.test("resolveRuntime() lists what there is for a name that there is not", () => {
  for (const name of ["pyton-web", "constructor", "__proto__", ""]) {
    const error = assertThrows(
      () => resolveRuntime(name, { mine: { base: "alpine:3.22" } }),
      UnknownRuntimeError,
    );
    assertEquals([error.runtime, error.known], [name, ["mine", ...RUNTIME_NAMES]]);
    assertEquals(
      error.message,
      `There is no runtime ${JSON.stringify(name)}: there are mine, ${RUNTIME_NAMES.join(", ")}`,
    );
  }
});

const ENVIRONMENT: Readonly<Record<string, string>> = {
  ROUTEBOOK_DOCKER_REGISTRY: "hub.example.org",
  ROUTEBOOK_DOCKER_BUILD_NETWORK: "host",
  ROUTEBOOK_BASE_DENO: "tools/deno:9",
  ROUTEBOOK_RUNTIME_PYTHON_WEB: "site/web:3",
  ROUTEBOOK_BASE_MY_OWN: "site/own:1",
  ROUTEBOOK_BASE_GO: "",
};
const env = (name: string) => ENVIRONMENT[name];
const WAYS = { registry: "hub.example.org", network: "host" };

Deno.test("imageSources() completes what the file says with the environment", () => {
  assertEquals(imageSources({ image: "alpine" }, env), { image: "alpine", sources: WAYS });
  assertEquals(imageSources({ runtime: "go" }, env), { runtime: RUNTIMES.go, sources: WAYS });
  assertEquals(imageSources({ runtime: "deno", platform: "linux/arm64" }, env), {
    runtime: RUNTIMES.deno,
    platform: "linux/arm64",
    sources: { ...WAYS, base: "tools/deno:9" },
  });
  const own = { base: "alpine", manager: "apk" as const };
  assertEquals(imageSources({ runtime: "my-own" }, env, { "my-own": own }), {
    runtime: own,
    sources: { ...WAYS, base: "site/own:1" },
  });
  assertEquals(imageSources({ runtime: own }, () => undefined), { runtime: own, sources: {} });
});

Deno.test("imageSources() lets the file win", () => {
  const sources = { registry: "mine.example.org", network: "none", base: "mine:1" };
  assertEquals(imageSources({ runtime: "deno", sources }, env).sources, sources);
  assertEquals(imageSources({ runtime: "python-web", sources }, env), {
    runtime: RUNTIMES["python-web"],
    sources,
  });
});

Deno.test("imageSources() puts a ready image in the place of a runtime", () => {
  const ready = imageSources({ runtime: "python-web" }, env);
  assertEquals(ready, { image: "site/web:3", runtime: undefined, sources: WAYS });
  assertEquals(planImage(ready).type, "ready");
  const more = imageSources({ runtime: "python-web", packages: ["rich==14.0.0"] }, env);
  assertEquals(more.runtime, { base: "site/web:3", manager: "pip", workdir: "/workspace" });
  const lines = linesOf(more);
  assertEquals(lines[0], "FROM site/web:3");
  assertEquals(lines.filter((line) => line.includes("pip install")).length, 1);
});

Deno.test("runtimeVariables() names the variables of a runtime", () => {
  assertEquals(runtimeVariables("my.own-2"), {
    base: "ROUTEBOOK_BASE_MY_OWN_2",
    image: "ROUTEBOOK_RUNTIME_MY_OWN_2",
  });
});

Deno.test("planImage() names an image by what is in it", () => {
  const spec: ImageSpec = { runtime: "deno", setup: ["echo a"] };
  const { image } = planImage(spec);
  const other = (more: ImageSpec) => assertNotEquals(planImage({ ...spec, ...more }).image, image);
  const same = (more: ImageSpec) => assertEquals(planImage({ ...spec, ...more }).image, image);
  assert(/^routebook\/deno:[0-9a-f]{20}$/.test(image), image);
  same({});
  same({ sources: { registry: "hub.example.org", network: "host" } });
  same({ runtime: structuredClone(RUNTIMES.deno) });
  other({ setup: ["echo b"] });
  other({ setup: ["echo a", ""] });
  other({ packages: ["npm:zod@4"] });
  other({ platform: "linux/arm64" });
  other({ sources: { base: "deno:9" } });
  assertEquals(
    planImage({ image: "a.example.org/Tools/Go:1", setup: ["id"] }).image.split(":")[0],
    "routebook/go",
  );
});

Deno.test("planImage() gives the commands of every package manager", () => {
  const managers: readonly PackageManager[] = ["apk", "apt", "cargo", "deno", "go", "npm", "pip"];
  for (const manager of managers) {
    const lines = linesOf({ runtime: { base: "b:1", manager }, packages: ["one", "two"] });
    const install = lines.filter((line) => line.endsWith(',"install","one","two"]'));
    assertEquals(install.length, 1);
    assert(install[0]?.startsWith(`RUN ["/bin/sh","-e","-c","`));
    assert(install[0]?.includes(manager === "apt" ? "apt-get install" : `${manager} `));
  }
});

Deno.test("planImage() does what many images share first", () => {
  const titles = built({ runtime: "python-datascience", packages: ["rich"], setup: ["id"] }).steps
    .map(({ title }) => title.split(" ")[0]);
  assertEquals(titles.filter((title) => title !== "set"), [
    "take",
    "label",
    "work",
    "install",
    "setup:",
    "install",
    "setup:",
    "prepare",
  ]);
});

Deno.test("buildFile() lets nothing that is written become an instruction", () => {
  const evil = 'x"] \\\nRUN ["rm\n\rUSER 0\u2028ADD . /\u0085 \\';
  const runtime = {
    base: "b:1",
    manager: "pip" as const,
    setup: [evil, "cat <<EOF\nRUN x\nEOF"],
    env: { A: 'a "b" $HOME ${X} \\ # `', LAST: "\\" },
    workdir: '/a b/$c "d" \\',
  };
  const lines = linesOf({ runtime, packages: ['a"] RUN b'], setup: ["# escape=`"] });
  assertEquals(lines.map((line) => line.split(" ")[0]), [
    ..."FROM ENV ENV USER LABEL WORKDIR RUN RUN RUN RUN RUN".split(" "),
  ]);
  for (const line of lines) assert(/^[ -~]+$/.test(line) && !line.endsWith("\\"), line);
  const run = lines.filter((line) => line.startsWith("RUN ")).map((line) =>
    JSON.parse(line.slice(4))
  );
  assertEquals(run[0], ["/bin/sh", "-e", "-c", evil]);
  assertEquals(run[2].slice(-1), ['a"] RUN b']);
  assertEquals(lines.slice(1, 3), [
    'ENV A="a \\"b\\" \\$HOME \\${X} \\\\ # `"',
    'ENV LAST="\\\\"',
  ]);
});

Deno.test("planImage() refuses what cannot be built", () => {
  const plan = (spec: ImageSpec) => message(() => planImage(spec));
  assertEquals(plan({}), "A sandbox needs an image or a runtime");
  assertEquals(
    plan({ image: "a", runtime: "go" }),
    "A sandbox has an image or a runtime, not both",
  );
  assertEquals(plan({ image: "a\nRUN b" }), '"a\\nRUN b" is not the name of an image');
  assertEquals(plan({ image: "a AS b" }), '"a AS b" is not the name of an image');
  assertEquals(plan({ image: "$a" }), '"$a" is not the name of an image');
  assertEquals(
    plan({ image: "alpine:3", packages: ["git"] }),
    'Nobody installs packages into image "alpine:3": define a runtime with it as "base" and a "manager"',
  );
  assertEquals(
    plan({ runtime: { base: "b:1" }, packages: ["git"] }),
    'Nobody installs "git": packages need a runtime with a "manager"',
  );
  for (const name of ["--pre", "", " git", "a\nb", "a\0"]) {
    const wrong = plan({ runtime: "go", packages: [name] });
    assertEquals(wrong, `${JSON.stringify(name)} is not the name of a package`);
  }
  const runtime = (more: object) => plan({ runtime: { base: "b:1", ...more } });
  assertEquals(runtime({ env: { "A B": "" } }), '"A B" is not the name of a variable');
  assertEquals(
    runtime({ env: { A: "a\nb" } }),
    'Variable "A" of a runtime has a line break or control character',
  );
  for (const workdir of ["work", "/", "/a/../b", "/a\nb"]) {
    const wrong = `${JSON.stringify(workdir)} cannot be the directory of the work`;
    assertEquals(runtime({ workdir }), wrong);
  }
  assertEquals(
    runtime({ setup: ["a\0b"] }),
    'Setup command "a\\u0000b" has a NUL character in it',
  );
  assertThrows(
    () => planImage({ runtime: "go", setup: ["x".repeat(70_000)] }),
    RangeError,
    "too long",
  );
  const sources = (more: object) => plan({ runtime: "go", sources: more });
  assertEquals(
    sources({ registry: "https://hub.example.org" }),
    '"https://hub.example.org" is not a registry: write it like "registry.example.org/hub"',
  );
  assertEquals(sources({ network: "a b" }), '"a b" is not the name of a network');
  assertEquals(
    plan({ image: "a", platform: "arm" }),
    '"arm" is not a platform: write it like "linux/amd64"',
  );
  assertEquals(
    plan({ image: "a", sources: { base: "b" } }),
    "Another base is for a runtime: an image has none",
  );
});

Deno.test("mirrored() names what comes from Docker Hub, and nothing else, at a registry", () => {
  const at = (name: string) => mirrored(name, "hub.example.org/mirror/");
  assertEquals(at("alpine:3"), "hub.example.org/mirror/library/alpine:3");
  assertEquals(at("docker.io/library/alpine"), "hub.example.org/mirror/library/alpine");
  assertEquals(at("docker.io/alpine"), "hub.example.org/mirror/library/alpine");
  assertEquals(at("denoland/deno:2"), "hub.example.org/mirror/denoland/deno:2");
  for (const name of ["ghcr.io/a/b", "localhost/a", "127.0.0.1:5000/a"]) {
    assertEquals(at(name), name);
  }
  assertEquals(mirrored("alpine", undefined), "alpine");
});

Deno.test("splitImageName() takes ports, tags and digests apart", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const split = (name: string) => Object.values(splitImageName(name));
  assertEquals(split("alpine"), ["alpine", "latest"]);
  assertEquals(split("a.example.org:5000/b"), ["a.example.org:5000/b", "latest"]);
  assertEquals(split("a.example.org:5000/b:3.2"), ["a.example.org:5000/b", "3.2"]);
  assertEquals(split(`a:5000/b@${digest}`), ["a:5000/b", digest]);
  assertEquals(split(`a:5000/b:3@${digest}`), ["a:5000/b", digest]);
});

Deno.test("RUNTIMES keep what tools make where everybody may write", () => {
  const lines = linesOf({ runtime: "go" });
  assert(lines.at(-1)?.includes(`find ${CACHE_DIRECTORY} ! -type l ! -perm -006`));
});
