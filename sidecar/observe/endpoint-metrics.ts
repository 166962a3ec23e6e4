import { Gauge, type Registry } from "prom-client";
import type { Load } from "../../wire/model.ts";
import { isFresh } from "../state/fresh.ts";
import type { PoolSource } from "../state/source.ts";
import type { Clock } from "../support/clock.ts";

const STATES = ["ready", "stale", "not_ready"] as const;
type State = (typeof STATES)[number];

function count(load: Load): Record<State, number> {
  const counts = { ready: 0, stale: 0, not_ready: 0 };
  for (const sample of load.samples) {
    if (!sample.ready) counts.not_ready++;
    else if (!isFresh(sample, load.freshFor)) counts.stale++;
    else counts.ready++;
  }
  return counts;
}

/** Adds the number of endpoints by pool and state, counted when scraped. */
export function registerEndpointMetrics(registry: Registry, source: PoolSource, clock: Clock): void {
  new Gauge({
    name: "inline_epp_endpoints",
    help: "Endpoints: ready, with a fresh sample; stale, ready without one; not_ready, taking no new requests.",
    labelNames: ["pool", "state"],
    registers: [registry],
    collect() {
      this.reset();
      for (const pool of source.pools()) {
        const load = source.load(pool, 0n, clock.wall());
        if (load === undefined) continue;
        const counts = count(load);
        for (const state of STATES) this.set({ pool, state }, counts[state]);
      }
    },
  });
}
