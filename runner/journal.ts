/**
 * The journal: every event of every run, on disk before anybody is shown it. It is kept in
 * `.routebook/runs.db` of the working directory, readable by its owner alone, and survives the
 * death of the runner at any moment.
 *
 * @module
 */

import { join } from "@std/path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { CheckpointFile, RunCheckpoint } from "./checkpoint.ts";
import type { RunEvent } from "./events.ts";
import type { Plan } from "./plan.ts";

/** Where the journal is, below the working directory. */
export const JOURNAL_FOLDER = ".routebook";

/** The journal's own version, in SQLite's `user_version`. */
const FORMAT = 3;

/** Milliseconds that one run waits for another one's write. */
const BUSY_MS = 5_000;

/** The events that wait for the disk itself. */
const MILESTONES: ReadonlySet<RunEvent["type"]> = new Set([
  "run.started",
  "step.started",
  "step.finished",
  "approval.answered",
  "run.finished",
]);

/** What each format adds to the one before it. */
const TABLES: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    file TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    plan TEXT NOT NULL,
    started TEXT NOT NULL
  ) STRICT;
  CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs (id),
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
  ) STRICT, WITHOUT ROWID;
`,
  `
  CREATE TABLE checkpoints (
    run TEXT PRIMARY KEY REFERENCES runs (id),
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE checkpoint_files (
    run TEXT NOT NULL REFERENCES checkpoints (run),
    backend TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes BLOB,
    PRIMARY KEY (run, backend, path)
  ) STRICT;
  CREATE TABLE resumes (
    run TEXT PRIMARY KEY REFERENCES checkpoints (run),
    by TEXT NOT NULL UNIQUE REFERENCES runs (id)
  ) STRICT;
`,
  `
  ALTER TABLE checkpoints ADD COLUMN format INTEGER NOT NULL DEFAULT 2;
`,
];

/** A run, as the journal lists it. */
export interface JournalRun {
  readonly id: string;
  readonly workflow: string;
  /** The workflow file, as it was named. */
  readonly file: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  /** The last event; a run that was killed has none that says `run.finished`. */
  readonly last: RunEvent | undefined;
}

/** The right to go on with a waiting run. */
export interface JournalClaim {
  /** The waiting run's id. */
  readonly run: string;
  /** The run that had claimed it and came to nothing. */
  readonly instead?: string | undefined;
}

/** Thrown where the journal cannot be opened or written; the message says what to do. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

/** An open journal. */
export class Journal implements Disposable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO events (run, seq, body) VALUES (?, ?, ?)");
  }

  /**
   * Opens the journal of a working directory, and makes it if there is none.
   *
   * @param cwd The working directory.
   * @returns The journal.
   * @throws {JournalError} If it cannot be opened, or a newer version wrote it.
   */
  static open(cwd: string): Journal {
    const folder = join(cwd, JOURNAL_FOLDER);
    const file = join(folder, "runs.db");
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      const database = new DatabaseSync(file);
      database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL;`);
      database.exec("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;");
      prepare(database, file);
      return new Journal(database);
    } catch (error) {
      if (error instanceof JournalError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      // Without what Deno was doing: the path is in the message already.
      const reason = message.replace(/: mkdir '.*$/s, "");
      throw new JournalError(
        `Cannot keep a journal in '${file}' (${reason}): run in a directory that may be written ` +
          "to, or move away what is there",
        { cause: error },
      );
    }
  }

  /**
   * Takes down that a run begins, before its first event.
   *
   * @param run The run's id.
   * @param plan What it will do.
   * @param started When, as ISO 8601 in UTC.
   * @param claim The waiting run that it goes on with, if it does: no two runs go on with one.
   * @throws {JournalError} If another run has claimed it first.
   */
  begin(run: string, plan: Plan, started: string, claim?: JournalClaim): void {
    transact(this.#database, () => {
      this.#database.prepare(
        "INSERT INTO runs (id, workflow, file, fingerprint, plan, started) VALUES (?, ?, ?, ?, ?, ?)",
      ).run(run, plan.name, plan.file, plan.fingerprint, JSON.stringify(plan), started);
      if (claim === undefined) return;
      const { run: waiting, instead } = claim;
      const { changes } = instead === undefined
        ? this.#database.prepare(
          "INSERT INTO resumes (run, by) VALUES (?, ?) ON CONFLICT (run) DO NOTHING",
        ).run(waiting, run)
        : this.#database.prepare("UPDATE resumes SET by = ? WHERE run = ? AND by = ?")
          .run(run, waiting, instead);
      if (Number(changes) === 1) return;
      throw new JournalError(
        `Run '${waiting}' is gone on with by run '${this.resumedBy(waiting)}' already`,
      );
    });
  }

  /**
   * Takes down an event. When this returns, the death of the process cannot lose it any more; that
   * of the machine cannot either once a step has begun or ended after it.
   *
   * @param event The event. Streamed text is left out: the answer that follows has all of it.
   * @throws {JournalError} If it cannot be written, as on a full disk.
   */
  append(event: RunEvent): void {
    if (event.type === "model.text") return;
    const milestone = MILESTONES.has(event.type);
    try {
      // The sync of one commit covers all that were written before it.
      if (milestone) this.#database.exec("PRAGMA synchronous = FULL");
      this.#insert.run(event.run, event.seq, JSON.stringify(event));
      if (milestone) this.#database.exec("PRAGMA synchronous = NORMAL");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new JournalError(`Cannot write the journal any more: ${reason}`, { cause: error });
    }
  }

  /**
   * Keeps what a run needs to be gone on with, all of it or nothing. When this returns, nothing of it
   * can be lost any more.
   *
   * @param run The run's id.
   * @param checkpoint Where it waits.
   * @param files Its memory files.
   * @throws {JournalError} If it cannot be written, as on a full disk.
   */
  keep(run: string, checkpoint: RunCheckpoint, files: readonly CheckpointFile[]): void {
    const database = this.#database;
    const file = database.prepare(
      "INSERT INTO checkpoint_files (run, backend, path, bytes) VALUES (?, ?, ?, ?)",
    );
    try {
      database.exec("PRAGMA synchronous = FULL");
      transact(database, () => {
        database.prepare("INSERT INTO checkpoints (run, body, format) VALUES (?, ?, ?)")
          .run(run, JSON.stringify(checkpoint), FORMAT);
        for (const { backend, path, bytes } of files) file.run(run, backend, path, bytes);
      });
      database.exec("PRAGMA synchronous = NORMAL");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new JournalError(`Cannot keep the waiting run '${run}': ${reason}`, { cause: error });
    }
  }

  /**
   * Where a run waits.
   *
   * @param run The run's id.
   * @returns What {@linkcode Journal.keep} kept; `undefined` for a run that does not wait.
   * @throws {JournalError} If an older version kept it, which had one step at a time.
   */
  checkpoint(run: string): RunCheckpoint | undefined {
    const row = this.#database.prepare("SELECT body, format FROM checkpoints WHERE run = ?")
      .get(run);
    if (row === undefined) return undefined;
    if (row["format"] === FORMAT) return JSON.parse(String(row["body"]));
    throw new JournalError(
      `Run '${run}' cannot be gone on with: an older version left it to wait, in format ` +
        `${row["format"]}, and this version knows ${FORMAT}. Start it anew without --resume`,
    );
  }

  /** Whether a run waits, or did until another one went on with it. */
  waits(run: string): boolean {
    return this.#database.prepare("SELECT 1 FROM checkpoints WHERE run = ?").get(run) !== undefined;
  }

  /**
   * The memory files of a waiting run.
   *
   * @param run The run's id.
   * @returns The files, sorted by backend and path.
   */
  checkpointFiles(run: string): CheckpointFile[] {
    return this.#database.prepare(
      "SELECT backend, path, bytes FROM checkpoint_files WHERE run = ? ORDER BY backend, path",
    ).all(run).map(({ backend, path, bytes }) => ({
      backend: String(backend),
      path: String(path),
      bytes: bytes instanceof Uint8Array ? bytes : null,
    }));
  }

  /**
   * The run that goes on, or went on, with a waiting one.
   *
   * @param run The waiting run's id.
   * @returns The other's id, or `undefined`.
   */
  resumedBy(run: string): string | undefined {
    const row = this.#database.prepare("SELECT by FROM resumes WHERE run = ?").get(run);
    return row === undefined ? undefined : String(row["by"]);
  }

  /**
   * The runs, the newest first.
   *
   * @param limit How many at most.
   * @returns The runs.
   */
  runs(limit = 20): JournalRun[] {
    const rows = this.#database.prepare(`
      SELECT id, workflow, file, started,
        (SELECT body FROM events WHERE run = id ORDER BY seq DESC LIMIT 1) AS last
      FROM runs ORDER BY started DESC, id DESC LIMIT ?
    `).all(limit);
    return rows.map((row) => ({
      id: String(row["id"]),
      workflow: String(row["workflow"]),
      file: String(row["file"]),
      started: String(row["started"]),
      last: row["last"] === null ? undefined : JSON.parse(String(row["last"])),
    }));
  }

  /**
   * The ids of the runs that begin like this.
   *
   * @param beginning The beginning of an id, or all of it.
   * @returns The ids; the one alone where it is one.
   */
  find(beginning: string): string[] {
    return this.#database.prepare(
      "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id",
    ).all(beginning).map((row) => String(row["id"]));
  }

  /**
   * The runs in which something happened at some time or later, the oldest first.
   *
   * @param time ISO 8601, UTC.
   * @returns The runs.
   */
  runsSince(time: string): Pick<JournalRun, "id" | "file">[] {
    const rows = this.#database.prepare(`
      SELECT id, file FROM runs
      WHERE (SELECT body ->> 'time' FROM events WHERE run = id ORDER BY seq DESC LIMIT 1) >= ?
      ORDER BY started, id
    `).all(time);
    return rows.map(({ id, file }) => ({ id: String(id), file: String(file) }));
  }

  /**
   * All events of a run, in order.
   *
   * @param run The run's id.
   * @param types The types that are wanted; all without it.
   * @returns The events; none for a run that the journal does not know.
   */
  events(run: string, types?: readonly RunEvent["type"][]): RunEvent[] {
    const rows = types === undefined
      ? this.#database.prepare("SELECT body FROM events WHERE run = ? ORDER BY seq").all(run)
      : this.#database.prepare(`
          SELECT body FROM events
          WHERE run = ? AND body ->> 'type' IN (SELECT value FROM json_each(?)) ORDER BY seq
        `).all(run, JSON.stringify(types));
    return rows.map((row): RunEvent => JSON.parse(String(row["body"])));
  }

  /**
   * The last event of a run.
   *
   * @param run The run's id.
   * @returns The event; `undefined` for a run without any.
   */
  last(run: string): RunEvent | undefined {
    const row = this.#database.prepare(
      "SELECT body FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1",
    ).get(run);
    return row === undefined ? undefined : JSON.parse(String(row["body"]));
  }

  /**
   * What a run set out to do.
   *
   * @param run The run's id.
   * @returns The plan, or `undefined` for a run that the journal does not know.
   */
  plan(run: string): Plan | undefined {
    const row = this.#database.prepare("SELECT plan FROM runs WHERE id = ?").get(run);
    return row === undefined ? undefined : JSON.parse(String(row["plan"]));
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Makes the tables that a journal lacks; of two runs that both find it old, one makes them. */
function prepare(database: DatabaseSync, file: string): void {
  if (formatOf(database) < FORMAT) {
    transact(database, () => {
      const missing = TABLES.slice(formatOf(database));
      database.exec(`${missing.join("")} PRAGMA user_version = ${FORMAT};`);
    });
  }
  const format = formatOf(database);
  if (format !== FORMAT) {
    throw new JournalError(
      `The journal '${file}' has format ${format}, and this version knows ${FORMAT}: ` +
        "move it away or use a newer version",
    );
  }
}

/** Does everything or nothing; nobody else writes meanwhile. */
function transact(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

function formatOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}
