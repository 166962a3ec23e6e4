import assert from "node:assert/strict";
import { test } from "node:test";
import { listenerOf, setPlugin } from "../harness/envoy-config.ts";
import { byPod, chats } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

test("the filter's stream may bear the name of Istio's cluster for the sidecar", async (t) => {
  const stack = await startStack(
    {
      envoy: {
        edit(config) {
          setPlugin(listenerOf(config), { authority: "outbound|9002||inline-epp.models.svc.cluster.local" });
        },
      },
    },
    t,
  );
  await stack.waitForState();
  assert.deepEqual([...byPod(await chats(stack.url, 30)).keys()].sort(), ["sim-1", "sim-2", "sim-3"]);
});
