// The measurements by name. Each is loaded only when it runs, after the build: some read what the build makes.

import type { RunCase } from "./lib/case.ts";

/** A named measurement. */
export interface BenchCase {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  readonly load: () => Promise<{ readonly run: RunCase }>;
}

/** All of them, in the order in which they run. */
export const CASES: readonly BenchCase[] = [
  {
    name: "ext-proc",
    summary: "the sidecar deciding by ext_proc beside the filter in Envoy: CPU per request, throughput, latency",
    load: () => import("./cases/ext-proc.ts"),
  },
  {
    name: "inline-vs-plain",
    summary: "Envoy with inline-epp against plain round robin: CPU per request, throughput, latency (2 and 100 KB)",
    load: () => import("./cases/inline-vs-plain.ts"),
  },
  {
    name: "latency",
    summary: "how far predicted TTFT and TPOT are off on simulated engines of different speeds, and what it costs",
    load: () => import("./cases/latency.ts"),
  },
  {
    name: "memory",
    summary: "the filter's memory and the host's heap before and after many requests, under the TypeScript host",
    load: () => import("./cases/memory.ts"),
  },
  { name: "pick", summary: "one pick in V8, by plugins and endpoints", load: () => import("./cases/pick.ts") },
  {
    name: "prefix",
    summary: "the prefix index alone, in V8: nanoseconds per match and per recorded block, memory",
    load: () => import("./cases/prefix.ts"),
  },
  {
    name: "push",
    summary: "the push alone: 1 pool of 4,000 endpoints and 100 of 50; first state, changes, CPU by what gateways want",
    load: () => import("./cases/push.ts"),
  },
  {
    name: "scan",
    summary: "the reader of request bodies alone: time per body by kind, size and block size",
    load: () => import("./cases/scan.ts"),
  },
  {
    name: "scrape",
    summary:
      "the sidecar's scraping alone, by endpoints, interval and exposition: CPU per scrape, rate reached, memory",
    load: () => import("./cases/scrape.ts"),
  },
  {
    name: "snapshot",
    summary:
      "a changed roster or load of 10 to 4,000 endpoints: encoding, the filter's check, the first request that uses it",
    load: () => import("./cases/snapshot.ts"),
  },
  {
    name: "stream",
    summary: "streamed answers: time per event in Node's V8, at the start and the end of long ones, and Envoy's CPU",
    load: () => import("./cases/stream.ts"),
  },
];
