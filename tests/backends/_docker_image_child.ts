/**
 * Makes an image ready, as another run does at the same time.
 *
 * @module
 */

import { openEngine } from "../../backends/docker/engine.ts";
import { ensureImage } from "../../backends/docker/images.ts";

const [path = "", spec = ""] = Deno.args;
const engine = await openEngine({ type: "unix", path });
console.log(await ensureImage(engine, JSON.parse(spec)));
