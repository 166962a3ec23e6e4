import { endHash, feedHash, HASH_STREAM_BYTES, HashStream, startHash } from "../../assembly/hash/xxh64-stream.ts";
import { xxh64 } from "../../assembly/hash/xxh64.ts";
import { copyVector, vectorCount, vectorHash, vectorLength, vectorSeed } from "./golden.ts";

function streamOf(): HashStream {
  return changetype<HashStream>(heap.alloc(HASH_STREAM_BYTES));
}

describe("the stream of xxh64", () => {
  it("agrees with the golden vectors without a seed", () => {
    const at = heap.alloc(1024);
    const stream = streamOf();
    let compared = 0;
    for (let i = 0; i < vectorCount(); i++) {
      if (vectorSeed(i) != 0) continue;
      copyVector(i, at);
      startHash(stream);
      feedHash(stream, at, vectorLength(i));
      expect(endHash(stream)).toBe(vectorHash(i), "length " + vectorLength(i).toString());
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });

  it("gives the same whatever the pieces", () => {
    const at = heap.alloc(300);
    const stream = streamOf();
    for (let i = 0; i < 300; i++) store<u8>(at + i, u8(i * 7));
    for (let piece = 1; piece < 100; piece++) {
      startHash(stream);
      for (let done = 0; done < 300; done += piece) feedHash(stream, at + done, min(piece, 300 - done));
      expect(endHash(stream)).toBe(xxh64(at, 300), "pieces of " + piece.toString());
    }
  });

  it("can be asked in between", () => {
    const at = heap.alloc(100);
    const stream = streamOf();
    memory.fill(at, 65, 100);
    startHash(stream);
    for (let length = 0; length < 100; length++) {
      expect(endHash(stream)).toBe(xxh64(at, length));
      feedHash(stream, at + length, 1);
    }
  });
});
