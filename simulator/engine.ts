import type { Clock } from "./clock.ts";
import { EngineStats } from "./engine-stats.ts";
import { EventQueue } from "./event-queue.ts";
import { KvCache, type Lease } from "./kv-cache.ts";
import { decodeTime, prefillTime, type Timing } from "./timing.ts";

export type EngineConfig = Timing & {
  /** Distinct LoRA adapters that may run at once. */
  maxLoras: number;
  /** Tokens per KV cache block, and blocks in all. */
  blockSize: number;
  numGpuBlocks: number;
  /** Factor on every duration; 0 makes all of them zero. */
  timeScale: number;
};

/** One prompt to be answered. */
export type SequenceSpec = {
  /** LoRA adapter; null for the base model. */
  adapter: string | null;
  promptTokens: number;
  /** One chained hash per full block of the prompt: equal hashes mean equal prefixes. */
  blockHashes: ArrayLike<number>;
  /** Tokens to produce, at least 1. */
  outputTokens: number;
  finishReason: "stop" | "length";
  /**
   * Called when `count` more tokens are there; with the last of them `sequence.phase` is "finished", and its slot
   * and blocks are free already. May call the engine.
   */
  onTokens(sequence: Sequence, count: number): void;
};

/** A sequence on its way through the engine. Times are the clock's milliseconds; callers only read. */
export type Sequence = {
  readonly spec: SequenceSpec;
  readonly order: number;
  readonly arrivedAt: number;
  phase: "waiting" | "running" | "finished" | "cancelled";
  /** When it left the queue, when its first and its last token were there; NaN until then. */
  startedAt: number;
  firstTokenAt: number;
  finishedAt: number;
  /** Prompt tokens that the cache had when it started. */
  cachedTokens: number;
  /** Output tokens so far. */
  emitted: number;
  /** When its next token is there. */
  due: number;
  lease: Lease | null;
};

/**
 * The scheduler and the cost model of one model server: continuous batching over a FIFO queue.
 *
 * A waiting sequence starts when fewer than `maxNumSeqs` run, its adapter runs already or fewer than `maxLoras` do,
 * and there are blocks for its prompt and all of its output. One that lacks only its adapter is passed over; one
 * that lacks blocks holds up those behind it, so that long prompts are not starved. Its first token comes after the
 * prefill, each further one after a decode step; a step's cost is set when it begins (timing.ts).
 *
 * Everything happens at its own due time, however late the clock's callback was: delays never add up.
 */
export class Engine {
  readonly config: Readonly<EngineConfig>;
  readonly stats = new EngineStats();
  readonly #clock: Clock;
  readonly #cache: KvCache;
  readonly #events = new EventQueue<Sequence>();
  readonly #waiting = new Set<Sequence>();
  readonly #running = new Set<Sequence>();
  readonly #adapters = new Map<string, number>();
  #slowdown = 1;
  #submitted = 0;
  #pausedAt: number | null = null;
  #admissible = false;
  #working = false;
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancelAlarm: (() => void) | null = null;

  constructor(config: EngineConfig, clock: Clock) {
    this.config = config;
    this.#clock = clock;
    this.#cache = new KvCache(config.numGpuBlocks);
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Share of the KV cache blocks that running sequences hold, 0..1. */
  get kvCacheUsage(): number {
    return this.#cache.usage;
  }

  /** Blocks whose content a new prompt could reuse. */
  get cachedBlocks(): number {
    return this.#cache.cached;
  }

  /** Adapters of running sequences, in the order in which they became active. */
  runningAdapters(): string[] {
    return [...this.#adapters.keys()];
  }

  /** Adapters of waiting sequences, each once, in the queue's order. */
  waitingAdapters(): string[] {
    const names = new Set<string>();
    for (const { spec } of this.#waiting) if (spec.adapter !== null) names.add(spec.adapter);
    return [...names];
  }

  /** Blocks that a prompt and its output take together. */
  blocksFor(promptTokens: number, outputTokens: number): number {
    return Math.ceil((promptTokens + outputTokens) / this.config.blockSize);
  }

  /**
   * Queues a sequence; it may have started, or even finished, when this returns. Throws a RangeError for one that
   * needs more blocks than there are: it could never start.
   */
  submit(spec: SequenceSpec): Sequence {
    const blocks = this.blocksFor(spec.promptTokens, spec.outputTokens);
    if (blocks > this.config.numGpuBlocks) {
      throw new RangeError(`the sequence needs ${blocks} KV cache blocks of ${this.config.numGpuBlocks}`);
    }
    const now = this.#clock.now();
    this.#work(now);
    const sequence: Sequence = {
      spec,
      order: this.#submitted++,
      arrivedAt: now,
      phase: "waiting",
      startedAt: Number.NaN,
      firstTokenAt: Number.NaN,
      finishedAt: Number.NaN,
      cachedTokens: 0,
      emitted: 0,
      due: Number.NaN,
      lease: null,
    };
    this.#waiting.add(sequence);
    this.#admissible = true;
    this.#work(now);
    return sequence;
  }

  /** Drops a sequence, waiting or running, and frees what it held at once. Nothing happens to one that is over. */
  cancel(sequence: Sequence): void {
    if (sequence.phase !== "waiting" && sequence.phase !== "running") return;
    const now = this.#clock.now();
    this.#work(now);
    if (sequence.phase === "waiting") this.#waiting.delete(sequence);
    else if (sequence.phase === "running") this.#leave(sequence);
    else return;
    sequence.phase = "cancelled";
    this.stats.finished.abort++;
    this.#admissible = true;
    this.#work(now);
  }

  /** Sets a factor on the duration of every step that begins from now on. */
  setSlowdown(factor: number): void {
    this.#slowdown = factor;
  }

  /** Whether the engine stands still. */
  get paused(): boolean {
    return this.#pausedAt !== null;
  }

  /** Stands still: sequences are queued, none starts and none gets a token, until `resume`. */
  pause(): void {
    const now = this.#clock.now();
    this.#work(now);
    this.#pausedAt ??= now;
    this.#setAlarm(Number.POSITIVE_INFINITY);
  }

  /** Goes on where it stood still; the time between does not count as work. */
  resume(): void {
    if (this.#pausedAt === null) return;
    const now = this.#clock.now();
    this.#events.shift(now - this.#pausedAt);
    this.#pausedAt = null;
    this.#admissible = true;
    this.#work(now);
  }

  /** Does all that is due by `now`. Calls from within a callback return at once; the call that is on sees to it. */
  #work(now: number): void {
    if (this.#working || this.#pausedAt !== null) return;
    this.#working = true;
    try {
      if (this.#admissible) this.#admit(now);
      for (let next = this.#events.peek(); next !== undefined && next.due <= now; next = this.#events.peek()) {
        this.#events.pop();
        const { due } = next;
        if (next.phase === "running") this.#produce(next);
        if (this.#admissible) this.#admit(due);
      }
    } finally {
      this.#working = false;
      this.#setAlarm(this.#events.peek()?.due ?? Number.POSITIVE_INFINITY);
    }
  }

  #admit(time: number): void {
    this.#admissible = false;
    for (const sequence of this.#waiting) {
      if (this.#running.size >= this.config.maxNumSeqs) return;
      const { adapter } = sequence.spec;
      if (adapter !== null && !this.#adapters.has(adapter) && this.#adapters.size >= this.config.maxLoras) continue;
      if (!this.#start(sequence, time)) return;
    }
  }

  #start(sequence: Sequence, time: number): boolean {
    const { spec } = sequence;
    const { blockSize } = this.config;
    const all = this.blocksFor(spec.promptTokens, spec.outputTokens);
    // The model must see at least the last prompt token to produce the next one, so that one is never a hit.
    const reusable = Math.floor((spec.promptTokens - 1) / blockSize);
    const lease = this.#cache.acquire(spec.blockHashes, all - spec.blockHashes.length, reusable);
    if (lease === null) return false;

    this.#waiting.delete(sequence);
    this.#running.add(sequence);
    if (spec.adapter !== null) this.#adapters.set(spec.adapter, (this.#adapters.get(spec.adapter) ?? 0) + 1);
    sequence.phase = "running";
    sequence.lease = lease;
    sequence.cachedTokens = lease.hits * blockSize;
    // A callback that runs late may submit after the time that is being worked off.
    sequence.startedAt = Math.max(time, sequence.arrivedAt);
    const uncached = spec.promptTokens - sequence.cachedTokens;
    sequence.due = sequence.startedAt + prefillTime(this.config, uncached, this.#running.size) * this.#scale;
    this.#events.push(sequence);
    this.stats.prefixQueries += spec.promptTokens;
    this.stats.prefixHits += sequence.cachedTokens;
    return true;
  }

  get #scale(): number {
    return this.config.timeScale * this.#slowdown;
  }

  #produce(sequence: Sequence): void {
    const { spec, due } = sequence;
    if (sequence.emitted === 0) {
      sequence.firstTokenAt = due;
      this.stats.promptTokens += spec.promptTokens;
      this.stats.timeToFirstToken.observe((due - sequence.arrivedAt) / 1000);
    }
    const step = decodeTime(this.config, this.#running.size) * this.#scale;
    const count = step === 0 ? spec.outputTokens - sequence.emitted : 1;
    sequence.emitted += count;
    this.stats.generationTokens += count;
    if (sequence.emitted === spec.outputTokens) {
      this.#leave(sequence);
      sequence.phase = "finished";
      sequence.finishedAt = due;
      this.stats.finished[spec.finishReason]++;
      this.stats.endToEnd.observe((due - sequence.arrivedAt) / 1000);
      this.#admissible = true;
    } else {
      sequence.due = due + step;
      this.#events.push(sequence);
    }
    spec.onTokens(sequence, count);
  }

  #leave(sequence: Sequence): void {
    this.#running.delete(sequence);
    if (sequence.lease !== null) this.#cache.release(sequence.lease);
    sequence.lease = null;
    const { adapter } = sequence.spec;
    if (adapter === null) return;
    const others = this.#adapters.get(adapter)! - 1;
    if (others > 0) this.#adapters.set(adapter, others);
    else this.#adapters.delete(adapter);
  }

  #setAlarm(time: number): void {
    if (time === this.#alarmAt) return;
    this.#cancelAlarm?.();
    this.#alarmAt = time;
    this.#cancelAlarm = null;
    if (time === Number.POSITIVE_INFINITY) return;
    this.#cancelAlarm = this.#clock.at(time, () => {
      this.#alarmAt = Number.POSITIVE_INFINITY;
      this.#cancelAlarm = null;
      this.#work(this.#clock.now());
    });
  }
}
