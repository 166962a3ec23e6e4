import assert from "node:assert/strict";
import { test } from "node:test";
import { EncodeError, encodeLoad, encodePlan, encodePolicy, encodeRoster } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { Endpoint, PlanAdmission, PlanBand, PlanStep, Policy, Sample } from "../../wire/model.ts";
import { PLAIN_ADMISSION, PLAIN_BAND, PLAIN_SETTINGS } from "../../wire/plan-settings.ts";
import { LOAD_THREE, PLAN_DEFAULT, POLICY_FULL, ROSTER_THREE } from "./golden-frames.ts";

const [endpoint] = ROSTER_THREE.endpoints as [Endpoint];
const [sample] = LOAD_THREE.samples as [Sample];
const [profile] = PLAN_DEFAULT.profiles as [{ name: string; steps: readonly PlanStep[] }];
const [step] = profile.steps as [PlanStep];

function roster(change: Partial<Endpoint>): Uint8Array {
  return encodeRoster({ ...ROSTER_THREE, endpoints: [{ ...endpoint, ...change }] });
}

function load(change: Partial<Sample>): Uint8Array {
  return encodeLoad({ ...LOAD_THREE, samples: [{ ...sample, ...change }] });
}

function plan(change: Partial<PlanStep>): Uint8Array {
  return encodePlan({ ...PLAN_DEFAULT, profiles: [{ ...profile, steps: [{ ...step, ...change }] }] });
}

function admission(change: Partial<PlanAdmission>): Uint8Array {
  return encodePlan({
    ...PLAN_DEFAULT,
    settings: { ...PLAIN_SETTINGS, admission: { ...PLAIN_ADMISSION, ...change } },
  });
}

function band(change: Partial<PlanBand>): Uint8Array {
  return admission({ bands: [...PLAIN_ADMISSION.bands, { ...PLAIN_BAND, kind: L.BAND_EXACT, ...change }] });
}

function policy(change: Partial<Policy>): Uint8Array {
  return encodePolicy({ ...POLICY_FULL, ...change });
}

function target(model: string, weight: number): Uint8Array {
  return policy({ rules: [{ models: [], targets: [{ model, weight }] }] });
}

/** What is refused, and what the message must name. */
const REFUSED: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
  ["an empty address", () => roster({ address: "" }), /length of address.* is 0/],
  ["an address of 48 bytes", () => roster({ address: "a".repeat(48) }), /length of address a+ is 48/],
  ["an engine there is not", () => roster({ engine: 4 }), /engine is 4/],
  ["a role there is not", () => roster({ role: 5 }), /role is 5/],
  ["a rank of 65,536", () => roster({ rank: 65_536 }), /rank is 65536/],
  [
    "4,097 endpoints",
    () => encodeRoster({ ...ROSTER_THREE, endpoints: Array.from({ length: 4097 }, () => endpoint) }),
    /number of endpoints of pool \S+ is 4097/,
  ],
  ["4,097 samples", () => encodeLoad({ ...LOAD_THREE, samples: Array(4097).fill(sample) }), /samples is 4097/],
  ["an age that means never", () => load({ age: L.SAMPLE_NEVER }), /age is 4294967295/],
  ["an age that is no integer", () => load({ age: 1.5 }), /age is 1\.5/],
  ["a negative queue", () => load({ waiting: -1 }), /waiting is -1/],
  ["a queue of 2^32", () => load({ running: 2 ** 32 }), /running is 4294967296/],
  ["a KV cache use above 1", () => load({ kvUsage: 1.01 }), /kvUsage is 1\.01/],
  ["a negative KV cache use", () => load({ kvUsage: -0.01 }), /kvUsage is -0\.01/],
  ["a KV cache use that is no number", () => load({ kvUsage: Number.NaN }), /kvUsage is NaN/],
  ["65,536 adapter slots", () => load({ maxAdapters: 65_536 }), /maxAdapters is 65536/],
  [
    "a freshFor that would make never-scraped endpoints fresh",
    () => encodeLoad({ ...LOAD_THREE, freshFor: L.SAMPLE_NEVER }),
    /freshFor is 4294967295/,
  ],
  ["no profile", () => encodePlan({ ...PLAN_DEFAULT, profiles: [] }), /profiles is 0/],
  ["17 profiles", () => encodePlan({ ...PLAN_DEFAULT, profiles: Array(17).fill(profile) }), /profiles is 17/],
  [
    "257 steps",
    () => encodePlan({ ...PLAN_DEFAULT, profiles: [{ name: "long", steps: Array(257).fill(step) }] }),
    /steps is 257/,
  ],
  ["a detector there is not", () => admission({ detector: 3 }), /detector is 3/],
  ["a detector's threshold of 0", () => admission({ detectorParameters: [5, 0] }), /parameter 1 of the detector is 0/],
  ["a usage limit of 0", () => admission({ usageLimit: 0 }), /usageLimit is 0/],
  ["2^64 bytes", () => admission({ queueBytes: 1n << 64n }), /queueBytes is 18446744073709551616/],
  ["no bands", () => admission({ bands: [] }), /bands of kind 1 is 0/],
  ["two default bands", () => band({ kind: L.BAND_DEFAULT }), /bands of kind 1 is 2/],
  ["65 bands", () => admission({ bands: Array(65).fill(PLAIN_BAND) }), /bands is 65/],
  [
    "two bands of one priority",
    () => admission({ bands: [...PLAIN_ADMISSION.bands, ...Array(2).fill({ ...PLAIN_BAND, kind: L.BAND_EXACT })] }),
    /priority 0 has two bands/,
  ],
  ["a priority of 2^31", () => band({ priority: 2 ** 31 }), /priority is 2147483648/],
  ["a band for no bytes", () => band({ maxBytes: 0n }), /maxBytes is 0/],
  ["a band for no requests", () => band({ maxRequests: 0 }), /maxRequests is 0/],
  ["a fairness there is not", () => band({ fairness: 4 }), /fairness is 4/],
  ["an order there is not", () => band({ order: 0 }), /order is 0/],
  ["a half-life of 0", () => band({ halfLife: 0 }), /halfLife is 0/],
  [
    "4,097 objectives",
    () => policy({ objectives: Array(4097).fill({ name: "o", priority: 0 }) }),
    /objectives .* 4097/,
  ],
  [
    "an objective's priority of 1.5",
    () => policy({ objectives: [{ name: "o", priority: 1.5 }] }),
    /objective o is 1.5/,
  ],
  ["4,097 rules", () => policy({ rules: Array(4097).fill({ models: [], targets: [] }) }), /rules .* 4097/],
  ["16,385 models", () => policy({ rules: [{ models: Array(16_385).fill("m"), targets: [] }] }), /models .* 16385/],
  ["a target without a name", () => target("", 1), /length of target model {2}is 0/],
  ["a target's name of 257 bytes", () => target(`${"é".repeat(128)}e`, 1), /length of target model \S+ is 257/],
  ["a weight of 0", () => target("m", 0), /weight of target model m is 0/],
  ["a weight of 1,000,001", () => target("m", 1_000_001), /weight of target model m is 1000001/],
  ["nine parameters", () => plan({ parameters: Array(9).fill(1) }), /parameters of queue-scorer is 9/],
  ["a stage there is not", () => plan({ stage: 4 }), /stage is 4/],
  ["plugin 0", () => plan({ plugin: 0 }), /plugin is 0/],
  ["an infinite weight", () => plan({ weight: Number.POSITIVE_INFINITY }), /weight of queue-scorer is Infinity/],
  ["a parameter that is no number", () => plan({ parameters: [1, Number.NaN] }), /parameter 1 of queue-scorer is NaN/],
];

for (const [what, encode, message] of REFUSED) {
  test(`encoding refuses ${what}`, () => {
    assert.throws(encode, (error) => error instanceof EncodeError && message.test(error.message));
  });
}

test("encoding accepts what lies at the limits", () => {
  roster({ address: "a".repeat(47), rank: 65_535 });
  target("é".repeat(128), 1_000_000);
  band({ priority: -(2 ** 31), maxBytes: (1n << 64n) - 1n, maxRequests: 2 ** 32 - 1 });
  load({ age: L.SAMPLE_NEVER - 1, waiting: 2 ** 32 - 1, kvUsage: 1 });
  encodePlan({ ...PLAN_DEFAULT, profiles: Array(16).fill({ name: "p", steps: Array(16).fill(step) }) });
});

test("a frame may have 4 MiB and no more", () => {
  const named = (bytes: number) => encodeRoster({ ...ROSTER_THREE, pool: "p".repeat(bytes), endpoints: [] });
  const room = L.MAX_FRAME_BYTES - L.ROSTER_BYTES;
  assert.equal(named(room).length, L.MAX_FRAME_BYTES);
  assert.throws(() => named(room + 1), /the roster of pool \S+ would have 4194305 bytes, a frame has at most 4194304/);
});

test("the sample's counter wraps at 65,536", () => {
  assert.deepEqual(load({ counter: 65_536 + 5 }), load({ counter: 5 }));
});

test("equal texts are stored once", () => {
  const labels = { app: "vllm", zone: "vllm" };
  const one = encodeRoster({ ...ROSTER_THREE, endpoints: [{ ...endpoint, labels }] });
  const two = encodeRoster({ ...ROSTER_THREE, endpoints: [endpoint, endpoint].map((e) => ({ ...e, labels })) });
  assert.equal(two.length - one.length, L.ENDPOINT_BYTES + 2 * L.LABEL_BYTES);
});
