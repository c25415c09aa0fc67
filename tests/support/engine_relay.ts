/**
 * An engine that does not always do what it is told: a socket before a real one.
 *
 * @module
 */

import { connect, createServer, type Socket } from "node:net";
import { join } from "@std/path";
import type { TestEngine } from "./engine.ts";

/** What becomes of something that is sent to the engine: it gets it, never does, or others answer. */
export type Fate = "passed" | "lost" | { readonly answer: string };

/** A socket before an engine's. */
export class EngineRelay implements AsyncDisposable {
  /** Where it is. */
  readonly address: { readonly type: "unix"; readonly path: string };
  readonly #directory = Deno.makeTempDirSync();
  readonly #sockets = new Set<Socket>();
  readonly #server;

  /**
   * @param engine The engine.
   * @param fateOf Told of everything that is sent to it.
   */
  constructor(engine: TestEngine, fateOf: (sent: string) => Fate) {
    this.address = { type: "unix", path: join(this.#directory, "engine.sock") };
    this.#server = createServer((client) => {
      const upstream = connect(engine.address.path);
      for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
        this.#sockets.add(from);
        from.on("end", () => to.end());
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
      }
      client.on("data", (bytes) => {
        const fate = fateOf(bytes.toString("latin1"));
        if (fate === "passed") upstream.write(bytes);
        else if (fate !== "lost") client.end(fate.answer);
      });
      upstream.on("data", (bytes) => client.write(bytes));
    });
  }

  /** Begins to listen. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.address.path, resolve));
  }

  /** Ends every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await Deno.remove(this.#directory, { recursive: true });
  }
}
