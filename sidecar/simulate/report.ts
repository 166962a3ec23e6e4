import { columns } from "../support/columns.ts";
import type { PolicyResult, Simulation } from "./simulate.ts";
import { NEIGHBOUR_MS, type Spread } from "./statistics.ts";

type Cell = (result: PolicyResult) => number | null;

/** One line of the table: a label and a figure per policy. */
interface Line {
  readonly label: string;
  readonly cell: Cell;
  readonly digits: number;
}

function spreadLines(
  label: string,
  unit: string,
  digits: number,
  spread: (one: PolicyResult) => Spread | null,
): Line[] {
  const names = ["mean", "p50", "p90", "p99"] as const;
  return names.map((name) => ({
    label: `${label} ${name} (${unit})`,
    cell: (result) => spread(result)?.[name] ?? null,
    digits,
  }));
}

/** Blocks of lines that belong together. */
const BLOCKS: readonly (readonly Line[])[] = [
  spreadLines("TTFT", "ms", 0, ({ ttft }) => ttft),
  spreadLines("TPOT", "ms", 2, ({ tpot }) => tpot),
  spreadLines("e2e", "ms", 0, ({ e2e }) => e2e),
  [
    { label: "requests/s", cell: (one) => one.requestsPerSecond, digits: 2 },
    { label: "output tokens/s", cell: (one) => one.outputTokensPerSecond, digits: 0 },
  ],
  [
    { label: "prefix hit rate", cell: ({ prefix }) => prefix.hitRate, digits: 3 },
    { label: "share of possible", cell: ({ prefix }) => prefix.shareOfPossible, digits: 3 },
  ],
  [
    { label: "in flight max/mean, momentary", cell: ({ balance }) => balance.momentary, digits: 2 },
    { label: "in flight max/mean, lasting", cell: ({ balance }) => balance.lasting, digits: 2 },
    { label: "servers used", cell: ({ balance }) => balance.serversUsed, digits: 0 },
    { label: "least share of requests", cell: ({ balance }) => Math.min(...balance.shares), digits: 3 },
    { label: "largest share of requests", cell: ({ balance }) => Math.max(...balance.shares), digits: 3 },
    { label: `same server within ${NEIGHBOUR_MS} ms`, cell: ({ neighbours }) => neighbours.sameServer, digits: 3 },
  ],
];

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Facts of the workload, for the head of a report. */
function facts({ trace, built }: Simulation) {
  const { requests, warmup, servers, engine, prefixes, seed } = built.workload;
  const promptTokens = average(requests.map((request) => request.promptTokens));
  return {
    trace: {
      file: trace,
      requests: requests.length,
      warmup,
      meanPromptTokens: promptTokens,
      meanOutputTokens: average(requests.map(({ outputTokens }) => outputTokens)),
      distinctBlocks: prefixes.distinctBlocks,
      possibleHitRate: average(prefixes.possibleHits) / promptTokens,
    },
    servers: {
      count: servers,
      maxNumSeqs: engine.maxNumSeqs,
      fullBatch: {
        prefillBaseMs: engine.prefillBaseMs,
        prefillPerTokenMs: engine.prefillPerTokenMs,
        decodePerTokenMs: engine.decodePerTokenMs,
      },
      blockSize: engine.blockSize,
      numGpuBlocks: engine.numGpuBlocks,
    },
    arrivals: { load: built.load, speed: built.speed, spanMs: built.span },
    seed,
  };
}

/** A simulation as JSON text. */
export function jsonReport(simulation: Simulation): string {
  const { notes, policies } = simulation;
  return `${JSON.stringify({ ...facts(simulation), notes, policies }, null, 2)}\n`;
}

function shown(value: number | null, digits: number): string {
  return value === null ? "-" : value.toFixed(digits);
}

/** A simulation as text for people: a head of facts, then a column per policy. */
export function textReport(simulation: Simulation): string {
  const { trace, servers, arrivals } = facts(simulation);
  const { policies } = simulation;
  const hasRefused = policies.some(({ refused }) => refused > 0);
  const refused: Line = { label: "refused requests", cell: (one) => one.refused, digits: 0 };
  const blocks = hasRefused ? [[refused], ...BLOCKS] : BLOCKS;
  const rows = [["", ...policies.map(({ name }) => name)]];
  for (const block of blocks) {
    for (const { label, cell, digits } of block) {
      rows.push([label, ...policies.map((result) => shown(cell(result), digits))]);
    }
    rows.push([""]);
  }
  rows.pop();
  const warmup = trace.warmup > 0 ? `, the first ${trace.warmup} not counted` : "";
  return [
    `${trace.requests} requests${warmup}; on average ${trace.meanPromptTokens.toFixed(0)} prompt and ` +
      `${trace.meanOutputTokens.toFixed(0)} output tokens`,
    `${servers.count} servers of ${servers.maxNumSeqs} sequences and ${servers.numGpuBlocks} KV-cache blocks of ` +
      `${servers.blockSize} tokens`,
    `load ${shown(arrivals.load, 3)}: ${shown(arrivals.speed, 3)} times the trace's speed, ` +
      `${(arrivals.spanMs / 1000).toFixed(1)} s`,
    `prefix hit rate of one cache that forgets nothing: ${shown(trace.possibleHitRate, 3)}`,
    "",
    ...columns(rows),
    "",
  ].join("\n");
}
