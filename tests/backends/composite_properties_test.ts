import { assert, assertEquals } from "@std/assert";
import { CompositeBackend } from "../../backends/composite.ts";
import { BackendError } from "../../backends/errors.ts";
import { isWithin } from "../../backends/paths.ts";
import type { Backend } from "../../backends/protocol.ts";
import { StateBackend } from "../../backends/state.ts";
import fc from "../support/fast_check.ts";
import { everything } from "./_backends.ts";
import { checkAgainstModel } from "./model.ts";

Deno.test("CompositeBackend agrees with the model on its default", async () => {
  await checkAgainstModel(() => {
    const backend = new CompositeBackend({ default: new StateBackend() });
    return Promise.resolve({ backend });
  }, { runs: 100 });
});

Deno.test("CompositeBackend agrees with the model at a prefix, among names of the same store", async () => {
  await checkAgainstModel(() => {
    const shared = new StateBackend();
    const routes = {
      "/a/b/": { backend: shared, path: "/one" },
      "/a/": { backend: shared, path: "/two" },
    };
    const backend = new CompositeBackend({ default: shared, routes });
    return Promise.resolve({ backend, base: "/a/b" });
  }, { runs: 100 });
});

/** Where other backends stand in the tree of the next test, and what is above them. */
const MOUNTS = ["/a", "/b/a", "/b/b"] as const;
const KEPT = ["/", "/a", "/b", "/b/a", "/b/b"];

type Run = (backend: Backend) => Promise<unknown>;

const name = fc.constantFrom("a", "b", "c");
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join("/")}`);
const changeable = path.filter((path) => !KEPT.includes(path));
const text = fc.constantFrom("", "one", "one\ntwo\n", "é");

/** Operations, and what they say they are, for the message of a failure. */
const operation: fc.Arbitrary<readonly [string, Run]> = fc.oneof(
  fc.tuple(changeable, text, fc.boolean()).map(([path, text, overwrite]) =>
    [
      `write ${path} ${overwrite}`,
      (backend: Backend) => backend.write(path, text, { overwrite }),
    ] as const
  ),
  fc.tuple(changeable, changeable, fc.boolean()).map(([from, to, overwrite]) =>
    [
      `move ${from} ${to} ${overwrite}`,
      (backend: Backend) => backend.move(from, to, { overwrite }),
    ] as const
  ),
  fc.tuple(changeable, fc.boolean()).map(([path, recursive]) =>
    [
      `delete ${path} ${recursive}`,
      (backend: Backend) => backend.delete(path, { recursive }),
    ] as const
  ),
  changeable.map((path) =>
    [
      `edit ${path}`,
      (backend: Backend) => backend.edit(path, { oldText: "one", newText: "two" }),
    ] as const
  ),
  path.map((path) => [`ls ${path}`, (backend: Backend) => backend.ls(path)] as const),
  path.map((path) => [`read ${path}`, (backend: Backend) => backend.read(path)] as const),
  path.map((path) =>
    [`glob ${path}`, (backend: Backend) => backend.glob("**/{a,b}", { path })] as const
  ),
  path.map((path) =>
    [`grep ${path}`, (backend: Backend) => backend.grep("one", { path })] as const
  ),
);

/** What came out, without what differs between stores. */
async function outcome(run: Run, backend: Backend): Promise<unknown> {
  try {
    const json = JSON.stringify(await run(backend), (key, value) => {
      return key === "version" || key === "modified" ? undefined : value;
    });
    return json === undefined ? undefined : JSON.parse(json);
  } catch (error) {
    assert(error instanceof BackendError, String(error));
    return [error.code, error.path];
  }
}

Deno.test("CompositeBackend behaves as one tree, whatever moves between its mounts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (operations) => {
      const flat = new StateBackend();
      for (const mount of MOUNTS) {
        await flat.write(`${mount}/x`, "");
        await flat.delete(`${mount}/x`);
      }
      const [rest, first, second] = [new StateBackend(), new StateBackend(), new StateBackend()];
      const composite = new CompositeBackend({
        default: rest,
        routes: {
          "/a/": { backend: first, path: "/in/a" },
          "/b/a/": second,
          "/b/b/": { backend: first, path: "/in/b" },
        },
      });
      const done: string[] = [];
      for (const [what, run] of operations) {
        done.push(what);
        const expected = await outcome(run, flat);
        assertEquals(await outcome(run, composite), expected, done.join("\n"));
      }
      assertEquals(await everything(composite), await everything(flat), done.join("\n"));
      for (const file of rest.files.keys()) {
        assert(!MOUNTS.some((mount) => isWithin(file, mount)), file);
      }
    }),
    { numRuns: 500, seed: 1 },
  );
});
