import { assertEquals, assertThrows } from "@std/assert";
import { OutputError, printable, writerTo } from "../../runner/terminal.ts";

Deno.test("printable() shows control characters and keeps line feeds, tabs and any letters", () => {
  assertEquals(
    printable("a\x1b[31mb\tc\nd\re\u202ef\u0085 é 👩‍💻"),
    "a\\u{1b}[31mb\tc\nd\\u{d}e\\u{202e}f\\u{85} é 👩‍💻",
  );
});

Deno.test("writerTo() writes all of a text to a stream that takes three bytes at a time", () => {
  const bytes: number[] = [];
  writerTo({
    writeSync(part) {
      bytes.push(...part.subarray(0, 3));
      return Math.min(part.length, 3);
    },
  })("héllo wörld");
  assertEquals(new TextDecoder().decode(Uint8Array.from(bytes)), "héllo wörld");
});

Deno.test("writerTo() goes quiet when the reader is gone", () => {
  let calls = 0;
  const write = writerTo({
    writeSync() {
      calls++;
      throw new Deno.errors.BrokenPipe("gone");
    },
  });
  write("one");
  write("two");
  assertEquals(calls, 1);
});

Deno.test({
  name: "writerTo() throws an OutputError where the disk is full",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using full = await Deno.open("/dev/full", { write: true });
    const write = writerTo(full);
    for (let time = 0; time < 2; time++) {
      assertThrows(
        () => write("text"),
        OutputError,
        "Cannot write the output: No space left on device (os error 28)",
      );
    }
  },
});
