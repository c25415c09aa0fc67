import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import {
  type Backend,
  BackendError,
  CompositeBackend,
  createDeepAgent,
  defineTool,
  type DeleteOptions,
  type EditResult,
  type FileInfo,
  type GlobOptions,
  type GlobResult,
  type GrepOptions,
  type GrepResult,
  type MoveOptions,
  type ReadBytesOptions,
  type ReadOptions,
  RehearsalModel,
  StateBackend,
  type TextEdit,
  type TextSlice,
  type WriteOptions,
} from "../../mod.ts";

/** A store of somebody's own: it keeps every version of every file, and deletes nothing. */
class Archive implements Backend {
  readonly versions: string[] = [];
  readonly #files = new StateBackend();

  ls(path: string): Promise<readonly FileInfo[]> {
    return this.#files.ls(path);
  }
  stat(path: string): Promise<FileInfo> {
    return this.#files.stat(path);
  }
  read(path: string, options?: ReadOptions): Promise<TextSlice> {
    return this.#files.read(path, options);
  }
  readBytes(path: string, options?: ReadBytesOptions): Promise<Uint8Array> {
    return this.#files.readBytes(path, options);
  }
  async write(path: string, content: string | Uint8Array, options?: WriteOptions) {
    const info = await this.#files.write(path, content, options);
    this.versions.push(path);
    return info;
  }
  async edit(path: string, edit: TextEdit): Promise<EditResult> {
    const result = await this.#files.edit(path, edit);
    this.versions.push(path);
    return result;
  }
  delete(path: string, _options?: DeleteOptions): Promise<void> {
    const message = `Cannot delete '${path}': an archive keeps everything`;
    return Promise.reject(new BackendError("denied", path, message));
  }
  move(from: string, _to: string, _options?: MoveOptions): Promise<FileInfo> {
    const message = `Cannot move '${from}': an archive keeps everything`;
    return Promise.reject(new BackendError("denied", from, message));
  }
  glob(pattern: string, options?: GlobOptions): Promise<GlobResult> {
    return this.#files.glob(pattern, options);
  }
  grep(query: string, options?: GrepOptions): Promise<GrepResult> {
    return this.#files.grep(query, options);
  }
}

Deno.test("createDeepAgent() works with a backend and a tool of somebody's own", async () => {
  const archive = new Archive();
  const backend = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/archive/": archive },
  });
  const shout = defineTool({
    name: "shout",
    description: "Writes a text in capitals.",
    parameters: z.strictObject({ path: z.string(), text: z.string() }),
    async execute({ path, text }, context) {
      await context.backend.write(path, text.toUpperCase());
      return `Shouted into ${path}`;
    },
  });
  const call = (tool: string, args: Record<string, unknown>) => ({ tool, arguments: args });
  const model = new RehearsalModel({
    name: "test",
    turns: [
      { text: "", calls: [call("shout", { path: "/archive/a.txt", text: "hello" })] },
      {
        expect: { results: ["Shouted into /archive/a.txt"] },
        text: "",
        calls: [
          call("edit_file", { path: "/archive/a.txt", old_text: "HELLO", new_text: "Hello" }),
          call("delete_file", { path: "/archive/a.txt" }),
        ],
      },
      {
        expect: { results: ["/archive/a.txt", "an archive keeps everything"] },
        text: "It is kept.",
        calls: [],
      },
    ],
  });
  const changed: string[] = [];
  const agent = createDeepAgent({ model, tools: [shout] });
  const result = await agent.run("Shout hello into the archive.", {
    backend,
    onEvent: (event) => {
      if (event.type === "file.changed") changed.push(`${event.operation} ${event.path}`);
    },
  });
  model.assertFinished();
  assertEquals(result.output, "It is kept.");
  assertEquals(archive.versions, ["/a.txt", "/a.txt"]);
  assertEquals(changed, ["write /archive/a.txt", "edit /archive/a.txt"]);
  assertEquals((await backend.read("/archive/a.txt")).text, "Hello");
  const refused = result.messages.filter((message) =>
    message.role === "tool" && message.content.includes("keeps everything")
  );
  // The archive knows the file as '/a.txt'; the model is told of it by the name that it used.
  assertStringIncludes(refused[0]?.content ?? "", "Cannot delete '/archive/a.txt'");
});
