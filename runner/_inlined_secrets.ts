/**
 * Texts of a file that look like secrets: whoever reads the file has them.
 *
 * @module
 */

import type { Reporter } from "./_reporter.ts";
import type { DataPath } from "./_yaml_file.ts";

/** How the keys of well-known services begin, and how long they are at least. */
const SECRET = new RegExp(
  [
    "\\bsk-(?:[A-Za-z0-9]+-)*[A-Za-z0-9_]{20,}",
    "\\bgh[oprsu]_[A-Za-z0-9]{36,}",
    "\\bgithub_pat_[A-Za-z0-9_]{36,}",
    "\\bglpat-[A-Za-z0-9_-]{20,}",
    "\\bA(?:KIA|SIA)[A-Z0-9]{16}\\b",
    "\\bAIza[A-Za-z0-9_-]{35}",
    "\\bxox[abposr]-[A-Za-z0-9-]{10,}",
    "\\bnpm_[A-Za-z0-9]{36}\\b",
    "-----BEGIN [A-Z ]*PRIVATE KEY-----",
  ].join("|"),
);

/** Characters of it that are shown. */
const SHOWN = 8;

/**
 * Warns of each text of the file that looks like a secret.
 *
 * @param reporter The file, and where it is told.
 */
export function warnOfInlinedSecrets(reporter: Reporter): void {
  // Most files have none at all, and one look at their text says so.
  if (SECRET.test(reporter.yaml.text)) visit(reporter.yaml.data, []);

  function visit(data: unknown, path: DataPath): void {
    if (typeof data === "string") {
      const found = SECRET.exec(data);
      if (found === null) return;
      const [text] = found;
      const slice = { offset: found.index, length: text.length };
      reporter.warning(
        "inlined-secret",
        `"${text.slice(0, SHOWN)}…" looks like a secret`,
        path,
        { location: reporter.yaml.sliceLocation(path, slice, { text, at: found.index }) },
      );
    } else if (typeof data === "object" && data !== null) {
      for (const [key, value] of Object.entries(data)) {
        visit(value, [...path, Array.isArray(data) ? Number(key) : key]);
      }
    }
  }
}
