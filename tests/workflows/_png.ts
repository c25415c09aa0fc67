/**
 * Looks into PNG files: enough of the format for charts, which have eight bits a channel and are not
 * interlaced.
 *
 * @module
 */

/** A picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** How many pixels there are of each colour, such as `#d1495b`, whatever their opacity. */
  readonly colours: ReadonlyMap<string, number>;
  /** The types of the file's chunks, in order. */
  readonly chunks: readonly string[];
}

const SIGNATURE = "89504e470d0a1a0a";
/** Channels by colour type: grey, RGB, grey and RGB with opacity. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/**
 * Reads a PNG file.
 *
 * @param bytes The file.
 * @returns Its picture.
 * @throws {SyntaxError} If it is no PNG file, or none that this module knows.
 */
export async function readPng(bytes: Uint8Array): Promise<Picture> {
  const chunks = readChunks(bytes);
  const header = chunks[0];
  if (header?.type !== "IHDR" || chunks.at(-1)?.type !== "IEND") {
    throw new SyntaxError("The file does not begin with a header and end with an end");
  }
  const [width, height] = [uint32(header.data, 0), uint32(header.data, 4)];
  const [depth, colourType, , , interlace] = header.data.subarray(8);
  const channels = CHANNELS[colourType ?? -1];
  if (depth !== 8 || interlace !== 0 || channels === undefined) {
    throw new SyntaxError(`Depth ${depth}, colour type ${colourType}: not known here`);
  }
  const data = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const lines = unfilter(await inflate(data), width * channels, height, channels);
  return {
    width,
    height,
    colours: countColours(lines, channels),
    chunks: chunks.map(({ type }) => type),
  };
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

function readChunks(bytes: Uint8Array): readonly Chunk[] {
  if (bytes.subarray(0, 8).toHex() !== SIGNATURE) throw new SyntaxError("Not a PNG file");
  const chunks: Chunk[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = uint32(bytes, at);
    const type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    chunks.push({ type, data: bytes.slice(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

async function inflate(parts: readonly Uint8Array<ArrayBuffer>[]): Promise<Uint8Array> {
  const stream = new Blob([...parts]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Undoes the filter of each line, which says how its bytes differ from their neighbours'. */
function unfilter(data: Uint8Array, length: number, height: number, step: number): Uint8Array {
  if (data.length !== (length + 1) * height) {
    throw new SyntaxError(`${data.length} bytes are not ${height} lines of ${length}`);
  }
  const lines = new Uint8Array(length * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (length + 1)] ?? 0;
    for (let x = 0; x < length; x++) {
      const at = y * length + x;
      const left = x < step ? 0 : lines[at - step] ?? 0;
      const above = y === 0 ? 0 : lines[at - length] ?? 0;
      const corner = x < step || y === 0 ? 0 : lines[at - length - step] ?? 0;
      // An array of bytes keeps the sum below 256.
      lines[at] = (data[at + y + 1] ?? 0) + predict(filter, left, above, corner);
    }
  }
  return lines;
}

function predict(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4: {
      const toLeft = Math.abs(above - corner);
      const toAbove = Math.abs(left - corner);
      const toCorner = Math.abs(left + above - 2 * corner);
      if (toLeft <= toAbove && toLeft <= toCorner) return left;
      return toAbove <= toCorner ? above : corner;
    }
    default:
      throw new SyntaxError(`There is no filter ${filter}`);
  }
}

function countColours(lines: Uint8Array, channels: number): ReadonlyMap<string, number> {
  const counts = new Map<number, number>();
  for (let at = 0; at < lines.length; at += channels) {
    const red = lines[at] ?? 0;
    const [green, blue] = channels < 3 ? [red, red] : [lines[at + 1] ?? 0, lines[at + 2] ?? 0];
    const colour = (red << 16) | (green << 8) | blue;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return new Map(
    [...counts].map(([colour, count]) => [`#${colour.toString(16).padStart(6, "0")}`, count]),
  );
}
