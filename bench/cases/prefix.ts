// The prefix index alone, in Node's V8: the compiled code that is in the filter, without Envoy around it.

import { PrefixIndex } from "../../test/prefix/prefix-index.ts";
import { Dice } from "../../test/prefix/prompts.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { median } from "../lib/table.ts";

const MIB = 1 << 20;
const TABLE_BYTES = 16 * MIB;
const BLOCKS = [32, 256];
const ENDPOINTS = [8, 100, 1000];
const SHARED = 8;
/** Blocks of other prompts in the table: a quarter of its cells, so that lookups miss the caches as they would. */
const CROWD = TABLE_BYTES / 16 / 4;

const ONE = "one endpoint matches all";

type Fill = (index: PrefixIndex, prompt: readonly bigint[], endpoints: number) => void;

const FILLS: Readonly<Record<string, Fill>> = {
  "nothing matches": () => {},
  [ONE]: (index, prompt, endpoints) => {
    index.record(endpoints >> 1, prompt);
  },
  "all share 8 blocks, one has the rest": (index, prompt, endpoints) => {
    for (let slot = 0; slot < endpoints; slot++) index.record(slot, prompt.slice(0, SHARED));
    index.record(endpoints >> 1, prompt);
  },
  "all hold all": (index, prompt, endpoints) => {
    for (let slot = 0; slot < endpoints; slot++) index.record(slot, prompt);
  },
};

function crowdedIndex(endpoints: number, dice: Dice): PrefixIndex {
  const index = new PrefixIndex(TABLE_BYTES);
  for (let block = 0; block < CROWD; block += 64) index.record(dice.below(endpoints), dice.hashes(64));
  return index;
}

/** Nanoseconds of one turn, the median over rounds of `times` turns. */
function nanoseconds(rounds: number, times: number, turns: (times: number) => void): number {
  turns(times);
  const figures = Array.from({ length: rounds }, () => {
    const start = process.hrtime.bigint();
    turns(times);
    return Number(process.hrtime.bigint() - start) / times;
  });
  return median(figures);
}

/** matchPrefix of `prompts` prompts in turn; with several, their cells come from farther away than the nearest cache. */
function measureMatch(
  fill: Fill,
  { blocks, endpoints, prompts }: { blocks: number; endpoints: number; prompts: number },
  quick: boolean,
): number {
  const dice = new Dice(blocks + endpoints);
  const index = crowdedIndex(endpoints, dice);
  const all = Array.from({ length: prompts }, () => dice.hashes(blocks));
  for (const prompt of all) fill(index, prompt, endpoints);
  return nanoseconds(quick ? 25 : 101, 1000, (times) => index.matchInTurn(all, times));
}

/** recordPrefix per block: prompts that are new, or all of whose blocks the endpoint holds. */
function measureRecord(blocks: number, endpoints: number, isNew: boolean, quick: boolean): number {
  const dice = new Dice(blocks * endpoints);
  const index = crowdedIndex(endpoints, dice);
  const prompts = Array.from({ length: 8192 / blocks }, () => dice.hashes(blocks));
  const record = index.recorder(prompts, endpoints);
  const rounds = Array.from({ length: quick ? 25 : 101 }, () => {
    if (isNew) for (let slot = 0; slot < endpoints; slot++) index.drop(slot);
    const start = process.hrtime.bigint();
    record();
    return Number(process.hrtime.bigint() - start) / (prompts.length * blocks);
  });
  return median(rounds.slice(1));
}

/**
 * Memory of a worker whose endpoints hold so many blocks each, of prompts of their own behind a shared beginning; the
 * share of cells in use, and of pairs lost because a bucket was full.
 */
function measureMemory(endpoints: number, blocksEach: number, bytes: number) {
  const dice = new Dice(endpoints);
  const index = new PrefixIndex(bytes);
  const before = new PrefixIndex().memoryBytes;
  const shared = dice.hashes(SHARED);
  for (let slot = 0; slot < endpoints; slot++) {
    for (let block = SHARED; block < blocksEach; block += 64) index.record(slot, [...shared, ...dice.hashes(64)]);
  }
  const mib = (index.memoryBytes - before) / MIB;
  return { mib, usage: index.usage, lost: index.evicted / (endpoints * blocksEach) };
}

export async function run({ quick, progress }: CaseOptions): Promise<CaseResult> {
  const lines: ResultLine[] = [];
  const rows = [["what", "blocks", "endpoints", "ns"]];
  const note = (what: string, blocks: number, endpoints: number, ns: number) => {
    lines.push({ case: "prefix", what, blocks, endpoints, ns: Number(ns.toPrecision(4)) });
    rows.push([what, `${blocks}`, `${endpoints}`, ns.toFixed(ns < 100 ? 1 : 0)]);
  };
  for (const [name, fill] of Object.entries(FILLS)) {
    progress(`matchPrefix, ${name}`);
    for (const blocks of BLOCKS) {
      for (const endpoints of ENDPOINTS) {
        note(`match: ${name}`, blocks, endpoints, measureMatch(fill, { blocks, endpoints, prompts: 1 }, quick));
      }
    }
  }
  progress("matchPrefix, prompts in turn");
  for (const blocks of BLOCKS) {
    const ns = measureMatch(FILLS[ONE]!, { blocks, endpoints: 100, prompts: 32 }, quick);
    note(`match: ${ONE}, 32 prompts in turn`, blocks, 100, ns);
  }
  progress("recordPrefix");
  for (const isNew of [true, false]) {
    for (const endpoints of ENDPOINTS) {
      note(`record a ${isNew ? "new" : "held"} block`, 32, endpoints, measureRecord(32, endpoints, isNew, quick));
    }
  }
  progress("memory");
  const memory = [["endpoints", "blocks each", "table MiB", "memory MiB", "cells used", "lost"]];
  for (const [endpoints, blocks, mib] of [
    [8, 31_250, 8],
    [100, 31_250, 64],
    [1000, 2000, 64],
  ] as const) {
    const figures = measureMemory(endpoints, blocks, mib * MIB);
    lines.push({ case: "prefix", what: "memory", endpoints, blocks_each: blocks, table_mib: mib, ...figures });
    const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
    const shares = [percent(figures.usage), percent(figures.lost)];
    memory.push([`${endpoints}`, `${blocks}`, `${mib}`, figures.mib.toFixed(1), ...shares]);
  }
  return { lines, tables: [rows, memory] };
}
