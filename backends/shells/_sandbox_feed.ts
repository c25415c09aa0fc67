/**
 * Hands a program its input.
 *
 * @module
 */

/**
 * Writes all of it, and closes the input.
 *
 * @param stream The program's input.
 * @param bytes What it is given.
 */
export async function feed(stream: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch (error) {
    // It ended without reading everything: what it says, or its exit code, tells why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
