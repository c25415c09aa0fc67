/**
 * Boxes of real engines, for the tests.
 *
 * @module
 */

import { DockerSandbox, type DockerSandboxOptions } from "../../backends/docker/sandbox.ts";
import {
  DOCKER,
  type NoEngine,
  PODMAN,
  requireEngine,
  type TestEngine,
} from "../support/engine.ts";

/** The engines, by the name that tests have for a sandbox of theirs. */
export const ENGINES: Readonly<Record<string, TestEngine | NoEngine>> = {
  DockerSandbox: DOCKER,
  "DockerSandbox(podman)": PODMAN,
};

/** A box of an engine, of busybox unless said otherwise. */
export function boxOf(
  engine: TestEngine | NoEngine,
  options: Omit<DockerSandboxOptions, "engine"> = {},
): DockerSandbox {
  const { address, image } = requireEngine(engine);
  const made = options.runtime === undefined ? { image } : {};
  return new DockerSandbox({ engine: address, ...made, ...options });
}

/** A box that all tests of a file share: its start is not what is tested. */
export class SharedBox {
  #box: DockerSandbox | undefined;

  constructor(engine: TestEngine | NoEngine, options: Omit<DockerSandboxOptions, "engine"> = {}) {
    if ("ignore" in engine) return;
    Deno.test.beforeAll(async () => {
      this.#box = boxOf(engine, options);
      await this.#box.start();
    });
    Deno.test.afterAll(async () => await this.#box?.dispose());
  }

  /** The box, started. */
  get box(): DockerSandbox {
    if (this.#box === undefined) throw new TypeError("The box is not started");
    return this.#box;
  }
}
