// Requests on simulated engines in virtual time, for what a latency model makes of them: every request is predicted
// from what a gateway could know when it comes, and its answer is observed when it is there.

import { Engine, type EngineConfig } from "../../simulator/engine.ts";
import { createRandom } from "../../simulator/random.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";

/** What is known of a request and of its endpoint when the request comes. Counts do not include the request. */
export interface Situation {
  /** The endpoint. */
  readonly slot: number;
  /** Prompt tokens that the endpoint is not believed to have cached: of this request, and of those not answered yet. */
  readonly uncached: number;
  readonly ahead: number;
  readonly waiting: number;
  readonly running: number;
  /** KV-cache use, 0..1. */
  readonly usage: number;
  /** Prompt and generated tokens of all requests there. */
  readonly tokens: number;
}

/** A latency model, times in ms. */
export interface LatencyModel {
  predictTtft(situation: Situation): number;
  predictTpot(situation: Situation): number;
  observeTtft(situation: Situation, milliseconds: number): void;
  observeTpot(situation: Situation, milliseconds: number): void;
}

/** What became of one request. */
export interface Answered {
  readonly slot: number;
  readonly predictedTtft: number;
  readonly ttft: number;
  readonly predictedTpot: number;
  readonly tpot: number;
}

export interface Workload {
  /** Time factor of each engine; 2 takes twice as long. */
  readonly timeScales: readonly number[];
  /** Share of an engine's capacity that is asked for. */
  readonly load: number;
  readonly requests: number;
  readonly seed: number;
}

/** The engines' costs at a full batch, ms; those of the simulator's defaults, with a cache that seldom runs full. */
export const COSTS: Omit<EngineConfig, "timeScale"> = {
  prefillBaseMs: 7.5,
  prefillPerTokenMs: 0.075,
  decodePerTokenMs: 30,
  maxNumSeqs: 16,
  maxLoras: 1,
  blockSize: 16,
  numGpuBlocks: 8192,
};

const SHORTEST_PROMPT = 200;
const LONGEST_PROMPT = 8000;
const LEAST_OUTPUT = 16;
const MOST_OUTPUT = 256;
/** Prompts that share their first half with others of their family, and how many families there are. */
const SHARED = 0.3;
const FAMILIES = 12;

interface Prompt {
  readonly tokens: number;
  readonly output: number;
  /** -1 for a prompt of its own. */
  readonly family: number;
  readonly sharedTokens: number;
}

/** Draws prompts: lengths log-uniform from 200 to 8,000 tokens, outputs uniform from 16 to 256. */
function createPrompts(random: () => number): () => Prompt {
  const draw = () => Math.round(SHORTEST_PROMPT * (LONGEST_PROMPT / SHORTEST_PROMPT) ** random());
  const families = Array.from({ length: FAMILIES }, draw);
  return () => {
    const output = LEAST_OUTPUT + Math.floor(random() * (MOST_OUTPUT - LEAST_OUTPUT + 1));
    if (random() >= SHARED) return { tokens: draw(), output, family: -1, sharedTokens: 0 };
    const family = Math.floor(random() * FAMILIES);
    const tokens = families[family]!;
    return { tokens, output, family, sharedTokens: Math.floor(tokens / 2) };
  };
}

/** Milliseconds that a mean request holds a place of a full batch at time factor 1, as if nothing were cached. */
function meanService(): number {
  const meanPrompt = (LONGEST_PROMPT - SHORTEST_PROMPT) / Math.log(LONGEST_PROMPT / SHORTEST_PROMPT);
  const meanOutput = (LEAST_OUTPUT + MOST_OUTPUT) / 2;
  return COSTS.prefillBaseMs + COSTS.prefillPerTokenMs * meanPrompt + COSTS.decodePerTokenMs * (meanOutput - 1);
}

/** Endpoint with what a gateway keeps of it. */
class Endpoint {
  readonly engine: Engine;
  /** Prompt tokens, not believed cached, of requests without a first token. */
  ahead = 0;
  /** Prompt and generated tokens of all requests. */
  tokens = 0;
  /** Families whose prefix has been sent here. */
  readonly families = new Set<number>();

  constructor(engine: Engine) {
    this.engine = engine;
  }
}

/**
 * Runs a workload to its end. Arrivals are Poisson at `load` of the engines' joint capacity; a request goes to an
 * engine drawn at random in proportion to the engines' speeds. Gives the answers in the order in which they ended.
 * TPOT of an answer is the mean time between its tokens.
 */
export function runWorkload(workload: Workload, model: LatencyModel): Answered[] {
  const { timeScales, load, requests, seed } = workload;
  const random = createRandom(seed);
  const nextPrompt = createPrompts(random);
  const clock = new VirtualClock();
  const endpoints = timeScales.map((timeScale) => new Endpoint(new Engine({ ...COSTS, timeScale }, clock)));
  const speeds = timeScales.map((timeScale) => 1 / timeScale);
  const totalSpeed = speeds.reduce((a, b) => a + b);
  const meanGap = meanService() / (COSTS.maxNumSeqs * totalSpeed * load);
  const answered: Answered[] = [];
  let unusedHash = 1 << 24;

  const drawSlot = (): number => {
    let point = random() * totalSpeed;
    for (let slot = 0; slot < speeds.length - 1; slot++) {
      point -= speeds[slot]!;
      if (point < 0) return slot;
    }
    return speeds.length - 1;
  };
  const hashesOf = (prompt: Prompt): number[] => {
    const shared = Math.floor(prompt.sharedTokens / COSTS.blockSize);
    return Array.from({ length: Math.floor(prompt.tokens / COSTS.blockSize) }, (_, i) =>
      i < shared ? ((prompt.family + 1) << 16) + i : unusedHash++,
    );
  };

  const send = (slot: number, prompt: Prompt): void => {
    const endpoint = endpoints[slot]!;
    const { engine } = endpoint;
    const cached = prompt.family >= 0 && endpoint.families.has(prompt.family) ? prompt.sharedTokens : 0;
    if (prompt.family >= 0) endpoint.families.add(prompt.family);
    const uncached = prompt.tokens - cached;
    const { waiting, running, kvCacheUsage: usage } = engine;
    const situation: Situation = {
      slot,
      uncached,
      ahead: endpoint.ahead,
      waiting,
      running,
      usage,
      tokens: endpoint.tokens,
    };
    const predictedTtft = model.predictTtft(situation);
    const predictedTpot = model.predictTpot(situation);
    endpoint.ahead += uncached;
    endpoint.tokens += prompt.tokens;
    engine.submit({
      adapter: null,
      promptTokens: prompt.tokens,
      blockHashes: hashesOf(prompt),
      outputTokens: prompt.output,
      finishReason: "stop",
      onTokens(sequence, count) {
        endpoint.tokens += count;
        if (sequence.emitted === count) {
          endpoint.ahead -= uncached;
          model.observeTtft(situation, sequence.firstTokenAt - sequence.arrivedAt);
        }
        if (sequence.phase !== "finished") return;
        endpoint.tokens -= prompt.tokens + prompt.output;
        const ttft = sequence.firstTokenAt - sequence.arrivedAt;
        const tpot = (sequence.finishedAt - sequence.firstTokenAt) / (prompt.output - 1);
        model.observeTpot(situation, tpot);
        answered.push({ slot, predictedTtft, ttft, predictedTpot, tpot });
      },
    });
  };

  for (let sent = 0; sent < requests; sent++) {
    clock.advance(-Math.log(1 - random()) * meanGap);
    send(drawSlot(), nextPrompt());
  }
  clock.runAll();
  return answered;
}
