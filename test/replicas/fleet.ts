import type { TestContext } from "node:test";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { stringify } from "yaml";
import { stateService } from "../../sidecar/push/service.ts";
import { encodeSpent } from "../../wire/encode-spent.ts";
import * as L from "../../wire/layout.ts";
import type { Spend } from "../../wire/model.ts";
import { file, type Run, start } from "../sidecar/cli/run.ts";
import { TestGateway } from "../sidecar/push/test-gateway.ts";
import { vllmExposition } from "../sidecar/scrape/fixtures.ts";
import { MetricsServer } from "../sidecar/scrape/metrics-server.ts";

export const INTERVAL_MS = 100;

/** A sidecar process. */
export class Replica {
  readonly run: Run;
  readonly #t: TestContext;
  #metricsPort = 0;

  constructor(t: TestContext, run: Run) {
    this.#t = t;
    this.run = run;
  }

  async ready(): Promise<this> {
    this.#metricsPort = await this.run.port("metrics and probes");
    await this.run.port("gateways");
    return this;
  }

  /** Value of a series, by its name and labels as they stand in the exposition. */
  async metric(series: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`)).text();
    const line = text.split("\n").find((one) => one.startsWith(`${series} `));
    if (line === undefined) throw new Error(`no ${series} in\n${text}`);
    return Number(line.slice(series.length + 1));
  }

  /** Endpoints that it scrapes itself. */
  own(): Promise<number> {
    return this.metric('inline_epp_scrape_targets{by="self"}');
  }

  /** Endpoints with a fresh sample. */
  fresh(): Promise<number> {
    return this.metric('inline_epp_endpoints{pool="p",state="ready"}');
  }

  /** A gateway of its that uses the pool. */
  async gateway(number: bigint): Promise<TestGateway> {
    const gateway = new TestGateway(await this.run.port("gateways"));
    this.#t.after(() => gateway.close());
    gateway.hello("test-node", number);
    gateway.want(["p"]);
    return gateway;
  }

  /** A gateway tells that something was spent of a budget: the debt of requests that it hears, or why it hears of none. */
  async spend(row: Spend): Promise<number | ServiceError> {
    const client = new Client(`127.0.0.1:${await this.run.port("gateways")}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = stateService.Spend;
    return new Promise((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, encodeSpent([row]), (error, answer) => {
        client.close();
        resolve(error ?? answer!.readDoubleLE(L.BUDGETS_BYTES + L.BUDGET_REQUEST_DEBT));
      });
    });
  }

  async kill(): Promise<void> {
    this.run.child.kill("SIGKILL");
    await this.run.status;
  }
}

/** Model servers, and replicas of one endpoint file. */
export class Fleet {
  readonly servers: readonly MetricsServer[];
  readonly #t: TestContext;
  readonly #endpoints: string;

  private constructor(t: TestContext, servers: readonly MetricsServer[], endpoints: string) {
    this.#t = t;
    this.servers = servers;
    this.#endpoints = endpoints;
  }

  static async start(t: TestContext, servers: number): Promise<Fleet> {
    const started = await Promise.all(Array.from({ length: servers }, () => MetricsServer.start()));
    t.after(() => Promise.all(started.map((server) => server.stop())));
    for (const server of started) server.behaviour = { kind: "body", body: vllmExposition({ running: 1 }) };
    const pools = [{ name: "p", endpoints: started.map(({ address }) => ({ address })) }];
    return new Fleet(t, started, await file(t, stringify({ pools })));
  }

  /** A replica more; ready when it resolves. */
  add(flags: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): Promise<Replica> {
    const all = {
      endpoints: this.#endpoints,
      "grpc-port": "0",
      "grpc-health-port": "0",
      "metrics-port": "0",
      "refresh-metrics-interval": `${INTERVAL_MS}ms`,
      ...flags,
    };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    return new Replica(this.#t, start(this.#t, ["serve", ...args], env)).ready();
  }

  /** Scrapes that the servers have seen within so many milliseconds: of each, in units of one per interval. */
  async scrapeRates(milliseconds: number): Promise<number[]> {
    const before = this.servers.map(({ requests }) => requests);
    const begin = performance.now();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const intervals = (performance.now() - begin) / INTERVAL_MS;
    return this.servers.map(({ requests }, index) => (requests - before[index]!) / intervals);
  }
}

const PATIENCE_MS = 30_000;

/** Resolves with the milliseconds until something holds; rejects when it never does. */
export async function becomes(what: string, holds: () => Promise<boolean>): Promise<number> {
  const begin = performance.now();
  while (!(await holds())) {
    if (performance.now() - begin > PATIENCE_MS) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - begin;
}

export async function sum(replicas: readonly Replica[], of: (replica: Replica) => Promise<number>): Promise<number> {
  return (await Promise.all(replicas.map(of))).reduce((total, one) => total + one, 0);
}
