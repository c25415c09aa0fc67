/**
 * A workflow that asks before it publishes, in a directory of its own.
 *
 * @module
 */

import { join } from "@std/path";
import type { RunEvent } from "../../runner/events.ts";
import { Journal } from "../../runner/journal.ts";
import { cli, type CliResult } from "../support/cli.ts";

/** Two steps; the second wants to write what somebody has to approve, beside what nobody has to. */
export const WORKFLOW = `name: deploy
model: openai:gpt-4.1
rehearsal: ./flow.rehearsal.yaml
inputs:
  page: { type: string, default: page }
backends:
  memory: { type: state }
  disk: { type: local, root: ./site }
default: memory
routes:
  /site/: { backend: disk }
tools:
  ask: ["write /site/live/**"]
steps:
  - id: draft
    prompt: Draft the page.
    produces: [/draft.txt]
  - id: publish
    prompt: Publish \${{ inputs.page }} after \${{ steps.draft.output }}
    produces: [/site/a.txt, /site/live/page.txt, /log.txt]
outputs: { said: "\${{ steps.draft.output }} \${{ steps.publish.output }}" }
`;

/** What the model answers in {@linkcode WORKFLOW}. */
export const REHEARSAL = `name: deploy
steps:
  draft:
    - calls:
        - write_file: { path: /draft.txt, content: "Hello\\n" }
        - write_file: { path: /gone/x.txt, content: "x" }
    - calls:
        - delete_file: { path: /gone/x.txt }
    - text: Drafted.
  publish:
    - calls:
        - write_file: { path: /site/a.txt, content: "A\\n" }
        - write_file: { path: /log.txt, content: "log\\n" }
        - write_file: { path: /site/live/page.txt, content: "Hello\\n" }
        - read_file: { path: /site/live/page.txt }
    - expect: { results: ["Wrote /site/a.txt", "Wrote /log.txt", "Wrote /site/live/page.txt", "Hello"] }
      calls:
        - read_file: { path: /draft.txt }
        - ls: { path: / }
    - expect: { results: ["Hello", "/gone/"] }
      text: Published.
`;

/** A directory with the workflow in it. */
export class WaitingDirectory implements AsyncDisposable {
  /** Its absolute path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes one. */
  static async make(
    { workflow = WORKFLOW, rehearsal = REHEARSAL }: {
      readonly workflow?: string;
      readonly rehearsal?: string;
    } = {},
  ): Promise<WaitingDirectory> {
    const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "routebook-waiting-" }));
    await Deno.writeTextFile(join(path, "flow.yaml"), workflow);
    await Deno.writeTextFile(join(path, "flow.rehearsal.yaml"), rehearsal);
    return new WaitingDirectory(path);
  }

  /** `deno task run flow.yaml ARGS`, with nobody at a terminal. */
  run(...args: readonly string[]): Promise<CliResult> {
    return cli("run", ["flow.yaml", ...args], { cwd: this.path });
  }

  /** The same, with a run that has to wait; its id. */
  async waiting(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 6) throw new Error(`The run does not wait (${code}):\n${stderr}${stdout}`);
    return this.ids().at(-1) ?? "";
  }

  /** The ids of the runs, the oldest first. */
  ids(): string[] {
    using journal = Journal.open(this.path);
    return journal.runs().map(({ id }) => id).reverse();
  }

  /** The events of a run. */
  events(run: string): RunEvent[] {
    using journal = Journal.open(this.path);
    return journal.events(run);
  }

  /** A file's text; `undefined` where there is none. */
  async text(path: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(join(this.path, path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Writes a file. */
  async write(path: string, text: string): Promise<void> {
    const file = join(this.path, path);
    await Deno.mkdir(join(file, ".."), { recursive: true });
    await Deno.writeTextFile(file, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
