// Rate limits in a configuration: what they come to, and what is said of wrong ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { printable } from "../../../sidecar/epp-config/print.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { readPlan } from "../../../sidecar/explain/read-plan.ts";
import { Place } from "../../../sidecar/support/fields.ts";
import { Findings } from "../../../sidecar/support/findings.ts";
import { problemsOf } from "./problems.ts";

const PROFILE = "schedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorer}]}]\n";
const GROUPS = ["llm-d.ai/v1alpha1", "inference.networking.x-k8s.io/v1alpha1"];

function configOf(parameters: string, { group = GROUPS[0], more = "" } = {}): string {
  const plugins = `plugins: [{type: queue-scorer}, {type: token-rate-limiter, parameters: ${parameters}}${more}]\n`;
  return `apiVersion: ${group}\nkind: EndpointPickerConfig\n${plugins}${PROFILE}`;
}

function limitsOf(parameters: string, more = {}) {
  const { config, warnings } = readConfig(configOf(parameters, more), "f");
  assert.deepEqual(warnings, []);
  return config.settings.limits;
}

const MINUTE = 60_000_000;

test("limits are told with their defaults, in both API groups", () => {
  for (const group of GROUPS) {
    const limits = limitsOf(
      "{limits: [{name: clients, key: {header: X-API-Key}, requests: 100, tokens: 100k, per: 1m}, " +
        "{name: day, models: [llama, qwen], perModel: false, tokens: 5e7, per: 24h, burst: 1h30m}]}",
      { group },
    );
    assert.deepEqual(limits, [
      {
        name: "clients",
        models: [],
        header: "x-api-key",
        perModel: true,
        requests: 100,
        tokens: 100_000,
        per: MINUTE,
        burst: MINUTE,
      },
      {
        name: "day",
        models: ["llama", "qwen"],
        header: "",
        perModel: false,
        requests: 0,
        tokens: 50_000_000,
        per: 1440 * MINUTE,
        burst: 90 * MINUTE,
      },
    ]);
  }
});

test("without a limiter there are none; several add up; the effective configuration and a snapshot keep them", () => {
  const plain = configOf("{}").replace(/, \{type: token-rate-limiter.*\}\]/, "]");
  assert.deepEqual(readConfig(plain, "f").config.settings.limits, []);
  const text = configOf("{limits: [{name: a, requests: 1, per: 1s}]}", {
    more: ", {name: other, type: token-rate-limiter, parameters: {limits: [{name: b, tokens: 1, per: 1s}]}}",
  });
  const { config } = readConfig(text, "f");
  assert.deepEqual(
    config.settings.limits.map(({ name }) => name),
    ["a", "b"],
  );
  assert.deepEqual(readConfig(stringify(printable(config)), "f").config.settings.limits, config.settings.limits);
  const findings = new Findings();
  const snapshot = { profiles: [], settings: { limits: JSON.parse(JSON.stringify(config.settings.limits)) } };
  assert.deepEqual(readPlan(snapshot, new Place([], findings))?.settings.limits, config.settings.limits);
  assert.deepEqual(findings.problems, []);
});

const AT = "plugins[1].parameters.limits";
const ONE = (fields: string) => `{limits: [{${fields}}]}`;

for (const [parameters, problem] of [
  [
    "{}",
    "plugins[1].parameters (line 3): limits is missing: one or more; a request goes on where all that are for it have room",
  ],
  ["{limits: []}", `${AT} (line 3): must have at least one limit`],
  ["{limits: {name: a}}", `${AT} (line 3): must be a list, is a mapping`],
  [ONE("requests: 1, per: 1s"), `${AT}[0] (line 3): name is missing: what it is called, in metrics and answers`],
  [ONE("name: a, requests: 1"), `${AT}[0] (line 3): per is missing: the time in which so many may come`],
  [ONE("name: a, per: 1s"), `${AT}[0] (line 3): limits nothing; set requests, tokens or both`],
  [ONE("name: a, requests: 1, per: 0s"), `${AT}[0].per (line 3): must be a duration over 0, is "0s"`],
  [ONE("name: a, requests: 1, per: 60"), `${AT}[0].per (line 3): must be a duration such as 50ms, 2s or 1m30s, is 60`],
  [
    ONE("name: a, requests: 0, per: 1s"),
    `${AT}[0].requests (line 3): must be at least 1; for less per second take a longer \`per\`, is 0`,
  ],
  [
    ONE("name: a, tokens: many, per: 1s"),
    `${AT}[0].tokens (line 3): must be a quantity such as 500, 1k or 10Gi, is "many"`,
  ],
  [
    ONE("name: a, requests: 10, per: 1m, burst: 1s"),
    `${AT}[0].burst (line 3): 10 requests per 1m are less than one in 1s; make it at least 6000ms`,
  ],
  [
    ONE("name: a, requests: 1, per: 1s, key: x-api-key"),
    `${AT}[0].key (line 3): must be a mapping with header, is "x-api-key"`,
  ],
  [
    ONE("name: a, requests: 1, per: 1s, key: {}"),
    `${AT}[0].key (line 3): header is missing: the header whose value does`,
  ],
  [
    ONE('name: a, requests: 1, per: 1s, key: {header: "x api"}'),
    `${AT}[0].key.header (line 3): must be the name of a request header, such as x-api-key, is "x api"`,
  ],
  [
    ONE("name: a, request: 1, tokens: 1, per: 1s"),
    `${AT}[0].request (line 3): unknown field, did you mean "requests"?`,
  ],
  [
    "{limits: [{name: a, requests: 1, per: 1s}, {name: a, tokens: 1, per: 1s}]}",
    `${AT}[1].name (line 3): "a" is already the name of limits[0]`,
  ],
] as const) {
  test(`${parameters} is refused by name`, () => {
    assert.deepEqual(problemsOf(configOf(parameters)), [problem]);
  });
}

test("limits of two limiters must not have one name, and there may be so many", () => {
  const limit = (name: string) => `{name: ${name}, requests: 1, per: 1s}`;
  const more = `, {name: other, type: token-rate-limiter, parameters: {limits: [${limit("a")}]}}`;
  assert.deepEqual(problemsOf(configOf(`{limits: [${limit("a")}]}`, { more })), [
    'plugins[2].parameters.limits (line 3): a limit of token-rate-limiter is named "a", too; give each a name',
  ]);
  const many = Array.from({ length: 17 }, (_, index) => limit(`l${index}`)).join(", ");
  assert.match(problemsOf(configOf(`{limits: [${many}]}`))[0]!, /17 limits in all, there may be 16/);
});

test("in a profile it has no effect, and the author hears of it", () => {
  const text = configOf(ONE("name: a, requests: 1, per: 1s")).replace(
    "{pluginRef: queue-scorer}",
    "{pluginRef: queue-scorer}, {pluginRef: token-rate-limiter}",
  );
  const { warnings } = readConfig(text, "f");
  assert.match(warnings.map(({ message }) => message).join(), /token-rate-limiter is a rate limiter/);
});
