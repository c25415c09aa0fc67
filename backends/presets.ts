/**
 * Rules by name, for what many workflows want alike.
 *
 * @module
 */

/** A rule of a preset, and why it is one. */
export interface PresetRule {
  /** The rule, as it would be written. */
  readonly rule: string;
  /** What it keeps: a noun, such as `settings of a program, often with passwords`. */
  readonly what: string;
}

/** The names of the presets. */
export type PresetName = "no-secrets" | "read-only";

/** Names of files and directories that hold secrets wherever they are, by what they are. */
const SECRETS: readonly (readonly [patterns: string, what: string])[] = [
  [".env* *.env", "settings of a program, often with its passwords"],
  ["*.pem *.key *.p8 *.p12 *.pfx *.ppk", "private keys and certificates"],
  ["*.jks *.keystore *.kdbx .password-store", "stores of keys and passwords"],
  ["id_{rsa,dsa,ecdsa,ed25519}* .ssh", "keys of SSH"],
  [".gnupg", "keys of GnuPG"],
  [".aws .azure .config/gcloud .boto .s3cfg .databrickscfg", "accounts of clouds"],
  [".kube kubeconfig .vault-token", "accounts of clusters and vaults"],
  ["*.tfstate *.tfstate.* *.tfvars .terraformrc", "what Terraform knows, passwords included"],
  [".docker/config.json .dockercfg", "accounts of container registries"],
  [
    ".npmrc .pypirc .cargo/credentials* .gem/credentials .m2/settings*.xml",
    "accounts of package registries",
  ],
  [
    ".netrc _netrc .git-credentials .config/git/credentials .config/gh .config/glab-cli",
    "passwords and tokens of hosts",
  ],
  [".pgpass .my.cnf .mylogin.cnf .htpasswd", "passwords of databases and servers"],
  [
    ".credentials *.credentials credentials.{json,yml,yaml,csv,xml} client_secret*.json service-account*.json " +
    "service_account*.json application_default_credentials.json",
    "accounts of services",
  ],
  ["secrets.{yml,yaml,json,toml} .secrets *.secret", "files that are called secret"],
  [".{bash,zsh,python,psql,mysql,node_repl}_history", "what was typed, passwords included"],
];

const PRESETS: Readonly<Record<PresetName, readonly PresetRule[]>> = {
  "no-secrets": SECRETS.flatMap(([patterns, what]) =>
    patterns.split(" ").map((pattern) => ({ rule: `read **/${pattern}`, what }))
  ),
  "read-only": [{ rule: "write **", what: "every file" }],
};

/** The presets that there are. */
export const PRESET_NAMES: readonly PresetName[] = ["no-secrets", "read-only"];

/**
 * The rules of a preset, each with what it keeps. All of them are rules of `deny`.
 *
 * | preset | what it does |
 * | --- | --- |
 * | `read-only` | nothing can be changed |
 * | `no-secrets` | files that usually hold secrets are hidden, by their names alone |
 *
 * `no-secrets` cannot know a secret by its content, and goes by names letter by letter.
 *
 * @param name The preset's name.
 * @returns Its rules.
 *
 * @example
 * ```ts
 * import { presetRules } from "./presets.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(presetRules("read-only"), [{ rule: "write **", what: "every file" }]);
 * ```
 */
export function presetRules(name: PresetName): readonly PresetRule[] {
  return PRESETS[name];
}

/**
 * The rules of a preset as a part of `Rules`, for a `Policy` or a `GuardedBackend`.
 *
 * @param name The preset's name.
 * @returns Its rules.
 *
 * @example
 * ```ts
 * import { GuardedBackend } from "./guard.ts";
 * import { rulesOfPreset } from "./presets.ts";
 * import { StateBackend } from "./state.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const files = new StateBackend({ files: { "/app.py": "pass", "/.env": "KEY=1" } });
 * const backend = new GuardedBackend({ backend: files, ...rulesOfPreset("no-secrets") });
 * assertEquals((await backend.ls("/")).map((entry) => entry.path), ["/app.py"]);
 * ```
 */
export function rulesOfPreset(name: PresetName): { readonly deny: readonly string[] } {
  return { deny: presetRules(name).map(({ rule }) => rule) };
}
