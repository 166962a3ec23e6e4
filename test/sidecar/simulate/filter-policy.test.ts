import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { passAnswerBody, passAnswerHeaders, passRequest, pickOf } from "../../../sidecar/filter/calls.ts";
import { Gateway } from "../../../sidecar/filter/gateway.ts";
import { loadFilterModule } from "../../../sidecar/filter/module.ts";
import { type FilterPolicyOptions, filterPolicy } from "../../../sidecar/simulate/filter-policy.ts";
import { randomPolicy } from "../../../sidecar/simulate/plain-policies.ts";
import { completionBody } from "../../../sidecar/simulate/prompt-body.ts";
import { replay } from "../../../sidecar/simulate/replay.ts";
import { summarize } from "../../../sidecar/simulate/statistics.ts";
import { buildWorkload } from "../../../sidecar/simulate/workload.ts";
import { Engine, type Sequence } from "../../../simulator/engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { bestOf, endpoints, FakePool } from "../../filter/pools.ts";
import { conversations, request } from "./traces.ts";

const module = loadFilterModule();

function planOf(...plugins: string[]) {
  const text = `apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins: [${plugins.map((type) => `{type: ${type}}`).join(", ")}]
`;
  return compile(readConfig(text, "test").config);
}

function options(fields: Partial<FilterPolicyOptions> = {}): FilterPolicyOptions & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return {
    module,
    plan: planOf("running-requests-size-scorer"),
    requests: [],
    workers: 1,
    scrapeInterval: 50,
    tokensPerPiece: 0,
    warn: (message) => warnings.push(message),
    warnings,
    ...fields,
  };
}

const WORKLOAD = buildWorkload(conversations(40, 5, 3), {
  maxPromptTokens: undefined,
  servers: 4,
  maxNumSeqs: 8,
  prefillBaseMs: 7.5,
  prefillPerTokenMs: 0.075,
  decodePerTokenMs: 3.75,
  blockSize: 16,
  cache: { fraction: 0.5 },
  pace: { load: 0.9 },
  seed: 1,
  warmup: 0,
}).workload;
const { requests } = WORKLOAD;
const quiet = () => {};

for (const workers of [1, 3]) {
  test(`${workers} workers spread requests by what runs where, far better than chance`, () => {
    const given = options({ requests, workers });
    const summary = summarize(WORKLOAD, replay(WORKLOAD, filterPolicy(given), quiet));
    const byChance = summarize(WORKLOAD, replay(WORKLOAD, randomPolicy, quiet));
    assert.deepEqual([summary.refused, summary.requests, given.warnings], [0, 200, []]);
    assert.ok(summary.balance.momentary! < 1.25, `${summary.balance.momentary}`);
    assert.ok(byChance.balance.momentary! > 1.4, `${byChance.balance.momentary}`);
  });
}

test("the same seed gives the same run, another seed another", () => {
  const plan = planOf("random-picker");
  const servers = (seed: number) =>
    replay({ ...WORKLOAD, seed }, filterPolicy(options({ requests, plan })), quiet).outcomes;
  assert.deepEqual(servers(1), servers(1));
  assert.notDeepEqual(servers(1), servers(2));
});

test("how the answer is cut into pieces changes nothing where nobody reads it", () => {
  const outcomes = [0, 1, 7].map(
    (tokensPerPiece) => replay(WORKLOAD, filterPolicy(options({ requests, tokensPerPiece })), quiet).outcomes,
  );
  assert.deepEqual(outcomes[1], outcomes[0]);
  assert.deepEqual(outcomes[2], outcomes[0]);
});

test("picks follow what scrapes show, and requests before there is anything to know are refused", () => {
  const clock = new VirtualClock();
  const timing = { prefillBaseMs: 0, prefillPerTokenMs: 0, decodePerTokenMs: 10, maxNumSeqs: 1, timeScale: 1 };
  const config = { ...timing, maxLoras: 1, blockSize: 16, numGpuBlocks: 1000 };
  const engines = Array.from({ length: 3 }, () => new Engine(config, clock));
  const given = options({ plan: planOf("queue-scorer"), requests: Array.from({ length: 40 }, () => request()) });
  let active = true;
  const policy = filterPolicy(given)({ clock, engines, inFlight: [0, 0, 0], seed: 1, active: () => active });
  assert.equal(policy.choose(0), undefined);

  // Somebody else's requests, which end at 2000, 2005, ... and keep a queue until then.
  const spec = { adapter: null, promptTokens: 16, blockHashes: [1], finishReason: "stop" as const, onTokens: () => {} };
  clock.advanceTo(1000);
  engines[1]!.submit({ ...spec, outputTokens: 101 });
  for (let i = 0; i < 5; i++) engines[1]!.submit({ ...spec, outputTokens: 2 });
  clock.advanceTo(1100);
  const end = { phase: "finished", emitted: 1, spec: { ...spec, outputTokens: 1 }, cachedTokens: 0 } as unknown;
  const pick = (index: number): number => {
    const server = policy.choose(index)!;
    policy.produced?.(index, server, end as Sequence);
    return server;
  };
  const while1IsBusy = Array.from({ length: 19 }, (_, index) => pick(index + 1));
  assert.deepEqual([...new Set(while1IsBusy)].sort(), [0, 2]);
  clock.advanceTo(2200);
  const after = Array.from({ length: 20 }, (_, index) => pick(index + 20));
  assert.deepEqual([...new Set(after)].sort(), [0, 1, 2]);
  active = false;
  clock.runAll();
});

test("a request is in flight in the filter from its pick to the end of its answer", () => {
  const clock = new VirtualClock();
  const pool = new FakePool("default/p");
  const warnings: string[] = [];
  let active = true;
  const gateway = new Gateway({
    clock,
    module,
    workers: 2,
    configuration: JSON.stringify({ stateCluster: "sidecar", pool: "default/p" }),
    seed: 1,
    active: () => active,
    greeting: () => pool.start(endpoints(2)),
    warn: (message) => warnings.push(message),
  });
  clock.advanceTo(500);
  gateway.push(pool.plan(bestOf(1)));
  const long = completionBody(request({ promptTokens: 20_000 }), "base");
  const streams = [0, 1, 2, 3].map(() => gateway.begin());
  for (const stream of streams) {
    passRequest(stream, long);
    assert.match(pickOf(stream)!, /^10\.0\.0\.[12]:8000$/);
  }
  clock.advance(20); // workers tell on their ticks, and the one with the lease adds up on its next
  assert.equal(gateway.metrics.value("inline_epp_in_flight"), 4);
  for (const stream of streams) {
    passAnswerHeaders(stream, pickOf(stream)!);
    passAnswerBody(stream, new TextEncoder().encode("data: [DONE]\n\n"), true);
    stream.close();
  }
  clock.advance(20);
  assert.equal(gateway.metrics.value("inline_epp_in_flight"), 0);
  assert.equal(gateway.metrics.value("inline_epp_picks_total"), 4);
  assert.equal(gateway.metrics.value("inline_epp_frames_refused_total"), 0);
  assert.deepEqual(warnings, []);
  active = false;
  clock.runAll();
});
