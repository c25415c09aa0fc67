/**
 * What the kernel shows of processes: who started whom, and what each of them knows.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** A process, as the machine itself sees it, whatever namespace it is in. */
export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: readonly string[];
  readonly environment: readonly string[];
}

/**
 * @param ancestor A process id.
 * @returns Everything that it started, and that those started, in no order.
 */
export function descendantsOf(ancestor: number): readonly SeenProcess[] {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) =>
    pid > 0
  );
  const parents = new Map(pids.flatMap((pid) => unlessEnded(() => [[pid, parentOf(pid)]]) ?? []));
  const found = new Set([ancestor]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(ancestor);
  return [...found].flatMap((pid) => unlessEnded(() => seen(pid)) ?? []);
}

function parentOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The command's name stands in brackets before it and may have any character in it.
  return Number(stat.slice(stat.lastIndexOf(")") + 1).trim().split(" ")[1]);
}

/**
 * @param pid A process id.
 * @returns The processes that it started itself.
 */
export function childrenOf(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) => {
    const text = unlessEnded(() => Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`));
    return (text ?? "").split(" ").filter((word) => word.trim() !== "").map(Number);
  });
}

/**
 * @param pid A process id.
 * @returns What the kernel shows of it.
 */
export function seen(pid: number): SeenProcess {
  const words = (name: string) =>
    Deno.readTextFileSync(`/proc/${pid}/${name}`).split("\0").filter((word) => word !== "");
  const environment = words("environ");
  return { pid, parent: parentOf(pid), command: words("cmdline"), environment };
}

/** Pages that the kernel itself puts there and that cannot be read from outside. */
const KERNEL_PAGES = /\[v(?:var|var_vclock|syscall)\]$/;

/**
 * Looks for a text in the memory of a process: everything that is not a file mapped read-only.
 *
 * @param pid The process.
 * @param text The text, as bytes of ASCII or of UTF-16.
 * @returns Whether it is there, and how many bytes were looked at.
 */
export function memoryHolds(pid: number, text: string): { found: boolean; bytes: number } {
  // A byte is a character here, so that a wide text is one with NULs between.
  const needles = [text, [...text].join("\0")];
  const overlap = 2 * text.length;
  const buffer = Buffer.alloc(8 * 1024 * 1024);
  using memory = Deno.openSync(`/proc/${pid}/mem`);
  const read = (into: Uint8Array) => {
    try {
      return memory.readSync(into);
    } catch (error) {
      // Unmapped since the kernel listed it.
      if (error instanceof Error && "code" in error && error.code === "EIO") return null;
      throw error;
    }
  };
  let bytes = 0;
  let found = false;
  for (const line of Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n")) {
    const [, from, to, rights, inode] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)/.exec(line) ??
      [];
    if (from === undefined || to === undefined || KERNEL_PAGES.test(line)) continue;
    if (!rights?.startsWith("r") || (inode !== "0" && rights[1] !== "w")) continue;
    const end = parseInt(to, 16);
    for (let at = parseInt(from, 16); at < end;) {
      memory.seekSync(at, Deno.SeekMode.Start);
      const size = read(buffer.subarray(0, Math.min(buffer.length, end - at)));
      if (size === null || size === 0) break;
      const seen = buffer.toString("latin1", 0, size);
      found ||= needles.some((needle) => seen.includes(needle));
      bytes += size;
      // What is cut in two by the end of the buffer is seen the next time.
      at += at + size < end ? size - overlap : size;
    }
  }
  return { found, bytes };
}

/**
 * Looks at a process or a thread that may end meanwhile.
 *
 * @param look What is looked at.
 * @returns What it gives; `undefined` if there is no such process any more.
 */
export function unlessEnded<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return undefined;
    throw error;
  }
}
