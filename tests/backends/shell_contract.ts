/**
 * What every shell must do, case by case: `virtual`, `sandbox` and `docker` pass the same suite.
 *
 * @module
 */

import { type ShellCase, type ShellSubject, type ShellTraits, ShellTree } from "./_shell_case.ts";
import { BATTERY_CASES } from "./shell_contract_battery.ts";
import { COMMAND_CASES } from "./shell_contract_commands.ts";
import { FILE_CASES } from "./shell_contract_files.ts";
import { LIMIT_CASES } from "./shell_contract_limits.ts";

export type { ShellSubject, ShellTraits };

/** All cases. */
export const SHELL_CASES: readonly ShellCase[] = [
  ...COMMAND_CASES,
  ...FILE_CASES,
  ...LIMIT_CASES,
  ...BATTERY_CASES,
];

/** Options of {@linkcode testShell}. */
export interface TestShellOptions {
  /** Why nothing can be tested here; all tests are then ignored and say so. */
  readonly ignore?: string | undefined;
}

/**
 * Registers one test for each case of the contract.
 *
 * @param name What is tested, such as `VirtualShell`: the tests are called `name.execute() does …`.
 * @param make Makes a new shell with a new tree for each case: see {@linkcode ShellSubject}.
 * @param traits In what it may differ from others.
 * @param options Whether it can be tested here.
 */
export function testShell(
  name: string,
  make: () => Promise<ShellSubject>,
  traits: ShellTraits,
  options: TestShellOptions = {},
): void {
  for (const { name: title, needs, run } of SHELL_CASES) {
    if (needs !== undefined && !traits[needs]) continue;
    const { ignore } = options;
    const why = ignore === undefined ? "" : ` (ignored: ${ignore})`;
    Deno.test({
      name: `${name}.${title}${why}`,
      ignore: ignore !== undefined,
      fn: async () => {
        await using subject = await make();
        await run(new ShellTree(subject));
      },
    });
  }
}
