/**
 * The system calls that the kernel refuses to the commands of the sandbox shell, as a program for
 * its seccomp filter. Namespaces hold everything else; these reach through them:
 *
 * - a file with a set-user-ID or set-group-ID bit in a directory that is bound read-write: outside,
 *   where the mount is not `nosuid`, it would run as the user who owns the run;
 * - the keyrings, which a process inherits and no namespace separates;
 * - `io_uring`, whose operations no filter sees, and `openat2`, whose mode no filter can.
 *
 * @module
 */

/** The machine's kinds of processor that a filter is known for. */
export type FilterArchitecture = "x86_64" | "aarch64";

/** What a call is answered with. */
const ANSWERS = {
  allow: 0x7fff_0000,
  /** `EPERM`. */
  refuse: 0x0005_0001,
  /** `ENOSYS`: programs have another way for kernels without the call. */
  missing: 0x0005_0026,
  kill: 0x8000_0000,
} as const;

/** Where `struct seccomp_data` keeps what is looked at; arguments are little-endian. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number) => 16 + 8 * index;

/** The set-user-ID and the set-group-ID bit. */
const SET_ID = 0o6000;
/** `O_CREAT` and `O_TMPFILE`'s own bit: without either the mode means nothing. */
const CREATES = 0x40 | 0x40_0000;
/** The calls of the x32 interface, which have numbers of their own. */
const X32 = 0x4000_0000;

interface Calls {
  /** What the kernel calls the architecture. */
  readonly audit: number;
  /** Calls with a mode: the number, and which argument it is. */
  readonly modes: readonly (readonly [number, number])[];
  /** Calls with a mode that counts where its flags, the argument before it, say so. */
  readonly opens: readonly (readonly [number, number])[];
  /** Calls that are not there. */
  readonly missing: readonly number[];
}

/** `openat2`, `io_uring_setup`, `io_uring_enter` and `io_uring_register`, everywhere. */
const EVERYWHERE = [437, 425, 426, 427];

const CALLS: Readonly<Record<FilterArchitecture, Calls>> = {
  x86_64: {
    audit: 0xc000_003e,
    // chmod, fchmod, fchmodat, fchmodat2, mkdir, mkdirat, mknod, mknodat, creat
    modes: [[90, 1], [91, 1], [268, 2], [452, 2], [83, 1], [258, 2], [133, 1], [259, 2], [85, 1]],
    // open, openat
    opens: [[2, 2], [257, 3]],
    // add_key, request_key, keyctl
    missing: [248, 249, 250, ...EVERYWHERE],
  },
  aarch64: {
    audit: 0xc000_00b7,
    // fchmod, fchmodat, fchmodat2, mkdirat, mknodat
    modes: [[52, 1], [53, 2], [452, 2], [34, 2], [33, 2]],
    // openat
    opens: [[56, 3]],
    // add_key, request_key, keyctl
    missing: [217, 218, 219, ...EVERYWHERE],
  },
};

/** The classes and modes of the filter's instructions. */
const LOAD = 0x20;
const RETURN = 0x06;
const IF_EQUAL = 0x15;
const IF_ANY_BIT = 0x45;

/** One instruction: what it does, how many to pass over if so and if not, and its operand. */
type Instruction = readonly [code: number, yes: number, no: number, operand: number];

const answer = (value: keyof typeof ANSWERS): Instruction => [RETURN, 0, 0, ANSWERS[value]];

/** The architecture of a machine, by Deno's name for it. */
export function filterArchitecture(arch: string = Deno.build.arch): FilterArchitecture | undefined {
  return arch === "x86_64" || arch === "aarch64" ? arch : undefined;
}

/**
 * The filter, as `bwrap --seccomp FD` reads it.
 *
 * @param architecture The processor's kind: calls have other numbers on another.
 * @returns An array of `struct sock_filter`.
 */
export function systemCallFilter(architecture: FilterArchitecture): Uint8Array<ArrayBuffer> {
  const { audit, modes, opens, missing } = CALLS[architecture];
  const program: readonly Instruction[] = [
    // A call of another architecture, such as i386, has other numbers.
    [LOAD, 0, 0, ARCHITECTURE],
    [IF_EQUAL, 1, 0, audit],
    answer("kill"),
    [LOAD, 0, 0, NUMBER],
    [IF_ANY_BIT, 0, 1, X32],
    answer("missing"),
    ...missing.flatMap((call): Instruction[] => [[IF_EQUAL, 0, 1, call], answer("missing")]),
    ...modes.flatMap(([call, mode]): Instruction[] => [
      [IF_EQUAL, 0, 4, call],
      [LOAD, 0, 0, argument(mode)],
      [IF_ANY_BIT, 0, 1, SET_ID],
      answer("refuse"),
      answer("allow"),
    ]),
    ...opens.flatMap(([call, mode]): Instruction[] => [
      [IF_EQUAL, 0, 6, call],
      [LOAD, 0, 0, argument(mode - 1)],
      [IF_ANY_BIT, 0, 3, CREATES],
      [LOAD, 0, 0, argument(mode)],
      [IF_ANY_BIT, 0, 1, SET_ID],
      answer("refuse"),
      answer("allow"),
    ]),
    answer("allow"),
  ];
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, yes, no, operand]] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, yes);
    view.setUint8(index * 8 + 3, no);
    view.setUint32(index * 8 + 4, operand, true);
  }
  return bytes;
}
