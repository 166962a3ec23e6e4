import { readFileSync } from "node:fs";
import { HEADER_LENGTH } from "../../wire/layout.ts";

const FOLDER = new URL("../../wire/golden/", import.meta.url);

export const FRAMES_FILE = new URL("frames.json", FOLDER);
export const XXH64_FILE = new URL("xxh64.json", FOLDER);

/** Input and result as hexadecimal digits, the hash as a big-endian number. */
export interface HashVector {
  readonly bytes: string;
  readonly seed: string;
  readonly hash: string;
}

const BYTES_PER_LINE = 32;

/** Bytes as lines of hexadecimal digits. */
export function toLines(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes).toString("hex");
  return hex.match(new RegExp(`.{1,${BYTES_PER_LINE * 2}}`, "g")) ?? [];
}

/** The golden frames' bytes as lines, by name. */
export function readFrames(): Record<string, string[]> {
  return JSON.parse(readFileSync(FRAMES_FILE, "utf8"));
}

/** One golden frame's bytes. */
export function goldenFrame(name: string): Uint8Array {
  const lines = readFrames()[name];
  if (lines === undefined) throw new Error(`wire/golden/frames.json has no frame ${name}`);
  return new Uint8Array(Buffer.from(lines.join(""), "hex"));
}

export function readHashVectors(): HashVector[] {
  return JSON.parse(readFileSync(XXH64_FILE, "utf8"));
}

/** A golden frame with one change. */
export function changed(name: string, change: (view: DataView) => void): Uint8Array {
  const bytes = goldenFrame(name);
  change(new DataView(bytes.buffer));
  return bytes;
}

/** A golden frame cut to a length, or filled up to it; its length field agrees. */
export function resized(name: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(goldenFrame(name).subarray(0, length));
  new DataView(bytes.buffer).setUint32(HEADER_LENGTH, length, true);
  return bytes;
}
