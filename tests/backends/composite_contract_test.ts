import { CompositeBackend } from "../../backends/composite.ts";
import { LocalBackend } from "../../backends/local.ts";
import { StateBackend } from "../../backends/state.ts";
import { testBackendContract } from "./contract.ts";

testBackendContract("CompositeBackend(State as default)", () => {
  const routes = { "/zz/": new StateBackend(), "/a/deep/route/": new StateBackend() };
  return Promise.resolve({
    backend: new CompositeBackend({ default: new StateBackend(), routes }),
  });
});

testBackendContract("CompositeBackend(State at /project/)", () => {
  const routes = {
    "/project/": { backend: new StateBackend(), path: "/in/side" },
    "/projects/": new StateBackend(),
  };
  const backend = new CompositeBackend({ default: new StateBackend(), routes });
  return Promise.resolve({ backend, base: "/project" });
});

testBackendContract("CompositeBackend(State in nested mounts)", () => {
  const routes = {
    "/a/b/c/": { backend: new StateBackend(), path: "/tree" },
    "/a/b/": new StateBackend(),
    "/a/": new StateBackend(),
  };
  const backend = new CompositeBackend({ default: new StateBackend(), routes });
  return Promise.resolve({ backend, base: "/a/b/c" });
});

testBackendContract("CompositeBackend(composite at /outer/)", () => {
  const inner = new CompositeBackend({
    default: new StateBackend(),
    routes: { "/in/ner/": { backend: new StateBackend(), path: "/deep" } },
  });
  const backend = new CompositeBackend({
    routes: { "/outer/": { backend: inner, path: "/in/ner" }, "/outside/": inner },
  });
  return Promise.resolve({ backend, base: "/outer" });
});

testBackendContract("CompositeBackend(Local at /disk/)", async () => {
  const rootDir = await Deno.makeTempDir();
  const routes = { "/disk/": { backend: new LocalBackend({ rootDir }), path: "/part" } };
  return {
    backend: new CompositeBackend({ default: new StateBackend(), routes }),
    base: "/disk",
    [Symbol.asyncDispose]: () => Deno.remove(rootDir, { recursive: true }),
  };
});
