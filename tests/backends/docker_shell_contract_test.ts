import { DATASCIENCE_IMAGE, DOCKER, whyNot } from "../support/engine.ts";
import {
  ENGINES,
  makeDirectories,
  makeShellSubject,
  mountsOf,
  SharedBox,
} from "./_docker_subject.ts";
import { testShell } from "./shell_contract.ts";

const traits = { jq: true, background: true, streams: true };
const directories = makeDirectories();
// Busybox lacks some of the programs that the contract takes.
const options = { image: DATASCIENCE_IMAGE, mounts: mountsOf(directories) };

// The tests may run as root: what they write is for the user of the container all the same.
let umask: number | undefined;
Deno.test.beforeAll(() => void (umask = Deno.umask(0)));
Deno.test.afterAll(() => {
  Deno.umask(umask);
  directories[Symbol.dispose]();
});

for (const [name, engine] of Object.entries(ENGINES)) {
  const ignore = whyNot(engine);
  // Everything in the container.
  const native = new SharedBox(engine, options);
  const inContainer = () => Promise.resolve(makeShellSubject(engine, native.box, { directories }));
  testShell(name, inContainer, traits, { ignore });

  // A container for commands alone: files in memory are brought there. How is no matter of engines.
  if (engine !== DOCKER) continue;
  const staged = new SharedBox(engine, { ...options, staged: ["/"] });
  const inMemory = () =>
    Promise.resolve(makeShellSubject(engine, staged.box, { directories, memory: true }));
  testShell(`${name} over memory`, inMemory, traits, { ignore });
}
