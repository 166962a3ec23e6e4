// Requests of gateways that ask by ext_proc are traced as those of the filter in Envoy.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLER_PARENT } from "../../../wire/layout.ts";
import { xxh64 } from "../../../wire/xxh64.ts";
import { bodyOf, DESTINATION, DUPLEX, setUp } from "./test-gateway.ts";

const FULL = [DUPLEX, DUPLEX] as const;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

test("a sampled request is told with its trace, by the clock of the wall; another is not", async (t) => {
  const { open, traced, observed, until } = await setUp(t, { sampling: { sampler: SAMPLER_PARENT, ratio: 0 } });
  const ask = async (flags: string) => {
    const request = open().headers(FULL, { headers: { traceparent: `00-${TRACE}-${PARENT}-${flags}` } });
    const picks = (await request.body(bodyOf()).next()).set[DESTINATION]!;
    request.halfClose();
    return picks;
  };
  const before = BigInt(Date.now()) * 1000n;
  await ask("00");
  const picks = await ask("01");
  await until("both are told", () => observed.length === 2);
  const after = BigInt(Date.now() + 1) * 1000n;
  assert.equal(traced.length, 1);
  const [{ parent, started, picked, explanation }] = traced as [(typeof traced)[number]];
  assert.deepEqual(parent, { traceId: TRACE, spanId: PARENT });
  assert.ok(before <= started && started <= after);
  assert.equal(picked, xxh64(picks.split(",")[0]!));
  assert.equal(JSON.parse(explanation).profiles[0].endpoints[0], picks.split(",")[0]);
});
