import assert from "node:assert/strict";
import { test } from "node:test";
import { leastRequestPolicy, randomPolicy, roundRobinPolicy } from "../../../sidecar/simulate/plain-policies.ts";
import type { PolicyContext, PolicyMaker } from "../../../sidecar/simulate/policy.ts";
import { Engine } from "../../../simulator/engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";

const ENGINE = {
  prefillBaseMs: 1,
  prefillPerTokenMs: 0,
  decodePerTokenMs: 1,
  maxNumSeqs: 4,
  maxLoras: 1,
  blockSize: 16,
  numGpuBlocks: 16,
  timeScale: 1,
};

function choices(maker: PolicyMaker, inFlight: readonly number[], rounds: number, seed = 1): number[] {
  const clock = new VirtualClock();
  const engines = inFlight.map(() => new Engine(ENGINE, clock));
  const context: PolicyContext = { clock, engines, inFlight, seed, active: () => true };
  const policy = maker(context);
  return Array.from({ length: rounds }, (_, request) => policy.choose(request)!);
}

function shares(chosen: readonly number[], servers: number): number[] {
  return Array.from({ length: servers }, (_, server) => chosen.filter((one) => one === server).length / chosen.length);
}

function close(actual: readonly number[], expected: readonly number[], tolerance = 0.02): void {
  actual.forEach((share, index) => {
    assert.ok(Math.abs(share - expected[index]!) < tolerance, `${actual} instead of ${expected}`);
  });
}

test("round robin takes one after the other", () => {
  assert.deepEqual(choices(roundRobinPolicy, [9, 0, 0], 7), [0, 1, 2, 0, 1, 2, 0]);
});

test("random takes all alike, whatever is in flight, and the seed decides", () => {
  close(shares(choices(randomPolicy, [9, 0, 0, 0], 8000), 4), [0.25, 0.25, 0.25, 0.25]);
  assert.deepEqual(choices(randomPolicy, [0, 0, 0], 20, 7), choices(randomPolicy, [0, 0, 0], 20, 7));
  assert.notDeepEqual(choices(randomPolicy, [0, 0, 0], 20, 7), choices(randomPolicy, [0, 0, 0], 20, 8));
});

test("least request takes the less busy of two draws that may be equal", () => {
  // Ranks 1..4 by requests in flight: P(best of two draws has rank r) = ((5 - r)^2 - (4 - r)^2) / 16.
  close(shares(choices(leastRequestPolicy, [3, 0, 1, 2], 8000), 4), [1 / 16, 7 / 16, 5 / 16, 3 / 16]);
  close(shares(choices(leastRequestPolicy, [5, 5, 5, 5], 8000), 4), [0.25, 0.25, 0.25, 0.25]);
});
