import { assert, assertEquals } from "@std/assert";
import type { Plan, PlanBackend } from "../../runner/plan.ts";
import { DOCKER, type TestEngine, testOn } from "../support/engine.ts";
import { boxed } from "./_boxed.ts";

/** Files in a container, and a directory of the machine that commands may change as it is. */
const flowOf = ({ image }: TestEngine) => ({
  shell: "docker",
  backends: {
    box: { type: "docker", image },
    disk: { type: "local", root: "./disk" },
  },
  default: "box",
  routes: { "/disk/": "disk" },
});

/** A plan whose local route is mounted, whoever runs the test. */
function mounted(plan: Plan): Plan {
  const [root] = plan.roots;
  assert(root !== undefined);
  const { uid, gid } = { uid: Deno.uid() || 1000, gid: Deno.gid() || 1000 };
  const { directory } = root;
  Deno.mkdirSync(directory, { recursive: true });
  Deno.chmodSync(directory, 0o777);
  const backends = plan.backends.map((backend): PlanBackend => {
    if (backend.type !== "docker") return backend;
    const { staged: _, ...box } = backend.box;
    const mounts = [{ prefix: "/disk/", directory, access: "read-write" as const }];
    return { ...backend, box: { ...box, mounts, user: `${uid}:${gid}` } };
  });
  return { ...plan, backends };
}

testOn(
  DOCKER,
  "runPlan() lets nobody at mounted files while a command runs, where Deno's flags alone confine the host",
  async (engine) => {
    const { result, left } = await boxed(engine, {
      flow: {
        ...flowOf(engine),
        steps: [
          { id: "first", run: "true" },
          {
            id: "command",
            needs: ["first"],
            // It sees a file of its container at once, and a file of the machine only after its end.
            run:
              "echo begun > /disk/own; i=0; while [ ! -e /workspace/go ] && [ $i -lt 300 ]; do " +
              "sleep 0.1; i=$((i + 1)); done; sleep 0.5; ls /workspace /disk",
          },
          { id: "tools", needs: ["first"], prompt: "Go." },
        ],
        outputs: { seen: "${{ steps.command.output }}" },
      },
      turns: {
        tools: [
          [["write_file", { path: "/workspace/go", content: "" }]],
          [["write_file", { path: "/disk/late", content: "late" }]],
        ],
      },
      compile: {
        probe: () => Promise.resolve({ type: "flags", reason: "The test wants it so" }),
      },
      onPlan: mounted,
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    assertEquals(result.outputs, { seen: "/disk:\nown\n\n/workspace:\ngo" });
    assertEquals(
      result.files.map(({ path, backend }) => `${backend} ${path}`),
      ["disk /disk/late", "disk /disk/own", "box /workspace/go"],
    );
    assertEquals(left, []);
  },
);

testOn(
  DOCKER,
  "runPlan() shows tools what a command planted in a mounted directory as no file",
  async (engine) => {
    const { result, events, left } = await boxed(engine, {
      flow: {
        ...flowOf(engine),
        steps: [
          {
            id: "plant",
            run: "cd /disk; ln -s /etc/passwd link; ln -s / root; mkfifo pipe; echo fine > fine",
          },
          { id: "look", prompt: "Go." },
          // Nobody should read a pipe that nobody writes, the test neither.
          { id: "clear", run: "rm /disk/pipe /disk/link /disk/root" },
        ],
      },
      turns: {
        look: [[
          ["ls", { path: "/disk" }],
          ["read_file", { path: "/disk/link" }],
          ["read_file", { path: "/disk/root/etc/passwd" }],
          ["write_file", { path: "/disk/link", content: "x" }],
          ["read_file", { path: "/disk/pipe" }],
          ["read_file", { path: "/disk/fine" }],
        ]],
      },
      onPlan: mounted,
    });
    assertEquals([result.outcome, result.error], ["success", undefined]);
    const ends = events.flatMap((event) => event.type === "tool.finished" ? [event] : []);
    assertEquals(ends.map(({ ok }) => ok), [true, false, false, false, false, true]);
    for (const { result } of ends) assert(!result.includes("root:"), result);
    assertEquals(left, []);
  },
);
