/**
 * Images that tests make of the one that they have.
 *
 * @module
 */

import { callEngine, type TestEngine } from "../support/engine.ts";

/** An image that is gone after the test. */
export interface MadeImage extends AsyncDisposable {
  readonly image: string;
}

/**
 * Makes an image.
 *
 * @param engine Where.
 * @param script What is done to the image of the engine, as root.
 * @param env Variables that it sets.
 */
export async function makeImage(
  engine: TestEngine,
  script: string,
  env: readonly string[] = [],
): Promise<MadeImage> {
  const { body } = await callEngine(engine, "POST", "/containers/create", {
    Image: engine.image,
    Entrypoint: ["/bin/sh"],
    Cmd: ["-c", script],
    HostConfig: { NetworkMode: "none" },
  });
  const { Id } = body as { readonly Id: string };
  const [repo, tag] = ["routebook-test-made", crypto.randomUUID().slice(0, 8)];
  const image = `${repo}:${tag}`;
  try {
    await callEngine(engine, "POST", `/containers/${Id}/start`);
    const ended = await callEngine(engine, "POST", `/containers/${Id}/wait`);
    const changes = env.map((variable) => `&changes=${encodeURIComponent(`ENV ${variable}`)}`);
    const path = `/commit?container=${Id}&repo=${repo}&tag=${tag}${changes.join("")}`;
    const { status, body } = await callEngine(engine, "POST", path, {});
    if (status !== 201) {
      throw new Error(`No image of ${JSON.stringify(ended.body)}: ${JSON.stringify(body)}`);
    }
  } finally {
    await callEngine(engine, "DELETE", `/containers/${Id}?force=true&v=true`);
  }
  return {
    image,
    [Symbol.asyncDispose]: async () => {
      await callEngine(engine, "DELETE", `/images/${image}?force=true`);
    },
  };
}
