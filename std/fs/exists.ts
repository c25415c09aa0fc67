/** What else has to be true of a path for {@linkcode exists}. */
export interface ExistsOptions {
  /**
   * It can be read by this process, going by its owner and mode.
   *
   * @default {false}
   */
  isReadable?: boolean;
  /**
   * It is a directory.
   *
   * @default {false}
   */
  isDirectory?: boolean;
  /**
   * It is a file.
   *
   * @default {false}
   */
  isFile?: boolean;
}

/**
 * Says whether something is at a path. Links are followed.
 *
 * @param path The path.
 * @param options What else has to be true of it.
 * @returns Whether it is there and is what `options` ask for.
 * @throws {TypeError} If it is there and `options` ask for both a directory and a file.
 * @throws {Deno.errors.NotCapable} If the program was not granted to read there.
 */
export async function exists(
  path: string | URL,
  options: ExistsOptions = {},
): Promise<boolean> {
  try {
    return fits(await Deno.stat(path), options);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.PermissionDenied) {
      const { state } = await Deno.permissions.query({ name: "read", path });
      // The file system refused, not Deno: something is there that cannot be read.
      if (state === "granted") return !options.isReadable;
    }
    throw error;
  }
}

function fits(info: Deno.FileInfo, options: ExistsOptions): boolean {
  if (options.isDirectory && options.isFile) {
    throw new TypeError(
      "ExistsOptions.options.isDirectory and ExistsOptions.options.isFile must not be true together",
    );
  }
  if (options.isDirectory && !info.isDirectory) return false;
  if (options.isFile && !info.isFile) return false;
  return !options.isReadable || isReadable(info);
}

function isReadable({ mode, uid, gid }: Deno.FileInfo): boolean {
  // There is no mode on Windows.
  if (mode === null) return true;
  if (Deno.uid() === uid) return (mode & 0o400) !== 0;
  if (Deno.gid() === gid) return (mode & 0o040) !== 0;
  return (mode & 0o004) !== 0;
}
