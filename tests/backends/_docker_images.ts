/**
 * What tests need to build images in an engine and to leave none there.
 *
 * @module
 */

import { type Engine, openEngine } from "../../backends/docker/engine.ts";
import { IMAGE_LABEL, type ImageSpec } from "../../backends/docker/image_plan.ts";
import { ensureImage, type EnsureImageOptions } from "../../backends/docker/images.ts";
import { callEngine, type TestEngine } from "../support/engine.ts";

/** Images of one test: all of them have a word in their history, by which they are found. */
export class TestImages implements AsyncDisposable {
  /** The word. */
  readonly word = `test-${crypto.randomUUID()}`;
  readonly engine: TestEngine;
  readonly client: Engine;

  constructor(engine: TestEngine, client: Engine) {
    this.engine = engine;
    this.client = client;
  }

  /** Begins with no image. */
  static async of(engine: TestEngine): Promise<TestImages> {
    return new TestImages(engine, await openEngine(engine.address));
  }

  /** What an image is made from that has these setup commands. */
  spec(...setup: readonly string[]): ImageSpec {
    return { runtime: { base: this.engine.image, env: { TEST: this.word } }, setup };
  }

  /** Makes an image ready; the lines are what a person sees of it. */
  async ensure(spec: ImageSpec, options: EnsureImageOptions = {}) {
    const lines: string[] = [];
    const onProgress = (line: string) => {
      lines.push(line);
      options.onProgress?.(line);
    };
    const image = await ensureImage(this.client, spec, { ...options, onProgress });
    return { image, lines };
  }

  /** Asks the engine, which has to answer with data. */
  async get(path: string): Promise<unknown> {
    const { status, body } = await callEngine(this.engine, "GET", path);
    if (status !== 200) throw new Error(`The engine answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** The engine's own names of all images that have the word, those without a tag included. */
  async list(): Promise<readonly string[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [`${IMAGE_LABEL}=1`] }));
    const images = await this.get(`/images/json?all=true&filters=${filters}`);
    const found: string[] = [];
    for (const { Id } of images as readonly { readonly Id: string }[]) {
      const { body } = await callEngine(this.engine, "GET", `/images/${Id}/history`);
      if (JSON.stringify(body).includes(this.word)) found.push(Id);
    }
    return found.sort();
  }

  /** What a script prints in a container of an image. */
  async run(image: string, script: string, user = "1000:1000"): Promise<string> {
    const { body } = await callEngine(this.engine, "POST", "/containers/create", {
      Image: image,
      Entrypoint: ["/bin/sh", "-c", script],
      User: user,
      Tty: true,
      NetworkDisabled: true,
      HostConfig: { NetworkMode: "none" },
    });
    const { Id: id } = body as { readonly Id: string };
    try {
      await callEngine(this.engine, "POST", `/containers/${id}/start`);
      await callEngine(this.engine, "POST", `/containers/${id}/wait`);
      const { body } = await callEngine(this.engine, "GET", `/containers/${id}/logs?stdout=true`);
      return String(body).replaceAll("\r", "");
    } finally {
      await callEngine(this.engine, "DELETE", `/containers/${id}?force=true`);
    }
  }

  /** Removes the images. */
  async [Symbol.asyncDispose](): Promise<void> {
    // What others are made from goes with the last of them.
    for (const id of await this.list()) {
      await callEngine(this.engine, "DELETE", `/images/${id}?force=true`);
    }
  }
}
