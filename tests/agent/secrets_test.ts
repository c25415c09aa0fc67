import { hiddenTexts, SecretMask } from "../../agent/secrets.ts";
import { assertEquals, assertNotMatch } from "@std/assert";
import fc from "../support/fast_check.ts";

const SECRET = 'p/w? "Ünï"+\\x\u{1f511}&7';

/** The forms in which programs print a text. */
const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  "encodeURIComponent()": encodeURIComponent,
  "encodeURI()": encodeURI,
  "encodeURIComponent() with digits in lower case": (secret) =>
    lowerDigits(encodeURIComponent(secret)),
  form: (secret) => new URLSearchParams({ "": secret }).toString().slice(1),
  "form with digits in lower case": (secret) =>
    lowerDigits(new URLSearchParams({ "": secret }).toString().slice(1)),
  "every byte escaped for a URL": (secret) =>
    Array.from(new TextEncoder().encode(secret), (byte) => `%${hex(byte, 2)}`).join(""),
  "JSON": (secret) => JSON.stringify(secret).slice(1, -1),
  "JSON, every character escaped": (secret) =>
    Array.from({ length: secret.length }, (_, at) => `\\u${hex(secret.charCodeAt(at), 4)}`)
      .join(""),
  "JSON with slashes escaped": (secret) =>
    JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
};

/** Base64 of a text that stands in another. */
const BASE64_FORMS: Readonly<Record<string, (base64: string) => string>> = {
  standard: (base64) => base64,
  "without padding": (base64) => base64.replaceAll("=", ""),
  "of URLs": (base64) => base64.replaceAll("+", "-").replaceAll("/", "_"),
  "of URLs without padding": (base64) =>
    base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  "in lines": (base64) => base64.replaceAll(/(.{7})/g, "$1\n"),
  "in lines of Windows": (base64) => base64.replaceAll(/(.{5})/g, "$1\r\n"),
  "in lines in JSON": (base64) => base64.replaceAll(/(.{6})/g, "$1\\n"),
  "in a URL": encodeURIComponent,
};

function lowerDigits(text: string): string {
  return text.replaceAll(/%../g, (code) => code.toLowerCase());
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** Secrets with what gives encodings trouble; without `*`, which may come of masking. */
const secrets = fc.string({
  unit: fc.constantFrom(..."abcXYZ019-_.~!'()%+/ =?&\"\\<\u00e9\u20ac", "\u{1f511}", "\t"),
  minLength: 4,
  maxLength: 24,
}).filter((secret) => secret.trim().length >= 4);

const words = fc.string({
  unit: fc.constantFrom(..."abcXYZ019 %+/=\\un\n-_.\u00e9", "\u{1f511}"),
  maxLength: 12,
});

/** What does not make another character of the one that follows it. */
const wordsBefore = words.filter((text) => !/\\$|%[0-9a-fA-F]?$/.test(text));

/** A text of a secret in a form, among others. */
const embedded = fc.record({
  secret: secrets,
  before: wordsBefore,
  after: words,
  form: fc.oneof(
    fc.constantFrom(...Object.values(FORMS)),
    fc.record({
      form: fc.constantFrom(...Object.values(BASE64_FORMS)),
      before: fc.string({ maxLength: 4 }),
      after: fc.string({ maxLength: 4 }),
    }).map(({ form, before, after }) => (secret: string) => form(base64(before + secret + after))),
  ),
});

function cut(text: string, places: readonly number[]): readonly string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)), text.length]
    .toSorted((a, b) => a - b);
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

function streamed(mask: SecretMask, chunks: readonly string[]): string {
  const stream = mask.stream();
  return chunks.map((chunk) => stream.push(chunk)).join("") + stream.flush();
}

/** All forms of a secret that can be looked for in a text. */
function formsOf(secret: string): readonly string[] {
  const inner = ["", "a", "ab"].map((before) => {
    const text = base64(before + secret);
    // Neither the first character nor the last is of the secret alone.
    return text.slice(before.length === 0 ? 0 : 2 + (before.length - 1), -4);
  }).filter((text) => text.length >= 4);
  const all = Object.values(FORMS).map((form) => form(secret));
  const urls = inner.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [...all, ...inner, ...urls];
}

for (const [name, form] of Object.entries(FORMS)) {
  Deno.test(`SecretMask.text() hides a secret: ${name}`, () => {
    const mask = new SecretMask([SECRET]);
    assertEquals(mask.text(`<${form(SECRET)}>`), "<***>");
    assertEquals(mask.text(form(SECRET) + form(SECRET)), "******");
  });
}

for (const [name, form] of Object.entries(BASE64_FORMS)) {
  Deno.test(`SecretMask.text() hides a secret in base64 at each alignment: ${name}`, () => {
    const mask = new SecretMask(["hunter2?>~\u00ff"]);
    for (const before of ["", "u", "us", "use", "user:"]) {
      for (const after of ["", "1", "12", "123"]) {
        const text = form(base64(`${before}hunter2?>~\u00ff${after}`));
        const masked = mask.text(text);
        assertEquals(masked.split("***").length, 2, text);
        const [head = "", tail = ""] = masked.split("***");
        assertEquals(text.startsWith(head) && text.endsWith(tail), true);
        // Characters that hold a bit of the secret are not shown.
        assertEquals(
          head.replaceAll(/[\r\n]|\\n/g, "").length,
          Math.floor(before.length * 8 / 6),
          text,
        );
      }
    }
  });
}

Deno.test("SecretMask.text() leaves no part of secrets that overlap", () => {
  const mask = new SecretMask(["abcdef", "defghi", "abcd", "bcdefgh"]);
  assertEquals(mask.text("_abcdefghi_abcd_defghiabcd_"), "_***_***_******_");
  assertEquals(new SecretMask(["aaaa"]).text("baaaaaac"), "b***c");
});

Deno.test("SecretMask.text() hides lines of a secret that has several, but not the short ones", () => {
  const key = "-----BEGIN KEY-----\n  MIIEvQIBADANBg\nshort\n-----END KEY-----\n";
  const mask = new SecretMask([key]);
  assertEquals(mask.text(key), "***");
  assertEquals(mask.text(key.trim()), "***");
  assertEquals(mask.text(key.replaceAll("\n", "\r\n")), "***");
  assertEquals(mask.text(JSON.stringify({ key: key.trim() })), '{"key":"***"}');
  assertEquals(mask.text("> MIIEvQIBADANBg\n> short"), "> ***\n> short");
});

Deno.test("SecretMask.text() hides a secret that was printed without the line end after it", () => {
  assertEquals(new SecretMask(["hunter2\n"]).text("hunter2."), "***.");
});

Deno.test("SecretMask.text() hides a secret in JSON that is a text in JSON", () => {
  const secret = 'one "two"\nthree/\u00e9';
  let text = secret;
  for (let depth = 0; depth < 4; depth++) {
    text = JSON.stringify(text);
    assertEquals(new SecretMask([secret]).text(text).replaceAll(/[\\"]/g, ""), "***");
  }
});

Deno.test("SecretMask.text() does not take what only looks alike for a secret", () => {
  const mask = new SecretMask(["hunter2", "a b c d"]);
  for (
    const text of ["hunter3", "Hunter2", "aHVudGVyMw==", "a+b+c", "%68unter", "100%", "\\", ""]
  ) {
    assertEquals(mask.text(text), text);
  }
});

Deno.test("new SecretMask() leaves secrets alone that are too short to be hidden", () => {
  assertEquals(new SecretMask(["", "abc", "\n\n\n\n\n"]).text("abc\n\n\n\n"), "abc\n\n\n\n");
});

Deno.test("SecretMask.data() hides secrets in every text of plain data, names included", () => {
  const mask = new SecretMask(["hunter2"]);
  const value: unknown = {
    text: "a hunter2hunter2 b",
    list: [1, null, true, { xhunter2: "hunter2" }],
    plain: "hunter",
    bytes: new Uint8Array([1]),
    __proto__x: undefined,
  };
  assertEquals(mask.data(value), {
    text: "a ****** b",
    list: [1, null, true, { "x***": "***" }],
    plain: "hunter",
    bytes: new Uint8Array([1]),
    __proto__x: undefined,
  });
});

Deno.test("SecretMask without secrets gives everything back as it is, at once", () => {
  const mask = new SecretMask([]);
  const value = { text: "%\\" };
  assertEquals(mask.data(value) === value, true);
  assertEquals(mask.text("%\\"), "%\\");
  const stream = mask.stream();
  assertEquals([stream.push("%"), stream.push("\\"), stream.flush()], ["%", "\\", ""]);
});

Deno.test("SecretStream.push() holds back what may be the beginning of a secret, and no more", () => {
  const stream = new SecretMask(["hunter2"]).stream();
  assertEquals(stream.push("I hunt"), "I ");
  assertEquals(stream.push(" hu"), "hunt ");
  assertEquals(stream.push("nter2!"), "***!");
  assertEquals(stream.push("100%"), "100");
  assertEquals(stream.push("6"), "");
  assertEquals(stream.push("9 of"), "%69 of");
  assertEquals(stream.push("aHVudG"), "");
  assertEquals(stream.push("VyMg== and."), "***== and.");
  assertEquals(stream.push("h"), "");
  assertEquals(stream.flush(), "h");
  assertEquals(stream.push("unter2."), "unter2.");
});

Deno.test("SecretStream.push() goes on with a secret that overlaps one that was hidden", () => {
  const stream = new SecretMask(["abcd", "cdef"]).stream();
  assertEquals(stream.push("abcd"), "***");
  assertEquals(stream.push("e"), "");
  assertEquals(stream.push("f."), ".");
  assertEquals(stream.push("abcd"), "***");
  assertEquals(stream.push("e."), "e.");
  assertEquals(stream.push("abcd"), "***");
  assertEquals(stream.flush(), "");
});

Deno.test("SecretStream.push() does not cut a character in two", () => {
  const stream = new SecretMask(["hunter2"]).stream();
  assertEquals([stream.push(" \ud83d"), stream.push("\udd11.")], [" ", "\u{1f511}."]);
});

Deno.test("SecretMask hides an embedded secret however its text is cut", () => {
  fc.assert(
    fc.property(embedded, fc.array(fc.nat(), { maxLength: 12 }), (given, places) => {
      const { secret, before, after, form } = given;
      const mask = new SecretMask([secret]);
      const text = before + form(secret) + after;
      const masked = streamed(mask, cut(text, places));
      assertEquals(masked, mask.text(text));
      assertEquals(masked.includes("***"), true);
      for (const form of formsOf(secret)) assertEquals(masked.includes(form), false, masked);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("SecretMask hides the same in a stream as in the whole, whatever the secrets", () => {
  const unit = fc.constantFrom("a", "b", "%", "6", "1", "\\", "u", "0", "+", " ", "Y", "W", "\n");
  const text = fc.string({ unit, maxLength: 60 });
  const several = fc.array(fc.string({ unit, minLength: 4, maxLength: 9 }), { maxLength: 4 });
  fc.assert(
    fc.property(several, text, fc.array(fc.nat(), { maxLength: 20 }), (secrets, text, places) => {
      const mask = new SecretMask(secrets);
      const masked = mask.text(text);
      assertEquals(streamed(mask, cut(text, places)), masked);
      const hidden = secrets.flatMap((secret) => [secret, secret.trim()])
        .filter((secret) => secret.length >= 4);
      for (const secret of hidden) assertEquals(masked.includes(secret), false);
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("SecretMask leaves a text alone in which there is no secret", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 });
  fc.assert(fc.property(text, fc.array(fc.nat(), { maxLength: 9 }), (text, places) => {
    const mask = new SecretMask(["\u{10ffff}-not-in-there-1", "hunter2 is not there"]);
    assertEquals(mask.text(text), text);
    assertEquals(streamed(mask, cut(text, places)), text);
  }));
});

Deno.test("SecretMask.text() looks at each part of a text a bounded number of times", () => {
  // Every place of this text is the beginning of a secret; a search that goes back takes hours.
  const secret = `${"a".repeat(50_000)}b`;
  const text = "a".repeat(1_000_000);
  assertEquals(new SecretMask([secret]).text(text), text);
  assertEquals(
    new SecretMask([`${"%".repeat(9_000)}b`]).text("%25".repeat(99_999)).length,
    299_997,
  );
});

Deno.test("hiddenTexts() takes a key for a secret unless it is a placeholder", () => {
  assertEquals(hiddenTexts(["one two"], "sk-0123456789"), ["one two", "sk-0123456789"]);
  for (const key of ["", "none", "ollama", undefined]) {
    assertEquals(hiddenTexts(["one two"], key), ["one two"]);
  }
  const masked = new SecretMask(hiddenTexts([], "sk-0123456789")).text("sk-0123456789");
  assertNotMatch(masked, /sk/);
});
