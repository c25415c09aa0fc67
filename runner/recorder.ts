/**
 * Numbers and dates a run's events and hands each to every reader: the screen, `--json`, the
 * report. No reader sees a secret: they are masked here, before any reader is told.
 *
 * @module
 */

import { maskedMessage } from "../agent/masked_message.ts";
import { SecretMask, type SecretStream } from "../agent/secrets.ts";
import type { EventSink, RunEvent, RunEventBody } from "./events.ts";

/** Options of {@linkcode Recorder}. */
export interface RecorderOptions {
  /** The run's id. */
  readonly run: string;
  /** The readers, each called with every event in order. */
  readonly sinks: readonly EventSink[];
  /**
   * The clock.
   *
   * @default {() => new Date()}
   */
  readonly now?: (() => Date) | undefined;
  /**
   * What is masked in every event.
   *
   * @default {[]}
   */
  readonly secrets?: readonly string[] | undefined;
}

/** What is the workflow's own or one of a few words, and is no text that somebody printed. */
const KEPT: ReadonlySet<string> = new Set([
  "type",
  "step",
  "steps",
  "outcome",
  "stream",
  "operation",
  "verdict",
  "finish",
  "code",
  "fingerprint",
]);

/** A text that comes in pieces, an event each. */
type Piece = Extract<RunEventBody, { type: "model.text" | "command.output" }>;

/** A text of which something may be held back. */
interface OpenText {
  readonly stream: SecretStream;
  /** Its last piece, for what else is said of it. */
  piece: Piece;
}

/** The one place where a run's events come into being. */
export class Recorder {
  readonly #run: string;
  readonly #sinks: readonly EventSink[];
  readonly #now: () => Date;
  readonly #masks: boolean;
  readonly #open = new Map<string, OpenText>();
  #seq = 0;

  /** Masks what else of the run is kept or shown. */
  readonly mask: SecretMask;

  /** @param options The run, its readers, its clock and its secrets. */
  constructor(options: RecorderOptions) {
    this.#run = options.run;
    this.#sinks = options.sinks;
    this.#now = options.now ?? (() => new Date());
    this.mask = new SecretMask(options.secrets ?? []);
    this.#masks = (options.secrets ?? []).length > 0;
  }

  /**
   * Tells every reader what happened. Of a text that comes in pieces, what may be the beginning of a
   * secret is told with a later piece, or before the event that ends it.
   *
   * @param body What happened.
   */
  emit(body: RunEventBody): void {
    if (!this.#masks) return this.#tell(body);
    if (body.type === "model.text" || body.type === "command.output") return this.#piece(body);
    for (const [key, { stream, piece }] of this.#open) {
      if (!ends(body, piece)) continue;
      this.#open.delete(key);
      const text = stream.flush();
      if (text !== "") this.#tell({ ...this.#masked(piece), text });
    }
    this.#tell(this.#masked(body));
  }

  #piece(piece: Piece): void {
    const key = keyOf(piece);
    let open = this.#open.get(key);
    if (open === undefined) this.#open.set(key, open = { stream: this.mask.stream(), piece });
    open.piece = piece;
    const text = open.stream.push(piece.text);
    if (text !== "") this.#tell({ ...this.#masked(piece), text });
  }

  #masked<T extends RunEventBody>(body: T): T {
    const kept = Object.entries(body).filter(([name]) => KEPT.has(name));
    return { ...maskedMessage(this.mask, body), ...Object.fromEntries(kept) };
  }

  #tell(body: RunEventBody): void {
    const header = { seq: ++this.#seq, time: this.#now().toISOString(), run: this.#run };
    // The header stands first, and no body can change it.
    const event: RunEvent = { ...header, ...body, ...header };
    for (const sink of this.#sinks) sink(event);
  }
}

/** What pieces of one text have in common. */
function keyOf(piece: Piece): string {
  return JSON.stringify(
    piece.type === "model.text"
      ? [piece.step, piece.turn]
      : [piece.step, piece.callId, piece.stream],
  );
}

/** Whether a text has no more pieces once something else happens. */
function ends(event: RunEventBody, piece: Piece): boolean {
  if (event.type === "run.finished") return true;
  if (!("step" in event) || event.step !== piece.step) return false;
  switch (event.type) {
    case "step.finished":
      return true;
    case "model.answered":
    case "model.retried":
      return piece.type === "model.text" && piece.turn === event.turn;
    case "tool.finished":
      return piece.type === "command.output" && piece.callId === event.callId;
    case "command.finished":
      return piece.type === "command.output" && piece.callId === "";
    default:
      return false;
  }
}
