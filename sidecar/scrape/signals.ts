// From the series of an exposition to an engine's signals.

import { NewestAdapters } from "./adapters.ts";
import { type EngineMetrics, engineMetrics, type MetricsOf, type Selector, selectorText } from "./engines.ts";
import { ExpositionScanner, type SeriesLabels } from "./exposition.ts";
import { FamilyTable, type WantedFamily } from "./families.ts";

const MAX_U32 = 0xffffffff;

/** What one exposition says, in the ranges of the wire model's Sample. */
export interface Signals {
  readonly waiting: number;
  readonly running: number;
  /** 0..1 */
  readonly kvUsage: number;
  /** Tokens per block; 0 unknown. */
  readonly blockSize: number;
  /** Blocks; 0 unknown. */
  readonly blockCount: number;
  readonly runningAdapters: readonly string[];
  readonly waitingAdapters: readonly string[];
  /** Adapter slots; 0 unknown. */
  readonly maxAdapters: number;
}

/** Signals, or why there are none. */
export type Reading = { readonly signals: Signals } | { readonly unusable: string };

/** A number to gather from the series of a family. */
interface Field {
  readonly selector: Selector;
  /** Position among the engine's fields. */
  readonly position: number;
  readonly whereSlot: number;
  readonly valueSlot: number;
}

interface FamilyPlan extends WantedFamily {
  readonly labels: string[];
  readonly fields: Field[];
  adapters: boolean;
}

/** Positions of the fields; the names of KV usage follow behind, the newest first. */
const WAITING = 0;
const RUNNING = 1;
const BLOCK_SIZE = 2;
const BLOCK_COUNT = 3;
const KV_USAGE = 4;

/** Slots of the adapter info's labels, the first ones of its family. */
const ADAPTER_SLOTS = { running: 0, waiting: 1, slots: 2 } as const;

class EnginePlan {
  readonly engine: EngineMetrics;
  readonly families: readonly FamilyPlan[];
  readonly table: FamilyTable;

  constructor(engine: EngineMetrics) {
    this.engine = engine;
    const byMetric = new Map<string, FamilyPlan>();
    const family = (metric: string): FamilyPlan => {
      const known = byMetric.get(metric);
      if (known) return known;
      const made: FamilyPlan = { metric, labels: [], fields: [], adapters: false };
      byMetric.set(metric, made);
      return made;
    };
    const slot = (plan: FamilyPlan, label: string | undefined): number => {
      if (label === undefined) return -1;
      const known = plan.labels.indexOf(label);
      return known >= 0 ? known : plan.labels.push(label) - 1;
    };
    if (engine.adapters) {
      const plan = family(engine.adapters.metric);
      plan.adapters = true;
      plan.labels.push(engine.adapters.running, engine.adapters.waiting, engine.adapters.slots);
    }
    const selectors = [engine.queued, engine.running, engine.blockSize, engine.blockCount, ...engine.kvUsage];
    selectors.forEach((selector, position) => {
      if (selector === undefined) return;
      const plan = family(selector.metric);
      const whereSlot = slot(plan, selector.where?.label);
      plan.fields.push({ selector, position, whereSlot, valueSlot: slot(plan, selector.fromLabel) });
    });
    this.families = [...byMetric.values()];
    this.table = new FamilyTable(this.families);
  }
}

const plans = new WeakMap<EngineMetrics, EnginePlan>();

function planOf(engine: EngineMetrics): EnginePlan {
  const known = plans.get(engine);
  if (known) return known;
  const made = new EnginePlan(engine);
  plans.set(engine, made);
  return made;
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}

function integer(value: number): number {
  return Number.isNaN(value) ? 0 : Math.round(clamp(value, MAX_U32));
}

/**
 * Reads one endpoint's expositions, one after the other: begin, write as bytes arrive, finish.
 *
 * Several series of one metric are the ranks of one engine or the models of one server, which share the endpoint:
 * queued and running requests and blocks are added up, KV usage is their mean (what is used of all blocks, as ranks
 * hold equally many), the block size is the largest. Numbers are rounded to integers and held within the fields of a
 * sample; a NaN among the needed series makes the exposition unusable, an unreadable line is as if it were not there.
 */
export class SignalReader {
  readonly #plan: EnginePlan;
  readonly #scanner: ExpositionScanner;
  readonly #sums: Float64Array;
  readonly #largest: Float64Array;
  readonly #counts: Uint32Array;
  readonly #adapters = new NewestAdapters();

  /** @throws RangeError where the engine is none of the ENGINE_ constants. */
  constructor(engine: number, metricsOf: MetricsOf = engineMetrics) {
    this.#plan = planOf(metricsOf(engine));
    const fields = KV_USAGE + this.#plan.engine.kvUsage.length;
    this.#sums = new Float64Array(fields);
    this.#largest = new Float64Array(fields);
    this.#counts = new Uint32Array(fields);
    this.#scanner = new ExpositionScanner(this.#plan.table, (family, value, labels) =>
      this.#series(this.#plan.families[family] as FamilyPlan, value, labels),
    );
  }

  /** Forgets whatever the last exposition left. */
  begin(): void {
    this.#scanner.reset();
    this.#sums.fill(0);
    this.#largest.fill(0);
    this.#counts.fill(0);
    this.#adapters.reset();
  }

  /** The next bytes of the exposition; they are not kept. */
  write(chunk: Buffer): void {
    this.#scanner.write(chunk);
  }

  /** What the whole exposition said; the reason names the engine and the metric at fault. */
  finish(): Reading {
    this.#scanner.end();
    const { engine } = this.#plan;
    const kvName = engine.kvUsage.findIndex((_, index) => (this.#counts[KV_USAGE + index] as number) > 0);
    const kvUsage = KV_USAGE + Math.max(kvName, 0);
    for (const [position, selector] of [
      [WAITING, engine.queued],
      [RUNNING, engine.running],
      [kvUsage, engine.kvUsage[kvUsage - KV_USAGE] as Selector],
    ] as const) {
      if (this.#counts[position] === 0) {
        return { unusable: `no ${selectorText(selector)} in the exposition, which engine ${engine.name} should have` };
      }
      if (Number.isNaN(this.#sums[position])) {
        return { unusable: `${selectorText(selector)} of engine ${engine.name} is NaN` };
      }
    }
    const adapters = this.#adapters.read();
    return {
      signals: {
        waiting: integer(this.#sums[WAITING] as number),
        running: integer(this.#sums[RUNNING] as number),
        kvUsage: clamp((this.#sums[kvUsage] as number) / (this.#counts[kvUsage] as number), 1),
        blockSize: integer(this.#largest[BLOCK_SIZE] as number),
        blockCount: integer(this.#sums[BLOCK_COUNT] as number),
        runningAdapters: adapters.running,
        waitingAdapters: adapters.waiting,
        maxAdapters: adapters.slots,
      },
    };
  }

  #series(family: FamilyPlan, value: number, labels: SeriesLabels): void {
    if (family.adapters) this.#adapters.add(value, (label) => labels.text(ADAPTER_SLOTS[label]));
    for (const { selector, position, whereSlot, valueSlot } of family.fields) {
      if (selector.where !== undefined && labels.text(whereSlot) !== selector.where.is) continue;
      let number = value;
      if (selector.fromLabel !== undefined) {
        const text = labels.text(valueSlot);
        // Engines write "None" there until they have sized their cache.
        if (!/^\d+$/.test(text)) continue;
        number = Number(text);
      }
      this.#sums[position] = (this.#sums[position] as number) + number;
      this.#largest[position] = Math.max(this.#largest[position] as number, number);
      this.#counts[position] = (this.#counts[position] as number) + 1;
    }
  }
}
