import { Engine, type EngineConfig, type Sequence, type SequenceSpec } from "../../simulator/engine.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";

/**
 * Costs that binary fractions hold exactly: a sequence alone pays half of the base 8 ms, 1 ms per prompt token and
 * 4 ms per output token; each further one of at most five adds an eighth.
 */
export const CONFIG: EngineConfig = {
  prefillBaseMs: 8,
  prefillPerTokenMs: 1,
  decodePerTokenMs: 4,
  maxNumSeqs: 5,
  maxLoras: 1,
  blockSize: 16,
  numGpuBlocks: 100,
  timeScale: 1,
};

export type Bench = {
  clock: VirtualClock;
  engine: Engine;
  /** Tokens as they came: "name:count@time". */
  log: string[];
  /** Submits a prompt of `tokens` whose blocks are numbered from `firstHash`; all numbers have defaults. */
  submit(name: string, given?: Partial<SequenceSpec> & { firstHash?: number }): Sequence;
};

export function createBench(changes: Partial<EngineConfig> = {}): Bench {
  const config = { ...CONFIG, ...changes };
  const clock = new VirtualClock();
  const engine = new Engine(config, clock);
  const log: string[] = [];
  let unused = 1e6;
  return {
    clock,
    engine,
    log,
    submit(name, { firstHash, ...given } = {}) {
      const promptTokens = given.promptTokens ?? 8;
      const length = Math.floor(promptTokens / config.blockSize);
      const from = firstHash ?? unused;
      if (firstHash === undefined) unused += length;
      return engine.submit({
        adapter: null,
        promptTokens,
        blockHashes: Array.from({ length }, (_, i) => from + i),
        outputTokens: 1,
        finishReason: "length",
        onTokens: (_, count) => void log.push(`${name}:${count}@${clock.now()}`),
        ...given,
      });
    },
  };
}
