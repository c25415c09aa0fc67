import { assertEquals } from "@std/assert";
import { filledOnce } from "../../backends/docker/_filling.ts";

/** What a `sh` of this machine writes that is told to. */
async function written(script: string): Promise<Uint8Array> {
  const { stdout, success } = await new Deno.Command("sh", {
    args: ["-c", `print() { printf "$1"; }\n${script}`],
    stderr: "inherit",
  }).output();
  assertEquals(success, true);
  return stdout;
}

Deno.test("filledOnce() has the shell print every byte, whatever it begins with", async () => {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assertEquals(await written(filledOnce(every)), every);
  for (const text of ["-dash", "--", "-- -n", "%s%d", "\\n\\0", "'", "é😀", "", "\n\n", "-"]) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(await written(filledOnce(bytes)), bytes);
  }
});

Deno.test("filledOnce() leaves what is long to a program", () => {
  assertEquals(filledOnce(new Uint8Array(4_096)).startsWith("print "), true);
  assertEquals(
    filledOnce(new Uint8Array(4_097), " && settle").startsWith("pour <<'.' && settle"),
    true,
  );
});
