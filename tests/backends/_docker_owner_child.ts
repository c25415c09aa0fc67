/**
 * A program that has a container until it is killed: it prints the container's id, and waits.
 *
 * @module
 */

import { DockerSandbox } from "../../backends/docker/sandbox.ts";

const [path = "", image = "", purpose, name] = Deno.args;
const box = new DockerSandbox({ engine: { type: "unix", path }, image, purpose, name });
await box.write("/out/kept", "kept");
void box.execute("setsid sleep 1000 & sleep 1000", {
  onOutput: () => {},
  timeout: 3_000_000,
});
console.log(box.id);
await new Promise((resolve) => setTimeout(resolve, 3_000_000));
