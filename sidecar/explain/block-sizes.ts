// Whether prefixes that a snapshot has recorded can be found by a plan: hashes of blocks of another size never match.

import {
  JOURNAL_BYTES,
  JOURNAL_RECORDS,
  LEAST_ENGINE_BLOCK_TOKENS,
  MAX_BLOCK_TOKENS,
  RECORD_BYTES,
  RECORD_HELD,
  RECORD_KEY,
  RECORD_KIND,
  RECORD_VALUES,
} from "../../wire/layout.ts";
import { endpointKey } from "../state/endpoint-key.ts";
import type { SnapshotPlan, SnapshotPool } from "./snapshot.ts";

const VALUE_BYTES = 8;

/** Tokens per prompt block in the pool by that plan: what it says, else what the first engine that says so has. */
export function promptBlockTokens({ endpoints }: SnapshotPool, { settings }: SnapshotPlan): number {
  if (settings.blockTokens !== 0) return settings.blockTokens;
  const said = endpoints.find(({ sample }) => sample.blockSize !== 0)?.sample.blockSize ?? 0;
  return Math.min(Math.max(said, LEAST_ENGINE_BLOCK_TOKENS), MAX_BLOCK_TOKENS);
}

function tellsOfBlocks(journal: Uint8Array, endpoints: ReadonlySet<bigint>): boolean {
  const view = new DataView(journal.buffer, journal.byteOffset, journal.byteLength);
  let at = JOURNAL_BYTES;
  for (let left = view.getUint32(JOURNAL_RECORDS, true); left > 0; left--) {
    const values = view.getUint16(at + RECORD_VALUES, true);
    const isHeld = view.getUint16(at + RECORD_KIND, true) === RECORD_HELD && values > 0;
    if (isHeld && endpoints.has(view.getBigUint64(at + RECORD_KEY, true))) return true;
    at += RECORD_BYTES + values * VALUE_BYTES;
  }
  return false;
}

/**
 * What to know of matches where another plan than the pool's own decides.
 * @param own the plan by which the journals were recorded.
 * @param journals JOURNAL frames, checked already.
 * @returns sentences for people; none where the sizes agree or nothing is recorded of the pool's endpoints.
 */
export function blockSizeNotes(
  pool: SnapshotPool,
  own: SnapshotPlan,
  plan: SnapshotPlan,
  journals: readonly Uint8Array[],
): readonly string[] {
  const recorded = promptBlockTokens(pool, own);
  const asked = promptBlockTokens(pool, plan);
  if (recorded === asked) return [];
  const endpoints = new Set(pool.endpoints.map(({ endpoint }) => endpointKey(endpoint)));
  if (!journals.some((journal) => tellsOfBlocks(journal, endpoints))) return [];
  return [
    `prefixes in the snapshot are of ${recorded}-token blocks, this configuration's are ${asked}: ` +
      "matches are not known",
  ];
}
