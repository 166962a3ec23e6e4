// The measurements by name. Each is loaded only when it runs, after the build: some read what the build makes.

import type { RunCase } from "./lib/case.ts";

/** A named measurement. */
export interface BenchCase {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** How long it takes on 2 cores, without --quick. */
  readonly minutes: number;
  readonly load: () => Promise<{ readonly run: RunCase }>;
}

/** All of them, in the order in which they run. */
export const CASES: readonly BenchCase[] = [
  {
    name: "ext-proc",
    minutes: 6,
    summary: "the sidecar deciding by ext_proc beside plain Envoy and the filter: CPU per request, throughput, latency",
    load: () => import("./cases/ext-proc.ts"),
  },
  {
    name: "inline-vs-plain",
    minutes: 15,
    summary:
      "Envoy with inline-epp against plain round robin: CPU per request, throughput, latency, by body and connections",
    load: () => import("./cases/inline-vs-plain.ts"),
  },
  {
    name: "latency",
    minutes: 1,
    summary: "how far predicted TTFT and TPOT are off on simulated engines of different speeds, and what it costs",
    load: () => import("./cases/latency.ts"),
  },
  {
    name: "memory",
    minutes: 1,
    summary: "the filter's memory and the host's heap before and after many requests, under the TypeScript host",
    load: () => import("./cases/memory.ts"),
  },
  {
    name: "pick",
    minutes: 2,
    summary: "one pick in V8, by plugins and endpoints",
    load: () => import("./cases/pick.ts"),
  },
  {
    name: "prefix",
    minutes: 1,
    summary: "the prefix index alone, in V8: nanoseconds per match and per recorded block, memory",
    load: () => import("./cases/prefix.ts"),
  },
  {
    name: "push",
    minutes: 2,
    summary: "the push alone: 1 pool of 4,000 endpoints and 100 of 50; first state, changes, CPU by what gateways want",
    load: () => import("./cases/push.ts"),
  },
  {
    name: "scan",
    minutes: 1,
    summary: "the reader of request bodies alone: time per body by kind, size and block size",
    load: () => import("./cases/scan.ts"),
  },
  {
    name: "scrape",
    minutes: 7,
    summary:
      "the sidecar's scraping alone, by endpoints, interval and exposition: CPU per scrape, rate reached, memory",
    load: () => import("./cases/scrape.ts"),
  },
  {
    name: "snapshot",
    minutes: 1,
    summary:
      "a changed roster or load of 10 to 4,000 endpoints: encoding, the filter's check, the first request that uses it",
    load: () => import("./cases/snapshot.ts"),
  },
  {
    name: "stream",
    minutes: 2,
    summary: "streamed answers: time per event in Node's V8, at the start and the end of long ones, and Envoy's CPU",
    load: () => import("./cases/stream.ts"),
  },
];
