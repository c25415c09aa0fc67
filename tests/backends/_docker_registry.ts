/**
 * A registry of one image: enough of the distribution protocol for an engine to pull it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";

/** A registry that runs. */
export interface TestRegistry extends AsyncDisposable {
  /** Its host and port. */
  readonly host: string;
  /** The paths that were asked for. */
  readonly asked: readonly string[];
}

const MEDIA = "application/vnd.docker";

/**
 * Starts a registry whose image has one file.
 *
 * @param repository The name of the image, without its tag, which is `1`.
 * @returns The registry.
 */
export async function startRegistry(repository: string): Promise<TestRegistry> {
  const text = crypto.randomUUID();
  const tar = await packTar([{ header: { name: "file.txt", size: text.length }, body: text }]);
  const layer = new Uint8Array(gzipSync(tar));
  const config = encode({
    architecture: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [digest(tar)] },
    history: [{ created_by: "a test" }],
  });
  const part = (type: string, bytes: Uint8Array) => ({
    mediaType: `${MEDIA}.${type}`,
    size: bytes.length,
    digest: digest(bytes),
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: `${MEDIA}.distribution.manifest.v2+json`,
    config: part("container.image.v1+json", config),
    layers: [part("image.rootfs.diff.tar.gzip", layer)],
  });
  const root = `/v2/${repository}`;
  const answers = new Map<string, readonly [string, Uint8Array<ArrayBuffer>]>([
    ["/v2/", ["application/json", encode({})]],
    ...["1", digest(manifest)].map((name) =>
      [
        `${root}/manifests/${name}`,
        [`${MEDIA}.distribution.manifest.v2+json`, manifest],
      ] as const
    ),
    ...[config, layer].map((bytes) =>
      [`${root}/blobs/${digest(bytes)}`, ["application/octet-stream", bytes]] as const
    ),
  ]);
  const asked: string[] = [];
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, ({ url, method }) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    const [type, bytes] = answers.get(pathname) ?? [];
    if (type === undefined || bytes === undefined) {
      const errors = [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }];
      return Response.json({ errors }, { status: 404 });
    }
    const headers = {
      "Content-Type": type,
      "Content-Length": String(bytes.length),
      "Docker-Content-Digest": digest(bytes),
    };
    return new Response(method === "HEAD" ? null : bytes, { headers });
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
