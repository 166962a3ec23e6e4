import assert from "node:assert/strict";
import { test } from "node:test";
import { xxh64 } from "../../wire/xxh64.ts";
import { readHashVectors } from "./golden-files.ts";
import { SEEDS, sanityBytes } from "./sanity-bytes.ts";

const [ZERO, PRIME32] = SEEDS as [bigint, bigint];

/** From xxHash's self-test, its documentation and its Python binding's. */
const PUBLISHED: readonly (readonly [string | Uint8Array, bigint, bigint])[] = [
  [sanityBytes(0), ZERO, 0xef46db3751d8e999n],
  [sanityBytes(0), PRIME32, 0xac75fda2929b17efn],
  [sanityBytes(1), ZERO, 0xe934a84adb052768n],
  [sanityBytes(1), PRIME32, 0x5014607643a9b4c3n],
  [sanityBytes(4), ZERO, 0x9136a0dca57457een],
  [sanityBytes(14), ZERO, 0x8282dcc4994e35c8n],
  [sanityBytes(14), PRIME32, 0xc3bd6bf63deb6df0n],
  [sanityBytes(222), ZERO, 0xb641ae8cb691c174n],
  [sanityBytes(222), PRIME32, 0x20cb8ab7ae10c14an],
  ["a", ZERO, 0xd24ec4f1a98c6e5bn],
  ["abc", ZERO, 0x44bc2cf5ad770999n],
  ["Nobody inspects the spammish repetition", ZERO, 0xfbcea83c8a378bf1n],
];

test("xxh64 agrees with the published values", () => {
  for (const [input, seed, hash] of PUBLISHED) assert.equal(xxh64(input, seed), hash, `${input} seed ${seed}`);
});

test("xxh64 agrees with the golden vectors, which have every length from 0 to 40", () => {
  const lengths = new Set<number>();
  for (const { bytes, seed, hash } of readHashVectors()) {
    lengths.add(bytes.length / 2);
    assert.equal(xxh64(Buffer.from(bytes, "hex"), BigInt(`0x${seed}`)), BigInt(`0x${hash}`), bytes);
  }
  for (let length = 0; length <= 40; length++) assert.ok(lengths.has(length), `no vector of length ${length}`);
});

test("xxh64 reads a part of a larger buffer as it reads a copy", () => {
  const bytes = sanityBytes(60);
  assert.equal(xxh64(bytes.subarray(7, 47)), xxh64(bytes.slice(7, 47)));
});

test("xxh64 hashes a text's UTF-8 bytes", () => {
  assert.equal(xxh64("größe 🚀"), xxh64(new TextEncoder().encode("größe 🚀")));
});
