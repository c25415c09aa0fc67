/**
 * A world with a container in it: a directory that its commands may change, one that they may read, and
 * an outside, with a canary, that nothing in the container may reach.
 *
 * @module
 */

import type { DockerSandbox, DockerSandboxOptions } from "../../backends/docker/sandbox.ts";
import { boxOf } from "../backends/_docker_subject.ts";
import type { TestEngine } from "../support/engine.ts";
import { World } from "./_world.ts";

/** A container and what is around it. */
export class ContainerWorld implements AsyncDisposable {
  readonly world: World;
  /** Has `ws/project` at `/project/` and, to be read, `ws/src` at `/src/`. */
  readonly box: DockerSandbox;

  private constructor(world: World, box: DockerSandbox) {
    this.world = world;
    this.box = box;
  }

  /**
   * Starts one.
   *
   * @param engine The engine.
   * @param options What else the container is.
   * @returns It, with what goes when it is disposed of.
   */
  static async start(
    engine: TestEngine,
    options: Omit<DockerSandboxOptions, "engine"> = {},
  ): Promise<ContainerWorld> {
    const world = await World.make();
    await world.file("ws/project/main.py");
    await world.file("ws/src/main.py");
    // Whoever the commands are, no owner is what keeps them out.
    for (const name of ["project", "src"]) await Deno.chmod(world.at(`ws/${name}`), 0o777);
    await Deno.chmod(world.at("ws/src/main.py"), 0o666);
    const box = boxOf(engine, {
      mounts: [
        { prefix: "/project/", directory: world.at("ws/project"), access: "read-write" },
        { prefix: "/src/", directory: world.at("ws/src"), access: "read" },
      ],
      ...options,
    });
    const started = new ContainerWorld(world, box);
    try {
      await box.start();
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
    return started;
  }

  /** Runs a command, and gives what it printed to its standard output. */
  async run(command: string): Promise<string> {
    return (await this.box.execute(command, { timeout: 60_000 })).stdout.text;
  }

  /** Removes the container and the directories. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.box.dispose();
    await this.world[Symbol.asyncDispose]();
  }
}
