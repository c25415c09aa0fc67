/**
 * A program that has a container of a runtime, found as its environment says: its arguments are a command and what the container is for.
 *
 * @module
 */

import { DockerSandbox } from "../../mod.ts";

const [command = "true", purpose] = Deno.args;
await using box = new DockerSandbox({ runtime: "python-minimal", purpose });
const { stdout } = await box.execute(command);
await Deno.stdout.write(new TextEncoder().encode(stdout.text));
