import assert from "node:assert/strict";
import { test } from "node:test";
import { byPod, chat, chats } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

for (const hold of ["buffer", "self"] as const) {
  test(`hold ${hold}: without state, FailClose answers 503 with the reason`, async (t) => {
    const stack = await startStack({ withoutSidecar: true, envoy: { hold } }, t);
    const answer = await chat(stack.url);
    assert.equal(answer.status, 503);
    assert.equal(JSON.parse(answer.text).error.message, "no endpoint state for the pool yet");
    assert.equal((await fetch(`${stack.url}/v1/models`)).status, 503);
  });

  test(`hold ${hold}: without state, FailOpen leaves the choice to the cluster`, async (t) => {
    const stack = await startStack({ withoutSidecar: true, envoy: { hold, failureMode: "FailOpen" } }, t);
    const answers = await chats(stack.url, 12);
    assert.ok(answers.every(({ status }) => status === 200));
    assert.ok(byPod(answers).size > 1);
  });
}

test("no endpoint that takes requests: 503 by FailClose", async (t) => {
  const stack = await startStack({}, t);
  const endpoints = stack.simulators.map(({ name, address }) => ({ name, address, ready: false }));
  stack.sidecar.setPools([{ name: "default/base", endpoints }]);
  const until = Date.now() + 30_000;
  let answer = await chat(stack.url);
  while (answer.status === 200) {
    assert.ok(Date.now() < until, "still 200 after 30 s");
    answer = await chat(stack.url);
  }
  assert.equal(answer.status, 503);
  assert.match(answer.text, /no endpoint of the pool takes requests/);
});

test("hold self without the host's setting: the watchdog lets requests go and names the setting", async (t) => {
  const withoutFlag = (failureMode: "FailOpen" | "FailClose") =>
    startStack(
      {
        envoy: {
          hold: "self",
          failureMode,
          plugin: { watchdog: "500ms" },
          edit: (config) => {
            const [listener] = config.static_resources.listeners;
            const text = JSON.stringify(listener).replace(
              '"allow_on_headers_stop_iteration":true',
              '"allow_on_headers_stop_iteration":false',
            );
            config.static_resources.listeners = [JSON.parse(text)];
          },
        },
      },
      t,
    );
  const open = await withoutFlag("FailOpen");
  for (let i = 0; i < 3; i++) assert.equal((await chat(open.url)).status, 200, `request ${i}`);
  assert.match(open.envoy.child.tail(60), /set allow_on_headers_stop_iteration: true/);
  const closed = await withoutFlag("FailClose");
  const answer = await chat(closed.url);
  assert.equal(answer.status, 503);
  assert.match(answer.text, /allow_on_headers_stop_iteration/);
});
