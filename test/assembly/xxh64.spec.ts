import { xxh64 } from "../../assembly/hash/xxh64.ts";
import { text } from "../../assembly/text/text.ts";
import { copyVector, vectorCount, vectorHash, vectorLength, vectorSeed } from "./golden.ts";

describe("xxh64", () => {
  it("agrees with the golden vectors", () => {
    const at = heap.alloc(1024);
    expect(vectorCount()).toBeGreaterThan(80);
    for (let i = 0; i < vectorCount(); i++) {
      copyVector(i, at);
      const length = vectorLength(i);
      expect(xxh64(at, length, vectorSeed(i))).toBe(vectorHash(i), "length " + length.toString());
    }
  });

  it("reads at any alignment", () => {
    const at = heap.alloc(1024);
    for (let i = 0; i < vectorCount(); i++) {
      copyVector(i, at + 3);
      expect(xxh64(at + 3, vectorLength(i), vectorSeed(i))).toBe(vectorHash(i));
    }
  });

  it("takes seed 0 where none is given", () => {
    const abc = text("abc");
    expect(xxh64(abc.at, abc.length)).toBe(0x44bc2cf5ad770999);
  });
});
