import assert from "node:assert/strict";
import { test } from "node:test";
import * as filters from "./filters.ts";
import { type Candidate, candidate, request } from "./model.ts";

/** Candidates by the names that tests call them. */
function named(fields: Record<string, Partial<Candidate>>): Candidate[] {
  return Object.entries(fields).map(([name, differing]) => candidate({ name, ...differing }));
}

const names = (candidates: readonly Candidate[]): string => candidates.map(({ name }) => name).join(" ");

const pods = named({
  nginx1: { labels: { app: "nginx", version: "v1.0", tier: "frontend" } },
  nginx2: { labels: { app: "nginx", version: "v1.1", tier: "frontend" } },
  coredns: { labels: { app: "coredns", tier: "system" } },
  redis: { labels: { app: "redis", tier: "backend", deprecated: "true" } },
  web: { labels: { app: "web", tier: "frontend", environment: "production" } },
  bare: {},
});

test("a selector's conditions must all hold", () => {
  const by = (selector: filters.LabelSelector) => names(filters.bySelector(pods, selector));
  const expression = (key: string, operator: filters.LabelTerm["operator"], ...values: string[]) =>
    by({ matchExpressions: [{ key, operator, values }] });
  assert.equal(by({}), "nginx1 nginx2 coredns redis web bare");
  assert.equal(by({ matchLabels: { app: "nginx" } }), "nginx1 nginx2");
  assert.equal(by({ matchLabels: { app: "nginx", version: "v1.0" } }), "nginx1");
  assert.equal(by({ matchLabels: { app: "none" } }), "");
  assert.equal(expression("tier", "In", "frontend", "backend"), "nginx1 nginx2 redis web");
  assert.equal(expression("tier", "NotIn", "system"), "nginx1 nginx2 redis web bare");
  assert.equal(expression("deprecated", "Exists"), "redis");
  assert.equal(expression("deprecated", "DoesNotExist"), "nginx1 nginx2 coredns web bare");
  const both = { matchLabels: { tier: "frontend" }, matchExpressions: [{ key: "environment", operator: "Exists" }] };
  assert.equal(by(both as filters.LabelSelector), "web");
});

test("an empty label is there, and absent ones are not empty", () => {
  const two = named({ empty: { labels: { app: "" } }, absent: {} });
  const by = (operator: filters.LabelTerm["operator"], ...values: string[]) =>
    names(filters.bySelector(two, { matchExpressions: [{ key: "app", operator, values }] }));
  assert.equal(by("Exists"), "empty");
  assert.equal(by("In", ""), "empty");
  assert.equal(by("NotIn", ""), "absent");
});

test("by-label keeps values, and the unlabelled where allowed", () => {
  const by = (validValues: string[], allowsNoLabel: boolean) =>
    names(filters.byLabel(pods, { label: "tier", validValues, allowsNoLabel }));
  assert.equal(by(["system", "backend"], false), "coredns redis");
  assert.equal(by(["system", "backend"], true), "coredns redis bare");
  assert.equal(by([], true), "bare");
  // The empty value also stands for no label.
  assert.equal(by([""], false), "bare");
});

test("roles", () => {
  const roles = ["encode", "prefill", "decode", "encode-prefill", "prefill-decode", "encode-prefill-decode", "both"];
  const all = [
    ...roles.map((role) => candidate({ name: role, labels: { "llm-d.ai/role": role } })),
    candidate({ name: "other", labels: { "llm-d.ai/role": "cache" } }),
    candidate({ name: "unlabelled" }),
  ];
  assert.equal(names(filters.decodeOnly(all)), "decode prefill-decode encode-prefill-decode both unlabelled");
  assert.equal(names(filters.prefillOnly(all)), "prefill encode-prefill prefill-decode encode-prefill-decode both");
  assert.equal(names(filters.encodeOnly(all)), "encode encode-prefill encode-prefill-decode");
});

test("prefix affinity keeps those that have the prefix", () => {
  const three = named({ a: { matchedBlocks: 9 }, b: { matchedBlocks: 8 }, c: { matchedBlocks: 7 } });
  const by = (parameters: filters.AffinityParameters, random = 0.5, candidates = three) =>
    names(filters.byPrefixAffinity(candidates, request(), parameters, random));
  assert.equal(by({}), "a b");
  assert.equal(by({ affinityThreshold: 0.9 }), "a");
  assert.equal(by({ affinityThreshold: 0.95 }), "a b c", "none has so much");
  assert.equal(by({ affinityThreshold: 0 }), "a b c", "off");
  assert.equal(by({ explorationProbability: 0.01 }, 0.0099), "a b c", "exploring");
  assert.equal(by({ explorationProbability: 0.01 }, 0.01), "a b", "not exploring");
  assert.equal(by({}, 0), "a b", "never exploring");
  assert.equal(by({}, 0.5, [candidate({ name: "one" })]), "one");
  const noBlocks = request({ promptTokens: 0, totalBlocks: 0 });
  assert.equal(names(filters.byPrefixAffinity(three, noBlocks, {}, 0.5)), "a b c");
});

test("prefix affinity yields to load", () => {
  const by = (parameters: filters.AffinityParameters, ...sticky: number[]) => {
    const loads = sticky.map((tokensInFlight, index) =>
      candidate({ name: `s${index}`, matchedBlocks: 10, tokensInFlight }),
    );
    const other = candidate({ name: "o", tokensInFlight: 50 });
    const settings = { peakPrefillThroughput: 1000, maxTTFTPenaltyMs: 100, ...parameters };
    return names(filters.byPrefixAffinity([...loads, other], request(), settings, 0.5));
  };
  // At 1000 tokens/s a token is a millisecond: the other answers after 50 ms.
  assert.equal(by({}, 500), "s0 o");
  assert.equal(by({}, 151), "s0 o");
  assert.equal(by({}, 150), "s0");
  assert.equal(by({}, 500, 20), "s0 s1");
  assert.equal(by({ maxTTFTPenaltyMs: 1000 }, 500), "s0");
  assert.equal(by({ maxTTFTPenaltyMs: 0 }, 5000), "s0", "load does not count");
  // By default 18 s at 15928 tokens/s: 286704 tokens more.
  const calibrated = { peakPrefillThroughput: 15928, maxTTFTPenaltyMs: 18000 };
  assert.equal(by(calibrated, 286704 + 49), "s0");
  assert.equal(by(calibrated, 286704 + 51), "s0 o");
});

test("the fastest on either side count", () => {
  const loads = named({
    s1: { matchedBlocks: 10, tokensInFlight: 900 },
    s2: { matchedBlocks: 10, tokensInFlight: 500 },
    o1: { tokensInFlight: 350 },
    o2: { tokensInFlight: 600 },
  });
  const by = (maxTTFTPenaltyMs: number) =>
    names(filters.byPrefixAffinity(loads, request(), { peakPrefillThroughput: 1000, maxTTFTPenaltyMs }, 0.5));
  // 500 ms against 350 ms
  assert.equal(by(149), "s1 s2 o1 o2");
  assert.equal(by(150), "s1 s2");
});

test("prefix affinity yields to predictions", () => {
  const by = (sticky: number | undefined, other: number | undefined) => {
    const two = named({ s: { matchedBlocks: 10, predictedTtft: sticky }, o: { predictedTtft: other } });
    const settings = { ttftSource: "latencyPredictor", maxTTFTPenaltyMs: 100 } as const;
    return names(filters.byPrefixAffinity(two, request(), settings, 0.5));
  };
  assert.equal(by(500, 50), "s o");
  assert.equal(by(150, 50), "s");
  assert.equal(by(undefined, 50), "s o", "the other is known to be faster");
  assert.equal(by(500, undefined), "s");
  assert.equal(by(undefined, undefined), "s");
});

test("headroom tiers", () => {
  const asked = request({ sloTtft: 100, sloTpot: 30 });
  const all = named({
    unknown: {},
    slow: { predictedTtft: 150, predictedTpot: 10 },
    good: { predictedTtft: 50, predictedTpot: 10 },
    exact: { predictedTtft: 100, predictedTpot: 30 },
    choppy: { predictedTtft: 50, predictedTpot: 31 },
  });
  const [unknown, slow, good, exact] = all as [Candidate, Candidate, Candidate, Candidate];
  const by = (candidates: Candidate[], random: number, parameters = {}) =>
    names(filters.bySloHeadroom(candidates, asked, parameters, random));
  assert.equal(by(all, 0.5), "good exact");
  assert.equal(by(all, 0.0099), "slow choppy unknown");
  assert.equal(by(all, 0.01), "good exact");
  assert.equal(by(all, 0, { epsilonExploreNeg: 0 }), "good exact");
  assert.equal(by(all, 0.99, { epsilonExploreNeg: 1 }), "slow choppy unknown");
  assert.equal(by([good, exact], 0), "good exact", "only the kept");
  assert.equal(by([unknown, slow], 0.5), "slow unknown", "only the broken");
  assert.equal(by([unknown, unknown], 0.5), "unknown unknown");
  assert.equal(by([slow], 0.5), "slow");
  assert.equal(by([], 0.5), "");
});

test("context ranges filter by the prompt's length", () => {
  const label = (value: string) => ({ labels: { "llm-d.ai/context-length-range": value } });
  const all = named({
    short: label("0-100"),
    medium: label("100-500"),
    wide: label("0-2000"),
    malformed: label("500-100"),
    empty: label(""),
    unlabelled: {},
  });
  const by = (promptTokens: number) => names(filters.byContextLength(all, request({ promptTokens })));
  assert.equal(by(0), "short wide unlabelled");
  assert.equal(by(100), "short medium wide unlabelled");
  assert.equal(by(501), "wide unlabelled");
  assert.equal(by(2001), "unlabelled");
  const other = filters.byContextLength(all, request({ promptTokens: 501 }), { label: "other" });
  assert.equal(other.length, all.length);
});
