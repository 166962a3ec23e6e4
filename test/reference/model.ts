// What the reference knows of an endpoint and of a request. The reference computes what each scheduling plugin is meant
// to compute, in plain TypeScript and without a thought for speed; the compiled filter is compared with it.

/** One endpoint that may take the request, with everything that any plugin looks at. */
export type Candidate = {
  /** "10.0.0.1:8000" or "[fd00::1]:8000". */
  readonly address: string;
  /** "namespace/pod". */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Requests that wait in the engine's queue. */
  readonly queue: number;
  /** Requests that the engine is working on. */
  readonly running: number;
  /** Share of the KV cache in use, 0..1. */
  readonly kvUsage: number;
  /** Requests that we have sent here and that have not ended. */
  readonly inFlight: number;
  /** Tokens of those requests. */
  readonly tokensInFlight: number;
  /** Leading blocks of the request's prompt that are cached here, 0..totalBlocks. */
  readonly matchedBlocks: number;
  readonly runningAdapters: readonly string[];
  readonly waitingAdapters: readonly string[];
  /** Adapters that the engine holds at once; 0 where it does not say. */
  readonly maxAdapters: number;
  /** Milliseconds; undefined where nothing is predicted for this endpoint. */
  readonly predictedTtft: number | undefined;
  /** Milliseconds; undefined where it is not predicted, or means nothing because the answer is not streamed. */
  readonly predictedTpot: number | undefined;
  /**
   * Place in the order of cold use, counted over all endpoints that the order holds, candidates or not: 0 took its
   * last cold request the longest time ago. Undefined where the order does not hold this endpoint.
   */
  readonly lastColdUse: number | undefined;
};

/** What plugins look at in a request. */
export type Request = {
  /** Tokens of the prompt; 0 where unknown. */
  readonly promptTokens: number;
  /** Blocks of the prompt that are looked up in the prefix caches, the incomplete last one included. */
  readonly totalBlocks: number;
  readonly blockTokens: number;
  /** Estimated output tokens, where the configuration counts them as in flight; else 0. */
  readonly outputTokens: number;
  /** The model asked of the endpoint, after rewrites. */
  readonly model: string;
  /** The session header's value. */
  readonly sessionToken: string | undefined;
  /** Milliseconds. */
  readonly sloTtft: number | undefined;
  /** Milliseconds. */
  readonly sloTpot: number | undefined;
  /** Images, audio or video in the prompt. */
  readonly images: number;
};

/** An idle candidate at 10.0.0.1:8000 of which nothing is known, with what differs. */
export function candidate(fields: Partial<Candidate> = {}): Candidate {
  return {
    address: "10.0.0.1:8000",
    name: "default/pod-1",
    labels: {},
    queue: 0,
    running: 0,
    kvUsage: 0,
    inFlight: 0,
    tokensInFlight: 0,
    matchedBlocks: 0,
    runningAdapters: [],
    waitingAdapters: [],
    maxAdapters: 0,
    predictedTtft: undefined,
    predictedTpot: undefined,
    lastColdUse: undefined,
    ...fields,
  };
}

/** A request of 160 prompt tokens in 10 blocks, with what differs. */
export function request(fields: Partial<Request> = {}): Request {
  return {
    promptTokens: 160,
    totalBlocks: 10,
    blockTokens: 16,
    outputTokens: 0,
    model: "base",
    sessionToken: undefined,
    sloTtft: undefined,
    sloTpot: undefined,
    images: 0,
    ...fields,
  };
}

/** The value of a candidate's label; undefined where it has no such label. */
export function labelOf({ labels }: Candidate, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
