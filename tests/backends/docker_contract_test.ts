import { whyNot } from "../support/engine.ts";
import { ENGINES, SharedBox } from "./_docker_subject.ts";
import { testBackendContract } from "./contract.ts";

for (const [name, engine] of Object.entries(ENGINES)) {
  const shared = new SharedBox(engine);
  const modified = async () => (await shared.box.write("/tick", "")).modified;
  testBackendContract(name, () =>
    Promise.resolve({
      backend: shared.box,
      tick: async () => {
        const now = await modified();
        while (await modified() === now);
      },
      [Symbol.asyncDispose]: async () => {
        for (const { path } of await shared.box.ls("/")) {
          await shared.box.delete(path, { recursive: true });
        }
      },
    }), { ignore: whyNot(engine) });
}
