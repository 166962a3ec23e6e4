import type { Engine, Sequence } from "../../simulator/engine.ts";
import type { VirtualClock } from "../../simulator/virtual-clock.ts";

/** What a policy sees of the run it is in. */
export interface PolicyContext {
  readonly clock: VirtualClock;
  /** The servers' engines, to be watched, not to be given work. */
  readonly engines: readonly Engine[];
  /** Requests sent to each server that have not ended. */
  readonly inFlight: ArrayLike<number>;
  /** Decides all that the policy leaves to chance. */
  readonly seed: number;
  /** Whether requests are still to come or to end; what renews itself stops when this turns false. */
  active(): boolean;
}

/** Who says where each request goes. Requests are known by their number in the trace. */
export interface Policy {
  /** The server that takes a request; undefined: the request is refused. */
  choose(request: number): number | undefined;
  /** A chosen server has produced more tokens, the last of them where the sequence is finished. */
  produced?(request: number, server: number, sequence: Sequence): void;
}

/** Makes a policy for one run, before the run's first moment. */
export type PolicyMaker = (context: PolicyContext) => Policy;
