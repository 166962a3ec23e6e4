// Random changes of a cluster, and what the endpoints must be in the end by a model that looks at everything anew.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DiscoveredPool } from "../../../../sidecar/discovery/pool.ts";
import { type ApiObject, node, oldPool, pod, pool } from "./objects.ts";
import { setUp } from "./set-up.ts";

/** Numbers from 0 to 1 by a linear congruence (Numerical Recipes). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Pod {
  readonly key: string;
  readonly ip: string;
  readonly ready: boolean;
  readonly phase: string;
  readonly terminating: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly day: number;
  readonly node: string;
}

interface Pool {
  readonly key: string;
  readonly old: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
}

const created = (day: number): string => `2026-01-${String(day).padStart(2, "0")}T00:00:00Z`;

/** The cluster as the model has it. */
class Model {
  readonly pods = new Map<string, Pod>();
  readonly pools = new Map<string, Pool>();
  readonly zones = new Map<string, string>();

  /** `pool | address | pod | rank | ready | zone`, of every endpoint of every pool. */
  lines(): string[] {
    const lines: string[] = [];
    for (const { key, old, labels, ports } of this.pools.values()) {
      if (old && this.pools.has(`v1 ${key}`)) continue;
      const namespace = key.split("/")[0];
      const found = [...this.pods.values()]
        .filter((one) => one.key.split("/")[0] === namespace)
        .filter((one) => Object.entries(labels).every(([name, value]) => one.labels[name] === value))
        .filter(({ ip, terminating, phase }) => ip !== "" && !terminating && phase === "Running")
        .sort((a, b) => Number(b.ready) - Number(a.ready) || b.day - a.day || (a.key < b.key ? -1 : 1));
      // The first one of an address, in the order of preference, has it.
      const owners = new Map<string, Pod>();
      for (const one of found) if (!owners.has(one.ip)) owners.set(one.ip, one);
      lines.push(`${key} |`);
      for (const one of owners.values()) {
        const zone = one.labels["topology.kubernetes.io/zone"] ?? this.zones.get(one.node) ?? "";
        ports.forEach((port, rank) => {
          lines.push(`${key} | ${one.ip}:${port} | ${one.key} | ${rank} | ${one.ready} | ${zone}`);
        });
      }
    }
    return lines.sort();
  }
}

function linesOf(pools: readonly DiscoveredPool[]): string[] {
  const lines = pools.flatMap(({ name, endpoints }) => [
    `${name} |`,
    ...endpoints.map(({ endpoint, ready }) => {
      const { address, name: podName, rank, zone } = endpoint;
      return `${name} | ${address} | ${podName} | ${rank} | ${ready} | ${zone}`;
    }),
  ]);
  return lines.sort();
}

function storm(seed: number, steps: number) {
  const random = chance(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const one = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const setting = setUp({ nodeZones: true });
  const { cluster, clock, start, latest, calls } = setting;
  const model = new Model();

  function changePod(): void {
    const key = `${one(["ns", "other"])}/pod-${below(24)}`;
    if (random() < 0.2) {
      model.pods.delete(key);
      cluster.remove(pod(key));
      return;
    }
    const before = model.pods.get(key);
    const fresh = before === undefined || random() < 0.1;
    const state: Pod = {
      key,
      ip: fresh ? one(["", "10.0.0.1", "10.0.0.2", `10.0.1.${below(24)}`, `10.0.2.${below(24)}`]) : before.ip,
      ready: random() < 0.6,
      phase: random() < 0.9 ? "Running" : one(["Succeeded", "Failed"]),
      terminating: random() < 0.1,
      labels:
        fresh || random() < 0.2
          ? {
              app: one(["a", "b"]),
              tier: one(["x", "y"]),
              ...(below(4) === 0 && { "topology.kubernetes.io/zone": "z" }),
            }
          : before.labels,
      day: fresh ? 1 + below(9) : before.day,
      node: fresh ? one(["n1", "n2", "n3"]) : before.node,
    };
    model.pods.set(key, state);
    cluster.put(pod(key, { ...state, created: created(state.day) }));
  }

  function changePool(): void {
    const key = `${one(["ns", "other"])}/pool-${below(4)}`;
    const old = random() < 0.3;
    const id = `${old ? "old" : "v1"} ${key}`;
    const make = (labels: Record<string, string>, ports: number[]): ApiObject =>
      old ? oldPool(key, labels, ports[0]) : pool(key, labels, ports);
    if (random() < 0.3) {
      model.pools.delete(id);
      cluster.remove(make({ app: "a" }, [8000]));
      return;
    }
    const labels = one<Record<string, string>>([{ app: "a" }, { app: "b" }, { tier: "x" }, { app: "a", tier: "y" }]);
    const ports = old ? [8000] : one([[8000], [8000, 8001], [8001, 8000, 9000]]);
    model.pools.set(id, { key, old, labels, ports });
    cluster.put(make(labels, ports));
  }

  function changeNode(): void {
    const name = one(["n1", "n2", "n3"]);
    const zone = one(["east", "west", undefined]);
    if (zone === undefined) model.zones.delete(name);
    else model.zones.set(name, zone);
    cluster.put(node(name, zone));
  }

  void start();
  assert.equal(calls.length, 1);
  for (let step = 0; step < steps; step++) {
    const dice = random();
    if (dice < 0.75) changePod();
    else if (dice < 0.95) changePool();
    else if (dice < 0.98) changeNode();
    else cluster.list(one(["Pod", "Inference", ""]));
    if (random() < 0.3) clock.advance(below(8));
    if (step % 50 === 49) {
      clock.advance(10);
      assert.deepEqual(linesOf(latest()), model.lines(), `seed ${seed}, step ${step}`);
    }
  }
  return setting;
}

describe("a storm of changes", () => {
  for (let seed = 1; seed <= 12; seed++) {
    test(`ends with the right endpoints (seed ${seed})`, async () => {
      const { calls, discovery, cluster, clock } = storm(seed, 1000);
      for (const pools of calls) {
        const names = pools.map(({ name }) => name);
        assert.deepEqual(names, [...new Set(names)].sort());
        for (const { endpoints } of pools) {
          const order = endpoints.map(({ endpoint }) => `${endpoint.name} ${endpoint.rank}`);
          assert.deepEqual(order, [...order].sort());
          assert.equal(new Set(endpoints.map(({ endpoint }) => endpoint.address)).size, endpoints.length);
        }
      }
      const podWatches = () => cluster.open.filter((text) => text.startsWith("Pod."));
      const wanted = podWatches();
      assert.equal(new Set(wanted).size, wanted.length);
      for (const name of ["ns", "other"].flatMap((space) => [0, 1, 2, 3].map((number) => `${space}/pool-${number}`))) {
        cluster.remove(pool(name), oldPool(name));
      }
      clock.advance(10);
      assert.deepEqual(podWatches(), [], "without pools no pods are watched");
      await discovery.stop();
      assert.deepEqual(cluster.open, []);
    });
  }
});

test("what a change does not touch stays the same object, storm or not", () => {
  const { calls } = storm(99, 600);
  let same = 0;
  calls.reduce((before, after) => {
    const old = new Map(before.map((one) => [one.name, one]));
    for (const one of after) {
      const was = old.get(one.name);
      if (was === undefined) continue;
      if (was === one) same++;
      else assert.notDeepEqual(was, one, `${one.name} is another object that says the same`);
      const rows = new Map(was.endpoints.map((row) => [`${row.endpoint.name} ${row.endpoint.rank}`, row]));
      for (const row of one.endpoints) {
        const last = rows.get(`${row.endpoint.name} ${row.endpoint.rank}`);
        if (last !== undefined && last !== row) assert.notDeepEqual(last, row);
      }
    }
    return after;
  });
  assert.ok(same > 100);
});
