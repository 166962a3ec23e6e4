// The compiled reader of request bodies, apart from the filter.

import { compileAssembly } from "../harness/assembly-module.ts";

/** What Body.status says; assembly/body/record.ts. */
export const STATUS = ["open", "json", "not json", "broken", "empty"] as const;

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

/** How a body is read. */
export interface Reading {
  readonly blockBytes: number;
  readonly maxBlocks: number;
  /** Lengths of the pieces but the last, which has the rest. */
  readonly pieces?: readonly number[];
}

type Exports = Readonly<
  Record<
    | "takeBody"
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
    | "blocks",
    (...values: number[]) => number
  > &
    Record<"modelHash" | "saltHash" | "userHash", (body: number) => bigint> & { memory: WebAssembly.Memory }
>;

/** The compiled reader in a memory of its own. */
export class BodyModule {
  readonly exports: Exports;

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
    new Uint8Array(this.exports.memory.buffer, at, bytes.length).set(bytes);
    return at;
  }

  /** Reads a body from its first byte to its last. */
  read(bytes: Uint8Array, { blockBytes, maxBlocks, pieces = [] }: Reading): Findings {
    const { exports } = this;
    const body = exports.takeBody(blockBytes, maxBlocks);
    let done = 0;
    for (const length of [...pieces, Number.POSITIVE_INFINITY]) {
      const piece = bytes.subarray(done, done + length);
      // Each piece at a place of its own that is overwritten afterwards, so that looking back shows.
      const at = this.place(piece);
      exports.feedBody(body, at, piece.length);
      new Uint8Array(exports.memory.buffer, at, piece.length).fill(0x22);
      exports.giveBlock(at, piece.length);
      done += piece.length;
      if (done === bytes.length) break;
    }
    exports.endBody(body);
    const findings = this.#findings(body);
    exports.releaseBody(body);
    return findings;
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
