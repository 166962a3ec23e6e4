// The sidecar's scraping alone: how much of it takes how much CPU. Sidecars that differ in what is named in a row run
// in turns, the others standing still meanwhile.

import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { Workbench } from "../lib/processes.ts";
import { type ScrapeRound, type ScrapeShape, ScrapingSidecar } from "../lib/scrape-bench.ts";
import { median } from "../lib/table.ts";

const ENDPOINTS = [8, 100, 1000];
const INTERVALS = [50, 200, 1000]; // milliseconds
const EXPOSITIONS = [1200, 20_000, 36_000]; // bytes

/** Shapes that are measured in turns. */
type Group = readonly ScrapeShape[];

function group(endpoints: number, milliseconds: number, expositions = EXPOSITIONS): Group {
  return expositions.map((bytes) => ({ endpoints, milliseconds, bytes }));
}

const ALL: readonly Group[] = ENDPOINTS.flatMap((endpoints) => INTERVALS.map((every) => group(endpoints, every)));
/** What budgets are of: the sizes beside each other, and a hundred endpoints beside eight. */
const QUICK: readonly Group[] = [[...group(8, 50, [36_000]), ...group(100, 50, [20_000, 36_000])]];

async function measureGroup(shapes: Group, { quick, times, progress }: CaseOptions): Promise<readonly ScrapeRound[]> {
  const workbench = new Workbench();
  try {
    const sidecars: ScrapingSidecar[] = [];
    for (const shape of shapes) {
      progress(`${shape.endpoints} endpoints every ${shape.milliseconds} ms, ${shape.bytes} bytes`);
      sidecars.push(await ScrapingSidecar.start(workbench, shape, quick ? 2 : 3));
    }
    const rounds = shapes.map((): ScrapeRound[] => []);
    for (let round = 0; round < (quick ? 5 : 3) * times; round++) {
      for (const [index, sidecar] of sidecars.entries()) rounds[index]!.push(await sidecar.round(quick ? 1 : 2));
    }
    return rounds.map(middle);
  } finally {
    await workbench.stop();
  }
}

function middle(rounds: readonly ScrapeRound[]): ScrapeRound {
  const of = (figure: keyof ScrapeRound) => median(rounds.map((round) => round[figure]));
  return {
    microsecondsPerScrape: of("microsecondsPerScrape"),
    rateShare: of("rateShare"),
    scrapesPerSecond: of("scrapesPerSecond"),
    cores: of("cores"),
    rss: of("rss"),
  };
}

/** What a scrape takes, by shapeKey. */
type Costs = ReadonlyMap<string, number>;

function shapeKey({ endpoints, milliseconds, bytes }: ScrapeShape): string {
  return `${endpoints} ${milliseconds} ${bytes}`;
}

/** What a scrape of a larger exposition, and one of many endpoints, takes beside another. */
function ratios(costs: Costs): ResultLine[] {
  const cost = (endpoints: number, bytes: number) => costs.get(shapeKey({ endpoints, milliseconds: 50, bytes }))!;
  const times = (one: number, other: number) => Number((one / other).toPrecision(3));
  return [
    { case: "scrape", what: "36 KB beside 20 KB", cost: times(cost(100, 36_000), cost(100, 20_000)) },
    { case: "scrape", what: "100 endpoints beside 8", cost: times(cost(100, 36_000), cost(8, 36_000)) },
  ];
}

/** Every number of endpoints, interval and size; quick runs only what budgets are of. */
export async function run(options: CaseOptions): Promise<CaseResult> {
  const lines: ResultLine[] = [];
  const costs = new Map<string, number>();
  const rows = [["endpoints", "every ms", "bytes", "us a scrape", "scrapes/s", "of asked", "cores", "RSS MiB"]];
  for (const shapes of options.quick ? QUICK : ALL) {
    const figures = await measureGroup(shapes, options);
    for (const [index, each] of shapes.entries()) {
      const { endpoints, milliseconds, bytes } = each;
      const { microsecondsPerScrape: us, rateShare, scrapesPerSecond, cores, rss } = figures[index]!;
      costs.set(shapeKey(each), us);
      const share = Number(rateShare.toFixed(3));
      const counted = { us: Math.round(us), scrapes_per_second: Math.round(scrapesPerSecond), rate_share: share };
      const used = { cores: Number(cores.toFixed(3)), rss_mib: Math.round(rss) };
      lines.push({ case: "scrape", endpoints, interval_ms: milliseconds, bytes, ...counted, ...used });
      const shape = [endpoints, milliseconds, bytes].map(String);
      const speed = [us.toFixed(0), scrapesPerSecond.toFixed(0), `${(100 * rateShare).toFixed(0)}%`];
      rows.push([...shape, ...speed, cores.toFixed(2), rss.toFixed(0)]);
    }
  }
  lines.push(...ratios(costs));
  return { lines, tables: [rows] };
}
