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
const MATCHES = 1000;
/** Blocks of other prompts in the table: a quarter of its cells, so that lookups miss the caches as they would. */
const CROWD = TABLE_BYTES / 16 / 4;

const ONE = "one endpoint matches all";
const SOME = "all share 8 blocks, one has the rest";

type Fill = (index: PrefixIndex, prompt: readonly bigint[], endpoints: number) => void;

const FILLS: Readonly<Record<string, Fill>> = {
  "nothing matches": () => {},
  [ONE]: (index, prompt, endpoints) => {
    index.record(endpoints >> 1, prompt);
  },
  [SOME]: (index, prompt, endpoints) => {
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

/** Something that can be timed: one round of it, in nanoseconds. */
type Round = () => number;

/** matchPrefix of `prompts` prompts in turn; with several, their cells come from farther away than the nearest cache. */
function matching(fill: Fill, blocks: number, endpoints: number, prompts: number): Round {
  const dice = new Dice(blocks + endpoints);
  const index = crowdedIndex(endpoints, dice);
  const all = Array.from({ length: prompts }, () => dice.hashes(blocks));
  for (const prompt of all) fill(index, prompt, endpoints);
  return () => {
    const start = process.hrtime.bigint();
    index.matchInTurn(all, MATCHES);
    return Number(process.hrtime.bigint() - start) / MATCHES;
  };
}

/** recordPrefix per block: prompts that are new, or all of whose blocks the endpoint holds. */
function recording(blocks: number, endpoints: number, isNew: boolean): Round {
  const dice = new Dice(blocks * endpoints);
  const index = crowdedIndex(endpoints, dice);
  const prompts = Array.from({ length: 8192 / blocks }, () => dice.hashes(blocks));
  const record = index.recorder(prompts, endpoints);
  return () => {
    if (isNew) for (let slot = 0; slot < endpoints; slot++) index.drop(slot);
    const start = process.hrtime.bigint();
    record();
    return Number(process.hrtime.bigint() - start) / (prompts.length * blocks);
  };
}

/** The median over rounds, after one that does not count. */
function typical(round: Round, rounds: number): number {
  round();
  return median(Array.from({ length: rounds }, round));
}

/** How many times the second takes what the first does: the median over rounds in turns. */
function beside(first: Round, second: Round, rounds: number): number {
  first();
  second();
  const ratios = Array.from({ length: rounds }, () => {
    const one = first();
    return second() / one;
  });
  return Number(median(ratios).toPrecision(3));
}

/** What more blocks and more endpoints cost, and what it takes to record what is held already: ratios that have budgets. */
const RATIOS: Readonly<Record<string, () => readonly [Round, Round]>> = {
  "match: 256 blocks beside 32": () => [matching(FILLS[ONE]!, 32, 100, 1), matching(FILLS[ONE]!, 256, 100, 1)],
  "match: 1,000 endpoints beside 100": () => [
    matching(FILLS[SOME]!, 256, 100, 1),
    matching(FILLS[SOME]!, 256, 1000, 1),
  ],
  "record: 1,000 endpoints beside 8": () => [recording(32, 8, true), recording(32, 1000, true)],
  "record: a held block beside a new one": () => [recording(32, 100, true), recording(32, 100, false)],
};

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

/** What matches and records take by themselves, which no budget is of. */
function measureAll(
  note: (what: string, blocks: number, endpoints: number, ns: number) => void,
  rounds: number,
  progress: (text: string) => void,
): void {
  for (const [name, fill] of Object.entries(FILLS)) {
    progress(`matchPrefix, ${name}`);
    for (const blocks of BLOCKS) {
      for (const endpoints of ENDPOINTS) {
        note(`match: ${name}`, blocks, endpoints, typical(matching(fill, blocks, endpoints, 1), rounds));
      }
    }
  }
  progress("matchPrefix, prompts in turn");
  for (const blocks of BLOCKS) {
    const ns = typical(matching(FILLS[ONE]!, blocks, 100, 32), rounds);
    note(`match: ${ONE}, 32 prompts in turn`, blocks, 100, ns);
  }
  progress("recordPrefix");
  for (const isNew of [true, false]) {
    for (const endpoints of ENDPOINTS) {
      note(`record a ${isNew ? "new" : "held"} block`, 32, endpoints, typical(recording(32, endpoints, isNew), rounds));
    }
  }
}

/** All figures; quick runs only what budgets are of. */
export async function run({ quick, times, progress }: CaseOptions): Promise<CaseResult> {
  const rounds = 101 * times;
  const lines: ResultLine[] = [];
  const rows = [["what", "blocks", "endpoints", "ns"]];
  const note = (what: string, blocks: number, endpoints: number, ns: number) => {
    lines.push({ case: "prefix", what, blocks, endpoints, ns: Number(ns.toPrecision(4)) });
    rows.push([what, `${blocks}`, `${endpoints}`, ns.toFixed(ns < 100 ? 1 : 0)]);
  };
  if (!quick) measureAll(note, rounds, progress);
  progress("what more costs");
  const costs = [["what", "times as long"]];
  for (const [what, make] of Object.entries(RATIOS)) {
    const ratio = beside(...make(), rounds);
    lines.push({ case: "prefix", what, cost: ratio });
    costs.push([what, `${ratio}`]);
  }
  progress("memory");
  const memory = [["endpoints", "blocks each", "table MiB", "memory MiB", "cells used", "lost"]];
  for (const [endpoints, blocks, mib] of [
    [8, 31_250, 8],
    [100, 31_250, 64],
    [1000, 2000, 64],
  ] as const) {
    const figures = measureMemory(endpoints, blocks, mib * MIB);
    const ofTable = Number((figures.mib / mib).toPrecision(4));
    const shape = { endpoints, blocks_each: blocks, table_mib: mib };
    lines.push({ case: "prefix", what: "memory", ...shape, ...figures, of_table: ofTable });
    const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
    const shares = [percent(figures.usage), percent(figures.lost)];
    memory.push([`${endpoints}`, `${blocks}`, `${mib}`, figures.mib.toFixed(1), ...shares]);
  }
  return { lines, tables: [...(quick ? [] : [rows]), costs, memory] };
}
