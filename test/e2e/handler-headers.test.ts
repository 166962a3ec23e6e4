// What a profile handler picks beside the destination reaches the model server; what a client says there does not, nor
// what it says to the gateway alone.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Echo, startEchoServers } from "../harness/echo-servers.ts";
import { chat, postLines } from "../harness/requests.ts";
import type { Pools } from "../harness/sidecar.ts";
import { type StackOptions, startStack } from "../harness/stack.ts";

const PREFILLER = "x-prefiller-host-port";
const ENCODERS = "x-encoder-hosts-ports";
const DATA_PARALLEL = "x-data-parallel-host-port";
const HEADERS = [PREFILLER, ENCODERS, DATA_PARALLEL];
/** What clients tell the gateway alone. */
const CONTROLS = ["x-llm-d-inference-objective", "x-gateway-inference-fairness-id", "x-llm-d-model-name-rewrite"];
const VICTIM = "10.9.9.9:9";

const head = { apiVersion: "llm-d.ai/v1alpha1", kind: "EndpointPickerConfig" };
const profile = (name: string, ...plugins: string[]) => ({
  name,
  plugins: plugins.map((pluginRef) => ({ pluginRef })),
});
const DISAGGREGATED = {
  ...head,
  plugins: [
    ...["decode-filter", "prefill-filter", "encode-filter", "queue-scorer"].map((type) => ({ type })),
    ...["always-disagg-pd-decider", "always-disagg-multimodal-decider"].map((type) => ({ type })),
    {
      type: "disagg-profile-handler",
      parameters: {
        deciders: { prefill: "always-disagg-pd-decider", encode: "always-disagg-multimodal-decider" },
      },
    },
  ],
  schedulingProfiles: [
    profile("decode", "decode-filter", "queue-scorer"),
    profile("prefill", "prefill-filter", "queue-scorer"),
    profile("encode", "encode-filter", "queue-scorer"),
  ],
};
const SINGLE = {
  ...head,
  plugins: [{ type: "queue-scorer" }],
  schedulingProfiles: [profile("default", "queue-scorer")],
};

/** Header lines by which a client may try to name somebody in each of the three headers. */
const SPOOFS: readonly (readonly string[])[] = [
  [],
  ...HEADERS.flatMap((name) => [
    [`${name}: ${VICTIM}`],
    [`${name.toUpperCase()}:${VICTIM}`],
    [`${name}: ${VICTIM}`, `${name}: ${VICTIM}`],
    [`connection: close, ${name}`, `${name}: ${VICTIM}`],
  ]),
];

const echoOf = (answer: string): Echo => {
  assert.match(answer, /^HTTP\/1\.1 200 /);
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4).replace(/^[\da-f]+\r\n|\r\n0\r\n\r\n$/g, "")) as Echo;
};

/** Echo servers, and a stack of which they are the model servers. */
async function echoStack(
  t: TestContext,
  count: number,
  options: (addresses: readonly string[]) => StackOptions,
): Promise<{ url: string; addresses: readonly string[] }> {
  const servers = await startEchoServers(count);
  t.after(() => servers.stop());
  const stack = await startStack({ modelServers: servers.alive, ...options(servers.alive) }, t);
  return { url: stack.url, addresses: servers.alive };
}

const pool = (addresses: readonly string[], fields: (index: number) => object): Pools => [
  { name: "default/base", endpoints: addresses.map((address, index) => ({ address, ...fields(index) })) },
];

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: prefill and encode elsewhere, by role`, async (t) => {
    const ROLES = ["decode", "decode", "prefill", "prefill", "encode"];
    const { url, addresses } = await echoStack(t, ROLES.length, (alive) => ({
      envoy: { hold },
      sidecar: {
        config: DISAGGREGATED,
        pools: pool(alive, (index) => ({ labels: { "llm-d.ai/role": ROLES[index] } })),
      },
    }));
    const having = (role: string) => addresses.filter((_, index) => ROLES[index] === role);
    const prefillers = new Set<string>();
    for (const lines of [...SPOOFS, ...SPOOFS]) {
      const { address, headers } = echoOf(await postLines(url, lines));
      assert.ok(having("decode").includes(address), "the destination decodes");
      assert.ok(having("prefill").includes(headers[PREFILLER]!), `${lines}: ${headers[PREFILLER]}`);
      assert.deepEqual([headers[ENCODERS], headers[DATA_PARALLEL]], [undefined, undefined], `${lines}`);
      prefillers.add(headers[PREFILLER]!);
    }
    assert.equal(prefillers.size, 2, "both are used");

    const content = [{ type: "image_url", image_url: { url: "https://example.com/cat.png" } }];
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { [ENCODERS]: VICTIM },
      body: JSON.stringify({ model: "base", messages: [{ role: "user", content }] }),
    });
    assert.equal(((await answer.json()) as Echo).headers[ENCODERS], having("encode")[0]);
  });

  test(`hold ${hold}: a data-parallel rank is named to its pod's first port`, async (t) => {
    const { url, addresses } = await echoStack(t, 3, (alive) => ({
      envoy: { hold },
      sidecar: {
        config: {
          ...head,
          plugins: [
            { type: "queue-scorer" },
            {
              type: "data-parallel-profile-handler",
              parameters: { primaryPort: Number(new URL(`http://${alive[0]}`).port) },
            },
          ],
          schedulingProfiles: [profile("default", "queue-scorer")],
        },
        pools: pool(alive, (rank) => ({ name: `default/pod-rank-${rank}`, rank })),
      },
    }));
    const ranks = new Set<string>();
    for (const lines of [...SPOOFS, ...SPOOFS]) {
      const { address, headers } = echoOf(await postLines(url, lines));
      assert.equal(address, addresses[0], "the first port gets every request");
      assert.ok(addresses.includes(headers[DATA_PARALLEL]!), `${lines}: ${headers[DATA_PARALLEL]}`);
      assert.deepEqual([headers[PREFILLER], headers[ENCODERS]], [undefined, undefined], `${lines}`);
      ranks.add(headers[DATA_PARALLEL]!);
    }
    assert.deepEqual([...ranks].sort(), [...addresses].sort());
  });

  test(`hold ${hold}: where no handler picks, nobody is named`, async (t) => {
    const single = await echoStack(t, 1, () => ({ envoy: { hold }, sidecar: { config: SINGLE } }));
    const open = await echoStack(t, 1, () => ({ envoy: { hold, failureMode: "FailOpen" }, withoutSidecar: true }));
    for (const { url } of [single, open]) {
      for (const lines of SPOOFS) {
        const { headers } = echoOf(await postLines(url, lines));
        for (const name of HEADERS) assert.equal(headers[name], undefined, `${lines}`);
      }
      for (const name of CONTROLS) {
        const lines = [`${name}: a`, `${name.toUpperCase()}: b`, "x-kept: c"];
        const { headers } = echoOf(await postLines(url, lines));
        assert.deepEqual([headers[name], headers["x-kept"]], [undefined, "c"], `${lines}`);
      }
      const spoofs = Object.fromEntries(HEADERS.map((name) => [name, VICTIM]));
      assert.equal((await chat(url, { headers: spoofs })).status, 200);
      const withoutBody = await fetch(`${url}/v1/models`, { headers: spoofs });
      const { headers } = (await withoutBody.json()) as Echo;
      for (const name of HEADERS) assert.equal(headers[name], undefined, "without a body");
    }
  });
}
