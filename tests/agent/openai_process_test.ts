import { assertEquals } from "@std/assert";
import { answer, startOpenAiServer } from "../support/openai_server.ts";

const CHILD = new URL("../support/_chat_child.ts", import.meta.url);

/** What the agent process is started with, besides its network. */
const FLAGS = ["--no-prompt", "--cached-only", "--no-remote", "--ignore-env"];

/** Runs the child; what it printed, and what permissions it asked for. */
async function runChild(
  flags: readonly string[],
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ readonly printed: unknown; readonly used: string[] }> {
  const audit = await Deno.makeTempFile();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, CHILD.href, ...args],
      env: { ...env, DENO_AUDIT_PERMISSIONS: audit, NO_COLOR: "1" },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals([code, err], [0, ""]);
    const lines = (await Deno.readTextFile(audit)).split("\n").filter((line) => line !== "");
    const used = lines.map((line) => {
      const { permission, value } = JSON.parse(line);
      return `${permission} ${value}`;
    });
    return { printed: JSON.parse(out ?? ""), used: [...new Set(used)] };
  } finally {
    await Deno.remove(audit);
  }
}

Deno.test("OpenAiModel.respond() needs no grant but the server's address", async () => {
  await using server = startOpenAiServer({ script: [answer({ text: "Hello" })] });
  const { printed, used } = await runChild(
    [...FLAGS, `--allow-net=${server.host}`],
    [server.baseUrl, server.key],
  );
  assertEquals(printed, { text: "Hello" });
  assertEquals(server.rejections, []);
  // The one variable that the SDK cannot be told beforehand; ignored, it reads as not set.
  assertEquals(used, [
    "env OPENAI_CUSTOM_HEADERS",
    `net ${server.baseUrl}/chat/completions`,
    `net ${server.host}`,
  ]);
});

Deno.test("OpenAiModel.respond() follows no variable of an ignored environment", async () => {
  await using server = startOpenAiServer({ script: [answer({ text: "Hello" })] });
  const { printed } = await runChild(
    [...FLAGS, `--allow-net=${server.host}`],
    [server.baseUrl, server.key],
    {
      OPENAI_API_KEY: "other",
      OPENAI_ADMIN_KEY: "other",
      OPENAI_BASE_URL: "http://127.0.0.1:1/v1",
      OPENAI_CUSTOM_HEADERS: "x-custom: 1",
      OPENAI_LOG: "debug",
      OPENAI_ORG_ID: "organization",
      OPENAI_PROJECT_ID: "project",
    },
  );
  assertEquals(printed, { text: "Hello" });
  const headers = server.exchanges[0]?.headers;
  const names = ["x-custom", "openai-organization", "openai-project"];
  assertEquals(names.map((name) => headers?.get(name)), [null, null, null]);
});

Deno.test("OpenAiModel.respond() tells at once where the network is not granted", async () => {
  await using server = startOpenAiServer({ script: [] });
  await using other = startOpenAiServer({ script: [] });
  const { printed } = await runChild(
    [...FLAGS, `--allow-net=${other.host}`],
    [server.baseUrl, server.key],
  );
  assertEquals(printed, {
    code: "denied",
    message: `This process may not reach '${server.host}'; grant it with ` +
      `--allow-net=${server.host}`,
  });
  assertEquals([server.exchanges, server.rejections], [[], []]);
});
