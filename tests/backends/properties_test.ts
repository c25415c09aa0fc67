import { assert, assertEquals } from "@std/assert";
import { posix } from "node:path";
import { BackendError } from "../../backends/errors.ts";
import { LIMITS } from "../../backends/limits.ts";
import {
  canonicalPath,
  comparePaths,
  isWithin,
  joinPaths,
  nameOf,
  parentPath,
  relativeTo,
} from "../../backends/paths.ts";
import { StateBackend } from "../../backends/state.ts";
import fc from "../support/fast_check.ts";
import { checkAgainstModel, PATH_STRINGS } from "./model.ts";

/** The canonical form, or `null` if there is none. */
function canonicalOrNull(path: string): string | null {
  try {
    return canonicalPath(path);
  } catch (error) {
    assert(error instanceof BackendError, `${error}`);
    assertEquals([error.code, error.path], ["invalid_path", path]);
    return null;
  }
}

Deno.test("canonicalPath() gives one canonical form or invalid_path for any string", () => {
  fc.assert(
    fc.property(PATH_STRINGS, (path) => {
      const canonical = canonicalOrNull(path);
      if (canonical === null) return;
      assertEquals(canonicalPath(canonical), canonical);
      assert(canonical === "/" || /^(\/[^/\0]+)+$/.test(canonical));
      assert(canonical.isWellFormed());
      assert(!canonical.split("/").some((name) => name === "." || name === ".."));
      assert(new TextEncoder().encode(canonical).length <= LIMITS.pathBytes);
      assertEquals(canonical, posix.normalize(path).replace(/(?<=.)\/$/, ""));
      for (const form of [`${path}/`, `/${path}`, `${path}/.`, `${path}/x/..`, `/.${path}`]) {
        assertEquals(canonicalPath(form), canonical);
      }
    }),
    { seed: 11, numRuns: 5_000 },
  );
});

Deno.test("canonicalPath() refuses only what has a reason to be refused", () => {
  fc.assert(
    fc.property(PATH_STRINGS, (path) => {
      if (canonicalOrNull(path) !== null) return;
      const depths = path.split("/").reduce<number[]>((all, name) => {
        const step = name === ".." ? -1 : name === "" || name === "." ? 0 : 1;
        return [...all, (all.at(-1) ?? 0) + step];
      }, []);
      const encoder = new TextEncoder();
      assert(
        !path.startsWith("/") || path.includes("\0") || !path.isWellFormed() ||
          depths.some((depth) => depth < 0) || path.includes("/.routebook.tmp") ||
          path.split("/").some((name) => encoder.encode(name).length > LIMITS.nameBytes),
        path,
      );
    }),
    { seed: 12, numRuns: 5_000 },
  );
});

Deno.test("joinPaths() and relativeTo() undo each other", () => {
  const canonical = PATH_STRINGS.map(canonicalOrNull).filter((path) => path !== null);
  fc.assert(
    fc.property(canonical, canonical, (base, inner) => {
      const outer = joinPaths(base, inner);
      assertEquals(canonicalPath(outer), outer);
      assert(isWithin(outer, base));
      assertEquals(relativeTo(outer, base), inner);
      if (inner !== "/") {
        assertEquals(joinPaths(parentPath(inner), `/${nameOf(inner)}`), inner);
        assert(!isWithin(base, outer));
      }
      assertEquals(comparePaths(base, inner), -comparePaths(inner, base) + 0);
    }),
    { seed: 13, numRuns: 2_000 },
  );
});

Deno.test("StateBackend agrees with a plain model in any sequence of operations", async () => {
  await checkAgainstModel(() => Promise.resolve({ backend: new StateBackend() }), { runs: 1_000 });
});

Deno.test("StateBackend.read() and the others refuse any string that is no path", async () => {
  await fc.assert(
    fc.asyncProperty(PATH_STRINGS, async (path) => {
      const backend = new StateBackend({ files: { "/a": "x" } });
      const canonical = canonicalOrNull(path);
      const outcome = await backend.write(path, "new").then(
        (info) => info.path,
        (error) => error instanceof BackendError ? error.code : error,
      );
      if (canonical === null) {
        assertEquals(outcome, "invalid_path");
        assertEquals([...backend.files.keys()], ["/a"]);
      } else if (outcome === canonical) {
        assertEquals(backend.files.get(canonical)?.text, "new");
      } else {
        assertEquals(outcome, canonical === "/" ? "is_directory" : "not_directory");
      }
    }),
    { seed: 14, numRuns: 1_000 },
  );
});
