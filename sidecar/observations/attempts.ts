import type { Endpoint } from "../../wire/model.ts";
import { type PodLabels, podLabels } from "../observe/pod-labels.ts";
import { endpointKey } from "../state/endpoint-key.ts";
import { OTHER } from "./bounded-names.ts";

/** Pairs of an endpoint and a model that are counted apart; the rest of an endpoint's models is OTHER. */
const MOST_PAIRS = 10_000;

/** Requests that one endpoint has served for one model. */
export interface Attempt extends PodLabels {
  /** The port of its address. */
  readonly port: string;
  readonly model: string;
  readonly count: number;
}

/** Requests by who served them, and for which model. */
export class Attempts {
  /** By the endpoint's key, then by the model. */
  readonly #served = new Map<bigint, Map<string, number>>();
  readonly #failed = new Map<string, number>();
  readonly #most: number;
  #pairs = 0;

  constructor(most = MOST_PAIRS) {
    this.#most = most;
  }

  /** Counts a request. @param endpoint key of who served it; 0n: there was nobody to send it to. */
  count(endpoint: bigint, model: string): void {
    if (endpoint === 0n) {
      this.#failed.set(model, (this.#failed.get(model) ?? 0) + 1);
      return;
    }
    let models = this.#served.get(endpoint);
    if (models === undefined) {
      // Keys come from gateways, and nobody may ask for what was served, which forgets those that are none.
      if (this.#served.size >= this.#most) return;
      models = new Map();
      this.#served.set(endpoint, models);
    }
    const isNew = !models.has(model);
    const name = isNew && this.#pairs >= this.#most ? OTHER : model;
    if (isNew && name !== OTHER) this.#pairs++;
    models.set(name, (models.get(name) ?? 0) + 1);
  }

  /** Requests that could be sent to nobody, by model. */
  get failed(): ReadonlyMap<string, number> {
    return this.#failed;
  }

  /** What these endpoints have served; of others it is forgotten. */
  served(endpoints: readonly Endpoint[]): Attempt[] {
    const found = new Map<bigint, Endpoint>();
    for (const endpoint of endpoints) found.set(endpointKey(endpoint), endpoint);
    for (const [key, models] of this.#served) {
      if (found.has(key)) continue;
      this.#served.delete(key);
      this.#pairs -= [...models.keys()].filter((model) => model !== OTHER).length;
    }
    return [...this.#served].flatMap(([key, models]) => {
      const { name, rank, address } = found.get(key)!;
      const labels = { ...podLabels(name, rank), port: address.slice(address.lastIndexOf(":") + 1) };
      return [...models].map(([model, count]) => ({ ...labels, model, count }));
    });
  }
}
