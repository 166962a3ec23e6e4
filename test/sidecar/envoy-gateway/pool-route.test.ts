import assert from "node:assert/strict";
import { test } from "node:test";
import { any, inAny, type Plain } from "./codec.ts";
import { poolResource, startExtension } from "./extension.ts";

function route(action: Plain = {}, more: Plain = {}): Plain {
  return {
    name: "httproute/models/chat/rule/0/match/0/*",
    match: { prefix: "/" },
    route: {
      cluster: "httproute/models/chat/rule/0",
      idle_timeout: { seconds: 3600 },
      upgrade_configs: [{ upgrade_type: "websocket" }],
      unknown: "stays",
      ...action,
    },
    unknown: -5,
    ...more,
  };
}

const request = (made: Plain, ...resources: Plain[]) => ({ route: made, context: { resources, hostnames: ["*"] } });

test("a pool's route turns the filter on, and waits for long answers", async (t) => {
  const { call } = await startExtension(t);
  const { route: got } = await call("PostRouteModify", request(route(), poolResource("llama")));
  const config = got.typed_per_filter_config["inline-epp"];
  assert.equal(config.type_url, "type.googleapis.com/envoy.config.route.v3.FilterConfig");
  assert.deepEqual(inAny("FilterConfig", config), { config: {} });
  assert.equal(got.request_body_buffer_limit.value, 8 << 20);
  assert.deepEqual(got.route.timeout, { seconds: 0 });
  assert.equal(got.route.retry_policy.retry_on, "connect-failure,refused-stream,reset-before-request");
  assert.equal(got.route.retry_policy.num_retries.value, 2);
  const [predicate] = got.route.retry_policy.retry_host_predicate;
  assert.match(predicate.typed_config.type_url, /\.previous_hosts\.v3\.PreviousHostsPredicate$/);
  assert.deepEqual(got.route.retry_policy.retry_back_off, {
    base_interval: { nanos: 5_000_000 },
    max_interval: { nanos: 50_000_000 },
  });
  assert.equal(got.route.upgrade_configs, undefined);
  assert.equal(got.route.cluster, "httproute/models/chat/rule/0");
  assert.equal(got.route.idle_timeout.seconds, 3600);
  assert.equal(got.route.unknown, "stays");
  assert.equal(got.name, "httproute/models/chat/rule/0/match/0/*");
  assert.equal(got.unknown, -5);
});

test("what the route or a policy says goes before that", async (t) => {
  const { call } = await startExtension(t);
  const other = any("example.Other", "Empty", { unknown: 3 });
  const { route: got } = await call(
    "PostRouteModify",
    request(
      route(
        { timeout: { seconds: 30 }, retry_policy: { retry_on: "5xx" } },
        { request_body_buffer_limit: { value: 100 }, typed_per_filter_config: { other } },
      ),
      poolResource("llama"),
    ),
  );
  assert.deepEqual(got.route.timeout, { seconds: 30 });
  assert.deepEqual(got.route.retry_policy, { retry_on: "5xx" });
  assert.equal(got.request_body_buffer_limit.value, 100);
  assert.deepEqual(Object.keys(got.typed_per_filter_config).sort(), ["inline-epp", "other"]);
});

test("a rule with several pools is answered 500 with the reason", async (t) => {
  const { call } = await startExtension(t);
  const { route: got } = await call(
    "PostRouteModify",
    request(route(), poolResource("llama"), poolResource("qwen"), poolResource("llama")),
  );
  assert.equal(got.route, undefined);
  assert.equal(got.direct_response.status, 500);
  assert.equal(
    got.direct_response.body.inline_string,
    "inline-epp: a rule of an HTTPRoute takes one InferencePool, this one has models/llama, models/qwen\n",
  );
  assert.equal(got.match.prefix, "/");
  assert.equal(got.unknown, -5);
});

test("a route without a pool stays as it is", async (t) => {
  const { call } = await startExtension(t);
  assert.deepEqual(await call("PostRouteModify", request(route())), {});
  assert.deepEqual(await call("PostRouteModify", request(route(), poolResource("x", { kind: "Lambda" }))), {});
});
