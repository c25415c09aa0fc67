import { assertEquals } from "@std/assert";
import { dirname } from "@std/path";
import { compiled, type Given } from "./_compiled.ts";

const STEPS = "steps: [{ id: a, prompt: Go }]\n";

async function withArtifacts(artifacts: string, given: Given & { top?: string } = {}) {
  const { top = "", ...rest } = given;
  return await compiled(`name: w\nmodel: openai:m\n${top}artifacts:\n${artifacts}\n${STEPS}`, rest);
}

Deno.test("compileWorkflow() resolves where artifacts go, from the workflow's own directory", async () => {
  const yaml = `name: w
model: openai:m
inputs: { name: { default: report.md } }
artifacts:
  - { path: "/out/**/*.png", to: ./pictures/ }
  - { path: "/out/\${{ inputs.name }}", to: ../up/last.md, when: always }
  - { path: /log//x.txt, to: ., when: failure }
${STEPS}`;
  const { plan, text, dir } = await compiled(yaml, {
    file: "flows/w.yaml",
    files: { "flows/w.yaml": yaml },
  });
  assertEquals(text, "");
  assertEquals(
    plan?.artifacts?.map(({ path, to, shownTo, when, place }) => [
      path.join(""),
      to.replace(dir, "<dir>"),
      shownTo,
      when,
      `${place.file}:${place.line}`,
    ]),
    [
      ["/out/**/*.png", "<dir>/flows/pictures/", "./pictures/", "success", "flows/w.yaml:5"],
      ["/out/report.md", "<dir>/up/last.md", "../up/last.md", "always", "flows/w.yaml:6"],
      ["/log/x.txt", "<dir>/flows/", ".", "failure", "flows/w.yaml:7"],
    ],
  );
});

Deno.test("compileWorkflow() puts artifacts below another directory where that is wanted", async () => {
  const { plan } = await withArtifacts(
    '  - { path: "/a/*", to: ./out/ }\n  - { path: /b, to: ../../b.txt }\n  - { path: /c, to: /etc/c }',
    { artifacts: "/nowhere/redirected" },
  );
  assertEquals(plan?.artifacts?.map(({ to }) => to), [
    "/nowhere/redirected/out/",
    "/nowhere/redirected/up/up/b.txt",
    "/nowhere/redirected/etc/c",
  ]);
});

Deno.test("compileWorkflow() refuses paths and destinations of artifacts that cannot be", async () => {
  const { text, exitCode } = await withArtifacts(
    `\
  - { path: out/a, to: ./a/ }
  - { path: /out/, to: ./b/ }
  - { path: "/out/*.png", to: ./c.png }
  - { path: "/\${{ steps.a.output }}", to: ./d.png }
  - { path: /out/e, to: ~/e/ }
  - { path: /out/f, to: ./file/ }
  - { path: /out/g, to: ./directory }
  - { path: /out/h, to: ./link }
  - { path: "/out/${"{a,b}".repeat(11)}", to: ./i/ }
  - { path: /out/j, to: ./gone/ }`,
    {
      files: { file: "", "directory/": "" },
      links: { link: "file", gone: "nothing" },
    },
  );
  assertEquals(exitCode, 2);
  const told = text.split("\n\n").map((each) => {
    const lines = each.trimEnd().split("\n");
    return [lines[0], lines[1]?.trim().replace("--> flow.yaml:", ""), lines.at(-1)?.trim()];
  });
  const own = "= hint: Write a directory of its own, such as ./artifacts/";
  assertEquals(told, [
    [
      "error[invalid-path]: Path 'out/a' is not absolute: use '/out/a'",
      "4:13",
      "= hint: Write a path of the tree from its root: /out/report.md, or /out/**",
    ],
    [
      'error[invalid-path]: "/out/" is a directory',
      "5:13",
      "= hint: For all files in it, write /out/**",
    ],
    [
      'error[invalid-artifact]: Several files may be copied to "./c.png", which is one file',
      "6:31",
      "= hint: Write a slash at its end for a directory: ./c.png/",
    ],
    [
      'error[invalid-artifact]: Several files may be copied to "./d.png", which is one file',
      "7:43",
      "= hint: Write a slash at its end for a directory: ./d.png/",
    ],
    [
      'error[invalid-artifact]: Destination "~/e/" begins with "~", which only a shell knows',
      "8:25",
      "= hint: Write it relative to this file: ./artifacts/",
    ],
    ['error[invalid-artifact]: Destination "./file/" cannot be used: it is a file', "9:25", own],
    [
      'error[invalid-artifact]: Destination "./directory" is a directory',
      "10:25",
      "= hint: Write a slash at its end to copy into it: ./directory/",
    ],
    [
      'error[invalid-artifact]: Destination "./link" is a link',
      "11:25",
      "= hint: Name a file that is not there, or an ordinary one",
    ],
    [
      `error[invalid-path]: Pattern '/out/${"{a,b}".repeat(11)}' cannot be used: ` +
      "it is too large: at most 1000 alternatives and 16384 characters are allowed",
      "12:13",
      "= hint: Write a path of the tree from its root: /out/report.md, or /out/**",
    ],
    [
      'error[invalid-artifact]: Destination "./gone/" cannot be used: ' +
      '"<dir>/gone" is a link that leads nowhere',
      "13:25",
      own,
    ],
  ]);
});

/** What is said of a destination, without the rest. */
async function refusal(to: string, given: Given & { path?: string; top?: string } = {}) {
  const { path = "/out/**", ...rest } = given;
  const { text } = await withArtifacts(`  - { path: "${path}", to: "${to}" }`, rest);
  return text.split("\n")[0];
}

Deno.test("compileWorkflow() lets no artifact go where the run itself can change files", async () => {
  const top = `backends:
  disk: { type: local, root: ./ws }
  docs: { type: local, root: ./docs, access: read }
routes: { /project/: { backend: disk, path: project }, /docs/: docs }
`;
  const files = { "ws/project/": "", "docs/": "" };
  const given = { top, files };
  const holds = 'error[unsafe-artifact]: Destination "<dir>';
  const root = '"<dir>/ws/project", which the run may change';
  assertEquals(
    await refusal("./ws/project/out/", given),
    `${holds}/ws/project/out" is inside ${root}`,
  );
  assertEquals(await refusal("./ws/project/", given), `${holds}/ws/project" is inside ${root}`);
  assertEquals(await refusal("./ws/", given), `${holds}/ws" holds ${root}`);
  // By another name.
  assertEquals(
    await refusal("./link/out/", { ...given, links: { link: "ws/project" } }),
    `${holds}/ws/project/out" is inside ${root}`,
  );
  assertEquals(
    await refusal("./ws/project/x.md", { ...given, path: "/out/x.md" }),
    `${holds}/ws/project/x.md" is inside ${root}`,
  );
  assertEquals(await refusal("./ws/other/", given), "");
  assertEquals(await refusal("./docs/", given), "");
});

Deno.test("compileWorkflow() lets no artifact take the place of what decides over runs", async () => {
  const rehearsal = {
    top: "rehearsal: r/r.yaml\n",
    files: { "r/r.yaml": `name: w\nsteps: { a: [{ text: Hi }] }\n` },
  };
  const unsafe = (what: string) => `error[unsafe-artifact]: ${what}`;
  const own = "is one of the workflow's own files";
  assertEquals(
    await refusal("./flow.yaml", { path: "/x" }),
    unsafe(`Destination "<dir>/flow.yaml" ${own}`),
  );
  assertEquals(
    await refusal("./", { path: "/flow.yaml" }),
    unsafe(`Destination "<dir>/flow.yaml" ${own}`),
  );
  assertEquals(await refusal("./", { path: "/x.md" }), "");
  assertEquals(await refusal("./"), unsafe(`Destination "<dir>" holds the workflow's own files`));
  assertEquals(
    await refusal("./", { path: "/${{ steps.a.output }}" }),
    unsafe(`Destination "<dir>" holds the workflow's own files`),
  );
  assertEquals(
    await refusal("r/", rehearsal),
    unsafe(`Destination "<dir>/r" holds the workflow's own files`),
  );
  assertEquals(
    await refusal("r/r.yaml", { ...rehearsal, path: "/x" }),
    unsafe(`Destination "<dir>/r/r.yaml" ${own}`),
  );
  assertEquals(
    await refusal("./.git/hooks/", { path: "/pre-commit" }),
    unsafe('Nothing is copied into a ".git" directory'),
  );
  assertEquals(
    await refusal("./.routebook/"),
    unsafe('Nothing is copied into a ".routebook" directory'),
  );
  assertEquals(
    await refusal("/proc/sys/"),
    unsafe('Destination "/proc/sys" is a part of the operating system'),
  );
  assertEquals(
    await refusal("/sys/kernel/x", { path: "/x" }),
    unsafe('Destination "/sys/kernel/x" is a part of the operating system'),
  );
  assertEquals(
    await refusal("/etc/"),
    unsafe('Destination "/etc" is a directory of the operating system'),
  );
  const deno = Deno.execPath();
  assertEquals(
    await refusal(deno, { path: "/x" }),
    unsafe(`Destination "${deno}" is, or holds, Deno or packages that it runs`),
  );
  const code = new URL("../../runner/", import.meta.url).pathname;
  assertEquals(
    await refusal(code, { path: "/x" }),
    unsafe(`Destination "${await Deno.realPath(code)}/x" is, or holds, Routebook's own code`),
  );
  assertEquals(
    await refusal(`${dirname(await Deno.realPath(code))}/`),
    unsafe(
      `Destination "${dirname(await Deno.realPath(code))}" is, or holds, Routebook's own code`,
    ),
  );
});

Deno.test("compileWorkflow() refuses two artifacts of one destination", async () => {
  const { text } = await withArtifacts(`\
  - { path: /a/x.md, to: ./out/ }
  - { path: /b/x.md, to: ./out/x.md, when: always }
  - { path: /c/x.md, to: ./fail/x.md, when: failure }
  - { path: /d/x.md, to: ./fail/x.md, when: success }`);
  assertEquals(
    text,
    `\
error[duplicate-artifact]: Two artifacts are copied to the same file, "x.md"
 --> flow.yaml:5:26
  |
5 |   - { path: /b/x.md, to: ./out/x.md, when: always }
  |                          ^^^^^^^^^^
  = hint: Give each a destination of its own
`,
  );
});
