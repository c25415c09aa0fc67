/**
 * Starting a program with more than the three usual descriptors, which `Deno.Command` cannot.
 *
 * @module
 */

/** A program that was started. */
export interface SpawnedProcess {
  readonly pid: number;
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** How it ended. */
  readonly status: Promise<{ readonly code: number; readonly signal: string | null }>;
  /** Gives it the whole of its input; what it does not read is lost. */
  write(text: string): void;
  /** Kills it, if it has not ended. */
  kill(): void;
}

/**
 * Starts a program with no variables.
 *
 * @param program Its absolute path.
 * @param args Its arguments.
 * @param attachments What it reads from its descriptors 3 and following.
 * @returns The program, started.
 * @throws {Error} If it cannot be started.
 */
export async function spawn(
  program: string,
  args: readonly string[],
  attachments: readonly Uint8Array[],
): Promise<SpawnedProcess> {
  // Loaded with the first command: whoever runs none need not wait for it.
  const { spawn } = await import("node:child_process");
  const child = spawn(program, args, {
    env: {},
    stdio: ["pipe", "pipe", "pipe", ...attachments.map((): "pipe" => "pipe")],
  });
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined || stdin === null || stdout === null || stderr === null) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    child.once("error", resolve);
    throw new Error(`Cannot start '${program}'`, { cause: await promise });
  }
  const status = Promise.withResolvers<{ code: number; signal: string | null }>();
  child.once("exit", (code, signal) => status.resolve({ code: code ?? 0, signal }));
  child.once("error", status.reject);
  // A program that ends early closes what it has not read: its exit code tells why.
  stdin.on("error", () => {});
  for (const [index, bytes] of attachments.entries()) {
    const stream = child.stdio[index + 3];
    if (stream === null || stream === undefined || !("end" in stream)) {
      throw new TypeError(`There is no descriptor ${index + 3} of '${program}' to write to`);
    }
    stream.on("error", () => {});
    stream.end(bytes);
  }
  return {
    pid,
    stdout,
    stderr,
    status: status.promise,
    write: (text) => void stdin.end(text),
    kill: () => void child.kill("SIGKILL"),
  };
}
