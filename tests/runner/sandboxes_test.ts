import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { LABELS } from "../../backends/docker/labels.ts";
import { cli } from "../support/cli.ts";
import { callEngine, DOCKER, PODMAN, type TestEngine, testOn } from "../support/engine.ts";

/** Containers as runs leave them, and a directory to ask from. */
class Left implements AsyncDisposable {
  readonly engine: TestEngine;
  readonly ids: string[] = [];
  readonly #cwd: string;

  private constructor(engine: TestEngine, cwd: string) {
    this.engine = engine;
    this.#cwd = cwd;
  }

  static async make(engine: TestEngine): Promise<Left> {
    return new Left(engine, await Deno.makeTempDir({ prefix: "routebook-left-" }));
  }

  /** Makes one that sleeps, or one that has ended. */
  async add(script: string, labels: Readonly<Record<string, string>>): Promise<string> {
    const { engine } = this;
    const made = await callEngine(engine, "POST", "/containers/create", {
      Image: engine.image,
      Entrypoint: ["/bin/sh"],
      Cmd: ["-c", script],
      Labels: { [LABELS.sandbox]: "1", ...labels },
      HostConfig: { NetworkMode: "none" },
    });
    const id = made.body !== null && typeof made.body === "object" && "Id" in made.body
      ? String(made.body.Id)
      : "";
    assert(id !== "", JSON.stringify(made));
    this.ids.push(id);
    await callEngine(engine, "POST", `/containers/${id}/start`);
    if (script === "exit 0") await callEngine(engine, "POST", `/containers/${id}/wait`);
    return id;
  }

  /** `deno task sandboxes ARGS`. */
  async ask(...args: readonly string[]) {
    return await cli("sandboxes", args, {
      cwd: this.#cwd,
      env: { DOCKER_HOST: this.engine.host },
    });
  }

  /** Those of ours that are there, by their ids. */
  async listed(): Promise<readonly { readonly id: string; readonly state: string }[]> {
    const { stdout, stderr, code } = await this.ask("--json");
    assertEquals([code, stderr], [0, ""]);
    const all = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    return all.filter(({ id }: { id: string }) => this.ids.includes(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.ids) {
      await callEngine(this.engine, "DELETE", `/containers/${id}?force=true&v=true`);
    }
    await Deno.remove(this.#cwd, { recursive: true });
  }
}

for (const [name, engine] of [["Docker", DOCKER], ["Podman", PODMAN]] as const) {
  testOn(engine, `sandboxes lists what ${name} has, and removes what is named`, async (engine) => {
    await using left = await Left.make(engine);
    const keptAs = `kept-${crypto.randomUUID().slice(0, 8)}`;
    const purpose = `purpose-${crypto.randomUUID().slice(0, 8)}`;
    const running = await left.add("sleep 600", { [LABELS.purpose]: purpose });
    const kept = await left.add("exit 0", { [LABELS.keep]: keptAs });
    const { stdout, code } = await left.ask();
    assertEquals(code, 0);
    assertMatch(stdout, /^ {2}SANDBOX +STATE +IMAGE +WORKFLOW +AGE\n/);
    assertMatch(stdout, new RegExp(`\n  ${running.slice(0, 12)} +running +\\S+ +${purpose} +\\d`));
    assertMatch(stdout, new RegExp(`\n  ${keptAs} +stopped, kept +`));
    assertEquals(
      new Map((await left.listed()).map(({ id, state }) => [id, state])),
      new Map([[running, "running"], [kept, "stopped"]]),
    );
    const unknown = await left.ask("--remove", keptAs, "nothing");
    assertEquals([unknown.code, unknown.stdout], [2, ""]);
    assertStringIncludes(unknown.stderr, "error[sandboxes]: There is no sandbox 'nothing'\n");
    assertEquals((await left.listed()).length, 2);
    const removed = await left.ask("--remove", keptAs, running.slice(0, 8));
    assertEquals(removed, {
      code: 0,
      stdout: `Removed ${keptAs}\nRemoved ${running.slice(0, 12)}\n`,
      stderr: "",
    });
    assertEquals(await left.listed(), []);
  });

  testOn(engine, `sandboxes tells what ${name} has that nobody owns any more`, async (engine) => {
    await using left = await Left.make(engine);
    const id = await left.add("exit 0", {});
    // Another run may have removed it meanwhile, as it should.
    const [only] = await left.listed();
    assertEquals(only?.state ?? "orphaned", "orphaned");
    if (only === undefined) return;
    assertStringIncludes((await left.ask()).stdout, "orphaned: a later run removes it");
    assertEquals((await left.ask("--remove", id)).code, 0);
  });
}

Deno.test("sandboxes says where it looked for an engine, and what it does not understand", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const socket = `${directory}/none.sock`;
    const ask = async (...args: readonly string[]) =>
      await cli("sandboxes", args, { cwd: directory, env: { DOCKER_HOST: `unix://${socket}` } });
    const none = await ask();
    assertEquals([none.code, none.stdout], [1, ""]);
    assertStringIncludes(
      none.stderr,
      "error[sandboxes]: No engine for containers was found. Tried ",
    );
    assertStringIncludes(none.stderr, socket);
    assertStringIncludes(none.stderr, "= hint: ");
    for (
      const [args, message] of [
        [["--all"], "to remove some, write --remove NAME"],
        [["box"], "to remove some, write --remove NAME"],
        [["--remove"], "'--remove' takes the names of sandboxes, or '--all' in their place"],
        [["--remove", "--all", "box"], "'--remove' takes the names of sandboxes"],
        [["--model", "x"], "'sandboxes' has no option '--model'"],
      ] as const
    ) {
      const { code, stderr } = await ask(...args);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, message);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
