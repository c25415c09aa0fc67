/**
 * What a container costs: files and commands of a sandbox, side by side with an exec of the engine for
 * each of them, by its command line and by its API.
 *
 * ```sh
 * DOCKER_HOST=unix:///var/run/docker.sock deno run -A bench/docker.ts IMAGE
 * ```
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { findEngine } from "../backends/docker/find_engine.ts";
import { DockerSandbox } from "../backends/docker/sandbox.ts";
import { openEngine } from "../backends/docker/engine.ts";

const ROUNDS = 60;
const [image = "busybox"] = Deno.args;
const address = await findEngine({ env: (name) => Deno.env.get(name) });
const engine = await openEngine(address);
await using box = new DockerSandbox({ engine: address, image });

const begun = performance.now();
await box.start();
console.log(`start of a container, its image there  ${(performance.now() - begun).toFixed(0)} ms`);

const text = "0123456789abcdef".repeat(128);
await box.write("/bench/file", text);
await box.execute("mkdir /bench/many; for i in $(seq 1 1000); do : > /bench/many/$i; done");
const id = box.id ?? "";

/** Milliseconds of the middle one of many rounds, and of those that take longest. */
async function measure(
  name: string,
  run: () => Promise<unknown>,
  rounds = ROUNDS,
): Promise<number> {
  await run();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(rounds / 2)] ?? NaN;
  const late = times[Math.floor(rounds * 0.95)] ?? NaN;
  console.log(`${name.padEnd(38)} ${median.toFixed(2)} ms, 95% ${late.toFixed(2)} ms`);
  return median;
}

/** One exec of the engine's API and nothing else: made, run to its end, asked for its code. */
async function bareExec(): Promise<void> {
  const container = engine.getContainer(id);
  const exec = await container.exec({
    Cmd: ["true"],
    User: "1000:1000",
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  await new Promise((resolve) => {
    stream.on("end", resolve);
    stream.on("data", (piece: Buffer) => void piece);
  });
  await exec.inspect();
}

/** The same by the command line, where it is installed. */
async function byCommandLine(...words: readonly string[]): Promise<void> {
  const command = new Deno.Command("docker", {
    args: ["exec", "-u", "1000:1000", "-i", id, ...words],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  await command.output();
}

await measure("read of 2 KB", () => box.read("/bench/file"));
await measure("write of 2 KB", () => box.write("/bench/file", text));
await measure("stat", () => box.stat("/bench/file"));
await measure("edit", () => box.edit("/bench/file", { oldText: text, newText: text }));
await measure("ls of 1,000 files", () => box.ls("/bench/many"));
await measure("glob over 1,000 files", () => box.glob("/bench/many/**"));
const command = await measure("a command", () => box.execute("true"));
const bare = await measure("a bare exec of the API", bareExec);
console.log(`a command / a bare exec                ${(command / bare).toFixed(2)}`);
try {
  await measure("docker exec cat", () => byCommandLine("cat", "/bench/file"), 20);
  await measure("docker exec ls", () => byCommandLine("ls", "/bench/many"), 20);
  await measure("docker exec true", () => byCommandLine("true"), 20);
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  console.log("docker exec: its command line is not installed");
}
