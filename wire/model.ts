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
  /** At most four, by plugin. */
  readonly parameters: readonly number[];
}

/** A scheduling profile: filters, then scorers, then one picker. */
export interface PlanProfile {
  readonly name: string;
  readonly steps: readonly PlanStep[];
}

/** How a pool's requests are scheduled. */
export interface Plan {
  readonly pool: string;
  readonly epoch: bigint;
  readonly profiles: readonly PlanProfile[];
}

/** First frame from a gateway. */
export interface Hello {
  readonly gateway: bigint;
  readonly node: string;
}

/** What a gateway has accepted and refused since the stream opened. */
export interface Ack {
  readonly sequence: bigint;
  readonly accepted: number;
  readonly refused: number;
  /** One of the REFUSED_ constants, of the last refused frame. */
  readonly reason: number;
}
