/**
 * A program that has a container of a runtime, found as its environment says: its argument is a command.
 *
 * @module
 */

import { DockerSandbox } from "../../mod.ts";

await using box = new DockerSandbox({ runtime: "python-minimal" });
const { stdout } = await box.execute(Deno.args[0] ?? "true");
await Deno.stdout.write(new TextEncoder().encode(stdout.text));
