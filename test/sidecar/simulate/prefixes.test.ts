import assert from "node:assert/strict";
import { test } from "node:test";
import { Prefixes } from "../../../sidecar/simulate/prefixes.ts";
import type { TraceRequest } from "../../../sidecar/simulate/trace.ts";
import { conversations, request } from "./traces.ts";

function sharedBlocks(one: Float64Array, other: Float64Array): number {
  let shared = 0;
  while (shared < Math.min(one.length, other.length) && one[shared] === other[shared]) shared++;
  return shared;
}

test("blocks are shared exactly as far as the prompts are equal", () => {
  const prefixes = new Prefixes(
    [
      request({ promptTokens: 1024, hashIds: [1, 2] }),
      request({ promptTokens: 1024, hashIds: [1, 3] }),
      // The end of id 2's text is missing: 100 of its tokens are 6 blocks of 16.
      request({ promptTokens: 612, hashIds: [1, 2] }),
      // Id 2 again, but behind another text.
      request({ promptTokens: 1024, hashIds: [4, 2] }),
    ],
    16,
  );
  const [first, second, third, fourth] = [0, 1, 2, 3].map((index) => prefixes.blocksOf(index)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  assert.deepEqual([first.length, third.length], [64, 38]);
  assert.equal(sharedBlocks(first, second), 32);
  assert.equal(sharedBlocks(first, third), 38);
  assert.equal(new Set([...first, ...fourth]).size, 128);
  // 64 + 32 of the second + 64 of the fourth.
  assert.equal(prefixes.distinctBlocks, 160);
});

test("what a cache that forgets nothing would have", () => {
  const prefixes = new Prefixes(
    [
      request({ promptTokens: 1024, hashIds: [1, 2] }),
      request({ promptTokens: 612, hashIds: [1, 2] }),
      request({ promptTokens: 1536, hashIds: [1, 2, 3] }),
      // All of it is there, but the last token is computed anew, and with it its block.
      request({ promptTokens: 1024, hashIds: [1, 2] }),
      request({ promptTokens: 1024, hashIds: [4, 2] }),
    ],
    16,
  );
  assert.deepEqual(prefixes.possibleHits, [0, 608, 1024, 1008, 0]);
});

/** The same by a set of whole prefixes. */
function possibleBySet(requests: readonly TraceRequest[], blockSize: number): { hits: number[]; distinct: number } {
  const seen = new Set<string>();
  const hits = requests.map(({ promptTokens, hashIds }) => {
    const tokens = Array.from(
      { length: promptTokens },
      (_, token) => `${hashIds[Math.floor(token / 512)]}.${token % 512}`,
    );
    const keys = Array.from({ length: Math.floor(promptTokens / blockSize) }, (_, block) =>
      tokens.slice(0, (block + 1) * blockSize).join(" "),
    );
    const usable = keys.slice(0, Math.floor((promptTokens - 1) / blockSize));
    const firstMiss = usable.findIndex((key) => !seen.has(key));
    for (const key of keys) seen.add(key);
    return (firstMiss < 0 ? usable.length : firstMiss) * blockSize;
  });
  return { hits, distinct: seen.size };
}

test("conversations: the same as by remembering every prefix", () => {
  const requests = conversations(3, 3, 5);
  for (const blockSize of [64, 512]) {
    const prefixes = new Prefixes(requests, blockSize);
    const expected = possibleBySet(requests, blockSize);
    assert.deepEqual(prefixes.possibleHits, expected.hits);
    assert.equal(prefixes.distinctBlocks, expected.distinct);
  }
});
