/** Whether paths are those of Windows. */
export const isWindows: boolean = Deno.build.os === "windows";

/** What stands between the entries of a list of paths, such as `PATH`. */
export const DELIMITER: ":" | ";" = isWindows ? ";" : ":";

/** What stands between the names in a path. */
export const SEPARATOR: "/" | "\\" = isWindows ? "\\" : "/";

/** Matches one or more separators. */
export const SEPARATOR_PATTERN: RegExp = isWindows ? /[\\/]+/ : /\/+/;
