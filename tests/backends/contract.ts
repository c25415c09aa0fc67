/**
 * What every backend must do, case by case. A backend of your own passes when this does:
 *
 * ```ts ignore
 * testBackendContract("MyBackend", () => Promise.resolve({ backend: new MyBackend() }));
 * ```
 *
 * @module
 */

import { type ContractCase, type ContractSubject, Tree } from "./_tree.ts";
import { CHANGE_CASES } from "./contract_changes.ts";
import { PATH_CASES } from "./contract_paths.ts";
import { READ_CASES } from "./contract_read.ts";
import { GLOB_CASES } from "./contract_glob.ts";
import { GREP_CASES } from "./contract_grep.ts";
import { TOGETHER_CASES } from "./contract_together.ts";
import { EDIT_CASES } from "./contract_edit.ts";

export type { ContractSubject };

/** All cases. */
export const CONTRACT_CASES: readonly ContractCase[] = [
  ...PATH_CASES,
  ...READ_CASES,
  ...CHANGE_CASES,
  ...EDIT_CASES,
  ...GLOB_CASES,
  ...GREP_CASES,
  ...TOGETHER_CASES,
];

/** Options of {@linkcode testBackendContract}. */
export interface TestContractOptions {
  /** Why nothing can be tested here; all tests are then ignored and say so. */
  readonly ignore?: string | undefined;
}

/**
 * Registers one test for each case of the contract.
 *
 * @param name What is tested, such as `LocalBackend`: the tests are called `name.method() does …`.
 * @param setup Makes a new, empty backend for each case.
 * @param options Whether it can be tested here.
 */
export function testBackendContract(
  name: string,
  setup: () => Promise<ContractSubject>,
  { ignore }: TestContractOptions = {},
): void {
  const why = ignore === undefined ? "" : ` (ignored: ${ignore})`;
  for (const { name: title, run } of CONTRACT_CASES) {
    Deno.test({
      name: `${name}.${title}${why}`,
      ignore: ignore !== undefined,
      fn: async () => {
        const subject = await setup();
        try {
          await run(new Tree(subject));
        } finally {
          await subject[Symbol.asyncDispose]?.();
        }
      },
    });
  }
}
