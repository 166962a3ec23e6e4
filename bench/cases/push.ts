// The push alone: the state of many endpoints, changing as scrapes would change it, and gateways in processes of their
// own. Two shapes: one large pool, and many small ones.

import { systemClock } from "../../sidecar/support/clock.ts";
import { encodeLoad, encodeRoster } from "../../wire/encode.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { type PushGateway, startPushGateway } from "../lib/push-gateway.ts";
import { benchPools, names } from "../lib/push-pools.ts";
import { PushRig } from "../lib/push-rig.ts";
import { median } from "../lib/table.ts";

interface Shape {
  readonly pools: number;
  readonly endpoints: number;
}

const SHAPES: readonly Shape[] = [
  { pools: 1, endpoints: 4000 },
  { pools: 100, endpoints: 50 },
];

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function milliseconds(rounds: number, run: () => unknown): number {
  run();
  const figures = Array.from({ length: rounds }, () => {
    const start = systemClock.now();
    run();
    return systemClock.now() - start;
  });
  return median(figures);
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Encoding of one pool's frames, first state of a gateway, and how long a change of readiness takes. */
async function measureShape(shape: Shape, { progress }: CaseOptions): Promise<ResultLine> {
  const discovered = benchPools(shape.pools, shape.endpoints);
  const rig = new PushRig(discovered);
  await rig.start();
  const pool = discovered[0]!.name;
  const roster = rig.pools.roster(pool)!;
  const load = rig.pools.load(pool, 0n, 0n)!;
  progress(`${shape.pools} x ${shape.endpoints}: encoding`);
  const line = {
    ...{ case: "push", ...shape },
    roster_bytes: encodeRoster(roster).length,
    roster_ms: milliseconds(100, () => encodeRoster(roster)),
    load_bytes: encodeLoad(load).length,
    load_ms: milliseconds(400, () => encodeLoad(rig.pools.load(pool, 0n, 0n)!)),
  };
  progress(`${shape.pools} x ${shape.endpoints}: starts`);
  const starts: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 9; round++) {
    const gateway = await startPushGateway(rig.port, names(discovered));
    starts.push(gateway.first.milliseconds);
    bytes = gateway.first.bytes;
    await gateway.stop();
  }
  progress(`${shape.pools} x ${shape.endpoints}: changes of readiness, everything scraped once a second`);
  const gateway = await startPushGateway(rig.port, names(discovered));
  const stopScraping = rig.scrape(1);
  await wait(500);
  const changes: number[] = [];
  for (let turn = 0; turn < 200; turn++) {
    changes.push(await rig.turn(turn));
    await wait(10 + (turn % 20));
  }
  stopScraping();
  await gateway.stop();
  await rig.stop();
  changes.sort((a, b) => a - b);
  return {
    ...line,
    first_bytes: bytes,
    sync_ms: median(starts),
    change_p50_ms: quantile(changes, 0.5),
    change_p99_ms: quantile(changes, 0.99),
  };
}

/** What quick runs compare, as a budget does. */
const BUDGETED = ["one", "every one named"];

/** CPU of this process while everything is scraped 20 times a second, by what a gateway wants of it. */
async function measureDemand(shape: Shape, { quick, times, progress }: CaseOptions): Promise<ResultLine[]> {
  const discovered = benchPools(shape.pools, shape.endpoints);
  const all = names(discovered);
  const every: readonly (readonly [string, readonly string[] | undefined, boolean])[] = [
    ["no gateway", undefined, false],
    ["none", [], false],
    ["one", all.slice(0, 1), false],
    ["all, one named", all.slice(0, 1), true],
    ["every one named", all, false],
  ];
  const arms = quick ? every.filter(([wants]) => BUDGETED.includes(wants)) : every;
  const figures = arms.map(([wants]) => ({ wants, cpu: [] as number[], frames: [] as number[] }));
  const seconds = quick ? 1 : 1.5;
  const rig = new PushRig(discovered);
  await rig.start();
  for (let round = 0; round < 3 * times; round++) {
    for (const [index, [wants, pools, others]] of arms.entries()) {
      progress(`${shape.pools} x ${shape.endpoints}: scraped 20 times a second, wanted: ${wants}`);
      let gateway: PushGateway | undefined;
      if (pools !== undefined) gateway = await startPushGateway(rig.port, pools, others);
      const stopScraping = rig.scrape(20);
      await wait(300);
      const frames = rig.frames;
      const start = systemClock.now();
      const used = process.cpuUsage();
      await wait(seconds * 1000);
      const { user, system } = process.cpuUsage(used);
      const elapsed = systemClock.now() - start;
      figures[index]!.cpu.push((user + system) / 1000 / elapsed);
      figures[index]!.frames.push(((rig.frames - frames) * 1000) / elapsed);
      stopScraping();
      await gateway?.stop();
    }
  }
  await rig.stop();
  const most = figures.at(-1)!;
  return figures.map(({ wants, cpu, frames }) => ({
    ...{ case: "push", ...shape, wants },
    cores: median(cpu),
    frames_per_second: median(frames),
    of_every: median(cpu.map((cores, round) => cores / most.cpu[round]!)),
  }));
}

export async function run(options: CaseOptions): Promise<CaseResult> {
  const shapes: ResultLine[] = [];
  // No budget is of what a shape takes by itself.
  if (!options.quick) for (const shape of SHAPES) shapes.push(await measureShape(shape, options));
  const demand = await measureDemand(SHAPES[1]!, options);
  const columns = (lines: readonly ResultLine[]) => {
    const heads = Object.keys(lines[0]!).filter((head) => head !== "case");
    const cell = (value: unknown) =>
      typeof value === "number" && !Number.isInteger(value) ? value.toFixed(3) : `${value}`;
    return [heads, ...lines.map((line) => heads.map((head) => cell(line[head])))];
  };
  return { lines: [...shapes, ...demand], tables: [...(options.quick ? [] : [columns(shapes)]), columns(demand)] };
}
