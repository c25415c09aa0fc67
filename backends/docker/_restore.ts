/**
 * Files that were kept of a container, in another one.
 *
 * @module
 */

import { type KeptEntry, openArchive } from "./_archive.ts";
import { batches } from "./_batches.ts";
import type { DockerFiles, Subject } from "./_files.ts";
import type { Ask } from "./_helper.ts";
import { filledOnce, filling } from "./_filling.ts";
import { quoteName } from "./_quote.ts";
import { checked, setModes, SNAPSHOT_FUNCTIONS, wordsOf } from "./_snapshot_script.ts";

/** Bytes of files in one script. */
const PIECE_BYTES = 1024 * 1024;

const SUBJECT: Subject = { verb: "write", path: "/" };

/**
 * Unpacks an archive into a container that is as its image made it.
 *
 * @param files The container's files.
 * @param archive What `takeSnapshot` returned.
 * @throws {BackendError} `io` if it is none, or does not fit.
 */
export async function putSnapshot(files: DockerFiles, archive: Uint8Array): Promise<void> {
  const { entries, deleted, bytes } = openArchive(archive);
  const directories = entries.filter(({ type }) => type === "directory");
  await files.together(SUBJECT, async (ask) => {
    const perform = (script: string) => checked(ask, script, SUBJECT);
    const makeDirectories = async () => {
      for (const some of batches(directories)) await perform(`room ${wordsOf(some)}`);
    };
    await perform(SNAPSHOT_FUNCTIONS);
    // What is deleted may be in one that nobody may write to, and may be made again.
    await makeDirectories();
    for (const some of batches(deleted.map((path) => ({ path })))) {
      await perform(`purge ${wordsOf(some)}`);
    }
    await makeDirectories();
    await putFiles(perform, entries, bytes);
    for (const some of batches(entries.flatMap(linking))) await perform(some.join(" && "));
    const owned = entries.filter(({ type }) => type === "file" || type === "directory");
    await setTimes(ask, owned);
    await setModes(ask, owned, SUBJECT);
  });
}

async function putFiles(
  perform: (script: string) => Promise<unknown>,
  entries: readonly KeptEntry[],
  bytes: Uint8Array,
): Promise<void> {
  let from = 0;
  const files = entries.flatMap((entry) => {
    if (entry.type !== "file") return [];
    const content = bytes.subarray(from, from += entry.size);
    return [{ path: entry.path, content }];
  });
  for (const some of batches(files, PIECE_BYTES, ({ content }) => content.length)) {
    const script = some.map(({ path, content }) => {
      const first = content.subarray(0, PIECE_BYTES);
      return `vacate ${quoteName(path)} && ${filledOnce(first, " &&")}\n`;
    });
    await perform(`${script.join("")}:`);
    // A larger one has a script of its own.
    const { content = new Uint8Array(0) } = some[0] ?? {};
    for (let at = PIECE_BYTES; at < content.length; at += PIECE_BYTES) {
      await perform(filling(content.subarray(at, at + PIECE_BYTES)));
    }
  }
}

function linking(entry: KeptEntry): readonly string[] {
  const path = quoteName(entry.path);
  if (entry.type === "name") {
    return [`vacate ${path} && { try ln ${quoteName(entry.of)} ${path} || say; }`];
  }
  if (entry.type !== "link") return [];
  return [`vacate ${path} && { try ln -s -- ${quoteName(entry.target)} ${path} || say; }`];
}

/** A time that the image's programs cannot set is nothing to fail for. */
async function setTimes(ask: Ask, entries: readonly KeptEntry[]): Promise<void> {
  for (const [seconds, some] of Map.groupBy(entries, ({ seconds }) => seconds)) {
    for (const part of batches(some)) await ask(`mine time ${seconds} ${wordsOf(part)}`);
  }
}
