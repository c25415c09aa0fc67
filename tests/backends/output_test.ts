import { assertEquals } from "@std/assert";
import { OutputBuffer } from "../../backends/shells/_output.ts";
import fc from "../support/fast_check.ts";

const encoder = new TextEncoder();

function collect(limit: number, ...chunks: readonly (string | Uint8Array)[]) {
  const told: string[] = [];
  const buffer = new OutputBuffer(limit, (text) => told.push(text));
  for (const chunk of chunks) {
    buffer.push(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
  }
  return { ...buffer.result(), told };
}

Deno.test("OutputBuffer.result() keeps everything up to the limit", () => {
  assertEquals(collect(10), { text: "", bytes: 0, omitted: 0, told: [] });
  assertEquals(collect(10, "0123456789"), {
    text: "0123456789",
    bytes: 10,
    omitted: 0,
    told: ["01234"],
  });
  assertEquals(collect(11, "012345", "", "6789a").text, "0123456789a");
});

Deno.test("OutputBuffer.result() keeps the first and the last half of what is more", () => {
  const { text, bytes, omitted } = collect(10, "01234", "56", "789abcdefg", "h");
  assertEquals({ text, bytes, omitted }, {
    text: "01234\n[... 8 bytes left out ...]\ndefgh",
    bytes: 18,
    omitted: 8,
  });
});

Deno.test("OutputBuffer.result() gives the first half the odd byte, and all of a limit of one", () => {
  assertEquals(collect(3, "abcdef").text, "ab\n[... 3 bytes left out ...]\nf");
  assertEquals(collect(1, "abc").text, "a\n[... 2 bytes left out ...]\n");
  assertEquals(collect(1, "a").text, "a");
});

Deno.test("OutputBuffer.result() joins a character that stands where the halves meet", () => {
  assertEquals(collect(6, "ab€c").text, "ab€c");
  assertEquals(collect(4, "ab€").omitted, 1);
});

Deno.test("OutputBuffer.result() shows what is no UTF-8 as U+FFFD and keeps a byte order mark", () => {
  assertEquals(collect(9, Uint8Array.of(0x61, 0xff, 0x62)).text, "a\uFFFDb");
  assertEquals(collect(9, "\uFEFFx").text, "\uFEFFx");
});

Deno.test("OutputBuffer tells of the first half as it comes, never of half a character", () => {
  const euro = encoder.encode("€");
  const { told, text } = collect(20, "a", euro.slice(0, 1), euro.slice(1, 2), euro.slice(2), "b");
  assertEquals([told, text], [["a", "€", "b"], "a€b"]);
  assertEquals(collect(8, "0123", "4567", "89").told, ["0123"]);
});

Deno.test("OutputBuffer keeps a copy of what it is given", () => {
  const buffer = new OutputBuffer(4);
  const chunk = encoder.encode("ab");
  buffer.push(chunk);
  chunk.fill(120);
  buffer.push(chunk);
  assertEquals(buffer.result().text, "abxx");
});

Deno.test("OutputBuffer.result() is what a plain cut would give, whatever the pieces", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), pieces, (limit, chunks) => {
      const all = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
      const { text, bytes, omitted } = collect(limit, ...chunks);
      const decode = (part: Uint8Array) =>
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(part);
      const left = Math.max(0, all.length - limit);
      const head = Math.ceil(limit / 2);
      const wanted = left === 0
        ? decode(all)
        : `${decode(all.subarray(0, head))}\n[... ${left} bytes left out ...]\n${
          decode(all.subarray(head + left))
        }`;
      assertEquals({ text, bytes, omitted }, { text: wanted, bytes: all.length, omitted: left });
    }),
  );
});

Deno.test("OutputBuffer holds no more than its limit of a flood", () => {
  const buffer = new OutputBuffer(1_024);
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  const before = Deno.memoryUsage().external;
  for (let count = 0; count < 512; count++) buffer.push(chunk);
  const after = Deno.memoryUsage().external;
  assertEquals(buffer.result().bytes, 512 * 1024 * 1024);
  assertEquals(after - before < 64 * 1024 * 1024, true);
});
