/**
 * Who runs this program: whose files those are that it makes.
 *
 * @module
 */

/** A user and a group, in numbers. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * @returns Who runs this program; `undefined` where the system has no such numbers, or they may not
 * be seen.
 */
export function ownOwner(): Owner | undefined {
  const [uid, gid] = (["uid", "gid"] as const).map((kind) =>
    Deno.permissions.querySync({ name: "sys", kind }).state === "granted" ? Deno[kind]() : null
  );
  return typeof uid === "number" && typeof gid === "number" ? { uid, gid } : undefined;
}
