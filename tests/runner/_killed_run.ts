/**
 * The command line, which ends by SIGKILL right after the journal has taken down a certain event, or
 * right before or after it has kept a checkpoint.
 *
 * @module
 */

import { main } from "../../runner/cli.ts";
import { Journal } from "../../runner/journal.ts";

const [moment = "", ...args] = Deno.args;

function die(): void {
  Deno.kill(Deno.pid, "SIGKILL");
}

const { append, keep } = Journal.prototype;
Journal.prototype.append = function (event) {
  append.call(this, event);
  if (event.type === moment) die();
};
Journal.prototype.keep = function (...checkpoint) {
  if (moment === "before keep") die();
  keep.call(this, ...checkpoint);
  if (moment === "after keep") die();
};
Deno.exit(await main(["run", ...args]));
