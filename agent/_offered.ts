/**
 * Which tools the model is offered: none of which no call could ever be allowed.
 *
 * @module
 */

import type { Policy } from "../backends/policy.ts";
import type { StartRoute } from "./process.ts";
import type { Tool } from "./tool.ts";

/** What each tool needs to be of any use; those that are not here need nothing. */
const NEEDS: ReadonlyMap<string, "read" | "write" | "execute"> = new Map([
  ...["ls", "read_file", "glob", "grep"].map((name) => [name, "read"] as const),
  ...["write_file", "edit_file", "delete_file", "move_file"].map((name) =>
    [name, "write"] as const
  ),
  ["execute", "execute"],
]);

/**
 * The tools of which some call could be allowed, or asked for.
 *
 * @param tools The tools that there are.
 * @param policies The rules: what one of them rules out is ruled out.
 * @param routes The routes of the tree.
 * @returns Those that the model is offered, in the same order.
 */
export function offeredTools(
  tools: readonly Tool[],
  policies: readonly Policy[],
  routes: readonly Pick<StartRoute, "prefix" | "access">[],
): readonly Tool[] {
  const canBe = (verb: "read" | "write" | "execute", directory?: string) =>
    policies.every((policy) => policy.couldEver(verb, directory));
  const writable = routes.some(({ prefix, access }) =>
    access === "read-write" && canBe("write", prefix === "/" ? "/" : prefix.slice(0, -1))
  );
  const useful = { read: canBe("read"), write: writable, execute: canBe("execute") };
  return tools.filter(({ name }) => {
    const verb = NEEDS.get(name);
    return verb === undefined || useful[verb];
  });
}
