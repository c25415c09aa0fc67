import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/errors.ts";
import { GuardedBackend } from "../../backends/guard.ts";
import { Policy } from "../../backends/policy.ts";
import { PRESET_NAMES, presetRules, rulesOfPreset } from "../../backends/presets.ts";
import { StateBackend } from "../../backends/state.ts";

const HIDDEN = [
  "/.env",
  "/.env.local",
  "/.envrc",
  "/a/b/.env.production",
  "/prod.env",
  "/tls/server.pem",
  "/tls/server.key",
  "/AuthKey.p8",
  "/store.p12",
  "/store.pfx",
  "/putty.ppk",
  "/app.jks",
  "/app.keystore",
  "/vault.kdbx",
  "/home/.password-store/site.gpg",
  "/id_rsa",
  "/home/id_ed25519",
  "/id_ecdsa_sk",
  "/home/.ssh/config",
  "/home/.ssh",
  "/home/.gnupg/pubring.kbx",
  "/home/.aws/credentials",
  "/home/.azure/token",
  "/home/.config/gcloud/x/y",
  "/.boto",
  "/.s3cfg",
  "/.databrickscfg",
  "/home/.kube/config",
  "/kubeconfig",
  "/.vault-token",
  "/infra/terraform.tfstate",
  "/infra/terraform.tfstate.backup",
  "/infra/prod.tfvars",
  "/.terraformrc",
  "/home/.docker/config.json",
  "/.dockercfg",
  "/.npmrc",
  "/web/.npmrc",
  "/.pypirc",
  "/home/.cargo/credentials.toml",
  "/home/.gem/credentials",
  "/home/.m2/settings.xml",
  "/.netrc",
  "/_netrc",
  "/.git-credentials",
  "/home/.config/git/credentials",
  "/home/.config/gh/hosts.yml",
  "/home/.config/glab-cli/config.yml",
  "/.pgpass",
  "/.my.cnf",
  "/.mylogin.cnf",
  "/.htpasswd",
  "/x/.credentials",
  "/x/prod.credentials",
  "/credentials.json",
  "/client_secret_123.json",
  "/service-account-prod.json",
  "/service_account.json",
  "/application_default_credentials.json",
  "/config/secrets.yml",
  "/config/secrets.toml",
  "/.secrets",
  "/db.secret",
  "/home/.bash_history",
  "/home/.node_repl_history",
];

const SHOWN = [
  "/",
  "/app.py",
  "/environment.ts",
  "/env/settings.py",
  "/src/credentials/index.ts",
  "/src/secrets.ts",
  "/src/id_generator.py",
  "/keys.ts",
  "/monkey",
  "/.github/workflows/ci.yml",
  "/.docker/Dockerfile",
  "/.git/config",
  "/.config/settings",
  "/docs/ssh.md",
  "/package.json",
];

Deno.test("rulesOfPreset() of 'no-secrets' hides what usually holds secrets and nothing else", () => {
  const policy = new Policy(rulesOfPreset("no-secrets"));
  for (const path of HIDDEN) {
    assertEquals(policy.decide("read", path).verdict, "deny", path);
    assertEquals(policy.decide("write", path).verdict, "deny", path);
  }
  for (const path of SHOWN) {
    assertEquals(policy.decide("read", path).verdict, "allow", path);
    assertEquals(policy.decide("write", path).verdict, "allow", path);
  }
});

Deno.test("rulesOfPreset() of 'no-secrets' has no rule that hides none of the files above", () => {
  for (const { rule, what } of presetRules("no-secrets")) {
    const policy = new Policy({ deny: [rule] });
    const needed = HIDDEN.some((path) => policy.decide("read", path).verdict === "deny");
    assert(needed && what !== "", rule);
  }
});

Deno.test("rulesOfPreset() of 'read-only' refuses every change", async () => {
  const files = new StateBackend({ files: { "/a/b": "text" } });
  const backend = new GuardedBackend({ backend: files, ...rulesOfPreset("read-only") });
  assertEquals((await backend.read("/a/b")).text, "text");
  const changes = [
    () => backend.write("/a/b", ""),
    () => backend.write("/new", ""),
    () => backend.edit("/a/b", { oldText: "text", newText: "" }),
    () => backend.delete("/a", { recursive: true }),
    () => backend.move("/a/b", "/c"),
  ];
  for (const change of changes) {
    const error = await assertRejects(change, BackendError);
    assertEquals(error.code, "denied");
    assert(error.message.endsWith("denied by the rule 'write **'"), error.message);
  }
  assertEquals([...files.files.keys()], ["/a/b"]);
});

Deno.test("PRESET_NAMES are the names of presets with rules that can be understood", () => {
  assertEquals(PRESET_NAMES, ["no-secrets", "read-only"]);
  for (const name of PRESET_NAMES) {
    assert(rulesOfPreset(name).deny.length > 0);
    new Policy(rulesOfPreset(name));
  }
});
