// The compiled reader of request bodies, apart from the filter.

import { compileAssembly } from "../harness/assembly-module.ts";

/** What Body.status says; assembly/body/record.ts. */
export const STATUS = ["open", "json", "not json", "broken", "empty", "form"] as const;

/** What the reader has found in one body. */
export interface Findings {
  readonly status: (typeof STATUS)[number];
  readonly model: string;
  readonly modelHash: bigint;
  readonly saltHash: bigint;
  readonly userHash: bigint;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxTokens: number;
  readonly promptBytes: number;
  readonly images: number;
  readonly blocks: readonly bigint[];
}

/** Where a body's `model` values lie: offsets of their first byte and of the one behind, told when they were over. */
export type ModelValue = readonly [from: number, to: number];

/** How a body is read. */
export interface Reading {
  readonly blockBytes: number;
  readonly maxBlocks: number;
  /** Lengths of the pieces but the last, which has the rest. */
  readonly pieces?: readonly number[];
  /** The boundary, where the body is a form. */
  readonly boundary?: string;
}

/** What is told of a body's models while it is read. */
export interface ModelValues {
  readonly values: ModelValue[];
  /** For the end of each piece but the last, where the value begins in which it lies; -1 where it lies in none. */
  readonly inside: number[];
  /** Places where there is none and one may be put. */
  readonly missing: number[];
}

type Exports = Readonly<
  Record<
    | "takeBody"
    | "takeForm"
    | "feedBody"
    | "endBody"
    | "releaseBody"
    | "bodyModelAt"
    | "bodyBlocksAt"
    | "takeBlock"
    | "giveBlock"
    | "status"
    | "stream"
    | "includeUsage"
    | "modelLength"
    | "maxTokens"
    | "promptBytes"
    | "images"
    | "blocks"
    | "modelValues"
    | "modelValueFrom"
    | "modelValueTo"
    | "inModelValue"
    | "openModelValueFrom",
    (...values: number[]) => number
  > &
    Record<"modelHash" | "saltHash" | "userHash" | "modelValueHash", (body: number) => bigint> & {
      memory: WebAssembly.Memory;
    }
>;

/** The compiled reader in a memory of its own. */
export class BodyModule {
  readonly exports: Exports;
  /** All of the memory, as it was last; one that grows leaves a view without bytes. */
  #view = new Uint8Array();

  private constructor(exports: Exports) {
    this.exports = exports;
  }

  /** Starts the module. */
  static async start(): Promise<BodyModule> {
    return new BodyModule((await compileAssembly<Exports>("body-module.ts"))());
  }

  get memoryBytes(): number {
    return this.exports.memory.buffer.byteLength;
  }

  /** A block of the module's memory with these bytes in it. */
  place(bytes: Uint8Array): number {
    const at = this.exports.takeBlock(bytes.length);
    this.#memory().set(bytes, at);
    return at;
  }

  /** Reads a body from its first byte to its last. */
  read(bytes: Uint8Array, { blockBytes, maxBlocks, pieces = [], boundary }: Reading): Findings {
    const { exports } = this;
    const body = boundary === undefined ? exports.takeBody(blockBytes, maxBlocks) : this.#takeForm(boundary);
    let done = 0;
    for (const length of [...pieces, Number.POSITIVE_INFINITY]) {
      const piece = bytes.subarray(done, done + length);
      // Each piece at a place of its own that is overwritten afterwards, so that looking back shows.
      const at = this.place(piece);
      exports.feedBody(body, at, piece.length);
      this.#memory().fill(0x22, at, at + piece.length);
      exports.giveBlock(at, piece.length);
      done += piece.length;
      if (done === bytes.length) break;
    }
    exports.endBody(body);
    const findings = this.#findings(body);
    exports.releaseBody(body);
    return findings;
  }

  /** The `model` values of a body, as they are told while it is read in pieces; of a form where there is a boundary. */
  modelValues(bytes: Uint8Array, pieces: readonly number[], boundary?: string): ModelValues {
    const { exports } = this;
    const body = boundary === undefined ? exports.takeBody(256, 4) : this.#takeForm(boundary);
    const values: ModelValue[] = [];
    const inside: number[] = [];
    const missing: number[] = [];
    let done = 0;
    for (const length of [...pieces, bytes.length - pieces.reduce((sum, piece) => sum + piece, 0)]) {
      const at = this.place(bytes.subarray(done, done + length));
      exports.feedBody(body, at, length);
      exports.giveBlock(at, length);
      done += length;
      for (let i = 0; i < exports.modelValues(); i++) {
        if (exports.modelValueHash(i) === 0n) missing.push(exports.modelValueFrom(i));
        else values.push([exports.modelValueFrom(i), exports.modelValueTo(i)]);
      }
      inside.push(exports.inModelValue(body) === 0 ? -1 : exports.openModelValueFrom(body));
    }
    exports.endBody(body);
    exports.releaseBody(body);
    return { values, inside: inside.slice(0, -1), missing };
  }

  #memory(): Uint8Array {
    if (this.#view.length === 0) this.#view = new Uint8Array(this.exports.memory.buffer);
    return this.#view;
  }

  #takeForm(boundary: string): number {
    const bytes = new TextEncoder().encode(boundary);
    const at = this.place(bytes);
    const body = this.exports.takeForm(at, bytes.length);
    this.exports.giveBlock(at, bytes.length);
    return body;
  }

  #findings(body: number): Findings {
    const { exports } = this;
    const name = new Uint8Array(exports.memory.buffer, exports.bodyModelAt(body), exports.modelLength(body));
    const hashes = new DataView(exports.memory.buffer, exports.bodyBlocksAt(body));
    return {
      status: STATUS[exports.status(body)]!,
      model: new TextDecoder("utf-8", { ignoreBOM: true }).decode(name),
      modelHash: BigInt.asUintN(64, exports.modelHash(body)),
      saltHash: BigInt.asUintN(64, exports.saltHash(body)),
      userHash: BigInt.asUintN(64, exports.userHash(body)),
      stream: exports.stream(body) !== 0,
      includeUsage: exports.includeUsage(body) !== 0,
      maxTokens: exports.maxTokens(body) >>> 0,
      promptBytes: exports.promptBytes(body) >>> 0,
      images: exports.images(body),
      blocks: Array.from({ length: exports.blocks(body) }, (_, index) => hashes.getBigUint64(index * 8, true)),
    };
  }
}
