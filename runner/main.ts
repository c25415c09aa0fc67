/**
 * The command line: `deno task run FILE`, `plan FILE`, `check FILE...`.
 *
 * @module
 */

import { main } from "./cli.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
