// An archive of one file that depends on nothing but the file: no times, owners or names of this machine.

import { gzipSync } from "node:zlib";

const BLOCK = 512;
const GZIP_SYSTEM = 9;
const UNKNOWN_SYSTEM = 255;

/** A field of the header: octal digits, zeros in front, and a NUL behind. */
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

function padded(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK;
}

/** The ustar archive with one file, readable by everybody. `name` has at most 100 ASCII characters. */
export function tarOf(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(BLOCK);
  const put = (at: number, text: string): void => void header.write(text, at, "latin1");
  put(0, name);
  put(100, octal(0o644, 8));
  put(108, octal(0, 8)); // owner
  put(116, octal(0, 8)); // group
  put(124, octal(content.length, 12));
  put(136, octal(0, 12)); // modified
  put(148, " ".repeat(8)); // what the checksum counts in its own place
  put(156, "0"); // a plain file
  put(257, "ustar\x0000");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  // Two empty blocks end an archive.
  const archive = Buffer.alloc(BLOCK + padded(content.length) + 2 * BLOCK);
  header.copy(archive);
  archive.set(content, BLOCK);
  return archive;
}

/** The bytes compressed, without a time and without the name of the system. */
export function gzipOf(bytes: Uint8Array): Buffer {
  const packed = gzipSync(bytes, { level: 9 });
  packed[GZIP_SYSTEM] = UNKNOWN_SYSTEM;
  return packed;
}
