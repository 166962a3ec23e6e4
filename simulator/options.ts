import type { EngineConfig } from "./engine.ts";

/** Everything that can be set when a simulator starts. Durations in milliseconds, at a full batch (timing.ts). */
export type SimulatorOptions = EngineConfig & {
  /** Address to listen on, and TCP port; 0 picks a free one. */
  host: string;
  port: number;
  /** Who this server says it is, in the x-inference-pod header. */
  name: string;
  /** The base model's name, and those of the LoRA adapters that it serves. */
  model: string;
  loras: readonly string[];
  /** Longest prompt and output together, in tokens. */
  maxModelLen: number;
  /** Decides output texts and lengths, and which requests fail at an error rate. */
  seed: number;
};

/** Every default but that of `maxModelLen`, which follows from the size of the cache. */
export const DEFAULT_OPTIONS: Readonly<Omit<SimulatorOptions, "maxModelLen">> = Object.freeze({
  host: "127.0.0.1",
  port: 8000,
  name: "simulator",
  model: "base",
  loras: [],
  maxLoras: 2,
  maxNumSeqs: 16,
  prefillBaseMs: 7.5,
  prefillPerTokenMs: 0.075,
  decodePerTokenMs: 30,
  blockSize: 16,
  numGpuBlocks: 4096,
  timeScale: 1,
  seed: 1,
});

/** Longest default of `maxModelLen`, tokens. */
export const DEFAULT_MAX_MODEL_LEN = 32768;

/** Options that do not fit together. The message names the flags. */
export class OptionError extends Error {}

/** Fills in the defaults. Throws an OptionError for values that contradict each other. */
export function resolveOptions(given: Partial<SimulatorOptions>): SimulatorOptions {
  const { blockSize, numGpuBlocks } = { ...DEFAULT_OPTIONS, ...given };
  const maxModelLen = Math.min(DEFAULT_MAX_MODEL_LEN, blockSize * numGpuBlocks);
  const options = { ...DEFAULT_OPTIONS, maxModelLen, ...given };

  // A sequence that no empty cache can hold would block the queue for ever.
  const blocks = Math.ceil(options.maxModelLen / blockSize);
  if (blocks > numGpuBlocks) {
    throw new OptionError(
      `--max-model-len ${options.maxModelLen} needs ${blocks} blocks of ${blockSize} tokens, ` +
        `but --num-gpu-blocks is ${numGpuBlocks}: lower the one or raise the other`,
    );
  }
  const names = new Set([options.model]);
  for (const lora of options.loras) {
    if (names.has(lora)) throw new OptionError(`--lora ${lora}: there is already a model of that name`);
    names.add(lora);
  }
  return options;
}
