import assert from "node:assert/strict";
import { test } from "node:test";
import { blockSizeNotes, promptBlockTokens } from "../../../sidecar/explain/block-sizes.ts";
import { encodeJournal } from "../../../wire/encode.ts";
import { MAX_BLOCK_TOKENS, RECORD_TTFT } from "../../../wire/layout.ts";
import type { JournalRecord } from "../../../wire/model.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { held } from "../push/records.ts";
import { planOf, snapshotOf } from "./snapshots.ts";

const ADDRESS = "10.0.0.1:8000";
const KEY = xxh64(ADDRESS);
const STEPS = [{ plugin: "max-score-picker" }];
const TIMES: JournalRecord = { kind: RECORD_TTFT, endpoint: KEY, values: [1, 2, 3, 4, 5, 6] };

function poolAndPlan(blockSizes: readonly number[], blockTokens: number) {
  const endpoints = blockSizes.map((blockSize, index) => ({ address: `10.0.0.${index + 1}:8000`, blockSize }));
  const { pool } = snapshotOf(endpoints, { plan: planOf(STEPS, { blockTokens }) });
  return { pool, plan: pool.plan! };
}

function notes(own: number, asked: number, records: readonly JournalRecord[], blockSize = 32): readonly string[] {
  const { pool, plan } = poolAndPlan([blockSize], own);
  const frame = encodeJournal({ owner: 0n, first: 0n, records });
  return blockSizeNotes(pool, plan, poolAndPlan([blockSize], asked).plan, [frame]);
}

test("blocks are as the plan says, else as the first engine that tells, from 16 to the most there may be", () => {
  const tokens = (blockSizes: readonly number[], blockTokens: number) => {
    const { pool, plan } = poolAndPlan(blockSizes, blockTokens);
    return promptBlockTokens(pool, plan);
  };
  assert.equal(tokens([32], 64), 64);
  assert.equal(tokens([0, 32, 128], 0), 32);
  assert.equal(tokens([1], 0), 16);
  assert.equal(tokens([100_000], 0), MAX_BLOCK_TOKENS);
  assert.equal(tokens([0], 0), 16);
  assert.equal(tokens([], 0), 16);
});

test("another block size than the recorded one is told of", () => {
  assert.deepEqual(notes(64, 16, [TIMES, held(KEY, 1)]), [
    "prefixes in the snapshot are of 64-token blocks, this configuration's are 16: matches are not known",
  ]);
  assert.match(notes(64, 0, [held(KEY, 1)])[0]!, /of 64-token blocks, this configuration's are 32:/);
  assert.match(notes(0, 64, [held(KEY, 1)])[0]!, /of 32-token blocks, this configuration's are 64:/);
});

test("nothing is told where sizes agree, or no prefixes of the pool's endpoints are recorded", () => {
  assert.deepEqual(notes(64, 64, [held(KEY, 1)]), []);
  assert.deepEqual(notes(32, 0, [held(KEY, 1)]), []);
  assert.deepEqual(notes(64, 16, [TIMES]), []);
  assert.deepEqual(notes(64, 16, [held(KEY + 1n, 1)]), []);
  assert.deepEqual(notes(64, 16, []), []);
});
