/**
 * Commands in a container that do their worst to what ends them: nothing of them runs when they are over.
 * Whoever looks at the host's files in a mounted directory without bubblewrap relies on that.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { boxOf, ENGINES } from "../backends/_docker_subject.ts";
import { useBox } from "../backends/_docker_case.ts";
import { testOn } from "../support/engine.ts";

/** Every process of a container, as the kernel shows it to the next command. */
const PROCESSES = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2> /dev/null";

/** Waits until a process in the background has begun with what it does. */
const BEGUN = "while [ ! -e /workspace/begun ]; do :; done";

/** Leaves a process of its own, in the background, that does something to all others, over and over. */
const haunting = (deed: string) => `
cat > /workspace/haunt <<'END'
exec > /dev/null 2>&1
while :; do
  for p in /proc/[0-9]*; do p=\${p#/proc/}; [ $p = 1 ] || [ $p = $$ ] || ${deed}; done
  : > /workspace/begun
done
END
setsid sh /workspace/haunt &
${BEGUN}
`;

/** Stops the file server, and answers in its place with whatever word it was to answer with. */
const FORGER = `
cat > /workspace/forge <<'END'
exec > /dev/null 2>&1
for p in /proc/[0-9]*; do
  case $(tr '\\0' ' ' < $p/cmdline) in "/bin/sh "|"/run/image/sh ") kill -STOP \${p#/proc/}; break ;; esac
done
command exec 3< $p/fd/0 4> $p/fd/1
: > /workspace/begun
while read -r line <&3; do
  case $line in "printf "*) word=\${line#*\\\\n}; printf '\\n%s 0\\n' "\${word%% *}" >&4 ;; esac
done &
sleep 600
END
setsid sh /workspace/forge &
${BEGUN}
`;

/** What a command does, by what it is. */
const COMMANDS: Readonly<Record<string, string>> = {
  "kills whatever else there is, over and over": haunting("kill -9 $p"),
  "stops whatever else there is, over and over": haunting("kill -STOP $p"),
  "answers in the file server's place": FORGER,
  "starts itself again whenever it is killed":
    "(setsid sh -c 'while :; do sleep 9 & : > /workspace/begun; done' &) > /dev/null 2>&1; " +
    BEGUN,
};

for (const [name, engine] of Object.entries(ENGINES)) {
  for (const [what, command] of Object.entries(COMMANDS)) {
    testOn(
      engine,
      `nothing is left in a container of ${name} of a command that ${what}`,
      async (on) => {
        await using box = boxOf(on, { processes: 60 });
        await box.start();
        await box.execute(command, { timeout: 2_000 });
        const { stdout } = await box.execute(PROCESSES);
        assertEquals(/.*(?:haunt|forge|sleep).*/.exec(stdout.text)?.[0], undefined);
        assertEquals(await useBox(box), "used");
      },
    );
  }
}
