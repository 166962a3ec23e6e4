// Sidecars that scrape, one for each way of scraping, of which only one runs at a time.

import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { threadMicroseconds } from "./cpu.ts";
import { vllmExposition } from "./exposition.ts";
import { startEnvoy } from "./gateways.ts";
import { untilReady, type Workbench } from "./processes.ts";
import { endpointAddresses, expositionConfig } from "./scrape-backend.ts";

/** What is scraped, and how often. */
export interface ScrapeShape {
  readonly endpoints: number;
  readonly milliseconds: number;
  readonly bytes: number;
}

/** What a sidecar did in one round. */
export interface ScrapeRound {
  readonly microsecondsPerScrape: number;
  /** Good scrapes of those that the interval asks for. */
  readonly rateShare: number;
  readonly scrapesPerSecond: number;
  /** CPU of the sidecar, in cores. */
  readonly cores: number;
  /** MiB of memory that the process holds. */
  readonly rss: number;
}

/** Each comes back to its pace before its time counts: what is overdue is scraped at once. */
const SETTLE_MS = 500;
/** How many scrapes of an endpoint a round has at least. */
const SCRAPES = 5;

/** A sidecar that stands still until it is measured. */
export class ScrapingSidecar {
  readonly shape: ScrapeShape;
  readonly #pid: number;
  readonly #metrics: string;

  private constructor(shape: ScrapeShape, pid: number, metrics: string) {
    this.shape = shape;
    this.#pid = pid;
    this.#metrics = metrics;
  }

  /** Starts it with endpoints of its own, lets it scrape until its code is compiled, and has it stand still. */
  static async start(workbench: Workbench, shape: ScrapeShape, warmSeconds: number): Promise<ScrapingSidecar> {
    const { path: envoy } = await findEnvoy();
    const { endpoints: count, milliseconds, bytes } = shape;
    const [port, admin, state, health, metrics] = (await freePorts(5)) as [number, number, number, number, number];
    const name = `${count}-${milliseconds}-${bytes}`;
    startEnvoy(workbench, envoy, `endpoints-${name}`, expositionConfig(count, port, admin, vllmExposition(bytes)));
    const addresses = endpointAddresses(count, port);
    for (const address of [addresses[0], addresses.at(-1)]) await untilReady("the endpoints", `http://${address}/`);
    const pool = { name: "default/base", endpoints: addresses.map((address) => ({ address })) };
    const pid = workbench.start(`sidecar-${name}`, process.execPath, [
      "build/inline-epp.mjs",
      "serve",
      ...["--endpoints", workbench.write(`${name}.json`, JSON.stringify({ pools: [pool] }))],
      ...["--grpc-port", `${state}`, "--grpc-health-port", `${health}`, "--metrics-port", `${metrics}`],
      ...["--refresh-metrics-interval", `${milliseconds}ms`, "--log-level", "error"],
    ]);
    await untilReady("the sidecar", `http://127.0.0.1:${metrics}/readyz`);
    const sidecar = new ScrapingSidecar(shape, pid, `http://127.0.0.1:${metrics}/metrics`);
    await setTimeout(warmSeconds * 1000);
    process.kill(pid, "SIGSTOP");
    return sidecar;
  }

  /** Lets it scrape for so long, or for a few intervals, while the others stand still. */
  async round(seconds: number): Promise<ScrapeRound> {
    const { milliseconds } = this.shape;
    process.kill(this.#pid, "SIGCONT");
    await setTimeout(Math.max(SETTLE_MS, milliseconds));
    // The metrics page takes time of its own, which is kept out.
    const before = await this.#good();
    const cpu = threadMicroseconds(this.#pid);
    await setTimeout(Math.max(seconds * 1000, SCRAPES * milliseconds));
    const used = threadMicroseconds(this.#pid) - cpu;
    const after = await this.#good();
    const good = after.good - before.good;
    const passed = (after.at - before.at) / 1000;
    const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#pid}/status`, "utf8"));
    process.kill(this.#pid, "SIGSTOP");
    return {
      microsecondsPerScrape: used / good,
      rateShare: (good * milliseconds) / (passed * 1000 * this.shape.endpoints),
      scrapesPerSecond: good / passed,
      cores: used / (passed * 1e6),
      rss: Number(rss?.[1]) / 1024,
    };
  }

  /** Good scrapes since it started. */
  async #good(): Promise<{ at: number; good: number }> {
    const text = await (await fetch(this.#metrics)).text();
    const good = /^inline_epp_scrapes_total\{result="ok"[^}]*\} (\S+)/m.exec(text);
    return { at: performance.now(), good: Number(good?.[1]) };
  }
}
