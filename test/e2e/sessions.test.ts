import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { byPod, chatBody, chats, untilAvoided } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const TOKEN = "x-session-token";
const EXPLAIN = "x-explain";
const PATIENCE_MS = 30_000;
const CONFIG = {
  apiVersion: "llm-d.ai/v1alpha1",
  kind: "EndpointPickerConfig",
  plugins: [{ type: "session-affinity-scorer" }, { type: "queue-scorer" }],
  schedulingProfiles: [
    {
      name: "sessions",
      plugins: [
        { pluginRef: "session-affinity-scorer", weight: 5 },
        { pluginRef: "queue-scorer", weight: 2 },
      ],
    },
  ],
};

async function ask(url: string, headers: Record<string, string>): Promise<Response> {
  const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: chatBody() });
  assert.equal(answer.status, 200, await answer.text());
  return answer;
}

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: a session stays where its first answer came from`, async (t) => {
    const stack = await startStack({ sidecar: { config: CONFIG }, envoy: { hold, concurrency: 2 } }, t);
    const first = await ask(stack.url, {});
    const pod = first.headers.get("x-inference-pod");
    const token = first.headers.get(TOKEN) ?? "";
    assert.equal(Buffer.from(token, "base64").toString(), `default/${pod}`);

    // The session's server looks busy: nobody else goes there.
    await stack.simulators.find(({ name }) => name === pod)?.set({ waiting: 50 });
    await untilAvoided(stack.url, pod!);
    const sticking = await chats(stack.url, 30, { headers: { [TOKEN]: token } });
    assert.deepEqual([...byPod(sticking).keys()], [pod]);
    const others = byPod(await chats(stack.url, 30));
    assert.equal(others.get(pod!), undefined);
    assert.equal(others.size, 2);

    for (const unknown of [Buffer.from("default/gone").toString("base64"), "%%%", ""]) {
      const answer = await ask(stack.url, { [TOKEN]: unknown });
      const served = answer.headers.get("x-inference-pod");
      assert.notEqual(served, pod, "an unknown session is a new one");
      assert.equal(Buffer.from(answer.headers.get(TOKEN)!, "base64").toString(), `default/${served}`);
    }
  });

  test(`hold ${hold}: who asks is told why, who does not is not`, async (t) => {
    const plugin = { explainHeader: EXPLAIN };
    const stack = await startStack({ sidecar: { config: CONFIG }, envoy: { hold, plugin } }, t);
    const [, second] = stack.simulators;
    await second!.set({ waiting: 10 });
    const token = Buffer.from("default/sim-3").toString("base64");
    const askWhy = () => ask(stack.url, { [EXPLAIN]: "3", [TOKEN]: token });
    const why = ({ headers }: Response) => JSON.parse(headers.get(EXPLAIN)!);
    let answer = await askWhy();
    const isBusy = async () => {
      answer = await askWhy();
      return why(answer).profiles[0].signals.queue.includes(10);
    };
    await waitUntil("the queue is known", isBusy, PATIENCE_MS);
    const told = why(answer);
    assert.equal(told.pool, "default/base");
    const [profile] = told.profiles;
    assert.equal(profile.name, "sessions");
    assert.equal(profile.candidates, 3);
    assert.equal(profile.endpoints[0], answer.headers.get("x-gateway-destination-endpoint-served"));
    assert.deepEqual(
      profile.endpoints,
      [2, 0, 1].map((index) => stack.simulators[index]!.address),
      "the session's, the idle one, the busy one",
    );
    assert.deepEqual(profile.signals.queue, [0, 0, 10]);
    const [session, queue, picker] = profile.steps;
    assert.deepEqual(session, { scorer: "session-affinity-scorer", weight: 5, scores: [1, 0, 0] });
    assert.deepEqual(queue, { scorer: "queue-scorer", weight: 2, scores: [1, 1, 0] });
    assert.deepEqual(picker.totals, [7, 2, 0]);
    assert.deepEqual(picker.picks, profile.endpoints);

    const one = JSON.parse((await ask(stack.url, { [EXPLAIN]: "1" })).headers.get(EXPLAIN)!);
    assert.equal(one.profiles[0].endpoints.length, 1);
    assert.equal((await ask(stack.url, {})).headers.get(EXPLAIN), null);
    const silent = await stack.addEnvoy({ hold });
    assert.equal((await ask(silent.url, { [EXPLAIN]: "3" })).headers.get(EXPLAIN), null, "nobody may ask unless told");
  });
}

test("Envoy's own answer for endpoints that cannot be reached begins no session", async (t) => {
  const stack = await startStack({ sidecar: { config: CONFIG } }, t);
  await ask(stack.url, {});
  for (const simulator of stack.simulators) await simulator.stop();
  const answer = await fetch(`${stack.url}/v1/chat/completions`, { method: "POST", body: chatBody() });
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get(TOKEN), null);
});
