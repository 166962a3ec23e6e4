import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policies } from "../../../sidecar/discovery/pool.ts";
import { policyOf } from "../../../sidecar/push/policy.ts";
import { encodePolicy } from "../../../wire/encode.ts";
import { setUp } from "./set-up.ts";
import { eventually, poolKey } from "./test-gateway.ts";

const NONE: Policies = { objectives: [], rewrites: [] };

/** Made anew each time, as a watch does that reads the same objects again. */
function some(priority = 10): Policies {
  return {
    objectives: [{ name: "critical", priority }],
    rewrites: [
      { name: "old", createdAt: 1, rules: [{ models: ["a"], targets: [{ model: "b", weight: 1 }] }] },
      {
        name: "new",
        createdAt: 2,
        rules: [
          { models: ["a", "c"], targets: [] },
          { models: [], targets: [{ model: "d", weight: 3 }] },
        ],
      },
    ],
  };
}

test("a policy has the rules of all rewrites, those of the oldest first", () => {
  assert.deepEqual(policyOf("ns/a", some()), {
    pool: "ns/a",
    epoch: policyOf("ns/b", some()).epoch,
    objectives: [{ name: "critical", priority: 10 }],
    rules: [
      { models: ["a"], targets: [{ model: "b", weight: 1 }] },
      { models: ["a", "c"], targets: [] },
      { models: [], targets: [{ model: "d", weight: 3 }] },
    ],
  });
});

test("a policy's epoch is that of what it says", () => {
  const epochs = [NONE, some(), some(11)].map((policies) => policyOf("ns/a", policies).epoch);
  assert.equal(new Set(epochs).size, 3);
  const renamed = {
    ...some(),
    rewrites: some().rewrites.map((rewrite) => ({ ...rewrite, name: "other", createdAt: 9 })),
  };
  assert.equal(policyOf("ns/a", renamed).epoch, epochs[1], "names and times of rewrites are not told");
});

test("each pool's policy comes before its first roster, though there is nothing in it", async (t) => {
  const { source, connect } = await setUp(t);
  source.setRoster("ns/a", 1);
  source.setRoster("ns/b", 1);
  source.setPolicies("ns/b", some());
  const gateway = connect();
  await gateway.received(7);
  assert.deepEqual(
    gateway.policies.map(({ pool, after }) => [pool, after]),
    [
      [poolKey("ns/a"), 0],
      [poolKey("ns/b"), 3],
    ],
  );
  assert.deepEqual(
    gateway.policies.map(({ bytes }) => new Uint8Array(bytes)),
    [encodePolicy(policyOf("ns/a", NONE)), encodePolicy(policyOf("ns/b", some()))],
  );
});

test("a policy is told again when it says something else, alone, to those too who want the pool only at first", async (t) => {
  const { source, connect, open } = await setUp(t);
  source.setRoster("ns/a", 1);
  const one = connect();
  const other = open();
  other.hello("other", 8n);
  other.want([], true);
  await Promise.all([one.received(4), other.received(4)]);
  source.setPolicies("ns/a", some());
  source.setPolicies("ns/a", some());
  source.setPolicies("ns/a", some(11));
  await eventually(() => one.policies.length === 3 && other.policies.length === 3);
  source.setPolicies("ns/a", NONE);
  source.setRoster("ns/a", 2);
  await Promise.all([one.received(6), other.received(6)]);
  for (const { policies, kinds } of [one, other]) {
    assert.deepEqual(
      policies.map(({ epoch }) => epoch),
      [NONE, some(), some(11), NONE].map((each) => policyOf("ns/a", each).epoch),
    );
    assert.deepEqual(kinds, ["roster", "plan", "load", "sync", "roster", "load"]);
  }
});

test("a policy that does not fit the format is told of once, and the last one stays", async (t) => {
  const { source, connect, log } = await setUp(t);
  source.setRoster("ns/a", 1);
  const gateway = connect();
  await gateway.received(4);
  const objectives = Array.from({ length: 4097 }, (_, index) => ({ name: `o-${index}`, priority: 0 }));
  source.setPolicies("ns/a", { ...NONE, objectives });
  source.setRoster("ns/a", 2);
  await gateway.received(6);
  assert.equal(gateway.policies.length, 1);
  assert.equal(log.of("state does not fit the wire format, not pushed").length, 1);
});
