/**
 * Looks for an engine without the permission to connect to one.
 *
 * @module
 */

import { findEngine } from "../../backends/docker/find_engine.ts";

try {
  await findEngine({ env: () => undefined, sockets: Deno.args });
} catch (error) {
  console.log(String(error));
}
