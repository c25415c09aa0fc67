/**
 * Puts tool calls together from the pieces in which servers send them.
 *
 * @module
 */

import type { ToolCall } from "../model.ts";
import { MalformedAnswer } from "./_openai_failure.ts";

/** More calls than one answer can mean. */
const MOST_CALLS = 1_024;

interface Slot {
  readonly index: number | undefined;
  id: string;
  name: string;
  arguments: string;
}

/** The tool calls of one answer. */
export class CallAssembler {
  readonly #newId: () => string;
  readonly #slots: Slot[] = [];

  /** @param newId Makes an id for a call that came without one. */
  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Whether any call has begun. */
  get any(): boolean {
    return this.#slots.length > 0;
  }

  /**
   * Takes one element of `delta.tool_calls`.
   *
   * @param delta The element.
   * @throws {MalformedAnswer} If it is not of the API's form.
   */
  add(delta: unknown): void {
    if (!isRecord(delta)) throw new MalformedAnswer("a tool call is not an object");
    const called = delta.function ?? {};
    if (!isRecord(called)) throw new MalformedAnswer("a tool call's function is not an object");
    const index = readIndex(delta.index);
    const id = readText(delta.id, "id");
    const name = readText(called.name, "name");
    const written = readArguments(called.arguments);
    const slot = this.#slotFor(index, id, name, written);
    // Once the arguments have begun, id and name are whole: what comes then is a repetition.
    if (slot.arguments === "") {
      slot.id = extend(slot.id, id);
      slot.name = extend(slot.name, name);
    }
    slot.arguments += written;
  }

  /**
   * The calls in their order.
   *
   * @returns The calls; each has an id that no other one has.
   * @throws {MalformedAnswer} If a call has no name.
   */
  finish(): ToolCall[] {
    const seen = new Set<string>();
    const place = (slot: Slot) => slot.index ?? Number.MAX_SAFE_INTEGER;
    return this.#slots
      .toSorted((a, b) => place(a) - place(b))
      .map((slot) => {
        if (slot.name === "") throw new MalformedAnswer("a tool call has no name");
        const id = slot.id === "" || seen.has(slot.id) ? this.#newId() : slot.id;
        seen.add(id);
        const written = slot.arguments.trim() === "" ? "{}" : slot.arguments;
        return { id, name: slot.name, arguments: written };
      });
  }

  /** Whether every call has a name and arguments that are a JSON object. */
  get whole(): boolean {
    return this.#slots.every((slot) =>
      slot.name !== "" && (slot.arguments.trim() === "" || isJsonObject(slot.arguments))
    );
  }

  #slotFor(index: number | undefined, id: string, name: string, written: string): Slot {
    const slot = this.#slots.findLast((slot) =>
      index !== undefined ? slot.index === index : id === "" ? name === "" : slot.id === id
    );
    // Some servers send each call whole, and all with index 0: what brings a name on top of
    // arguments that are complete is a call of its own, unless it only repeats the first one.
    const another = slot !== undefined && name !== "" &&
      (id === "" ? written.trim() !== "" : id !== slot.id) && isJsonObject(slot.arguments);
    if (slot !== undefined && !another) return slot;
    if (index === undefined && name === "") {
      throw new MalformedAnswer("a piece of a tool call belongs to no call");
    }
    if (this.#slots.length >= MOST_CALLS) {
      throw new MalformedAnswer(`it has more than ${MOST_CALLS} tool calls`);
    }
    const fresh = { index, id: "", name: "", arguments: "" };
    this.#slots.push(fresh);
    return fresh;
  }
}

/** Adds a piece, unless it repeats the whole. */
function extend(text: string, piece: string): string {
  return piece === text ? text : text + piece;
}

function readIndex(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw new MalformedAnswer("a tool call's index is not a whole number");
}

function readText(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new MalformedAnswer(`a tool call's ${field} is not text`);
}

function readArguments(value: unknown): string {
  // Some servers parse the arguments before they send them.
  return isRecord(value) ? JSON.stringify(value) : readText(value, "arguments");
}

function isJsonObject(text: string): boolean {
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
}

/**
 * Whether a value is an object with keys.
 *
 * @param value Any value.
 * @returns Whether it is neither `null` nor an array nor a primitive.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
