import assert from "node:assert/strict";
import { test } from "node:test";
import { postLines, untilAvoided } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const spellings = (victim: string) => [
  [`x-gateway-destination-endpoint: ${victim}`],
  [`X-Gateway-Destination-Endpoint: ${victim}`],
  [`X-GATEWAY-DESTINATION-ENDPOINT:${victim}`],
  [`x-gateway-destination-endpoint: ${victim}`, `x-gateway-destination-endpoint: ${victim}`],
  [`x-gateway-destination-endpoint: ${victim},127.0.0.1:1`],
  [`x-gateway-destination-endpoint:    ${victim}   `],
  [`connection: x-gateway-destination-endpoint`, `x-gateway-destination-endpoint: ${victim}`],
  [`x_gateway_destination_endpoint: ${victim}`],
];

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: a client cannot choose its destination`, async (t) => {
    const stack = await startStack({ envoy: { hold } }, t);
    // One victim outside the cluster, one inside it that no pick would choose.
    const [saturated] = stack.simulators;
    await saturated?.set({ waiting: 50, running: 16, kvCacheUsage: 0.99 });
    await untilAvoided(stack.url, "sim-1");
    const admin = stack.envoy.adminUrl.replace("http://", "");
    for (const victim of [admin, saturated?.address ?? ""]) {
      for (const headers of spellings(victim)) {
        const answer = await postLines(stack.url, headers);
        assert.match(answer, /^HTTP\/1\.1 200 /, headers.join(" | "));
        assert.match(answer, /x-inference-pod: sim-[23]\r\n/, headers.join(" | "));
      }
    }
  });

  test(`hold ${hold}: nor where there is no pick and the gateway fails open`, async (t) => {
    const stack = await startStack({ withoutSidecar: true, envoy: { hold, failureMode: "FailOpen" } }, t);
    const victim = stack.simulators[0]?.address ?? "";
    const pods = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const answer = await postLines(stack.url, [`x-gateway-destination-endpoint: ${victim}`]);
      assert.match(answer, /^HTTP\/1\.1 200 /);
      pods.add(/x-inference-pod: (\S+)/.exec(answer)?.[1] ?? "");
    }
    assert.ok(pods.size > 1, `the fallback policy was overridden: all went to ${[...pods]}`);
  });
}
