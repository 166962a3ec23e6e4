import assert from "node:assert/strict";
import { test } from "node:test";
import { Attempts } from "../../../sidecar/observations/attempts.ts";
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

test("endpoints that are gone make room", () => {
  const attempts = new Attempts(1);
  attempts.count(key(1), "a");
  attempts.count(key(2), "a"); // no room for another endpoint
  assert.deepEqual(rows(attempts, [2]), []);
  attempts.count(key(2), "a");
  assert.deepEqual(rows(attempts, [2]), ["2 a 1"]);
});
