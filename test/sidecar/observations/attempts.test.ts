import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { Attempts } from "../../../sidecar/observations/attempts.ts";
import { OTHER } from "../../../sidecar/observations/bounded-names.ts";
import { registerAttempts } from "../../../sidecar/observations/register-attempts.ts";
import { METRIC_FAMILIES } from "../../../sidecar/observe/metric-family.ts";
import type { Endpoint } from "../../../wire/model.ts";
import { xxh64 } from "../../../wire/xxh64.ts";

const endpoint = (host: number): Endpoint => {
  return { address: `10.0.0.${host}:80`, name: `ns/${host}`, zone: "", labels: {}, engine: 0, role: 0, rank: 0 };
};
const key = (host: number) => xxh64(endpoint(host).address);
const rows = (attempts: Attempts, hosts: readonly number[]) =>
  attempts.served(hosts.map(endpoint)).map(({ pod, model, count }) => `${pod} ${model} ${count}`);

test("pairs of endpoint and model beyond those that there is room for are of another model", () => {
  const attempts = new Attempts(2);
  for (const [host, model] of [
    [1, "a"],
    [1, "b"],
    [1, "c"],
    [1, "d"],
    [2, "a"],
    [1, "a"],
  ] as const)
    attempts.count(key(host), model);
  assert.deepEqual(rows(attempts, [1, 2]), ["1 a 2", "1 b 1", "1 other 2", "2 other 1"]);
});

test("models that are others already take no pair, and so give none back", () => {
  const attempts = new Attempts(2);
  for (let round = 0; round < 3; round++) {
    attempts.count(key(1), OTHER);
    assert.deepEqual(rows(attempts, [2]), []);
  }
  attempts.count(key(2), "a");
  assert.deepEqual(rows(attempts, [2]), ["2 a 1"]);
});

test("who served is looked up once for all families' metrics", async () => {
  const registry = new Registry();
  let asked = 0;
  registerAttempts(registry, METRIC_FAMILIES, new Attempts(), () => {
    asked++;
    return [];
  });
  await registry.metrics();
  assert.equal(asked, 1);
});

test("endpoints that are gone make room", () => {
  const attempts = new Attempts(1);
  attempts.count(key(1), "a");
  attempts.count(key(2), "a"); // no room for another endpoint
  assert.deepEqual(rows(attempts, [2]), []);
  attempts.count(key(2), "a");
  assert.deepEqual(rows(attempts, [2]), ["2 a 1"]);
});
