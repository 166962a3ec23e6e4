// What rounds of load through gateways say, of one arm beside that of plain round robin.

import type { ResultLine } from "./case.ts";
import type { LoadResult } from "./load.ts";
import { median } from "./table.ts";

/** One round of one arm. */
export interface ArmRound extends LoadResult {
  /** Microseconds of CPU per request, Envoy's; not a number where the gateway's process is not known. */
  readonly envoyCpu: number;
  /** Microseconds of CPU per request, the sidecar's; 0 where it does nothing for requests. */
  readonly sidecarCpu: number;
}

/** An arm's medians; what is `added` or a share or ratio is beside plain's. Times in milliseconds, CPU in microseconds. */
export interface ArmFigures {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  readonly envoy_us: number;
  readonly sidecar_us: number;
  readonly errors: number;
  readonly throughput_share: number;
  readonly p50_added: number;
  readonly envoy_us_added: number;
  /** Of Envoy and the sidecar together. */
  readonly us_added: number;
  readonly cpu_ratio: number;
}

/** The medians of an arm's rounds. `plain`: the rounds that ran beside them, one by one. */
export function summarizeArm(rounds: readonly ArmRound[], plain: readonly ArmRound[]): ArmFigures {
  const of = (pick: (round: ArmRound) => number) => median(rounds.map(pick));
  // Of the rounds that ran beside each other, so that what else the machine did changes both.
  const share = (pick: (round: ArmRound) => number) =>
    median(rounds.map((round, index) => pick(round) / pick(plain[index]!)));
  const added = of((round) => round.envoyCpu) - median(plain.map((round) => round.envoyCpu));
  return {
    rps: of((round) => round.requestsPerSecond),
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    envoy_us: of((round) => round.envoyCpu),
    sidecar_us: of((round) => round.sidecarCpu),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
    throughput_share: share((round) => round.requestsPerSecond),
    p50_added: of((round) => round.p50) - median(plain.map((round) => round.p50)),
    envoy_us_added: added,
    us_added: added + of((round) => round.sidecarCpu),
    cpu_ratio: share((round) => round.envoyCpu),
  };
}

/** Headings of armCells. */
export const ARM_HEAD: readonly string[] = [
  ...["arm", "req/s", "p50 ms", "p99 ms", "Envoy us", "sidecar us", "errors"],
  ...["of plain req/s", "p50 added", "Envoy us added"],
];

/** Figures for people; what is beside plain is empty for plain itself, and CPU that is not known. */
export function armCells(arm: string, figures: ArmFigures): string[] {
  const { rps, p50, p99, envoy_us, sidecar_us, errors, throughput_share, p50_added, envoy_us_added } = figures;
  const known = (value: number, text: string) => (Number.isNaN(value) ? "" : text);
  const beside = [`${(100 * throughput_share).toFixed(0)}%`, p50_added.toFixed(3)];
  return [
    ...[arm, rps.toFixed(0), p50.toFixed(3), p99.toFixed(3)],
    ...[known(envoy_us, envoy_us.toFixed(0)), known(sidecar_us, sidecar_us.toFixed(0)), `${errors}`],
    ...(arm === "plain" ? ["", "", ""] : [...beside, known(envoy_us_added, envoy_us_added.toFixed(0))]),
  ];
}

/** Figures as fields of a line: four digits each, without those that are not known, and for plain without comparisons. */
export function armLine(arm: string, figures: ArmFigures): ResultLine {
  const { throughput_share, p50_added, envoy_us_added, us_added, cpu_ratio, ...own } = figures;
  const measured = Object.entries(arm === "plain" ? own : figures).filter(([, value]) => !Number.isNaN(value));
  return Object.fromEntries(measured.map(([name, value]) => [name, Number(value.toPrecision(4))]));
}
