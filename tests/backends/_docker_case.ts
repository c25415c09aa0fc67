/**
 * What the tests of containers are written with.
 *
 * @module
 */

import { BackendError } from "../../backends/errors.ts";
import { within } from "../../backends/docker/_quell.ts";
import type { DockerSandbox } from "../../backends/docker/sandbox.ts";
import { callEngine, type TestEngine } from "../support/engine.ts";

/** What an operation fails with: `code: message`; the empty text if it does not. */
export async function failureOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation;
    return "";
  } catch (error) {
    if (error instanceof BackendError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Waits until something holds; a test that waits for what never comes fails after a minute. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`It did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What is waited for; a test that waits for what never comes fails after two minutes. */
export async function arrival<T>(what: string, promise: Promise<T>): Promise<T> {
  const arrived = await within(promise.then((value) => ({ value })), 120_000);
  if (arrived === undefined) throw new Error(`It did not come: ${what}`);
  return arrived.value;
}

/** What an engine says that a container is: `running`, `exited` …, `gone` where it knows none. */
export async function stateOf(engine: TestEngine, id: string | undefined): Promise<string> {
  const { status, body } = await callEngine(engine, "GET", `/containers/${id}/json`);
  if (status === 404) return "gone";
  const { State } = body as { readonly State: { readonly Status: string } };
  return State.Status;
}

/** Those that sleep in a box of busybox: what the tests' commands leave running if nobody kills it. */
export async function sleepersOf(box: DockerSandbox): Promise<readonly string[]> {
  const { stdout } = await box.execute("ps");
  return stdout.text.split("\n").filter((line) => line.includes("sleep"));
}

/** What a command printed, which must have ended well. */
export async function output(box: DockerSandbox, command: string): Promise<string> {
  const { exitCode, stdout, stderr, notes } = await box.execute(command);
  if (exitCode === 0 && notes.length === 0) return stdout.text;
  throw new Error(`Exit code ${exitCode}: ${stderr.text} ${notes.join(" ")}`);
}

/** The engine's container of a box does what its files and commands are for. */
export async function useBox(box: DockerSandbox): Promise<string> {
  await box.write("/tmp/used", "used");
  const said = await output(box, "cat /tmp/used");
  await box.delete("/tmp/used");
  return said;
}
