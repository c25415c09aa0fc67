import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { findBubblewrap } from "../../runner/_bubblewrap_namespace.ts";
import { compileWorkflow } from "../../runner/compile.ts";
import { cacheDirectory } from "../../runner/_host_paths.ts";
import { runPlan } from "../../runner/supervise.ts";
import { cli, Clone, PROJECT } from "../support/cli.ts";

const PROGRAM = findBubblewrap();
const ignore = PROGRAM === undefined;
const WHERE_INSTALLED = ignore ? " (ignored: bubblewrap is not installed)" : "";

/** A machine that has something else in bubblewrap's place; bubblewrap itself makes it. */
function machineWith(other: string): readonly string[] {
  const program = PROGRAM ?? "";
  return [program, "--dev-bind", "/", "/", "--ro-bind", other, program, "--"];
}

/** A machine that has no bubblewrap: there is nothing that could be run at its place. */
const WITHOUT = machineWith("/dev/null");

Deno.test({
  name: `a run without bubblewrap does its work under Deno's flags and says so${WHERE_INSTALLED}`,
  ignore,
  async fn() {
    await using clone = await Clone.make();
    const options = { cwd: clone.directory, through: WITHOUT };
    const reason = "Bubblewrap is not installed: install the package 'bubblewrap'";
    const run = await cli("run", ["workflows/triage.yaml"], options);
    assertEquals(run.code, 0, run.stderr);
    assertStringIncludes(
      run.stderr,
      `Confined by Deno's flags and the path guard alone: ${reason}`,
    );
    assertEquals(
      Object.keys(await clone.files()).includes("workspace/reports/2026-11-21.md"),
      true,
    );
    const plan = await cli("plan", ["workflows/triage.yaml", "--json"], options);
    assertEquals(plan.code, 0, plan.stderr);
    assertEquals(JSON.parse(plan.stdout).confinement, { type: "flags", reason });
  },
});

Deno.test({
  name: `a plan and a run inside bubblewrap say so${WHERE_INSTALLED}`,
  ignore,
  async fn() {
    await using clone = await Clone.make();
    const options = { cwd: clone.directory };
    // Its grep takes a regular expression: the package for it is in the namespace too.
    const run = await cli("run", ["workflows/triage.yaml"], options);
    assertEquals(run.code, 0, run.stderr);
    assertStringIncludes(run.stderr, "Confined by bubblewrap");
    assertEquals(
      Object.keys(await clone.files()).includes("workspace/reports/2026-11-21.md"),
      true,
    );
    const plan = await cli("plan", ["workflows/triage.yaml", "--json"], options);
    const { confinement, processes } = JSON.parse(plan.stdout);
    assertEquals(confinement, { type: "bubblewrap" });
    assertEquals(processes.at(-1).command[0], PROGRAM);
  },
});

Deno.test({
  name: `a run leaves the code of its confined host in Deno's cache${WHERE_INSTALLED}`,
  ignore,
  async fn() {
    await using clone = await Clone.make();
    const cache = join(clone.directory, "cache");
    await Deno.mkdir(cache);
    await Deno.symlink(join(cacheDirectory() ?? "", "npm"), join(cache, "npm"));
    const { code, stderr } = await cli("run", ["workflows/flask.yaml"], {
      cwd: clone.directory,
      env: { DENO_DIR: cache },
    });
    assertEquals(code, 0, stderr);
    for (const name of ["runner/host.ts", "backends/local.ts", "backends/_local_write.ts"]) {
      const { isFile } = await Deno.stat(join(cache, "gen/file", PROJECT, `${name}.js`));
      assertEquals(isFile, true, name);
    }
  },
});

Deno.test({
  name: `a run where bubblewrap fails tells what it says${WHERE_INSTALLED}`,
  ignore,
  async fn() {
    await using clone = await Clone.make();
    const program = join(clone.directory, "workflows/bwrap");
    await Deno.writeTextFile(program, "#!/bin/sh\necho 'bwrap: No such luck' >&2; exit 1\n", {
      mode: 0o755,
    });
    const { code, stderr } = await cli("run", ["workflows/triage.yaml"], {
      cwd: clone.directory,
      through: machineWith(program),
    });
    assertEquals(code, 0, stderr);
    assertMatch(
      stderr,
      /Confined by Deno's flags .*no namespace on this machine: bwrap: No such luck/,
    );
  },
});

const NEEDS_IT: Readonly<Record<string, string>> = {
  "a sandbox shell": "shell: sandbox",
  "permissions: { require: sandbox }": "permissions: { require: sandbox }",
};

for (const [what, line] of Object.entries(NEEDS_IT)) {
  Deno.test({
    name: `${what} is refused without bubblewrap, before anything is done${WHERE_INSTALLED}`,
    ignore,
    async fn() {
      await using clone = await Clone.make();
      const flask = join(clone.directory, "workflows/flask.yaml");
      const text = await Deno.readTextFile(flask);
      await Deno.writeTextFile(flask, text.replace("name: flask\n", `name: flask\n${line}\n`));
      const { code, stdout, stderr } = await cli("run", ["workflows/flask.yaml"], {
        cwd: clone.directory,
        through: WITHOUT,
      });
      assertEquals([code, stdout], [2, ""], stderr);
      assertStringIncludes(stderr, "error[no-sandbox]");
      assertStringIncludes(stderr, "Bubblewrap is not installed");
      assertEquals(await clone.files(), {});
    },
  });
}

Deno.test({
  name: `a run whose host bubblewrap cannot start tells what bubblewrap says${WHERE_INSTALLED}`,
  ignore,
  async fn() {
    await using clone = await Clone.make();
    const logs = join(clone.directory, "workflows/samples/logs");
    const file = join(clone.directory, "workflows/triage.yaml");
    const { plan } = await compileWorkflow(file, { cwd: clone.directory, mode: "rehearse" });
    if (plan === undefined) throw new Error("triage.yaml does not compile");
    await Deno.remove(logs, { recursive: true });
    const { outcome, error } = await runPlan(plan, { sinks: [], runId: "test" });
    assertEquals([outcome, error], [
      "failure",
      "The host process ended unexpectedly (exit code 1): " +
      `bwrap: Can't find source path ${logs}: No such file or directory`,
    ]);
  },
});
