// What the frames say, as objects: the sidecar's side of the format.

/** One row of a roster: an endpoint is one port of one pod. */
export interface Endpoint {
  /** `ip:port` or `[ip6]:port`, the form that Envoy's override_host policy reads. */
  readonly address: string;
  /** `namespace/pod`, or the name given in an endpoint file. */
  readonly name: string;
  /** Topology zone, "" where unknown. */
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One of the ENGINE_ constants. */
  readonly engine: number;
  /** One of the ROLE_ constants. */
  readonly role: number;
  /** Index of the endpoint's port among the pool's target ports. */
  readonly rank: number;
}

/** Who a pool's endpoints are. Immutable; a change makes a new one with another epoch. */
export interface Roster {
  /** `namespace/name` of the pool. */
  readonly pool: string;
  readonly epoch: bigint;
  readonly endpoints: readonly Endpoint[];
}

/** What is known of one endpoint; the order of samples is the order of the roster's endpoints. */
export interface Sample {
  /** Whether it takes new requests. */
  readonly ready: boolean;
  /** Milliseconds from the scrape to the frame's sentAt; undefined: never scraped. */
  readonly age: number | undefined;
  /** Moves with every new sample of the endpoint; modulo 65,536 on the wire. */
  readonly counter: number;
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

/** A pool's samples at one moment. */
export interface Load {
  readonly pool: string;
  /** Epoch of the roster that the samples follow. */
  readonly rosterEpoch: bigint;
  readonly sequence: bigint;
  /** Microseconds of the sidecar's clock. */
  readonly sentAt: bigint;
  /** Milliseconds; a sample older than this is stale. */
  readonly freshFor: number;
  readonly samples: readonly Sample[];
}

/** One condition on a label. */
export interface PlanTerm {
  readonly key: string;
  /** One of the TERM_ constants. */
  readonly operator: number;
  readonly values: readonly string[];
}

/** One plugin of a profile, ready to run. */
export interface PlanStep {
  /** One of the STAGE_ constants. */
  readonly stage: number;
  /** One of the PLUGIN_ constants. */
  readonly plugin: number;
  /** The plugin's name in the configuration. */
  readonly name: string;
  /** Scorers only; 0 elsewhere. */
  readonly weight: number;
  /** At most MAX_PARAMETERS, by plugin. */
  readonly parameters: readonly number[];
  /** What an endpoint's labels must fulfil, by plugin; none where left out. */
  readonly terms?: readonly PlanTerm[];
  /** A header's or label's name, by plugin; empty where left out. */
  readonly text?: string;
}

/** A scheduling profile: filters, then scorers, then one picker. */
export interface PlanProfile {
  readonly name: string;
  readonly steps: readonly PlanStep[];
}

/** What a plan settles beside its profiles. */
export interface PlanSettings {
  /** One of the HANDLER_ constants: which profiles run, and what becomes of their picks. */
  readonly handler: number;
  /** At most MAX_PARAMETERS, by handler. */
  readonly handlerParameters: readonly number[];
  /** Tokens per prefix block; 0: as the engine has it. */
  readonly blockTokens: number;
  /** Blocks of a prompt that are looked at. */
  readonly maxBlocks: number;
  /** Blocks remembered per endpoint; 0: as many as the engine has. */
  readonly lruBlocks: number;
  /** Output tokens that count as in flight per prompt token, and their cap; 0: none, and no cap. */
  readonly outputRatio: number;
  readonly outputMax: number;
  /** What tells that the pool is saturated, and what becomes of requests then. */
  readonly admission: PlanAdmission;
  /** Rate limits, at most MAX_LIMITS, each of a name of its own. */
  readonly limits: readonly PlanLimit[];
  /** Which requests are traced; none where left out. */
  readonly sampling?: PlanSampling;
}

/** Which requests are traced. */
export interface PlanSampling {
  /** SAMPLER_PARENT or SAMPLER_RATIO. */
  readonly sampler: number;
  /** 0 to 1, of the requests that it decides over. */
  readonly ratio: number;
}

/** How much clients may ask for. */
export interface PlanLimit {
  readonly name: string;
  /** The models that it holds for; none: every model. */
  readonly models: readonly string[];
  /** The request header that names the client, in lower case; empty: all clients share. */
  readonly header: string;
  /** Whether each model has budgets of its own. */
  readonly perModel: boolean;
  /** Per `per`; 0: any number. */
  readonly requests: number;
  readonly tokens: number;
  /** Microseconds. */
  readonly per: number;
  /** Microseconds in which an empty budget fills up. */
  readonly burst: number;
}

/** How requests of one priority wait. */
export interface PlanBand {
  /** One of the BAND_ kinds. */
  readonly kind: number;
  /** 0 where the kind is not BAND_EXACT. */
  readonly priority: number;
  readonly maxBytes: bigint;
  readonly maxRequests: number;
  /** One of the FAIRNESS_ constants. */
  readonly fairness: number;
  /** One of the ORDER_ constants. */
  readonly order: number;
  /** Seconds after which what a flow has been given counts half. */
  readonly halfLife: number;
}

/** When a pool takes no more requests, and how they wait. */
export interface PlanAdmission {
  /** One of the DETECTOR_ constants. */
  readonly detector: number;
  /** At most MAX_PARAMETERS, by detector. */
  readonly detectorParameters: readonly number[];
  /** Saturation from which on requests wait. */
  readonly usageLimit: number;
  /** Whether requests wait at all; where not, those with priorities below 0 are turned away. */
  readonly flowControl: boolean;
  /** What may wait over all bands; 0: no limit. */
  readonly queueBytes: bigint;
  readonly queueRequests: number;
  /** Milliseconds that a request waits at most, and that it does while no endpoint takes requests; 0: no limit. */
  readonly ttl: number;
  readonly noEndpointTtl: number;
  /** At most MAX_BANDS, with one BAND_DEFAULT and one BAND_NEGATIVE. */
  readonly bands: readonly PlanBand[];
}

/** A pool's objectives and rewrites. */
export interface Policy {
  readonly pool: string;
  readonly epoch: bigint;
  readonly objectives: readonly { readonly name: string; readonly priority: number; readonly model?: string }[];
  /** In order of preference; no models: any, no targets: the model stays. */
  readonly rules: readonly {
    readonly models: readonly string[];
    readonly targets: readonly { readonly model: string; readonly weight: number }[];
  }[];
}

/** How a pool's requests are scheduled. */
export interface Plan {
  readonly pool: string;
  readonly epoch: bigint;
  readonly profiles: readonly PlanProfile[];
  readonly settings: PlanSettings;
}

/** Requests in flight at one endpoint. */
export interface FlightEntry {
  /** xxh64 of the address. */
  readonly endpoint: bigint;
  readonly requests: number;
  readonly tokens: number;
  /** Prompt tokens not cached of requests without a first token yet. */
  readonly prefill: number;
}

/** What a gateway, or all others together, have in flight. */
export interface Flight {
  /** The gateway's number; 0 for the others together. */
  readonly owner: bigint;
  readonly entries: readonly FlightEntry[];
}

/** What a gateway has learned of one endpoint; RECORD_HELD and RECORD_LOST have bigints, the others numbers. */
export interface JournalRecord {
  /** One of the RECORD_ constants. */
  readonly kind: number;
  /** xxh64 of the address. */
  readonly endpoint: bigint;
  readonly values: readonly (bigint | number)[];
}

/** Records in their order. */
export interface Journal {
  /** The gateway's number; 0 on the way down. */
  readonly owner: bigint;
  /** Sequence of the first record. */
  readonly first: bigint;
  readonly records: readonly JournalRecord[];
}

/** First frame from a gateway. */
export interface Hello {
  readonly gateway: bigint;
  readonly node: string;
}

/** Which pools a gateway uses; replaces what it said before. */
export interface Want {
  /** Whether every pool's roster, plan and first samples are wanted, beside all of those named. */
  readonly all: boolean;
  /** xxh64 of the names of the pools whose every change is wanted; at most MAX_POOLS, each once. */
  readonly pools: readonly bigint[];
}

/** What a gateway has accepted and refused since the stream opened. */
export interface Ack {
  readonly sequence: bigint;
  readonly accepted: number;
  readonly refused: number;
  /** One of the REFUSED_ constants, of the last refused frame. */
  readonly reason: number;
}

/** A model as a request or its rewriting named it. */
export interface ObservedModel {
  /** xxh64 of the whole name. */
  readonly hash: bigint;
  /** What was kept of it. */
  readonly name: string;
}

/** What became of one request. Times are in microseconds, tokens 0 where they are unknown. */
export interface Observation {
  /** Key of its pool; 0n: none. */
  readonly pool: bigint;
  /** ENDPOINT_KEY of who served; 0n: nobody. */
  readonly endpoint: bigint;
  /** What the client asked for, and what was asked of the endpoint; undefined: none, "other": no room in the batch. */
  readonly model: ObservedModel | "other" | undefined;
  readonly target: ObservedModel | "other" | undefined;
  readonly priority: number;
  /** HTTP status of the answer; 0: none came. */
  readonly status: number;
  readonly streamed: boolean;
  /** The answer came from the gateway itself. */
  readonly local: boolean;
  /** FINISH_*. */
  readonly finish: number;
  readonly duration: number;
  readonly queued: number;
  /** 0: no event with data came. */
  readonly ttft: number;
  /** Mean time between events with data; 0: unknown. */
  readonly itl: number;
  readonly chunks: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly prompt: number;
  readonly output: number;
  readonly cached: number;
  /** Whether the answer told how many tokens of the prompt were cached. */
  readonly cachedKnown: boolean;
}

/** Requests for one model that a worker has with endpoints. */
export interface RunningRequests {
  /** Key of their pool; 0n: of several. */
  readonly pool: bigint;
  readonly model: ObservedModel | "other";
  readonly requests: number;
}

/** Requests of one priority that wait for a pool in a worker's queues. */
export interface WaitingRequests {
  /** Key of their pool; 0n: of several pools and priorities, the priority being 0 then. */
  readonly pool: bigint;
  readonly priority: number;
  readonly requests: number;
  /** Milliseconds for which the one that came first has waited. */
  readonly oldest: number;
}

/** What is told of a request that is traced. Times are in microseconds. */
export interface TracedRequest {
  /** Index of its record. */
  readonly record: number;
  /** The trace's and the parent span's ids in hex, as in traceparent; undefined: the request brought none. */
  readonly parent: { readonly traceId: string; readonly spanId: string } | undefined;
  /** When its headers came, since 1970. */
  readonly started: bigint;
  /** From then until its body was complete; 0: it has none, or never was. */
  readonly whole: number;
  /** From then to the decision; 0: none fell. */
  readonly decided: number;
  /** ENDPOINT_KEY of who was picked; 0n: nobody. */
  readonly picked: bigint;
  /** xxh64 of its objective's name; 0n: it names none. */
  readonly objective: bigint;
  /** Why the filter turned it away; empty: it did not. */
  readonly details: string;
  /** The decision's explanation, JSON; empty: there is none, or it is too long. */
  readonly explanation: string;
}

/** What a worker tells at once. */
export interface Observed {
  /** A number of the worker's own. */
  readonly worker: bigint;
  readonly records: readonly Observation[];
  /** All that it has running now. */
  readonly running: readonly RunningRequests[];
  /** All that wait in its queues now. */
  readonly waiting: readonly WaitingRequests[];
  readonly traced: readonly TracedRequest[];
}

/** What was taken from a budget of a rate limit, in microseconds of debt. */
export interface Spend {
  readonly key: bigint;
  /** By how much the debts have grown; below 0: it was given back. */
  readonly requests: number;
  readonly tokens: number;
  /** The debts without that, as the gateway has them. */
  readonly requestDebt: number;
  readonly tokenDebt: number;
}

/** How a budget stands: microseconds after which it is full. */
export interface Budget {
  readonly key: bigint;
  readonly requestDebt: number;
  readonly tokenDebt: number;
}
