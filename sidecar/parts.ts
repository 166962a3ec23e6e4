import type { Log } from "./observe/log.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { Clock } from "./support/clock.ts";

/** What every part of the process works with. */
export interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}
