/**
 * The processes of a running command, as `/proc` tells of them.
 *
 * @module
 */

/** A process, as the kernel describes it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** How many threads it has; a process of one thread has one. */
  readonly threads: number;
  /** Resident and swapped memory and page tables; pages that are shared count in each process. */
  readonly bytes: number;
  /** Whether it has ended and only its exit code is left. */
  readonly ended: boolean;
}

/** What the processes below another one take together. */
export interface ProcessTotals {
  readonly processes: readonly ProcessInfo[];
  /** Processes and threads that run. */
  readonly threads: number;
  /** Memory, shared pages counted in each process: an upper bound. */
  readonly bytes: number;
}

/**
 * Everything that a process has started and that is still there, the process itself not counted.
 *
 * @param proc Where the process file system is mounted.
 * @param root The process.
 */
export function processesBelow(proc: string, root: number): ProcessTotals {
  const children = new Map<number, ProcessInfo[]>();
  for (const { name } of Deno.readDirSync(proc)) {
    if (!/^[0-9]+$/.test(name)) continue;
    const info = readProcess(proc, Number(name));
    if (info === undefined) continue;
    const siblings = children.get(info.parent);
    if (siblings === undefined) children.set(info.parent, [info]);
    else siblings.push(info);
  }
  const processes = [...children.get(root) ?? []];
  let threads = 0;
  let bytes = 0;
  for (const process of processes) {
    processes.push(...children.get(process.pid) ?? []);
    threads += process.ended ? 1 : process.threads;
    bytes += process.bytes;
  }
  return { processes, threads, bytes };
}

/** Whether a process is there and has not ended. */
export function isRunning(proc: string, pid: number): boolean {
  return readProcess(proc, pid)?.ended === false;
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
  return {
    pid,
    parent: field(text, "PPid"),
    threads: field(text, "Threads"),
    bytes: memory * 1024,
    ended: /^State:\s*[ZXx]/m.test(text),
  };
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
    // ESRCH comes as an error of no class of its own.
    if (error instanceof Deno.errors.NotFound) return "";
    if (error instanceof Error && /os error 3\b/.test(error.message)) return "";
    throw error;
  }
}
