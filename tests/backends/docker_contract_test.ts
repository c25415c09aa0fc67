import { whyNot } from "../support/engine.ts";
import { ENGINES, SharedBox } from "./_docker_subject.ts";
import { testBackendContract } from "./contract.ts";

for (const [name, engine] of Object.entries(ENGINES)) {
  const shared = new SharedBox(engine);
  testBackendContract(name, () =>
    Promise.resolve({
      backend: shared.box,
      [Symbol.asyncDispose]: async () => {
        for (const { path } of await shared.box.ls("/")) {
          await shared.box.delete(path, { recursive: true });
        }
      },
    }), { ignore: whyNot(engine) });
}
