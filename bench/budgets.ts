// What measurements may show. Ratios of what was measured in one run, in turns where that is possible: times by
// themselves are the machine's, and where an aim is a time it is shown and no more. lib/check.ts says when a run fails: a
// ratio that comes to half of its budget, or to double where it may be so much at most.

import type { Budget } from "./lib/check.ts";

/** Aims that were set before anything was built, beside what an ext_proc picker took on the same two cores. */
const AIM = {
  share: "aim: 75 % of plain's throughput",
  small: "aim: 45 us more than plain's 87",
  large: "aim: 100 us more than plain's 170",
  event: "aim: 4 us more than plain's 14",
  scrape: "aim: 0.2 ms for 36 KB, 0.12 for 20 KB",
  rate: "aim: each endpoint every 50 ms",
  memory: "aim: unchanged",
  added: "aim: CPU of Envoy and the sidecar",
  p50: "aim: what a client waits longer",
  pick: "aim: 3 us, and 25 among 1,000",
  module: "aim: 128 KiB",
  extProc: "aim: a third of what the reference takes",
};
const NOTES = "measured: bench/notes.md";
const MODEL = "measured: docs/latency-model.md";
const LINEAR = "as many times the work, no more";
const OURS = "our default";

const SMALL = { answer: "whole", body_kb: 2, connections: 16, arm: "inline" };
const LARGE = { answer: "whole", body_kb: 100, connections: 16, arm: "inline" };
const DECIDED = { connections: 16, arm: "ext-proc" };

/** Aims that are times, in the unit of their figure: microseconds, for p50 milliseconds, for CPU cores. */
const TIMES: readonly Budget[] = (
  [
    ["inline-vs-plain", SMALL, "us_added", 45, AIM.added],
    ["inline-vs-plain", LARGE, "us_added", 100, AIM.added],
    ["inline-vs-plain", { ...SMALL, connections: 1 }, "p50_added", 0.06, AIM.p50],
    ["inline-vs-plain", { ...LARGE, connections: 1 }, "p50_added", 0.25, AIM.p50],
    ["ext-proc", { ...DECIDED, body_kb: 2 }, "sidecar_us", 330, AIM.extProc],
    ["pick", { profile: OURS, blocks: 32, endpoints: 100 }, "us", 3, AIM.pick],
    ["pick", { profile: OURS, blocks: 32, endpoints: 1000 }, "us", 25, AIM.pick],
    ["scrape", { endpoints: 100, interval_ms: 50, bytes: 36_000 }, "us", 200, AIM.scrape],
    ["scrape", { endpoints: 100, interval_ms: 50, bytes: 20_000 }, "us", 120, AIM.scrape],
    ["scrape", { endpoints: 8, interval_ms: 50, bytes: 36_000 }, "cores", 0.05, AIM.rate],
    ["scrape", { endpoints: 100, interval_ms: 50, bytes: 36_000 }, "cores", 0.5, AIM.rate],
    ["stream", { envoy: "read" }, "added_us", 4, AIM.event],
    ["stream", { envoy: "renamed" }, "added_us", 4, AIM.event],
  ] as const
).map(([name, line, figure, value, source]) => ({
  ...{ case: name, line, figure, value, source },
  ...{ bound: "at most", timed: true },
}));

/** Every budget. */
export const BUDGETS: readonly Budget[] = [
  {
    ...{ case: "ext-proc", line: { ...DECIDED, body_kb: 2 } },
    ...{ figure: "cpu_ratio", bound: "at most", value: 7, source: NOTES },
  },
  {
    ...{ case: "ext-proc", line: { ...DECIDED, body_kb: 100 } },
    ...{ figure: "cpu_ratio", bound: "at most", value: 10, source: NOTES },
  },
  {
    ...{ case: "ext-proc", line: { ...DECIDED, body_kb: 2 } },
    ...{ figure: "throughput_share", bound: "at least", value: 0.2, source: NOTES },
  },
  {
    ...{ case: "ext-proc", line: { ...DECIDED, body_kb: 100 } },
    ...{ figure: "throughput_share", bound: "at least", value: 0.13, source: NOTES },
  },
  {
    ...{ case: "inline-vs-plain", line: SMALL },
    ...{ figure: "throughput_share", bound: "at least", value: 0.75, source: AIM.share },
  },
  {
    ...{ case: "inline-vs-plain", line: LARGE },
    ...{ figure: "throughput_share", bound: "at least", value: 0.75, source: AIM.share },
  },
  {
    ...{ case: "inline-vs-plain", line: SMALL },
    ...{ figure: "cpu_ratio", bound: "at most", value: 1.52, source: AIM.small },
  },
  {
    ...{ case: "inline-vs-plain", line: LARGE },
    ...{ figure: "cpu_ratio", bound: "at most", value: 1.59, source: AIM.large },
  },
  {
    ...{ case: "latency", line: { load: 0.9, phase: "late", what: "TTFT" } },
    ...{ figure: "mae_of_mean", bound: "at most", value: 0.3, source: MODEL },
  },
  {
    ...{ case: "latency", line: { load: 0.9, phase: "late", what: "TPOT" } },
    ...{ figure: "mae_of_mean", bound: "at most", value: 0.75, source: MODEL },
  },
  {
    ...{ case: "memory", line: {} },
    ...{ figure: "growth", bound: "at most", value: 1, exact: true, source: AIM.memory },
  },
  {
    ...{ case: "memory", line: { what: "build/filter.wasm" } },
    ...{ figure: "kib", bound: "at most", value: 128, exact: true, source: AIM.module },
  },
  {
    ...{ case: "pick", line: { profile: OURS, blocks: 32, what: "1,000 endpoints beside 100" } },
    ...{ figure: "growth", bound: "at most", value: 10, source: LINEAR },
  },
  {
    ...{ case: "pick", line: { profile: "the reference's default", blocks: 32, what: "1,000 endpoints beside 100" } },
    ...{ figure: "growth", bound: "at most", value: 10, source: LINEAR },
  },
  {
    ...{ case: "prefix", line: { what: "match: 256 blocks beside 32" } },
    ...{ figure: "cost", bound: "at most", value: 12, source: NOTES },
  },
  {
    ...{ case: "prefix", line: { what: "match: 1,000 endpoints beside 100" } },
    ...{ figure: "cost", bound: "at most", value: 2, source: NOTES },
  },
  {
    ...{ case: "prefix", line: { what: "record: 1,000 endpoints beside 8" } },
    ...{ figure: "cost", bound: "at most", value: 2.5, source: NOTES },
  },
  {
    ...{ case: "prefix", line: { what: "record: a held block beside a new one" } },
    ...{ figure: "cost", bound: "at most", value: 1, source: "less work" },
  },
  {
    ...{ case: "prefix", line: { what: "memory", endpoints: 100 } },
    ...{ figure: "of_table", bound: "at most", value: 2.01, exact: true, source: NOTES },
  },
  {
    ...{ case: "prefix", line: { what: "memory", endpoints: 100 } },
    ...{ figure: "lost", bound: "at most", value: 0.03, exact: true, source: NOTES },
  },
  {
    ...{ case: "push", line: { pools: 100, wants: "one" } },
    ...{ figure: "of_every", bound: "at most", value: 0.5, source: "what nobody wants is not sent" },
  },
  {
    ...{ case: "scan", line: { kind: "one text", bytes: 100_000, block_bytes: 64, blocks: 256 } },
    ...{ figure: "of_json_parse", bound: "at least", value: 2, source: NOTES },
  },
  {
    ...{ case: "scan", line: { kind: "200 messages", block_bytes: 64, blocks: 256 } },
    ...{ figure: "of_json_parse", bound: "at least", value: 1.1, source: NOTES },
  },
  {
    ...{ case: "scrape", line: { what: "36 KB beside 20 KB" } },
    ...{ figure: "cost", bound: "at most", value: 1.67, source: AIM.scrape },
  },
  {
    ...{ case: "scrape", line: { what: "100 endpoints beside 8" } },
    ...{ figure: "cost", bound: "at most", value: 1, source: "a scrape costs no more among many" },
  },
  {
    ...{ case: "scrape", line: { endpoints: 8, interval_ms: 50, bytes: 36_000 } },
    ...{ figure: "rate_share", bound: "at least", value: 0.98, source: AIM.rate },
  },
  {
    ...{ case: "scrape", line: { endpoints: 100, interval_ms: 50, bytes: 36_000 } },
    ...{ figure: "rate_share", bound: "at least", value: 0.98, source: AIM.rate },
  },
  {
    ...{ case: "snapshot", line: { change: "load", what: "an endpoint of 4,000 beside one of 100" } },
    ...{ figure: "growth", bound: "at most", value: 1, source: LINEAR },
  },
  {
    ...{ case: "snapshot", line: { change: "roster", what: "an endpoint of 4,000 beside one of 100" } },
    ...{ figure: "growth", bound: "at most", value: 1, source: LINEAR },
  },
  {
    ...{ case: "stream", line: { answer: "read" } },
    ...{ figure: "last_to_first", bound: "at most", value: 1.1, source: NOTES },
  },
  {
    ...{ case: "stream", line: { answer: "renamed" } },
    ...{ figure: "last_to_first", bound: "at most", value: 1.1, source: NOTES },
  },
  {
    ...{ case: "stream", line: { envoy: "read" } },
    ...{ figure: "cpu_ratio", bound: "at most", value: 1.29, source: AIM.event },
  },
  ...TIMES,
];
