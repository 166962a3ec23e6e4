// What a change of a pool takes until a request uses it: a ROSTER with its LOAD, and a LOAD alone. In this process: the
// encoder of the sidecar, and the compiled filter.

import { connectedRig, endpoints, FakePool, samples } from "../../test/filter/pools.ts";
import { pickOnce } from "../../test/filter/requests.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { median } from "../lib/table.ts";

const SIZES = [10, 100, 1000, 4000];
const CHANGES = ["roster", "load"] as const;
type Change = (typeof CHANGES)[number];
/** The change beside which growth is told: below, what does not depend on endpoints counts most. */
const BESIDE = 100;

/** Microseconds of one change. */
interface Measured {
  readonly encode: number;
  /** Checked, and published for the other workers. */
  readonly accept: number;
  /** The first request that uses it, from its headers to its end; the next ones need a fraction. */
  readonly use: number;
}

/** A filter that serves so many endpoints, and what changes them; every change is of all endpoints. */
function prepare(size: number): (change: Change) => Measured {
  const { rig, vm, root } = connectedRig();
  const pool = new FakePool();
  const list = endpoints(size);
  let counter = 0;
  rig.stream.message(...pool.start(list));
  return (change) => {
    counter = (counter + 1) & 0xffff;
    // Made before time counts: the sidecar has them from its scrapes.
    const values = samples(size, { counter, running: counter % 40, waiting: counter % 13, kvUsage: 0.4 });
    const began = performance.now();
    const frames = change === "roster" ? [pool.roster(list), pool.load(values)] : [pool.load(values)];
    const encoded = performance.now();
    rig.stream.message(...frames);
    const accepted = performance.now();
    if (pickOnce(vm, root) === undefined) throw new Error("nothing is picked");
    const used = performance.now();
    return { encode: 1000 * (encoded - began), accept: 1000 * (accepted - encoded), use: 1000 * (used - accepted) };
  };
}

/** Rosters and loads of 10 to 4,000 endpoints, in turns. */
export async function run({ quick, times, progress }: CaseOptions): Promise<CaseResult> {
  const lines: ResultLine[] = [];
  const rows = [["change", "endpoints", "encode us", "accept us", "first use us", "sum, us an endpoint"]];
  const pools = SIZES.map((size) => ({ size, apply: prepare(size) }));
  for (const change of CHANGES) {
    progress(change);
    const found = pools.map((): Measured[] => []);
    for (let round = 0; round < (quick ? 60 : 300) * times; round++) {
      for (const [index, { apply }] of pools.entries()) found[index]!.push(apply(change));
    }
    const each = new Map<number, number>();
    for (const [index, size] of SIZES.entries()) {
      const warm = found[index]!.slice(20); // while V8 compiles, times say nothing
      const of = (part: keyof Measured) => median(warm.map((measured) => measured[part]));
      const [encode, accept, use] = [of("encode"), of("accept"), of("use")];
      const sum = encode + accept + use;
      each.set(size, sum / size);
      const us = { encode_us: round1(encode), accept_us: round1(accept), use_us: round1(use) };
      lines.push({ case: "snapshot", change, endpoints: size, ...us });
      rows.push([change, `${size}`, ...Object.values(us).map(String), (sum / size).toFixed(3)]);
    }
    const growth = Number((each.get(SIZES.at(-1)!)! / each.get(BESIDE)!).toPrecision(3));
    lines.push({ case: "snapshot", change, what: "an endpoint of 4,000 beside one of 100", growth });
  }
  return { lines, tables: [rows] };
}

function round1(value: number): number {
  return Number(value.toFixed(1));
}
