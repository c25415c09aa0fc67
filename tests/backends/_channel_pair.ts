/**
 * Two ends of one channel in one process.
 *
 * @module
 */

import { Channel, type ChannelOptions } from "../../backends/channel.ts";

/** Both ends; closing one closes the other. */
export interface ChannelPair {
  readonly client: Channel;
  readonly server: Channel;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Connects two channels. */
export function channelPair(options: ChannelOptions = {}): ChannelPair {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  const client = new Channel({ readable: back.readable, writable: there.writable }, options);
  const server = new Channel({ readable: there.readable, writable: back.writable }, options);
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

/** A channel that hears exactly these chunks, and what it says in return. */
export function scriptedChannel(
  chunks: readonly Uint8Array[],
): { channel: Channel; written: Uint8Array[] } {
  const written: Uint8Array[] = [];
  const readable = ReadableStream.from(chunks);
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => {
      written.push(chunk);
    },
  });
  return { channel: new Channel({ readable, writable }), written };
}
