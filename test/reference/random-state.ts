// Pools, loads and requests at random: ordinary ones, and the extremes at which formulas break.

import { createRandom } from "../../simulator/random.ts";
import { estimate, type Work } from "./estimate.ts";
import type { Candidate, Request } from "./model.ts";
import { CONTEXT_LENGTH_LABEL, sessionTokenOf } from "./scorers.ts";

/** What is known of a candidate before the estimate joins it. */
export type Observed = {
  /** As scraped, whole numbers of 32 bits. */
  readonly sample: Work;
  /** Requests in flight from here when the sample was taken; `inFlight` of the candidate are now. */
  readonly inFlightThen: number;
};

export type State = {
  readonly candidates: readonly Candidate[];
  /** By candidate; `queue` and `running` of the candidates follow from these. */
  readonly observed: readonly Observed[];
  /** Names in the order of cold use, oldest first; some may be of no candidate. */
  readonly coldOrder: readonly string[];
  readonly request: Request;
};

/** A seeded source of choices. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** A number from 0 to below `most`. */
  real(most: number): number {
    return this.#random() * most;
  }

  /** One of the choices. */
  of<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }

  /** The same in another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [copy[i], copy[j]] = [copy[j]!, copy[i]!];
    }
    return copy;
  }
}

const U32_MAX = 4294967295;
const ADAPTERS = ["adapter-0", "adapter-1", "adapter-2", "adapter-3"];
export const ROLES = [
  "prefill",
  "decode",
  "prefill-decode",
  "both",
  "encode",
  "encode-prefill",
  "encode-prefill-decode",
  "x",
  "",
];
const RANGES = ["0-2048", "2048-8192", "8193-131072", "0-0", "100-100", "0-9223372036854775807"];
const MALFORMED_RANGES = [
  "",
  "2048",
  "-",
  "0-",
  "-2048",
  "8192-2048",
  "0-1-2",
  "a-b",
  "1e3-2e3",
  "0-99999999999999999999",
];

/** How the loads of one pool lie: a function that gives the next whole number. */
function loads(dice: Dice): () => number {
  const level = dice.integer(0, 20);
  return dice.of([
    () => 0,
    () => level,
    () => dice.integer(0, 3),
    () => dice.integer(0, 300),
    () => dice.of([0, 1, 127, 128, 129, U32_MAX - 1, U32_MAX]),
  ]);
}

/** How full the KV caches of one pool are, 0..1. */
function usages(dice: Dice): () => number {
  const level = dice.real(1);
  return dice.of([() => 0, () => 1, () => level, () => dice.real(1), () => dice.of([0, 1e-12, 0.5, 1 - 1e-12, 1])]);
}

/** How predictions of one pool come out, in milliseconds; undefined where there is none. */
function predictions(dice: Dice): () => number | undefined {
  const level = dice.real(2000);
  return dice.of([
    () => undefined,
    () => level,
    () => dice.real(2000),
    () => (dice.chance(0.3) ? undefined : dice.real(2000)),
    () => dice.of([0, 1e-10, 500, 1e9]),
  ]);
}

function labels(dice: Dice): Record<string, string> {
  const result: Record<string, string> = {};
  if (dice.chance(0.7)) result["llm-d.ai/role"] = dice.of(ROLES);
  if (dice.chance(0.7)) result[CONTEXT_LENGTH_LABEL] = dice.of(dice.chance(0.8) ? RANGES : MALFORMED_RANGES);
  if (dice.chance(0.5)) result.app = dice.of(["a", "b", ""]);
  return result;
}

/** A request; `totalBlocks` counts an incomplete last block and stops at 256. */
function randomRequest(dice: Dice): Request {
  const promptTokens = dice.of([0, 1, 15, 16, 17, dice.integer(1, 300), dice.integer(1, 200000), 2 ** 31]);
  const blockTokens = dice.of([16, 64]);
  const slo = () => dice.of([undefined, 0, 500, dice.real(2000)]);
  return {
    promptTokens,
    totalBlocks: Math.min(Math.ceil(promptTokens / blockTokens), 256),
    blockTokens,
    outputTokens: dice.of([0, 0, dice.integer(1, 4096)]),
    model: dice.of(["base", ...ADAPTERS]),
    sessionToken: undefined,
    sloTtft: slo(),
    sloTpot: slo(),
    images: dice.of([0, 0, 1, 3]),
  };
}

/** Names in the order of cold use, oldest first: none, some or all of the candidates, and others at times. */
function coldUses(dice: Dice, names: readonly string[]): string[] {
  const share = dice.of([0, 0.5, 1]);
  const others = dice.chance(0.3) ? ["default/gone-1", "default/gone-2", "default/gone-3"] : [];
  return dice.shuffled([...names.filter(() => dice.chance(share)), ...others]);
}

function sessionToken(dice: Dice, candidates: readonly Candidate[]): string | undefined {
  const known = sessionTokenOf(dice.of(candidates));
  return dice.of([undefined, known, known, "", "not base64", known.replace(/=+$/, ""), "ZGVmYXVsdC9nb25l"]);
}

/** The state of one seed: the same whenever and wherever it is asked for. */
export function randomState(seed: number): State {
  const dice = new Dice(seed);
  const request = randomRequest(dice);
  const count = dice.of([1, 2, 3, dice.integer(4, 12), dice.integer(13, 100)]);
  const [queue, running, inFlight, tokens] = [loads(dice), loads(dice), loads(dice), loads(dice)];
  const [kvUsage, ttft, tpot] = [usages(dice), predictions(dice), predictions(dice)];
  const matched = dice.of([() => 0, () => request.totalBlocks, () => dice.integer(0, request.totalBlocks)]);
  const names = Array.from({ length: count }, (_, index) => `default/pod-${index + 1}`);
  const coldOrder = coldUses(dice, names);
  const observed: Observed[] = [];
  const candidates: Candidate[] = [];
  for (const [index, name] of names.entries()) {
    const sample = { queue: queue(), running: running() };
    const now = Math.min(inFlight(), 4096);
    const inFlightThen = dice.of([now, now, 0, dice.integer(0, 300)]);
    observed.push({ sample, inFlightThen });
    candidates.push({
      address: `10.0.0.${index + 1}:8000`,
      name,
      labels: labels(dice),
      ...estimate(sample, inFlightThen, now),
      kvUsage: kvUsage(),
      inFlight: now,
      tokensInFlight: now === 0 ? 0 : now + tokens(),
      matchedBlocks: matched(),
      runningAdapters: ADAPTERS.filter(() => dice.chance(0.3)),
      waitingAdapters: ADAPTERS.filter(() => dice.chance(0.2)),
      maxAdapters: dice.integer(0, 5),
      predictedTtft: ttft(),
      predictedTpot: tpot(),
      lastColdUse: coldOrder.includes(name) ? coldOrder.indexOf(name) : undefined,
    });
  }
  return { candidates, observed, coldOrder, request: { ...request, sessionToken: sessionToken(dice, candidates) } };
}
