/**
 * A root full of symbolic links, each of a kind that has led a backend astray, and all operations
 * on one of them.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import type { Backend } from "../../backends/protocol.ts";

/** What is in the files outside, and must never come out. */
export const SECRET = "SECRET-e1f4";

/** Where a link leads, which settles what every operation says. */
export type Kind = "out" | "file" | "directory" | "loop" | "nothing";

/** A link and its target; `ROOT` and `OUTSIDE` stand for host paths. */
export interface ZooLink {
  readonly name: string;
  readonly target: string;
  readonly kind: Kind;
}

/** The links, by what is peculiar about them. */
export const LINKS: readonly ZooLink[] = [
  { name: "absolute file out", target: "OUTSIDE/secret.txt", kind: "out" },
  { name: "absolute directory out", target: "OUTSIDE", kind: "out" },
  { name: "relative file out", target: "../outside/secret.txt", kind: "out" },
  { name: "relative directory out", target: "../outside", kind: "out" },
  { name: "parent of the root", target: "..", kind: "out" },
  { name: "through a directory and out", target: "inside/../../outside/secret.txt", kind: "out" },
  { name: "out and in again", target: "../root/inside/file.txt", kind: "out" },
  {
    name: "sibling with the root's name as prefix",
    target: "ROOT-sibling/secret.txt",
    kind: "out",
  },
  { name: "chain out", target: "chain-out", kind: "out" },
  { name: "through another link out", target: "directory-out/secret.txt", kind: "out" },
  { name: "out to nothing", target: "../outside/new.txt", kind: "out" },
  { name: "proc root", target: "/proc/self/root", kind: "out" },
  { name: "proc root, deep", target: "/proc/self/root/etc/passwd", kind: "out" },
  { name: "proc cwd", target: "/proc/self/cwd", kind: "out" },
  { name: "standard input", target: "/dev/fd/0", kind: "out" },
  { name: "unfinished writes", target: ".routebook.tmp", kind: "out" },
  { name: "below unfinished writes", target: "nowhere/.routebook.tmp/x", kind: "out" },
  { name: "itself", target: "itself", kind: "loop" },
  { name: "two in a circle", target: "circle", kind: "loop" },
  { name: "ever longer", target: "ever longer/x", kind: "loop" },
  { name: "absolute file in", target: "ROOT/inside/file.txt", kind: "file" },
  { name: "relative file in", target: "./inside//file.txt", kind: "file" },
  { name: "chain in", target: "chain-in", kind: "file" },
  { name: "through another link in", target: "directory-in/../inside/file.txt", kind: "file" },
  { name: "absolute directory in", target: "ROOT/inside/", kind: "directory" },
  { name: "relative directory in", target: "inside", kind: "directory" },
  { name: "nothing", target: "nowhere.txt", kind: "nothing" },
  { name: "nothing, absolute", target: "ROOT/nowhere.txt", kind: "nothing" },
];

/** The host directories of one zoo. */
export interface Zoo {
  readonly root: string;
  readonly outside: string;
}

/**
 * Builds a zoo with one link under study, beside those that it may lead through.
 *
 * @param directory An empty host directory.
 * @param link The link under study.
 * @returns Where the root and the outside are.
 */
export function buildZoo(directory: string, link: ZooLink): Zoo {
  const root = `${directory}/root`;
  const outside = `${directory}/outside`;
  Deno.mkdirSync(`${root}/inside`, { recursive: true });
  Deno.mkdirSync(outside);
  Deno.mkdirSync(`${root}-sibling`);
  for (const place of [outside, `${root}-sibling`]) {
    Deno.writeTextFileSync(`${place}/secret.txt`, `${SECRET}\n`);
    // An access before the last change makes the host note the next one: reading leaves a trace.
    Deno.utimeSync(`${place}/secret.txt`, 1_000, new Date());
  }
  Deno.writeTextFileSync(`${root}/inside/file.txt`, "harmless\n");
  Deno.writeTextFileSync(`${root}/inside/secret.txt`, "harmless\n");
  Deno.writeTextFileSync(`${root}/plain.txt`, "plain\n");
  Deno.writeTextFileSync(`${root}/other.txt`, "plain\n");
  const helpers = {
    "chain-out": "chain-out-2",
    "chain-out-2": `${outside}/secret.txt`,
    "chain-in": "chain-in-2",
    "chain-in-2": "inside/file.txt",
    "directory-out": outside,
    "directory-in": "inside",
    "circle": link.name,
  };
  for (const [name, target] of Object.entries(helpers)) Deno.symlinkSync(target, `${root}/${name}`);
  const target = link.target.replace("ROOT", root).replace("OUTSIDE", outside);
  Deno.symlinkSync(target, `${root}/${link.name}`);
  return { root, outside };
}

/** What the outside looks like: names, inodes, sizes, modes, and the times of the last accesses. */
export function describeOutside({ root, outside }: Zoo): string {
  const lines: string[] = [];
  for (const place of [outside, `${root}-sibling`, `${root}/..`]) {
    for (const { name } of Deno.readDirSync(place)) lines.push(`${place}/${name}`);
  }
  for (const file of [`${outside}/secret.txt`, `${root}-sibling/secret.txt`]) {
    const { atime, mtime, ctime, ino, mode, size } = Deno.lstatSync(file);
    lines.push(JSON.stringify([file, atime, mtime, ctime, ino, mode, size]));
  }
  return lines.sort().join("\n");
}

/** What each operation answered, and all that it showed. */
export interface Answers {
  readonly codes: Readonly<Record<string, string>>;
  /** Every result and every message, as one text. */
  readonly shown: string;
}

/**
 * Does everything that can be done with a link, in an order in which nothing spoils the next.
 *
 * @param backend The backend over the zoo's root.
 * @param name The link's name.
 * @returns What it answered.
 */
export async function exercise(backend: Backend, name: string): Promise<Answers> {
  const link = `/${name}`;
  const codes: Record<string, string> = {};
  const shown: string[] = [];
  async function attempt(operation: string, work: () => Promise<unknown>): Promise<void> {
    try {
      const result = await work();
      const text = result instanceof Uint8Array ? new TextDecoder().decode(result) : result;
      shown.push(JSON.stringify(text) ?? "");
      codes[operation] = "ok";
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      shown.push(error.message);
      codes[operation] = error.code;
    }
  }
  const edit = { oldText: "harmless", newText: "harmless, edited" };
  await attempt("ls", () => backend.ls(link));
  await attempt("stat", () => backend.stat(link));
  await attempt("read", () => backend.read(link));
  await attempt("readBytes", () => backend.readBytes(link));
  await attempt("glob", () => backend.glob("**", { path: link }));
  await attempt("grep", () => backend.grep("S", { path: link, ignoreCase: true }));
  const listed = await backend.ls("/");
  codes["listed as"] = listed.find(({ path }) => path === link)?.type ?? "nothing";
  const globbed = await backend.glob("**");
  codes["globbed"] = globbed.files.filter(({ path }) => path.startsWith(link)).length.toString();
  const grepped = await backend.grep("S", { ignoreCase: true });
  codes["grepped"] = grepped.matches.filter(({ path }) => path.startsWith(link)).length.toString();
  shown.push(JSON.stringify([listed, globbed, grepped]));
  await attempt("edit", () => backend.edit(link, edit));
  await attempt("write", () => backend.write(link, "harmless, written\n"));
  await attempt("stat below", () => backend.stat(`${link}/secret.txt`));
  await attempt("read below", () => backend.read(`${link}/secret.txt`));
  await attempt("edit below", () => backend.edit(`${link}/secret.txt`, edit));
  await attempt("write below", () => backend.write(`${link}/a/new.txt`, "new"));
  await attempt("delete below", () => backend.delete(`${link}/secret.txt`));
  await attempt("move from below", () => backend.move(`${link}/file.txt`, "/taken.txt"));
  await attempt("move to below", () => backend.move("/other.txt", `${link}/b/moved.txt`));
  await attempt("move", () => backend.move(link, "/moved-link"));
  await attempt("stat moved", () => backend.stat("/moved-link"));
  await attempt("move back", () => backend.move("/moved-link", link));
  await attempt("move onto", () => backend.move("/plain.txt", link));
  await attempt("replace", () => backend.move("/plain.txt", link, { overwrite: true }));
  await attempt("delete", () => backend.delete(link));
  return { codes, shown: shown.join("\n") };
}

/** What {@linkcode exercise} must answer, by kind; what is not named is `ok`. */
export const EXPECTED: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  out: refused("denied"),
  // Under another name it no longer leads to itself.
  loop: { ...refused("denied"), "stat moved": "not_found" },
  file: {
    "ls": "not_directory",
    "glob": "not_directory",
    "listed as": "file",
    "globbed": "1",
    "grepped": "0",
    ...below("not_directory"),
    "move onto": "exists",
  },
  directory: {
    "read": "is_directory",
    "readBytes": "is_directory",
    "listed as": "directory",
    "globbed": "0",
    "grepped": "0",
    "edit": "is_directory",
    "write": "is_directory",
    "move onto": "exists",
  },
  nothing: {
    ...refused("not_found"),
    // The write makes the file that the link leads to.
    "write": "ok",
    ...below("not_directory"),
    "stat moved": "ok",
  },
};

function refused(code: string): Record<string, string> {
  return {
    "ls": code,
    "stat": code,
    "read": code,
    "readBytes": code,
    "glob": code,
    "grep": code,
    "listed as": "other",
    "globbed": "0",
    "grepped": "0",
    "edit": code,
    "write": code,
    ...below(code),
    "stat moved": code,
    "move onto": "exists",
  };
}

function below(code: string): Record<string, string> {
  return {
    "stat below": code,
    "read below": code,
    "edit below": code,
    "write below": code,
    "delete below": code,
    "move from below": code,
    "move to below": code,
  };
}
