import { ModelError } from "../../agent/model.ts";
import { resolveModel } from "../../agent/models/resolve.ts";
import { createDeepAgent } from "../../agent/agent.ts";
import { StateBackend } from "../../backends/state.ts";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";

Deno.test("resolveModel() lists the providers when a name has none that is known", () => {
  const cases: readonly [string, string][] = [
    ["gpt-4.1", "it must be a provider, a colon and a model"],
    ["openai:", "it must be a provider, a colon and a model"],
    ["", "it must be a provider, a colon and a model"],
    ["mistral:large", "there is no provider 'mistral'"],
    [":gpt-4.1", "there is no provider ''"],
  ];
  for (const [name, why] of cases) {
    assertThrows(
      () => resolveModel(name, { apiKey: "x" }),
      TypeError,
      `Cannot use the model '${name}': ${why}. The providers are: openai, as in 'openai:gpt-4.1'`,
    );
  }
});

Deno.test("resolveModel() takes the rest of the name as it is", () => {
  assertEquals(resolveModel("openai:a:b/c", { apiKey: "x" }).name, "openai:a:b/c");
});

Deno.test({
  name: "createDeepAgent() names the variable when there is no key and none may be read",
  permissions: "none",
  fn() {
    const error = assertThrows(() => createDeepAgent({ model: "openai:gpt-4.1" }), ModelError);
    assertEquals(error.code, "authentication");
    assertStringIncludes(error.message, "set the environment variable OPENAI_API_KEY");
  },
});

Deno.test({
  name: "createDeepAgent() takes key and server from the environment, options first",
  permissions: { env: ["OPENAI_API_KEY", "OPENAI_BASE_URL"], net: ["127.0.0.1"] },
  async fn() {
    const saved = ["OPENAI_API_KEY", "OPENAI_BASE_URL"].map((name) =>
      [name, Deno.env.get(name)] as const
    );
    const seen: (string | null)[] = [];
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      seen.push(`${new URL(request.url).pathname} ${request.headers.get("authorization")}`);
      return Response.json({ error: { message: "Wrong key" } }, { status: 401 });
    });
    const url = (path: string) => `http://127.0.0.1:${server.addr.port}${path}`;
    const ask = async (options: { readonly apiKey?: string; readonly baseUrl?: string }) => {
      const agent = createDeepAgent({ model: "openai:gpt-4.1", ...options });
      const error = await assertRejects(
        () => agent.run("Go.", { backend: new StateBackend() }),
        ModelError,
      );
      assertEquals(error.code, "authentication");
    };
    try {
      Deno.env.set("OPENAI_API_KEY", "");
      assertThrows(() => createDeepAgent({ model: "openai:gpt-4.1" }), ModelError, "no key");
      Deno.env.set("OPENAI_API_KEY", "from-env");
      Deno.env.set("OPENAI_BASE_URL", url("/env"));
      await ask({});
      await ask({ apiKey: "from-option", baseUrl: url("/option") });
      assertEquals(seen, [
        "/env/chat/completions Bearer from-env",
        "/option/chat/completions Bearer from-option",
      ]);
    } finally {
      for (const [name, value] of saved) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
      await server.shutdown();
    }
  },
});
