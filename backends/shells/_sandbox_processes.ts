/**
 * The processes of a running command, as `/proc` tells of them.
 *
 * @module
 */

/** A process, as the kernel describes it. */
export interface ProcessInfo {
  readonly pid: number;
  /** How many threads it has; a process of one thread has one. */
  readonly threads: number;
  /** Resident and swapped memory and page tables; pages that are shared count in each process. */
  readonly bytes: number;
}

/** What the processes below another one take together. */
export interface ProcessTotals {
  readonly processes: readonly ProcessInfo[];
  /** Processes and threads. */
  readonly threads: number;
  /** Memory, shared pages counted in each process: an upper bound. */
  readonly bytes: number;
}

/**
 * What a process has started, and what that has started, and so on: the process itself is not counted.
 * However many there are, it does not take long to find out that there are too many.
 *
 * @param proc Where the process file system is mounted.
 * @param root The process.
 * @param limit How many processes and threads are counted at most, and one more.
 */
export function processesBelow(proc: string, root: number, limit: number): ProcessTotals {
  const processes: ProcessInfo[] = [];
  let threads = 0;
  let bytes = 0;
  const pids = [root];
  for (const pid of pids) {
    for (const child of childrenOf(proc, pid)) {
      const info = readProcess(proc, child);
      if (info === undefined) continue;
      pids.push(child);
      processes.push(info);
      threads += info.threads;
      bytes += info.bytes;
      if (threads > limit) return { processes, threads, bytes };
    }
  }
  return { processes, threads, bytes };
}

/** The processes that a process has started and that have not been waited for. */
export function childrenOf(proc: string, pid: number): readonly number[] {
  return namesIn(`${proc}/${pid}/task`).flatMap((thread) =>
    readText(`${proc}/${pid}/task/${thread}/children`).split(" ").filter((text) => text !== "")
      .map(Number)
  );
}

/** Whether a process is there and has not ended. */
export function isRunning(proc: string, pid: number): boolean {
  const text = readText(`${proc}/${pid}/status`);
  return text !== "" && !/^State:\s*[ZXx]/m.test(text);
}

/**
 * The memory of some processes, each shared page counted once. A process that does not let itself be
 * looked into counts with all that it shares.
 *
 * @param proc Where the process file system is mounted.
 * @param processes The processes; one that has ended meanwhile counts nothing.
 */
export function memoryOf(proc: string, processes: readonly ProcessInfo[]): number {
  let sum = 0;
  for (const { pid, bytes } of processes) {
    try {
      const text = readText(`${proc}/${pid}/smaps_rollup`);
      sum += 1024 * (field(text, "Pss") + field(text, "SwapPss"));
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      sum += bytes;
    }
  }
  return sum;
}

/** Memory of the whole machine that is shared, or in files that are kept in memory. */
export function sharedMemory(proc: string): number {
  return field(readText(`${proc}/meminfo`), "Shmem") * 1024;
}

function readProcess(proc: string, pid: number): ProcessInfo | undefined {
  const text = readText(`${proc}/${pid}/status`);
  if (text === "") return undefined;
  const memory = ["VmRSS", "VmSwap", "VmPTE"].reduce((sum, name) => sum + field(text, name), 0);
  // One that has ended and was not waited for takes its number all the same.
  return { pid, threads: Math.max(field(text, "Threads"), 1), bytes: memory * 1024 };
}

/** A number of a file that has one name and value a line; 0 where it has no such name. */
function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*([0-9]+)`, "m").exec(text)?.[1] ?? 0);
}

/** The text of a file of `/proc`; empty for a process that ended meanwhile. */
function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}

function namesIn(path: string): readonly string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function isGone(error: unknown): boolean {
  // ESRCH comes as an error of no class of its own.
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && /os error 3\b/.test(error.message));
}
