// The reader of usage figures, fed with pieces that end where the memory ends: reading past a piece traps.

import { compileAssembly } from "../harness/assembly-module.ts";

type Exports = {
  growMemory(pages: number): void;
  takeUsage(): number;
  releaseUsage(scan: number): void;
  scanUsage(scan: number, at: number, length: number): void;
  promptOf(scan: number): number;
  completionOf(scan: number): number;
  cachedOf(scan: number): number;
  seenOf(scan: number): number;
  chunksOf(scan: number): number;
  finishOf(scan: number): number;
};

/** What was found; undefined for figures that were not. */
export type Found = {
  prompt?: number;
  completion?: number;
  cached?: number;
  /** Whether the cached tokens are not among the prompt's. */
  apart: boolean;
  chunks: number;
  /** FINISH_* but for FINISH_NONE. */
  finish?: number;
};

const start = await compileAssembly<Exports>("usage-module.ts");
const { memory, ...reader } = start();
reader.growMemory(4);

/** Takes a scan. */
export function take(): number {
  return reader.takeUsage();
}

export function release(scan: number): void {
  reader.releaseUsage(scan);
}

/** Feeds a scan one piece, which is at most 256 KiB. */
export function feed(scan: number, piece: Uint8Array): void {
  const at = memory.buffer.byteLength - piece.length;
  new Uint8Array(memory.buffer).set(piece, at);
  reader.scanUsage(scan, at, piece.length);
}

/** What a scan has found so far. */
export function foundBy(scan: number): Found {
  const seen = reader.seenOf(scan);
  return {
    ...(seen & 1 ? { prompt: reader.promptOf(scan) >>> 0 } : {}),
    ...(seen & 2 ? { completion: reader.completionOf(scan) >>> 0 } : {}),
    ...(seen & 4 ? { cached: reader.cachedOf(scan) >>> 0 } : {}),
    apart: (seen & 8) !== 0,
    chunks: reader.chunksOf(scan),
    ...(reader.finishOf(scan) !== 0 ? { finish: reader.finishOf(scan) } : {}),
  };
}

/** What is found in an answer whose pieces have these lengths in turns; one piece where none are given. */
export function readAnswer(answer: string, ...lengths: readonly number[]): Found {
  const bytes = new TextEncoder().encode(answer);
  const scan = take();
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const length = lengths.length === 0 ? bytes.length : lengths[piece % lengths.length]!;
    feed(scan, bytes.subarray(at, at + length));
    at += length;
  }
  const found = foundBy(scan);
  release(scan);
  return found;
}

/** Bytes of the module's memory. */
export function memoryBytes(): number {
  return memory.buffer.byteLength;
}
