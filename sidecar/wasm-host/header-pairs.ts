// Header maps in the ABI's serialized form: u32 count, then for each pair u32 bytes of its name and u32 of its value,
// then for each pair name and value, each with a zero byte behind it.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Reads a serialized header map; no bytes at all are an empty one. */
export function readHeaderPairs(bytes: Uint8Array): [string, string][] {
  if (bytes.length === 0) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  let at = 4 + count * 8;
  const read = (length: number) => {
    const value = decoder.decode(bytes.subarray(at, at + length));
    at += length + 1;
    return value;
  };
  return Array.from({ length: count }, (_, i) => {
    const name = read(view.getUint32(4 + i * 8, true));
    return [name, read(view.getUint32(8 + i * 8, true))];
  });
}

/** Serializes header pairs. */
export function writeHeaderPairs(pairs: Iterable<readonly [string, string]>): Uint8Array {
  const parts = [...pairs].map((pair) => pair.map((part) => encoder.encode(part)));
  const sizes = parts.flat().map((part) => part.length);
  const bytes = new Uint8Array(4 + sizes.length * 4 + sizes.reduce((sum, size) => sum + size + 1, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, parts.length, true);
  let at = 4 + sizes.length * 4;
  parts.flat().forEach((part, i) => {
    view.setUint32(4 + i * 4, part.length, true);
    bytes.set(part, at);
    at += part.length + 1;
  });
  return bytes;
}
